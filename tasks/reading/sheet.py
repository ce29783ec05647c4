"""Sheet: a spreadsheet's table.

Each cell becomes the text that it shows, so types follow the catalog.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pyarrow as pa

from casebook.errors import CasebookError
from tasks.reading.form import Form
from tasks.reading.packing import Unpacked

EXACT = 1 << 53
ABSENT = ("#N/A",)
OLD = b"\xd0\xcf\x11\xe0"  # how .xls begins, and any spreadsheet that a password locks


def table(path: Path, file: Unpacked, form: Form) -> pa.Table:
    """Read one sheet.

    Raises
    ------
    CasebookError
        There is no such sheet, it is empty, or a row is longer than the header.
    """
    grid = [[shown(cell) for cell in row] for row in _cells(path, file, form)][form.skip :]
    while grid and not any(grid[-1]):
        grid.pop()
    header, number = _header(grid)
    if not header:
        raise CasebookError(f"{path} can't be read as a spreadsheet (xlsx): the sheet is empty.")
    width = len(header)
    rows = []
    for line, row in enumerate(grid[number:], form.skip + number + 1):
        if any(row[width:]):
            raise CasebookError(
                f"{path}, row {line} of the sheet: a cell stands beyond the header, which names "
                f"{width} columns. Name its column, or remove it."
            )
        if any(row) or width == 1:
            rows.append([*row[:width], *[None] * (width - len(row))])
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(width)]
    return pa.Table.from_arrays(columns, header)


def _header(grid: Sequence[Sequence[str | None]]) -> tuple[list[str], int]:
    """Return the names, and how many rows end with them."""
    for number, row in enumerate(grid, 1):
        names = [(cell or "").strip() for cell in row]
        while names and not names[-1]:
            names.pop()
        if names:
            return names, number
    return [], 0


def _cells(path: Path, file: Unpacked, form: Form) -> Iterator[Sequence[object]]:

    source = file.stream if file.stream is file.packed else io.BytesIO(file.stream.read())
    if source.read(len(OLD)) == OLD:
        raise CasebookError(
            f"{path} is locked by a password, or is an old spreadsheet (.xls). Save it as .xlsx "
            "without a password, and name it again."
        )
    source.seek(0)
    book = openpyxl.load_workbook(source, read_only=True, data_only=True, keep_links=False)
    with closing(book):
        names = [sheet.title for sheet in book.worksheets]
        name = form.sheet or (names[0] if names else "")
        if name not in names:
            raise CasebookError(
                f"The spreadsheet {path} has no sheet '{name}'; it has {', '.join(names)}. Rename "
                "the sheet, or name another file."
            )
        book[name].reset_dimensions()
        yield from book[name].iter_rows(values_only=True)


def shown(cell: object) -> str | None:
    """Return what a cell shows; whole numbers have no point, and an empty one is None."""
    if cell is None or cell == "" or cell in ABSENT:
        return None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
