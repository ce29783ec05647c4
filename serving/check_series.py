"""Convert a request's series of numbers to the arrays a model takes.

If that fails, list everything wrong with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from numpy import typing as npt

from serving.check import LISTED, Checked, Fault, Refused, Warned, kind_of, number_problem, shown
from serving.signature import Field

EPOCH = date(1970, 1, 1)
WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class SeriesReader:
    """Reads instances of one or more series of numbers, each of a fixed length, and of dates.

    Examples
    --------
    >>> reader = SeriesReader([Field("day", "date")])
    >>> reader.read([{"day": "1970-01-02"}]).feeds["day"].tolist()
    [[1.0]]
    >>> reader.read([{"day": "1970-1-2"}])
    Traceback (most recent call last):
    serving.check.Refused: row 0, day: must be a date written as 2010-11-26
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = list(fields)
        self.names = {field.name for field in fields}

    def read(self, instances: Sequence[object]) -> Checked:
        """Convert instances to arrays.

        A series has shape (rows, length), a date (rows, 1), as days since 1970.

        Raises
        ------
        Refused
            If any instance has a fault; it lists them all.
        """
        faults = [
            fault for row, given in enumerate(instances) for fault in self._faults(row, given)
        ]
        rows = [row for row in instances if isinstance(row, dict)]
        if faults or len(rows) < len(instances):
            raise Refused(iter(faults))
        feeds: dict[str, npt.NDArray[np.generic]] = {
            field.name: np.array([_numbers(field, row) for row in rows], dtype=np.float32)
            for field in self.fields
        }
        warned = [
            warning
            for field in self.fields
            if field.length
            for warning in _outside(field, feeds[field.name])
        ]
        about = len({warning.row for warning in warned})
        return Checked(feeds, warned[:LISTED], max(0, len(warned) - LISTED), about)

    def _faults(self, number: int, row: object) -> Iterator[Fault]:
        if not isinstance(row, dict):
            yield Fault(number, None, f"a row must be an object, not {kind_of(row)}")
            return
        yield from (
            Fault(number, shown(name), "is no field of this model")
            for name in row
            if name not in self.names
        )
        for field in self.fields:
            problems = _problems(field, row[field.name]) if field.name in row else ["is missing"]
            yield from (Fault(number, field.name, problem) for problem in problems)


def _problems(field: Field, value: object) -> Iterator[str]:
    """Say everything that is wrong with one field."""
    if field.length is None:
        yield from _date_problems(value)
        return
    if not isinstance(value, list):
        yield f"must be a list of {field.length} numbers, not {kind_of(value)}"
        return
    if len(value) != field.length:
        yield f"must hold {field.length} numbers, not {len(value)}"
    for place, number in enumerate(value, 1):
        wrong = number_problem(number)
        if wrong:
            yield f"number {place} {wrong}"


def _date_problems(value: object) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"must be a date as a text, such as 2010-11-26, not {kind_of(value)}"
    elif not WRITTEN.fullmatch(value):
        yield "must be a date written as 2010-11-26"
    else:
        try:
            date.fromisoformat(value)
        except ValueError:
            yield "is no day of the calendar"


def _numbers(field: Field, row: Mapping[str, object]) -> Sequence[object]:
    value = row[field.name]
    return value if isinstance(value, list) else [(date.fromisoformat(str(value)) - EPOCH).days]


def _outside(field: Field, series: npt.NDArray[np.generic]) -> Iterator[Warned]:
    """Yield a warning for each series that leaves the range seen in training.

    It has the number that is farthest outside.
    """
    values = series.astype(np.float64)
    low = -np.inf if field.minimum is None else float(np.float32(field.minimum))
    high = np.inf if field.maximum is None else float(np.float32(field.maximum))
    beyond = np.maximum(low - values, values - high)
    for row in np.flatnonzero((beyond > 0).any(axis=1)).tolist():
        worst = float(values[row, beyond[row].argmax()])
        yield Warned(row, field.name, worst, field.minimum, field.maximum)
