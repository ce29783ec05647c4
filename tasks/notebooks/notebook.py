"""Notebook: a case's steps as cells, with what they say, a look at the data, and exercises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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
FRAMES = {
    "data": "data.table",
    "table": "table",
    "menu": "menu",
    "checked": "checked",
    "raw": "raw",
}
PRETRAINED = "chosen"  # what a story calls the pictures that a finished network is judged on
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


def notebook_of(case: Case[CaseParams], language: Language) -> str:
    """Return a case's notebook as text."""
    import nbformat

    content = nbformat.v4.new_notebook(cells=cells(case, language))
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    content.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(content.cells):
        cell["id"] = f"cell-{number}"  # the same in every notebook of the case
    nbformat.validate(content)
    text: str = nbformat.writes(content)
    return text


def cells(case: Case[CaseParams], language: Language) -> list[Any]:
    """Return the notebook's cells."""
    say = partial(_said, language=language)
    steps, problem = steps_of(case), problem_of(case)
    there = {name for step in steps for name in step.names}
    frame = next((name for name in FRAMES if name in there), "")
    walk, about = say(msg(WALK.text, case=case.name)), say(first_paragraph(case.story))
    walked = [cell for step in steps[:-1] for cell in _walked(step, frame, say)]
    pretrained = PRETRAINED in there
    figures = [_text(say(FIGURES)), _code(SHOW_FIGURES)] if problem or pretrained else []
    return [
        _text(f"# {case.name}\n\n{about}\n\n{walk}"),
        _text(say(PLACE)),
        _code(_checkout()),
        _text(say(BEGIN)),
        _code(_begin(case, language)),
        *walked,
        _text(f"{say(steps[-1].says)} {say(END)}"),
        _code(f"{steps[-1].source}\n{SHOW_SUMMARY}"),
        *figures,
        _text(f"## {say(EXERCISES)}\n\n{say(BY_HAND)}"),
        *_exercises(problem, frame, language, pretrained=pretrained),
    ]


def _text(source: str) -> Any:
    from nbformat import v4

    return v4.new_markdown_cell(source)


def _code(source: str, **metadata: Any) -> Any:
    from nbformat import v4

    return v4.new_code_cell(source, metadata=metadata)


def _walked(step: Step, frame: str, say: Callable[[Message | str], str]) -> list[Any]:
    """Return a step's cells, and a look at the table where the step makes it."""
    about = [_text(say(step.says))] if step.says else []
    cells = [*about, _code(step.source)]
    if frame not in step.names:
        return cells
    look = f"frame = read_table({FRAMES[frame]})\nframe.head()"
    return [*cells, _text(say(LOOK)), _code(look)]


def _exercises(
    problem: Problem | None, frame: str, language: Language, *, pretrained: bool
) -> list[Any]:
    """Return what all exercises begin with, and their cells."""
    if problem:
        chosen = SETS[problem.problem_type]
        given = [_text(_said(OF_MODEL, language)), _code(TAKE_ANSWERS)]
    elif pretrained:
        chosen, given = exercises.PRETRAINED, []
    elif not frame:
        return []
    else:
        chosen = exercises.TABLE
        given = [_text(_said(OF_TABLE, language)), _code(TAKE_COLUMN)]
    cells = [cell for exercise in chosen for cell in _exercise(exercise, problem, language)]
    return [*given, *cells]


def _said(text: Message | str, language: Language) -> str:
    """Return a message, or what a docstring says, in a language."""
    return text.render(language) if isinstance(text, Message) else translated(text, language)


def _checkout() -> str:
    """Return the cell that makes the checkout's modules importable."""
    return f"import sys\n\nCHECKOUT = {str(paths.project())!r}\nsys.path.insert(0, CHECKOUT)"


def _begin(case: Case[CaseParams], language: Language) -> str:
    """Return the cell that imports what the story uses, and begins a run."""
    names = "\n".join(f"    {name}," for name in imported_names(case))
    source = {} if case.params().source != "auto" or _needs_real(case) else {"source": "sample"}
    spoken = {"language": language} if language != "en" else {}
    given = {"profile": "smoke", **source, **spoken}
    flags = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"""from collections import Counter

import numpy as np
import pandas as pd
from sklearn import metrics

from casebook.interactive import InteractiveRun
from casebook.tables import read_arrays, read_table
from flows.{case.name} import (
{names}
)
from tasks.evaluation import row_answers
from tasks.notebooks.exercises import check

params = {case.params.__name__}({flags})
run = InteractiveRun({case.name}, params)"""


def _needs_real(case: Case[CaseParams]) -> bool:
    """Return whether a case has no sample: a finished network can't be made up."""
    return "weights" in steps_of(case)[0].names


def _exercise(exercise: Exercise, problem: Problem | None, language: Language) -> list[Any]:
    """Return an exercise's task, the cell to fill in, its check, and its solution."""
    names = {"label": problem.labels[0], "positive": problem.labels[1]} if problem else {}
    labels = {name: translated(label, language) for name, label in names.items()}
    spoken = f", language={language!r}" if language != "en" else ""
    checked = f"check(answer, {exercise.expected}{spoken})"
    return [
        _text(msg(exercise.task.text, **labels).render(language)),
        _code("answer = None"),
        _code(checked),
        _code(f"answer = {exercise.solution}\n{checked}", **SOLUTION),
    ]
