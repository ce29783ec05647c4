"""Conform: a file's columns in the types of the catalog, exactly, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy import typing as npt
from pyarrow import compute
from pyarrow import types as t

from casebook.catalog import Column
from casebook.errors import CasebookError
from tasks.reading.numbers import read_numbers, whole_numbers
from tasks.reading.types import as_text, is_number, is_text, plain

EXACT = 1 << 53  # whole numbers up to here are exact as floats of 64 bits
COMMAS = " Write numbers with a point for decimals, and nothing between thousands."


@dataclass(frozen=True)
class Where:
    """A file, and what finds the line of a row in it; both are counted from 1."""

    path: Path
    line: Callable[[int], int | None] = lambda _: None

    def on_line(self, row: int) -> str:
        """Return the words that name a row's line, where it is known."""
        line = self.line(row)
        return f" on line {line}" if line else ""


def typed_cells(cells: pa.Array, column: Column, name: str, where: Where) -> pa.Array:
    """Return a column in its catalog type; one of whole numbers with gaps becomes one of floats.

    Parameters
    ----------
    cells
        The column as the file has it.
    column, name
        What the catalog says of it.
    where
        The file, for messages.

    Raises
    ------
    CasebookError
        The column is of another type, or a value is no number or can't be held exactly.

    Examples
    --------
    >>> cells, column = pa.array(["1", None]), Column(type="integer")
    >>> typed_cells(cells, column, "rooms", Where(Path("a.csv"))).to_pylist()
    [1.0, None]
    """
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    cells = plain(cells)
    if column.type == "string":
        return _texts(cells, name, where)
    if is_text(cells.type):
        return _from_texts(cells, column, name, where)
    if not (is_number(cells.type) or pa.types.is_null(cells.type)):
        raise _other_type(cells, name, "numbers", where)
    return _from_numbers(cells, column, name, where)


def _other_type(cells: pa.Array, name: str, expected: str, where: Where) -> CasebookError:
    return CasebookError(
        f"{where.path}: the column {name} holds {expected}, says the catalog, but in the file "
        f"it is of the type {cells.type}. Convert it there; true and false as numbers are 1 and 0."
    )


def _texts(cells: pa.Array, name: str, where: Where) -> pa.Array:

    cells = as_text(cells)
    kind = cells.type
    if is_text(kind):
        return cells
    if t.is_integer(kind) or t.is_null(kind):
        return cells.cast(pa.string())
    raise _other_type(cells, name, "text", where)


def _from_texts(cells: pa.Array, column: Column, name: str, where: Where) -> pa.Array:

    numbers, unread = read_numbers(cells)
    values = numbers.to_numpy(zero_copy_only=False)
    wrong = np.isinf(values)
    wrong[list(unread)] = True
    _refuse(cells, wrong, name, where)
    if column.type == "integer" and numbers.null_count == 0:
        return _whole_texts(cells, numbers, name, where)
    large = np.flatnonzero(np.abs(values) >= EXACT)
    rounded = [row for row in large.tolist() if _inexact(cells[row].as_py())]
    if rounded:
        raise _too_large(cells, rounded[0], name, where)
    return _checked(cells, numbers, column, name, where)


def _inexact(text: str) -> bool:
    """Say whether a text is of a whole number that a float would round."""
    digits = text.strip()
    return digits.lstrip("+-").isdigit() and int(float(digits)) != int(digits)


def _whole_texts(cells: pa.Array, numbers: pa.Array, name: str, where: Where) -> pa.Array:
    try:
        whole = whole_numbers(cells)
    except OverflowError as error:
        raise _too_large(cells, _largest(numbers), name, where) from error
    if whole is not None:
        return whole
    return _checked(cells, numbers, Column(type="integer"), name, where)


def _from_numbers(cells: pa.Array, column: Column, name: str, where: Where) -> pa.Array:

    gaps = cells.null_count > 0 or pa.types.is_null(cells.type)
    if pa.types.is_integer(cells.type):
        if column.type == "integer" and not gaps:
            try:
                return cells.cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise _too_large(cells, _largest(cells), name, where) from error
        try:
            return cells.cast(pa.float64())
        except pa.ArrowInvalid as error:
            raise _too_large(cells, _largest(cells), name, where) from error
    numbers = cells.cast(pa.float64(), safe=False)
    numbers = compute.if_else(compute.is_nan(numbers), None, numbers)
    _refuse(cells, np.isinf(numbers.to_numpy(zero_copy_only=False)), name, where)
    return _checked(cells, numbers, column, name, where)


def _checked(
    cells: pa.Array, numbers: pa.Array, column: Column, name: str, where: Where
) -> pa.Array:
    """Return numbers as whole ones where the catalog wants them and all are there and whole."""
    values = numbers.to_numpy(zero_copy_only=False)
    if column.type != "integer":
        return numbers
    if (np.abs(values) > EXACT).any():
        raise _too_large(cells, _largest(numbers), name, where)
    whole = numbers.null_count == 0 and bool((values == np.round(values)).all())
    return numbers.cast(pa.int64()) if whole else numbers


def _largest(cells: pa.Array) -> int:

    values = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return int(np.nanargmax(np.abs(values)))


def _too_large(cells: pa.Array, row: int, name: str, where: Where) -> CasebookError:
    return CasebookError(
        f"{where.path}: the column {name} can't hold {cells[row].as_py()} exactly, which row "
        f"{row + 1} has{where.on_line(row + 1)}. Whole numbers have at most 64 bits, and 53 bits "
        "beside missing values and fractions. Make it a column of the type string in "
        "data/catalog.toml if it only names something."
    )


def _refuse(cells: pa.Array, wrong: npt.NDArray[np.bool_], name: str, where: Where) -> None:
    if not wrong.any():
        return
    first = int(wrong.argmax())
    value = cells[first].as_py()
    hint = COMMAS if isinstance(value, str) and "," in value else ""
    raise CasebookError(
        f"{where.path}: the column {name} holds numbers, but row {first + 1} has {value!r}"
        f"{where.on_line(first + 1)} ({int(wrong.sum()):,} such rows). Mend or remove them; a "
        f"missing number is an empty field.{hint}"
    )
