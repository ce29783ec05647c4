"""Draft: what a table that nobody has described says of itself, as a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from casebook.addresses import without_password
from casebook.catalog import Column, DataFile, DataSet
from casebook.language import Language, Message, msg
from tasks.drafting.corrections import with_roles
from tasks.drafting.giveaways import without_giveaways
from tasks.drafting.remarks import remarks_on
from tasks.drafting.request import Request, case_name, check_table, check_time, usable
from tasks.drafting.roles import Guess, guess_roles
from tasks.drafting.source import located
from tasks.drafting.suite import draft_suite
from tasks.drafting.target import FEWEST, guess_problem
from tasks.drafting.typed import typed_frame
from tasks.problem.definition import Problem
from tasks.reading import table as tables
from tasks.reading.form import form_of
from tasks.reading.sniff import assumptions
from tasks.tables.by_role import derived_columns

SOME_ROWS = 5_000


@dataclass(frozen=True)
class Draft:
    """A case of a table: its entry in the catalog, its suite, and what was assumed.

    Attributes
    ----------
    name
        Of the case and its data set.
    entry, suite
        What the catalog and `expectations/` get.
    problem
        What is predicted.
    rows
        How many there are.
    some_rows
        A few thousand of them.
    remarks
        What was assumed, left out or noticed, in sentences.
    time, group
        The columns by which rows are split.
    trusted
        Columns that nearly decide the target and are kept all the same.
    """

    name: str
    entry: DataSet
    suite: str
    problem: Problem
    rows: int
    some_rows: pd.DataFrame
    remarks: tuple[Message, ...]
    time: str = ""
    group: str = ""
    trusted: tuple[str, ...] = ()


def draft(request: Request) -> Draft:
    """Look at a table, and return the case that it makes.

    Raises
    ------
    CasebookError
        It can't be read, nothing can be learned of its target, or columns give the answer away.
    """
    file = located(request.source, request.file)
    columns = request.columns or {}
    texts = [name for name, column in columns.items() if column.type == "string"]
    table = tables.whole(Path(file.name), form_of(file))
    frame = typed_frame(table, request.source, texts)
    check_table(frame, request)
    judged = frame[frame[request.target].notna()].reset_index(drop=True)
    problem, reason = guess_problem(judged, request.target)
    guesses = guess_roles(judged, request.target)
    guesses = with_roles(guesses, columns, judged)
    check_time(guesses, request)
    guesses, trusted = without_giveaways(judged, guesses, problem, request.source, request.leaks)
    name = usable(request.name) or case_name(request.source)
    entry = _entry(name, file, request, frame, guesses)
    remarks = [
        *assumptions(file),
        reason,
        *remarks_on(frame, judged, guesses, request.language),
    ]
    suite = draft_suite(name, frame, guesses, problem)
    return Draft(
        name,
        entry,
        suite,
        problem,
        len(judged),
        _some(judged, problem),
        tuple(remarks),
        request.time,
        request.group,
        _with_derived(trusted, entry),
    )


def _with_derived(trusted: tuple[str, ...], entry: DataSet) -> tuple[str, ...]:
    """Return trusted columns and what is computed from them alone, which tells as much."""
    derived = derived_columns(entry)
    return (*trusted, *(one.name for one in derived if set(one.columns) <= set(trusted)))


def _some(judged: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Return a few thousand rows, drawn at random, with some of each class among them."""
    some = judged.sample(min(len(judged), SOME_ROWS), random_state=0)
    if not problem.classes:
        return some
    of_each = judged.groupby(problem.target).head(FEWEST)
    return pd.concat([some, of_each[~of_each.index.isin(some.index)]])


def _entry(
    name: str, file: DataFile, request: Request, frame: pd.DataFrame, guesses: Mapping[str, Guess]
) -> DataSet:
    columns = {}
    for column in map(str, frame.columns):
        values = frame[column]
        guess = guesses.get(column, Guess("target", msg("you named it")))
        given = (request.columns or {}).get(column)
        columns[column] = Column(
            type=_type(values),
            unit=given.unit if given else None,
            description=given.description if given else "",
            optional=bool(values.isna().any()),
            role=guess.role,
            reason=_reason(guess, request.language),
            categories=guess.categories,
            rarer=guess.rarer,
            date_format=guess.date_format,
        )
    return DataSet(
        name=name,
        title=name.replace("_", " ").capitalize(),
        folder=name,
        licence="your own",
        citation=without_password(request.source),
        limits="Nobody has looked at this table yet: its columns were sorted by a program.",
        target=request.target,
        files=(file,),
        columns=columns,
    )


def _reason(guess: Guess, language: Language) -> str:
    said = [guess.reason, guess.warning] if guess.warning else [guess.reason]
    return "; ".join(message.render(language) for message in said)


def _type(values: pd.Series) -> Literal["float", "integer", "string"]:
    if not pd.api.types.is_numeric_dtype(values):
        return "string"
    return "integer" if pd.api.types.is_integer_dtype(values) else "float"
