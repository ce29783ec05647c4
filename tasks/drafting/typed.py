"""Typed: the columns of a table that nobody has described as numbers or texts."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pyarrow as pa
from pyarrow import compute

from casebook.errors import CasebookError
from tasks.reading.numbers import read_numbers
from tasks.reading.types import as_text, is_number, is_text, plain

PADDED = r"^\s*[-+]?0\d"  # a number with a leading zero is a code, such as a postal one


FEW = 0.01  # of a column's cells: so few texts among numbers are a mistake


def typed_frame(table: pa.Table, source: str, texts: Collection[str] = ()) -> pd.DataFrame:
    """Return a table with numbers as numbers and all else as text.

    Parameters
    ----------
    table
        As it was read: from a text file all columns are texts.
    source
        Its name, for messages.
    texts
        Columns that are texts though they may look like numbers.

    Raises
    ------
    CasebookError
        A column holds lists, objects or bytes, or numbers and one or two texts among them.

    Examples
    --------
    >>> frame = typed_frame(pa.table({"zip": ["01234", "5678"], "rooms": ["3", None]}), "a.csv")
    >>> frame.dtypes.astype(str).to_dict()
    {'zip': 'string', 'rooms': 'float64'}
    """
    columns = {
        name: _series(table[name], name, source, text=name in texts) for name in table.column_names
    }
    return pd.DataFrame(columns)


def _series(column: pa.ChunkedArray, name: str, source: str, *, text: bool) -> pd.Series:
    cells = as_text(plain(column.combine_chunks()))
    if text and not is_text(cells.type):
        cells = cells.cast(pa.string())
    if text:
        return pd.Series(cells.to_pandas(), dtype="string")
    if is_text(cells.type):
        return _from_texts(cells, name, source)
    if is_number(cells.type) or pa.types.is_null(cells.type):
        return _numbers(cells)
    raise CasebookError(
        f"{source}: the column {name} holds values of the type {cells.type}, and a table has "
        "numbers, texts, truths or times. Write its parts as columns of their own, or leave it out."
    )


def _from_texts(cells: pa.Array, name: str, source: str) -> pd.Series:
    padded = compute.any(compute.match_substring_regex(cells, PADDED)).as_py()
    numbers, unread = (cells, {}) if padded else read_numbers(cells)
    there = len(cells) - cells.null_count
    if 0 < len(unread) <= FEW * there:
        row, value = next(iter(unread.items()))
        raise CasebookError(
            f"{source}: the column {name} holds numbers, but row {row + 1} has {value!r} "
            f"({len(unread):,} such rows of {there:,}). Remove the row if it is a total or a "
            f'remark; if the column holds texts, say {name} = {{type = "string"}} in a file that '
            "--columns names."
        )
    if padded or unread or numbers.null_count == len(numbers):
        return pd.Series(cells.to_pandas(), dtype="string")
    return _numbers(numbers)


def _numbers(cells: pa.Array) -> pd.Series:
    values: pd.Series = cells.cast(pa.float64(), safe=False).to_pandas()
    whole = values.notna().all() and len(values) and bool((values == values.round()).all())
    return values.astype("int64") if whole and values.abs().max() < 2**53 else values
