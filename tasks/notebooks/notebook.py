"""Notebook: a case's steps as cells, with what they say, a look at the data, and exercises."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

from casebook import paths
from casebook.case import Case
from casebook.language import Language, Message, msg, translated
from casebook.params import CaseParams
from tasks.notebooks import exercises
from tasks.notebooks.exercises import Exercise
from tasks.notebooks.steps import Step, first_paragraph, imported_names, problem_of, steps_of
from tasks.problem.definition import Problem

WALK = msg(
    "This notebook walks through the steps of `python -m flows.{case}`, on the sample and with a "
    "short training. Each cell calls what the command calls. What was made before is reused."
)
PLACE = msg(
    "Where Casebook's checkout is. In Colab: put the checkout there, install `requirements.lock`, "
    "and write its folder here."
)
BEGIN = msg("Begin a run. Until its end, every step belongs to it, as in the Prefect flow.")
LOOK = msg("The table as it is now:")
END = msg("End the run, and see what it came to.")
FIGURES = msg("The figures of all models on the test part:")
EXERCISES = msg("Exercises")
BY_HAND = msg("Compute each by hand. The cell below it checks your answer; the next one solves it.")
OF_MODEL = msg("What is true of the test rows, and what the champion answers:")
OF_TABLE = msg("The table, and its first column of numbers:")
SOLUTION: dict[str, Any] = {"tags": ["solution"], "jupyter": {"source_hidden": True}}
# functions whose result is or has the table, the last one of a story first
TABLES = {"prepare": "{}.table", "clean": "{}", "validate": "{}", "ingest": "{}"}
NEEDS_REAL_DATA = "needed"  # finds a file that no sample stands in for
JUDGES_A_FINISHED_NETWORK = "report_pretrained"
SETS = {
    "binary": exercises.BINARY,
    "multiclass": exercises.MULTICLASS,
    "regression": exercises.REGRESSION,
    "forecast": exercises.FORECAST,
}
SHOW_SUMMARY = "run.end(summary)\nprint(summary.headline)\nprint(summary.report)"
SHOW_FIGURES = """measured = pd.DataFrame({**run.metrics["candidates"], **run.metrics["peers"]}).T
measured.map(lambda metric: round(metric["value"], 4), na_action="ignore")"""
TAKE_ANSWERS = """held_out = row_answers.read(run.folder / row_answers.FILE)
y, champion = held_out.y, held_out.models[run.metrics["champion"]]
answers, threshold = champion.answers, champion.threshold"""
TAKE_COLUMN = """numbers = frame.select_dtypes("number")
column = numbers.iloc[:, 0] if len(numbers.columns) else frame.iloc[:, 0].str.len()
column.describe()"""


class Cell(NamedTuple):
    """A cell of text or code."""

    kind: Literal["markdown", "code"]
    source: str
    metadata: Mapping[str, Any] = {}


def notebook_of(case: Case[CaseParams], language: Language) -> str:
    """Return a case's notebook as text."""
    from nbformat import v4, validate, writes

    make = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    content = v4.new_notebook(
        cells=[
            make[cell.kind](cell.source, metadata=cell.metadata, id=f"cell-{number}")
            for number, cell in enumerate(cells(case, language))
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    validate(content)
    return str(writes(content))


def cells(case: Case[CaseParams], language: Language) -> list[Cell]:
    """Return the notebook's cells."""
    say = partial(_said, language=language)
    steps, problem = steps_of(case), problem_of(case)
    called = {step.function for step in steps}
    table = next((function for function in TABLES if function in called), "")
    walk, about = say(msg(WALK.text, case=case.name)), say(first_paragraph(case.story))
    figures = [Cell("markdown", say(FIGURES)), Cell("code", SHOW_FIGURES)]
    return [
        Cell("markdown", f"# {case.name}\n\n{about}\n\n{walk}"),
        Cell("markdown", say(PLACE)),
        Cell("code", _checkout()),
        Cell("markdown", say(BEGIN)),
        Cell("code", _begin(case, language, sample=NEEDS_REAL_DATA not in called)),
        *(cell for step in steps[:-1] for cell in _walked(step, table, say)),
        Cell("markdown", f"{say(steps[-1].says)} {say(END)}"),
        Cell("code", f"{steps[-1].source}\n{SHOW_SUMMARY}"),
        *(figures if problem or JUDGES_A_FINISHED_NETWORK in called else ()),
        *(_exercises(problem, language) if problem or table else ()),
    ]


def _walked(step: Step, table: str, say: Callable[[Message | str], str]) -> list[Cell]:
    """Return a step's cells, and a look at the table after the function that makes it."""
    about = [Cell("markdown", say(step.says))] if step.says else []
    cells = [*about, Cell("code", step.source)]
    if step.function != table:
        return cells
    look = f"frame = read_table({TABLES[table].format(step.names[-1])})\nframe.head()"
    return [*cells, Cell("markdown", say(LOOK)), Cell("code", look)]


def _said(text: Message | str, language: Language) -> str:
    """Return a message, or what a docstring says, in a language."""
    return text.render(language) if isinstance(text, Message) else translated(text, language)


def _checkout() -> str:
    """Return the cell that makes the checkout's modules, and cases of one's own, importable."""
    further = os.environ.get("CASEBOOK_CASES", "")
    cases = f'\nos.environ["CASEBOOK_CASES"] = {further!r}' if further else ""
    return f"""import os
import sys

CHECKOUT = {str(paths.project())!r}
sys.path.insert(0, CHECKOUT){cases}"""


def _begin(case: Case[CaseParams], language: Language, *, sample: bool) -> str:
    """Return the cell that imports what the story uses, and begins a run."""
    names = "\n".join(f"    {name}," for name in imported_names(case))
    source = {"source": "sample"} if sample else {}
    spoken = {"language": language} if language != "en" else {}
    given = {"profile": "smoke", **source, **spoken}
    flags = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"""from collections import Counter

import numpy as np
import pandas as pd
from sklearn import metrics

from casebook.interactive import InteractiveRun
from casebook.tables import read_table
from flows.{case.name} import (
{names}
)
from tasks.evaluation import row_answers
from tasks.notebooks.exercises import check

params = {case.params.__name__}({flags})
run = InteractiveRun({case.name}, params)"""


def _exercises(problem: Problem | None, language: Language) -> list[Cell]:
    """Return what all exercises begin with, and their cells."""
    say = partial(_said, language=language)
    begin = (OF_MODEL, TAKE_ANSWERS) if problem else (OF_TABLE, TAKE_COLUMN)
    chosen = SETS[problem.problem_type] if problem else exercises.TABLE
    return [
        Cell("markdown", f"## {say(EXERCISES)}\n\n{say(BY_HAND)}\n\n{say(begin[0])}"),
        Cell("code", begin[1]),
        *(cell for exercise in chosen for cell in _exercise(exercise, problem, language)),
    ]


def _exercise(exercise: Exercise, problem: Problem | None, language: Language) -> list[Cell]:
    """Return an exercise's task, the cell to fill in, its check, and its solution."""
    names = {"label": problem.labels[0], "positive": problem.labels[1]} if problem else {}
    labels = {name: translated(label, language) for name, label in names.items()}
    spoken = f", language={language!r}" if language != "en" else ""
    checked = f"check(answer, {exercise.expected}{spoken})"
    return [
        Cell("markdown", msg(exercise.task.text, **labels).render(language)),
        Cell("code", "answer = None"),
        Cell("code", checked),
        Cell("code", f"answer = {exercise.solution}\n{checked}", SOLUTION),
    ]
