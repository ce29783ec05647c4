"""Convert a request's rows to the arrays a model takes, or list everything wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy import typing as npt

from serving.signature import Field

LISTED = 100  # faults and warnings shown; the rest is counted
LONGEST_TEXT = 20_000  # characters
FLOAT32_MAX = (2 - 2**-23) * 2.0**127  # as np.finfo(np.float32).max

Floats: TypeAlias = "npt.NDArray[np.float64]"
Mask: TypeAlias = "npt.NDArray[np.bool_]"


class Fault(NamedTuple):
    """Something that makes a row unanswerable."""

    row: int | None
    field: str | None
    problem: str


class Warned(NamedTuple):
    """A number answered although training never saw its like."""

    row: int
    field: str
    value: float
    minimum: float | None
    maximum: float | None


class Refused(ValueError):
    """Rows that cannot be answered.

    Attributes
    ----------
    faults
        The first `LISTED` faults, in order of row and field.
    more
        How many further faults there are.
    """

    def __init__(self, faults: Iterator[Fault]) -> None:
        self.faults = list(islice(faults, LISTED))
        self.more = sum(1 for _ in faults)
        super().__init__("; ".join(f"row {f.row}, {f.field}: {f.problem}" for f in self.faults[:3]))


class Checked(NamedTuple):
    """Arrays by input name, and warnings.

    There are the first `LISTED` warnings, how many more there are, and how many rows they are
    about. A column has shape (rows, 1), pictures are uint8 of shape (rows, height, width,
    channels).
    """

    feeds: dict[str, npt.NDArray[np.generic]]
    warnings: list[Warned]
    more_warnings: int
    warned_rows: int = 0


class Reader:
    """Reads rows for one signature.

    All numbers are checked as one matrix and texts by column, because nearly every request is
    valid; cells are looked at one by one only to name the faults of a request that is not.

    Examples
    --------
    >>> reader = Reader([Field("age", "integer", minimum=0, maximum=99), Field("sex", "string")])
    >>> reader.read([{"age": 120, "sex": "f"}]).warnings
    [Warned(row=0, field='age', value=120.0, minimum=0, maximum=99)]
    >>> reader.read([{"age": 1.5}])
    Traceback (most recent call last):
    serving.check.Refused: row 0, age: must be a whole number; row 0, sex: is missing
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = list(fields)
        self.names = {field.name for field in fields}
        self.numbers = [field for field in fields if field.dtype != "string"]
        self.texts = [field for field in fields if field.dtype == "string"]
        self._names = [field.name for field in self.numbers]
        self._all = itemgetter(*self._names) if not self.texts and len(fields) > 1 else None
        self._choices = [field for field in self.numbers if field.allowed]
        self._optional = np.array([field.optional for field in self.numbers], dtype=bool)
        self._whole = np.array([field.dtype == "integer" for field in self.numbers], dtype=bool)
        self._any_whole = bool(self._whole.any())
        self._low, self._high = np.array([seen(field) for field in self.numbers]).reshape(-1, 2).T

    def read(self, rows: Sequence[object]) -> Checked:
        """Turn rows into arrays.

        Raises
        ------
        Refused
            If any row has a fault; it lists them all.
        """
        mappings = [row for row in rows if isinstance(row, dict)]
        cells = self._cells(mappings) if len(mappings) == len(rows) else None
        if cells is None:
            raise Refused(self._faults(rows))
        wide = self._matrix(mappings, cells)
        texts = {field.name: _texts(field, mappings) for field in self.texts}
        if wide is None or any(column is None for column in texts.values()):
            raise Refused(self._faults(rows))
        columns = np.ascontiguousarray(wide.T, dtype=np.float32)[:, :, np.newaxis]
        feeds: dict[str, npt.NDArray[np.generic]] = {
            name: column for name, column in texts.items() if column is not None
        }
        feeds |= zip(self._names, columns, strict=True)
        return Checked(feeds, *self._warnings(wide))

    def _matrix(
        self, rows: Sequence[Mapping[str, object]], cells: Sequence[object]
    ) -> Floats | None:
        if not all(
            issubclass(kind, int | float | None) and kind is not bool
            for kind in set(map(type, cells))
        ):
            return None
        if any(problem(field, row.get(field.name)) for field in self._choices for row in rows):
            return None
        try:
            wide = _floats(cells).reshape(len(rows), len(self._names))
        except OverflowError:  # an integer of hundreds of digits
            return None
        missing = np.isnan(wide)
        if missing.any():
            missing &= (
                np.array([cell is None for cell in cells]).reshape(wide.shape) & self._optional
            )
        sound = holdable(wide)
        if self._any_whole:
            sound &= ~self._whole | whole(wide)
        return wide if (sound | missing).all() else None

    def _cells(self, rows: Sequence[Mapping[str, object]]) -> list[object] | None:
        """Return the cells of all rows where numbers belong, one after the other.

        Return nothing if a name is unknown.
        """
        if self._all and set(map(len, rows)) == {len(self.names)}:
            with suppress(KeyError):  # where every name is there, and no more are, none is unknown
                return list(chain.from_iterable(map(self._all, rows)))
        if not all(row.keys() <= self.names for row in rows):
            return None
        return [row.get(name) for row in rows for name in self._names]

    def _warnings(self, wide: Floats) -> tuple[list[Warned], int, int]:
        outside = beyond(wide, self._low, self._high)
        if not outside.any():
            return [], 0, 0
        places = np.argwhere(outside)
        shown = [
            (int(row), self.numbers[column], float(wide[row, column]))
            for row, column in places[:LISTED]
        ]
        warned = [
            Warned(row, field.name, value, field.minimum, field.maximum)
            for row, field, value in shown
        ]
        return warned, len(places) - len(warned), int(outside.any(axis=1).sum())

    def _faults(self, rows: Sequence[object]) -> Iterator[Fault]:
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                yield Fault(number, None, f"a row must be an object, not {kind_of(row)}")
                continue
            yield from (
                Fault(number, shown(name), "is no field of this model")
                for name in row
                if name not in self.names
            )
            for field in self.fields:
                wrong = (
                    problem(field, row.get(field.name))
                    if field.name in row or field.optional
                    else "is missing"
                )
                if wrong:
                    yield Fault(number, field.name, wrong)


def holdable(numbers: Floats) -> Mask:
    """Tell which numbers are finite and small enough for a 32-bit float.

    Examples
    --------
    >>> holdable(np.array([3.4e38, 3.5e38, np.nan])).tolist()
    [True, False, False]
    """
    return np.abs(numbers) <= FLOAT32_MAX


def whole(numbers: Floats) -> Mask:
    """Tell which numbers have no fraction."""
    same: Mask = np.floor(numbers) == numbers
    return same


def beyond(numbers: Floats, low: Floats | float, high: Floats | float) -> Mask:
    """Tell which numbers leave the range seen in training."""
    return (numbers < low) | (numbers > high)


def seen(field: Field) -> tuple[float, float]:
    """Return the range that training saw, without end where it is not known."""
    return (
        -math.inf if field.minimum is None else field.minimum,
        math.inf if field.maximum is None else field.maximum,
    )


def _floats(cells: Sequence[Any]) -> Floats:
    """Return numbers as an array, null as NaN."""
    try:
        return np.fromiter(
            cells, dtype=np.float64, count=len(cells)
        )  # in half the time of np.array
    except TypeError:  # at a null
        return np.array(cells, dtype=np.float64)


def problem(field: Field, value: object) -> str | None:
    """Say what is wrong with one cell, or nothing.

    Examples
    --------
    >>> rooms = Field("rooms", "integer", allowed=(1, 2))
    >>> problem(rooms, 1.0), problem(rooms, 3), problem(rooms, None)
    (None, 'must be one of 1, 2', 'must not be empty (null)')
    """
    if value is None:
        return None if field.optional else "must not be empty (null)"
    wrong = (
        _text_problem(value)
        if field.dtype == "string"
        else number_problem(value, whole=field.dtype == "integer")
    )
    if wrong is None and field.allowed and value not in field.allowed:
        shown = ", ".join(repr(choice) for choice in field.allowed[:20])
        wrong = f"must be one of {shown}" + (", ..." if len(field.allowed) > 20 else "")
    return wrong


def number_problem(value: object, *, whole: bool = False) -> str | None:
    """Say what is wrong with a value where a number belongs, or nothing.

    Examples
    --------
    >>> number_problem(True), number_problem(1e39)
    ('must be a number, not a boolean', 'is beyond what a 32-bit float can hold')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number, not {kind_of(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be finite"
    if abs(value) > FLOAT32_MAX:
        return "is beyond what a 32-bit float can hold"
    if whole and value != math.floor(value):
        return "must be a whole number"
    return None


def _text_problem(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a text, not {kind_of(value)}"
    if len(value) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} characters"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "holds half a character (a lone surrogate)"
    return None


def _texts(field: Field, rows: Sequence[Mapping[str, object]]) -> npt.NDArray[np.object_] | None:
    cells = [row.get(field.name) for row in rows]
    if not all(issubclass(kind, str | None) for kind in set(map(type, cells))):
        return None
    if any(problem(field, cell) for cell in set(cells)):
        return None
    return np.array([[cell or ""] for cell in cells], dtype=object)


def shown(name: str) -> str:
    """Return a name from a request as an answer can hold it.

    It is truncated if too long, and free of half characters.
    """
    return name[:80].encode(errors="backslashreplace").decode()


def kind_of(value: object) -> str:
    """Name a JSON value's kind, for a sentence."""
    kinds = {
        bool: "a boolean",
        str: "a text",
        list: "a list",
        dict: "an object",
        int: "a number",
        float: "a number",
    }
    return "null" if value is None else kinds.get(type(value), type(value).__name__)
