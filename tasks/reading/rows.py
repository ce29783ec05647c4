"""Rows: a text file read row by row, with the line of each, as exactly as its rules say.

This is the slow way. `delimited` takes a fast one where both give the same, and comes here for
the rest: for what is wrong with a row, and where.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from casebook.errors import CasebookError
from tasks.reading.form import Form

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
LONGEST = 256 << 20  # bytes of a row, and characters of a cell
LONE_CR = re.compile(rb"(?<=\r)(?!\n)")


@dataclass(frozen=True)
class Row:
    """A row's fields, the number of the line where it begins, and its lines as they stand there."""

    line: int
    cells: list[str]
    lines: list[str]


@dataclass
class Lines:
    """The lines of a stream in UTF-8, counted from `last` on.

    `held` has those since the last row.
    """

    stream: IO[bytes]
    last: int = 0
    held: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        for raw in self.stream:
            for part in LONE_CR.split(raw) if b"\r" in raw[:-2] else (raw,):
                if part:
                    self.last += 1
                    self.held.append(part.decode("utf-8"))
                    yield self.held[-1]

    def taken(self) -> list[str]:
        """Return the lines since the last row."""
        held, self.held = self.held, []
        return held


def joined(first: bytes, rest: IO[bytes]) -> IO[bytes]:
    """Return a stream of some bytes and then of the rest of another stream."""
    return io.BufferedReader(_Joined(first, rest))


class _Joined(io.RawIOBase):
    def __init__(self, first: bytes, rest: IO[bytes]) -> None:
        self.first, self.rest = io.BytesIO(first), rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        data = self.first.read(len(target)) or self.rest.read(len(target))
        target[: len(data)] = data
        return len(data)


def rows(path: Path, lines: Lines, form: Form, *, blanks: bool) -> Iterator[Row]:
    """Yield the rows of a text file, blank lines among them: they have no cells.

    Parameters
    ----------
    path, form
        The file, and how it is read.
    lines
        Its lines from here on.
    blanks
        Whether blanks behind separators are no part of the cells.

    Raises
    ------
    CasebookError
        A quote is left open, or encloses less or more than a field.
    UnicodeDecodeError
        A line is no UTF-8.

    Examples
    --------
    >>> for blanks in (True, False):
    ...     lines = Lines(io.BytesIO(b'a, "b, c"'))
    ...     print(next(rows(Path("a.csv"), lines, Form(), blanks=blanks)).cells)
    ['a', 'b, c']
    ['a', ' "b', ' c"']
    """
    if len(form.separator) > 1:
        yield from _by_expression(lines, form.separator)
        return
    csv.field_size_limit(LONGEST)
    reader = csv.reader(
        lines,
        delimiter=form.separator,
        skipinitialspace=blanks,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        first = lines.last + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise CasebookError(_misquoted(path, first, lines.last, error)) from error
        if cells is None:
            return
        row = Row(first, cells, lines.taken())
        if len(row.lines) > 1 and _swallowed(row, form):
            raise CasebookError(_open(path, first, "swallows the rows of the next lines"))
        yield row


def blanks_behind(row: Row, form: Form) -> bool:
    """Say whether there is a blank behind each separator of a row.

    Then blanks are the file's style.

    Examples
    --------
    >>> [blanks_behind(Row(1, [], [line]), Form()) for line in ("a, b, c", "a, b,c", 'a, "b,c"')]
    [True, False, True]
    """
    text = "".join(row.lines).strip().rstrip(form.separator)
    outside = text.split('"')[::2] if form.quote else [text]
    separators = sum(part.count(form.separator) for part in outside)
    return separators > 0 and separators == sum(
        part.count(f"{form.separator} ") for part in outside
    )


def _by_expression(lines: Lines, separator: str) -> Iterator[Row]:
    for line in lines:
        text = line.strip()
        yield Row(lines.last, re.split(separator, text) if text else [], lines.taken())


def _misquoted(path: Path, first: int, last: int, error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end" in reason:
        return _open(path, first, "is never closed")
    if "field larger" in reason:
        return _open(path, first, f"is still open on line {last}")
    return (
        f'{path}, line {last}: a quote within a field is not doubled ({reason}). Write "" for a '
        "quote within quotes, or say in data/catalog.toml that the file has none: quote = false."
    )


def _open(path: Path, line: int, what: str) -> str:
    return (
        f"{path}, line {line}: the quote that opens there {what}. Close it, or say in "
        "data/catalog.toml that quotes enclose no fields in this file: quote = false."
    )


def _swallowed(row: Row, form: Form) -> bool:
    """Say whether a row of several lines is several rows: each line has all fields by itself.

    Where the row has a number, each of its lines must have one too. A text that someone wrote on
    several lines hardly ever meets both.
    """
    if len(row.cells) < 2:
        return False
    parts = [line.rstrip("\r\n").split(form.separator) for line in row.lines]
    numbers = [place for place, cell in enumerate(row.cells) if NUMBER.fullmatch(cell)]
    return all(
        len(part) == len(row.cells) and all(NUMBER.fullmatch(part[place]) for place in numbers)
        for part in parts
    )


def ragged(path: Path, row: Row, names: list[str], expected: int, form: Form) -> str:
    """Return what is wrong with a row of too many or too few fields."""
    fields = f"{len(row.cells)} field{'s' if len(row.cells) != 1 else ''}"
    expectation = (
        f"the header names {len(names)}" if expected == len(names) else f"others have {expected}"
    )
    return (
        f"{path}, line {row.line}: the row has {fields}, and {expectation}. Mend the line; a field "
        f"with a separator in it stands in quotes.{other_separator(names, form)}"
    )


def other_separator(names: Iterable[str], form: Form) -> str:
    """Return a hint, where a header of one field holds what usually parts fields."""
    (*rest, only) = names
    candidates = [sign for sign in SEPARATORS if sign != form.separator and sign in only]
    if rest or not candidates:
        return ""
    return (
        f" The fields seem to be apart by {SEPARATORS[candidates[0]]}, not by "
        f"{SEPARATORS.get(form.separator, repr(form.separator))}: save the file so, or give its "
        f"separator in data/catalog.toml, with its name: separator = {candidates[0]!r}."
    )
