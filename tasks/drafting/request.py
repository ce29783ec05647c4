"""Request: what a person says of a table, and whether the table has it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from casebook.catalog import Column, DataFile
from casebook.errors import CasebookError
from casebook.language import Language
from tasks.drafting.giveaways import Leaks
from tasks.drafting.roles import Guess

FEWEST_ROWS = 50
MOST_COLUMNS = 5_000


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


def usable(name: str) -> str:
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


def check_table(frame: pd.DataFrame, request: Request) -> None:
    """Refuse a table from which what a person wants can't be learned.

    Raises
    ------
    CasebookError
        It has no header, too few rows or columns or too many, or lacks a column that is named.
    """
    names = list(map(str, frame.columns))
    _columns_there(names, request)
    rows = int(frame[request.target].notna().sum())
    if rows < FEWEST_ROWS:
        raise CasebookError(
            f"{request.source} has {rows:,} rows with a value of {request.target}, and at least "
            f"{FEWEST_ROWS} are needed to train on and to judge by. Add more rows."
        )


def _columns_there(names: list[str], request: Request) -> None:
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
    for flag, column in (("time", request.time), ("group", request.group)):
        if column and column not in names:
            raise CasebookError(
                f"--{flag} {column}: there is no such column. There are {', '.join(names)}."
            )
    if request.group == request.target:
        raise CasebookError(
            f"--group {request.group}: that is the target, whose values no part may lack. Name the "
            "column whose rows of one value belong together."
        )


def check_time(guesses: Mapping[str, Guess], request: Request) -> None:
    """Refuse a column of times that has neither dates nor numbers.

    Raises
    ------
    CasebookError
        It is one.
    """
    guess = guesses.get(request.time)  # of the target there is none
    if request.time and (guess is None or guess.role not in ("date", "number")):
        raise CasebookError(
            f"--time {request.time}: the column has neither dates that can be read nor numbers. "
            "Write its dates as 2026-11-30, or name another column."
        )
