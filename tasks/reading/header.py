"""Header: what the beginning of a text file says of its columns and rows."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from casebook.errors import CasebookError
from tasks.reading.encoding import foreign
from tasks.reading.form import Form
from tasks.reading.rows import Lines, Row, blanks_behind, rows

CHUNK = 8 << 20  # bytes
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Header:
    """What the beginning of a text file says.

    Attributes
    ----------
    names
        Of the columns.
    fields
        Of each row: more than names where all lines end with separators.
    blanks
        Whether blanks behind separators are no part of the cells.
    line
        The last line of the header.
    rest
        The bytes behind it that were read already.
    """

    names: list[str]
    fields: int
    blanks: bool
    line: int
    rest: bytes


def header(path: Path, stream: IO[bytes], form: Form) -> Header:
    """Read a text file's header.

    Raises
    ------
    CasebookError
        The file is empty, or no text in UTF-8.

    Examples
    --------
    >>> read = header(Path("a.csv"), io.BytesIO(b"day, price,,"), Form())
    >>> read.names, read.blanks
    (['day', 'price'], True)
    """
    begin = stream.read(CHUNK)
    if wrong := foreign(begin):
        raise CasebookError(f"{path} can't be read as CSV: {wrong}")
    begin = begin.removeprefix(BOM)
    lines = Lines(io.BytesIO(begin))
    skipped = sum(len(line.encode()) for line in islice(lines, form.skip))
    lines.taken()
    lines.stream = io.BytesIO(begin[skipped:])
    spaced = form.separator != " "
    records = rows(path, lines, form, blanks=spaced)
    names, end = list(form.names or ()), skipped
    first = None if names else _first(records)
    if not names:
        if first is None:
            raise CasebookError(f"{path} can't be read as CSV: it is empty.")
        names = _named(first.row.cells)
        end = skipped + first.bytes
    line = lines.last if form.names is None else form.skip
    second = _first(records, blank=len(names) == 1)
    samples = [entry.row for entry in (first, second) if entry]
    blanks = spaced and any(blanks_behind(row, form) for row in samples)
    return Header(names, _fields(names, second), blanks, line, begin[end:])


@dataclass(frozen=True)
class _First:
    row: Row
    bytes: int


def _first(records: Iterator[Row], *, blank: bool = False) -> _First | None:
    """Return the next row that is not blank, and the bytes up to its end."""
    size = 0
    for row in records:
        size += sum(len(line.encode()) for line in row.lines)
        if blank or any(cell.strip() for cell in row.cells):
            return _First(row, size)
    return None


def _fields(names: Sequence[str], second: _First | None) -> int:
    """Return how many fields each row has, by the first one.

    More than names if the others are empty.
    """
    cells = second.row.cells if second else []
    return max(len(names), len(cells)) if not any(cells[len(names) :]) else len(names)


def _named(cells: Sequence[str]) -> list[str]:
    """Return the names in a header; the separators behind the last one make no names."""
    names = [cell.strip() for cell in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names
