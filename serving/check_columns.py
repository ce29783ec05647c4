"""Convert whole columns to the arrays a model takes, and list each row's faults.

It is `check` without a step per row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy import typing as npt

from serving.check import Floats, Mask, beyond, holdable, problem, seen, whole
from serving.signature import Field


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes
    ----------
    values
        Shape (rows,); NaN where there is no number.
    missing
        Which cells are empty (null).
    unread
        Rows and cells of what is no number.
    """

    values: Floats
    missing: Mask
    unread: Mapping[int, object] = field(default_factory=dict)

    def cell(self, row: int) -> object:
        """Return a cell as a request would have it."""
        if row in self.unread:
            return self.unread[row]
        return None if self.missing[row] else float(self.values[row])


@dataclass(frozen=True)
class Texts:
    """A column of texts.

    Attributes
    ----------
    distinct
        The texts and None that occur, each once.
    places
        Shape (rows,); which of them each row has.
    """

    distinct: Sequence[object]
    places: npt.NDArray[np.intp]

    def cell(self, row: int) -> object:
        """Return a cell as a request would have it."""
        return self.distinct[self.places[row]]


@dataclass(frozen=True)
class Sorted:
    """A block's sound rows as a graph takes them, and what is wrong with the others.

    Attributes
    ----------
    feeds
        The sound rows: columns of shape (rows, 1).
    sound
        The sound rows' numbers.
    faults
        By row, everything that is wrong with it.
    warned
        How many sound rows leave the range seen in training.
    """

    feeds: dict[str, npt.NDArray[np.generic]]
    sound: npt.NDArray[np.intp]
    faults: dict[int, list[str]]
    warned: int


def sort_out(fields: Sequence[Field], columns: Mapping[str, Numbers | Texts], rows: int) -> Sorted:
    """Split a block into rows that the model can answer and rows that it can't.

    A row is valid here if and only if `Reader.read` takes it, and the two make the same arrays of
    it.

    Examples
    --------
    >>> ages = Numbers(np.array([30.0, 150.0, np.nan]), np.array([False, False, True]))
    >>> parted = sort_out([Field("age", "float", maximum=99)], {"age": ages}, 3)
    >>> parted.faults, parted.sound.tolist(), parted.warned
    ({2: ['age: must not be empty (null)']}, [0, 1], 1)
    """
    faults: dict[int, list[str]] = {}
    outside = np.zeros(rows, dtype=bool)
    for input_field in fields:
        column = columns[input_field.name]
        for row in np.flatnonzero(_wrong(input_field, column)).tolist():
            faults.setdefault(row, []).append(
                f"{input_field.name}: {problem(input_field, column.cell(row))}"
            )
        if isinstance(column, Numbers):
            _mark(outside, input_field, column.values)
    bad = np.zeros(rows, dtype=bool)
    bad[list(faults)] = True
    kept = slice(None) if not faults else ~bad
    feeds = {input_field.name: _fed(columns[input_field.name])[kept] for input_field in fields}
    return Sorted(feeds, np.flatnonzero(~bad), faults, int((outside & ~bad).sum()))


def _wrong(field: Field, column: Numbers | Texts) -> Mask:
    if isinstance(column, Texts):
        refused: Mask = np.array(
            [problem(field, text) is not None for text in column.distinct], dtype=bool
        )
        return refused[column.places]
    values, missing = column.values, column.missing
    is_integer = field.dtype == "integer"
    ends = values[:0] if is_integer or not len(values) else np.array([values.min(), values.max()])
    if len(ends) and holdable(ends).all():  # all between are, too; a NaN is both ends
        wrong = np.zeros(len(values), dtype=bool)
    else:
        wrong = ~(holdable(values) & (whole(values) if is_integer else True)) & ~(
            missing & field.optional
        )
    if field.allowed:
        wrong |= _not_allowed(field, values, missing)
    return wrong


def _not_allowed(field: Field, values: Floats, missing: Mask) -> Mask:
    """Judge each number that occurs once; what is missing or no number is judged elsewhere."""
    distinct, places = np.unique(values, return_inverse=True)
    refused = np.array(
        [problem(field, value) is not None for value in distinct.tolist()], dtype=bool
    )
    return np.asarray(refused[places.reshape(-1)] & ~missing)


def _mark(outside: Mask, field: Field, values: Floats) -> None:
    low, high = seen(field)
    if len(values) and not (low <= values.min() and values.max() <= high):
        outside |= beyond(values, low, high)


def _fed(column: Numbers | Texts) -> npt.NDArray[np.generic]:
    if isinstance(column, Texts):
        texts: npt.NDArray[np.object_] = np.array(
            [text or "" for text in column.distinct], dtype=object
        )
        return texts[column.places][:, np.newaxis]
    with np.errstate(over="ignore"):  # what is too large has a fault
        numbers: npt.NDArray[np.float32] = column.values.astype(np.float32)
    return numbers[:, np.newaxis]
