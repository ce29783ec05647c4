"""Draft: what a table that nobody has described says of itself, as a case."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from casebook.addresses import without_password
from casebook.catalog import Column, DataFile, DataSet
from casebook.errors import CasebookError
from casebook.language import Language, Message, msg
from tasks.drafting.giveaways import Leaks, without_giveaways
from tasks.drafting.roles import Guess, guess_roles, with_roles
from tasks.drafting.source import located
from tasks.drafting.suite import LEFT_OUT, draft_suite
from tasks.drafting.target import guess_problem
from tasks.drafting.typed import typed_frame
from tasks.problem.definition import Problem
from tasks.reading import table as tables
from tasks.reading.form import form_of
from tasks.reading.sniff import assumptions
from tasks.tables.own_table import MOST_ROWS

FEWEST_ROWS = 50
MOST_COLUMNS = 5_000
SOME_ROWS = 5_000


@dataclass(frozen=True)
class Request:
    """What a person says of a table.

    Attributes
    ----------
    source, target
        Where it lies, and the column to predict.
    name
        Of the case; by default the source's.
    file
        What is known of how the file is written.
    columns
        What is known of its columns.
    leaks
        What to do with columns that nearly decide the target.
    time
        The column by which the last rows are held back to judge by.
    group
        The column whose rows of one value stay together.
    language
        Of the reasons in the catalog.
    """

    source: str
    target: str
    name: str = ""
    file: DataFile = field(default_factory=lambda: DataFile(name=""))
    columns: Mapping[str, Column] | None = None
    leaks: Leaks = "stop"
    time: str = ""
    group: str = ""
    language: Language = "en"


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
    _enough(frame, request)
    for flag, column in (("time", request.time), ("group", request.group)):
        _there(frame, flag, column)
    judged = frame[frame[request.target].notna()].reset_index(drop=True)
    problem, reason = guess_problem(judged, request.target)
    guesses = guess_roles(judged, request.target)
    guesses = with_roles(guesses, columns, list(guesses))
    _in_order(guesses, request)
    guesses, trusted = without_giveaways(judged, guesses, problem, request.source, request.leaks)
    name = _usable(request.name) or case_name(request.source)
    entry = _entry(name, file, request, frame, guesses)
    remarks = [
        *assumptions(file),
        reason,
        *_remarks(frame, judged, guesses, request.language),
    ]
    suite = draft_suite(name, frame, guesses, problem)
    return Draft(
        name,
        entry,
        suite,
        problem,
        len(judged),
        judged.sample(min(len(judged), SOME_ROWS), random_state=0),
        tuple(remarks),
        request.time,
        request.group,
        trusted,
    )


def _usable(name: str) -> str:
    """Return a name that a person gives a case.

    Raises
    ------
    CasebookError
        No module can be called so.
    """
    if name and (not name.isidentifier() or keyword.iskeyword(name) or not name.isascii()):
        raise CasebookError(
            f"--name {name}: a case is called by letters, digits and _, such as {case_name(name)}."
        )
    return name


def case_name(source: str) -> str:
    """Return a name for a case, by where its table lies.

    Examples
    --------
    >>> case_name("data/My customers-2026.csv.gz"), case_name("exports/*.parquet")
    ('my_customers_2026', 'exports')
    """
    path = Path(source.split("?")[0])
    stem = path.parent.name if any(mark in path.name for mark in "*[") else path.name.split(".")[0]
    name = re.sub(r"\W+", "_", stem.lower(), flags=re.ASCII).strip("_")
    return name if name[:1].isalpha() else f"table_{name}".strip("_")


def _enough(frame: pd.DataFrame, request: Request) -> None:
    names = list(map(str, frame.columns))
    if values := [name for name in names if re.fullmatch(r"[-+]?\d+\.\d+", name)]:
        raise CasebookError(
            f"{request.source} seems to have no header: a column is called {values[0]}. Write the "
            "columns' names in the first line."
        )
    if request.target not in names:
        near = [name for name in names if name.lower() == request.target.lower()]
        hint = f" Did you mean {near[0]}?" if near else ""
        shown = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
        raise CasebookError(
            f"--target {request.target}: {request.source} has no such column.{hint} It has {shown}."
        )
    if len(names) < 2:
        raise CasebookError(
            f"{request.source} has one column only, {names[0]}: there is nothing to predict it "
            "from. Is it read with the right --separator?"
        )
    if len(names) > MOST_COLUMNS:
        raise CasebookError(
            f"{request.source} has {len(names):,} columns, and at most {MOST_COLUMNS:,} can be "
            "learned from. Leave out those that say least."
        )
    rows = int(frame[request.target].notna().sum())
    if rows < FEWEST_ROWS:
        raise CasebookError(
            f"{request.source} has {rows:,} rows with a value of {request.target}, and at least "
            f"{FEWEST_ROWS} are needed to train on and to judge by. Add more rows."
        )


def _there(frame: pd.DataFrame, flag: str, column: str) -> None:
    if column and column not in frame.columns:
        raise CasebookError(
            f"--{flag} {column}: there is no such column. There are "
            f"{', '.join(map(str, frame.columns))}."
        )


def _in_order(guesses: Mapping[str, Guess], request: Request) -> None:
    """Refuse a column of times that has neither dates nor numbers."""
    guess = guesses.get(request.time)  # of the target there is none
    if request.time and (guess is None or guess.role not in ("date", "number")):
        raise CasebookError(
            f"--time {request.time}: the column has neither dates that can be read nor numbers. "
            "Write its dates as 2026-11-30, or name another column."
        )


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


def _remarks(
    frame: pd.DataFrame,
    judged: pd.DataFrame,
    guesses: Mapping[str, Guess],
    language: Language,
) -> list[Message]:
    remarks = []
    if len(judged) > MOST_ROWS:
        remarks.append(
            msg(
                "{limit:,} of {count:,} rows are drawn to learn from and to be judged by; "
                "--max-rows of the case says otherwise.",
                limit=MOST_ROWS,
                count=len(judged),
            )
        )
    if len(judged) < len(frame):
        remarks.append(
            msg("{count:,} rows lack the target and are left out.", count=len(frame) - len(judged))
        )
    for name, guess in guesses.items():
        if guess.role in LEFT_OUT:
            reason = guess.reason.render(language)
            remarks.append(msg("{name} is left out: {reason}.", name=name, reason=reason))
        if guess.warning:
            warning = guess.warning.render(language)
            remarks.append(msg("{name}: {warning}", name=name, warning=warning))
    return remarks
