"""Score: what the columns of a file hold, as the readers of a model take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import types as t

from serving.check_columns import Numbers, Texts
from serving.signature import Field
from tasks.reading.numbers import MISSING, read_numbers
from tasks.reading.types import as_text, is_bytes, is_list, is_number, is_text, plain


def fits(field: Field, kind: pa.DataType, *, written: bool) -> bool:
    """Return whether a column of this type can hold what the model takes.

    `written` is true if all its values are texts.

    Examples
    --------
    >>> rooms = Field("rooms", "integer")
    >>> fits(rooms, pa.string(), written=True), fits(rooms, pa.string(), written=False)
    (True, False)
    """
    kind = kind.value_type if t.is_dictionary(kind) else kind
    if t.is_null(kind) or (written and is_text(kind)):
        return True
    if field.length:
        return bool(is_list(kind) and is_number(kind.value_type))
    fitting: dict[str, Sequence[Callable[[pa.DataType], bool]]] = {
        "string": [is_text, t.is_boolean, t.is_date, t.is_timestamp],
        "text": [is_text],
        "date": [is_text, t.is_date32],
        "picture": [is_text, is_bytes],
    }
    return any(test(kind) for test in fitting.get(field.dtype, [is_number]))


def column(field: Field, cells: pa.Array) -> Numbers | Texts:
    """Return a table's column; a text where a number belongs is read as one if it is one.

    Examples
    --------
    >>> column(Field("sex", "string", allowed=("f", "m")), pa.array(["f", "NA"])).distinct
    ['f', None, None]
    >>> column(Field("country", "string"), pa.array(["US", "NA"])).distinct
    ['US', 'NA', None]
    """
    if field.dtype != "string":
        return numbers(cells)
    read = texts(cells)
    if not field.allowed:
        return read
    absent = (
        set(MISSING) - {""} - set(field.allowed)
    )  # as R writes NA: it can mean nothing else among a few choices
    return Texts([None if text in absent else text for text in read.distinct], read.places)


def numbers(cells: pa.Array) -> Numbers:
    """Return a column of numbers, or of texts that are to be numbers; NaN is missing."""
    cells, unread = plain(cells), dict[int, object]()
    if is_text(cells.type):
        cells, unread = read_numbers(cells)
    values = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    missing[list(unread)] = False
    return Numbers(values, missing, unread)


def texts(cells: pa.Array) -> Texts:
    """Return a column of texts."""
    if pa.types.is_null(cells.type):
        return Texts([None], np.zeros(len(cells), dtype=np.intp))
    cells = as_text(cells)
    encoded = cells if pa.types.is_dictionary(cells.type) else plain(cells).dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    indices = encoded.indices.cast(pa.int64()).fill_null(len(distinct) - 1)
    return Texts(distinct, indices.to_numpy(zero_copy_only=False))


def rows(fields: Sequence[Field], block: pa.RecordBatch, *, written: bool) -> list[dict[str, Any]]:
    """Return a block in the form of a request's rows.

    This is for models that take no columns of numbers and texts.
    """
    columns = {
        field.name: _as_requested(field, block.column(field.name), written=written)
        for field in fields
    }
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _as_requested(field: Field, cells: pa.Array, *, written: bool) -> list[Any]:

    if pa.types.is_date32(cells.type):
        cells = cells.cast(pa.string())
    values: list[Any] = cells.to_pylist()
    return [_list(cell) for cell in values] if field.length and written else values


def _list(cell: str | None) -> object:
    """Return the list that a text writes, such as [1, 2.5], or the text."""
    try:
        return json.loads(cell) if cell else cell
    except ValueError:
        return cell
