"""Number style: how numbers and missing values are written in the columns of a text file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.reading.local import local_number

MARKS = ("?", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "nan", "NaN", "-", ".")
COMMA = r"[-+]?\d+(\.\d{3})*,\d+"
POINT_GROUPS = r"[-+]?\d{1,3}(\.\d{3})+,\d+"
COMMA_GROUPS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"
LARGE = rf"{COMMA_GROUPS}|[-+]?\d{{1,3}}(\.\d+)?"
SHARE = 0.9  # of a column's cells that must be numbers


def cells_by_column(records: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells below the header that are not empty, by column."""
    width = len(records[0]) if records else 0
    rows = [row for row in records[1:] if len(row) == width]
    columns = []
    for place in range(width):
        cells = [row[place].strip() for row in rows]
        columns.append([cell for cell in cells if cell])
    return columns


def number_style(columns: Sequence[Sequence[str]]) -> dict[str, object]:
    """Return how numbers are written, and which marks stand for missing values in columns of them.

    Examples
    --------
    >>> number_style([["1.234,5", "2,0"], ["a", "b"]])
    {'decimal': ',', 'thousands': '.'}
    >>> number_style([["1", "?", "3", "4", "5", "6", "7", "8", "9", "10"]])
    {'missing': ('?',)}
    """
    written_as: dict[str, object] = {}
    present = [[cell for cell in cells if cell not in MARKS] for cells in columns]
    if any(_mostly(cells, COMMA) for cells in present):
        written_as["decimal"] = ","
        if any(_some(cells, POINT_GROUPS) for cells in present):
            written_as["thousands"] = "."
    elif any(_mostly(cells, LARGE) and _some(cells, COMMA_GROUPS) for cells in present):
        written_as["thousands"] = ","
    number = local_number(str(written_as.get("decimal", ".")), str(written_as.get("thousands", "")))
    marks = {}
    for cells, there in zip(columns, present, strict=True):
        if len(there) < len(cells) and _mostly(there, number):
            marks.update(dict.fromkeys(cell for cell in cells if cell in MARKS))
    if "?" not in marks and any("?" in cells for cells in columns):
        marks["?"] = None
    if marks:
        written_as["missing"] = tuple(sorted(marks))
    return written_as


def _mostly(cells: Sequence[str], pattern: str) -> bool:
    fitting = sum(bool(re.fullmatch(pattern, cell)) for cell in cells)
    return bool(cells) and fitting >= SHARE * len(cells)


def _some(cells: Sequence[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, cell) for cell in cells)
