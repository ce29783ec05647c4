"""Dates: parts of a date that stands in a text, in pandas for training and in ONNX for serving."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
import pandas as pd
from onnx import helper, numpy_helper

from casebook.array_types import Float64Array
from casebook.errors import CasebookError

Part = Literal["days", "month", "day", "weekday", "hour"]
Order = Literal["ymd", "dmy", "mdy"]
Join = Literal["T", " ", ""]
PARTS: tuple[Part, ...] = ("days", "month", "day", "weekday", "hour")
WIDTHS = {"y": "[0-9]{4}", "m": "[0-9]{1,2}", "d": "[0-9]{1,2}"}
# a zone is passed over: a time is that of whoever wrote it
TIME = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?"
EPOCH = 719468  # days from 1 March of the year 0 to 1 January 1970


@dataclass(frozen=True)
class DateFormat:
    """How a date is written.

    Attributes
    ----------
    order
        Of year, month and day.
    separator
        What stands between them.
    join
        What stands between date and time: `T`, a blank, or nothing where there is no time.
    """

    order: Order = "ymd"
    separator: str = "-"
    join: Join = ""

    @classmethod
    def of(cls, pattern: str) -> DateFormat:
        """Return the format that `strftime` would write by a pattern, such as `%d.%m.%Y %H:%M`.

        Raises
        ------
        CasebookError
            It is none of those that a published model can read.
        """
        by_pattern = {form.pattern: form for form in FORMATS}
        if pattern not in by_pattern:
            raise CasebookError(
                f"The date format {pattern!r} can't be read by a published model. There are "
                f"{', '.join(map(repr, by_pattern))}."
            )
        return by_pattern[pattern]

    @property
    def pattern(self) -> str:
        """How `strftime` writes it."""
        letters = {"y": "%Y", "m": "%m", "d": "%d"}
        date = self.separator.join(letters[part] for part in self.order)
        return f"{date}{self.join}%H:%M" if self.join else date

    @property
    def date_pattern(self) -> str:
        """A pattern of the date, the same to Python and to RE2."""
        return f"[{self.separator}]".join(WIDTHS[part] for part in self.order)

    @property
    def time_pattern(self) -> str:
        """A pattern of date and time."""
        return f"{self.date_pattern}{self.join}{TIME}"

    def fits(self, text: str) -> bool:
        """Say whether a text is a date that is written so."""
        pattern = self.time_pattern if self.join else self.date_pattern
        return re.fullmatch(f"(?:{pattern})|(?:{self.date_pattern})", text) is not None


DATES: tuple[tuple[Order, str], ...] = (
    ("ymd", "-"),
    ("ymd", "/"),
    ("ymd", "."),
    ("dmy", "."),
    ("dmy", "/"),
    ("dmy", "-"),
    ("mdy", "/"),
    ("mdy", "-"),
)
JOINS: tuple[Join, ...] = ("", "T", " ")
FORMATS = tuple(DateFormat(order, mark, join) for order, mark in DATES for join in JOINS)


@dataclass(frozen=True)
class DatePart:
    """A part of a date: the days since 1970, month, day of the month, weekday (Monday 0), or hour.

    It is missing where the text is no such date. A date without a time has the hour 0.

    Examples
    --------
    >>> frame = pd.DataFrame({"sold": ["1970-01-02", "2026-11-30", "soon", None]})
    >>> DatePart("sold", "sold_days", "days").compute(frame).tolist()
    [1.0, 20787.0, nan, nan]
    >>> DatePart("sold", "sold_weekday", "weekday").compute(frame).tolist()
    [4.0, 0.0, nan, nan]
    """

    column: str
    name: str
    part: Part
    form: DateFormat = DateFormat()

    @property
    def columns(self) -> tuple[str, ...]:
        """The date's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the part of each row's date."""
        texts = frame[self.column].fillna("").astype("string")
        dated = texts.str.fullmatch(self.form.date_pattern).to_numpy("bool")
        timed = np.zeros(len(texts), "bool")
        days, clocks = texts, texts
        if self.form.join:
            timed = texts.str.fullmatch(self.form.time_pattern).to_numpy("bool")
            halves = texts.str.split(self.form.join, regex=False, n=1)
            days, clocks = halves.str[0], halves.str[-1]
        pieces = numbers(days.where(dated | timed), self.form.separator, 3)
        year, month, day = (pieces[self.form.order.index(part)] for part in "ymd")
        clock = numbers(clocks.where(timed), ":", 2)
        hour = np.where(dated, 0.0, clock[0] + clock[1] / 60)
        return pd.Series(_part(self.part, year, month, day, hour), index=frame.index)

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX: what is no date is read as one that counts as missing."""
        return _Nodes(self, result).all()


def numbers(texts: pd.Series, separator: str, count: int) -> list[Float64Array]:
    """Return the first numbers in texts, which are missing where a text is."""
    pieces = texts.astype("string").str.split(separator, regex=False, expand=True)
    columns = pieces.reindex(columns=range(count))
    return [columns[place].to_numpy("float64", na_value=np.nan) for place in range(count)]


def _part(
    part: Part, year: Float64Array, month: Float64Array, day: Float64Array, hour: Float64Array
) -> Float64Array:
    days = days_since_1970(year, month, day)
    parts = {
        "days": days,
        "month": month,
        "day": day,
        "weekday": (days + 3) % 7,
        "hour": hour,
    }
    return parts[part]


def days_since_1970(year: Float64Array, month: Float64Array, day: Float64Array) -> Float64Array:
    """Return the days from 1 January 1970 to a date of the Gregorian calendar.

    The year is taken to begin in March, so that the leap day is its last (Hinnant, "chrono-
    compatible low-level date algorithms").

    Examples
    --------
    >>> days_since_1970(np.array([2000.0]), np.array([3.0]), np.array([1.0])).tolist()
    [11017.0]
    """
    years = year - (month <= 2)
    months = (month + 9) % 12
    leap = np.floor(years / 4) - np.floor(years / 100) + np.floor(years / 400)
    days: Float64Array = 365 * years + leap + np.floor((153 * months + 2) / 5) + day - 1 - EPOCH
    return days


class _Nodes:
    """The nodes of one part of a date."""

    def __init__(self, part: DatePart, result: str) -> None:
        self.part, self.form, self.result = part, part.form, result
        self.list: list[onnx.NodeProto] = []

    def all(self) -> list[onnx.NodeProto]:
        """Return them."""
        text = self.part.column
        dated = self.node("RegexFullMatch", text, pattern=self.form.date_pattern)
        valid, whole = dated, text
        if self.form.join:
            timed = self.node("RegexFullMatch", text, pattern=self.form.time_pattern)
            valid = self.node("Or", dated, timed)
            midnight = self.node("StringConcat", text, self.text(f"{self.form.join}0:00"))
            whole = self.node("Where", dated, midnight, text)
        safe = self.node("Where", valid, whole, self.text(self._nothing()))
        value = self._value(safe)
        nothing = self.number(float("nan"))
        self.list.append(helper.make_node("Where", [valid, value, nothing], [self.result]))
        return self.list

    def _nothing(self) -> str:
        pieces = {"y": "1970", "m": "1", "d": "1"}
        date = self.form.separator.join(pieces[part] for part in self.form.order)
        return f"{date}{self.form.join}0:00" if self.form.join else date

    def _value(self, text: str) -> str:
        date, hour = text, ""
        if self.form.join:
            date = self.piece(text, self.form.join, 0)
            clock = self.piece(text, self.form.join, 1)
            minutes = self.cast(self.piece(clock, ":", 1))
            hour = self.node(
                "Add",
                self.cast(self.piece(clock, ":", 0)),
                self.node("Div", minutes, self.number(60.0)),
            )
        if self.part.part == "hour":
            return hour or self.number(0.0)
        year, month, day = (
            self.cast(self.piece(date, self.form.separator, self.form.order.index(part)))
            for part in "ymd"
        )
        if self.part.part in ("month", "day"):
            return month if self.part.part == "month" else day
        days = self._days(year, month, day)
        if self.part.part == "days":
            return days
        shifted = self.node("Add", days, self.number(3.0))
        weeks = self.node("Floor", self.node("Div", shifted, self.number(7.0)))
        return self.node("Sub", shifted, self.node("Mul", weeks, self.number(7.0)))

    def _days(self, year: str, month: str, day: str) -> str:
        early = self.node("LessOrEqual", month, self.number(2.0))
        years = self.node("Sub", year, self.node("Cast", early, to=onnx.TensorProto.FLOAT))
        months = self.node("Where", early, self.add(month, 9.0), self.add(month, -3.0))
        scaled = self.add(self.node("Mul", months, self.number(153.0)), 2.0)
        terms = [
            self.node("Mul", years, self.number(365.0)),
            self.floor_of(years, 4.0),
            self.node("Neg", self.floor_of(years, 100.0)),
            self.floor_of(years, 400.0),
            self.floor_of(scaled, 5.0),
            self.add(day, -1.0 - EPOCH),
        ]
        return self.node("Sum", *terms)

    def floor_of(self, value: str, divisor: float) -> str:
        """Return how often a divisor goes into a value."""
        return self.node("Floor", self.node("Div", value, self.number(divisor)))

    def add(self, value: str, number: float) -> str:
        """Return the sum of a value and a number."""
        return self.node("Add", value, self.number(number))

    def piece(self, text: str, separator: str, place: int) -> str:
        """Return one of the pieces of a text, shape (n, 1)."""
        pieces = self.name()
        count = f"{pieces}/count"
        split = helper.make_node("StringSplit", [text], [pieces, count], delimiter=separator)
        self.list.append(split)  # shape (n, 1, pieces)
        return self.node("Gather", pieces, self.whole(place), axis=2)

    def cast(self, text: str) -> str:
        """Return a text as a number."""
        return self.node("Cast", text, to=onnx.TensorProto.FLOAT)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its result."""
        name = self.name()
        self.list.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def name(self) -> str:
        """Return a new name."""
        return f"{self.result}/{len(self.list)}"

    def number(self, value: float) -> str:
        """Add a number, shape (1, 1), and return its name."""
        tensor = helper.make_tensor("", onnx.TensorProto.FLOAT, [1, 1], [value])
        return self.node("Constant", value=tensor)

    def whole(self, value: int) -> str:
        """Add a whole number without a shape, and return its name."""
        tensor = helper.make_tensor("", onnx.TensorProto.INT64, [], [value])
        return self.node("Constant", value=tensor)

    def text(self, value: str) -> str:
        """Add a text, shape (1, 1), and return its name."""
        array = np.array([[value]], dtype=object)
        return self.node("Constant", value=numpy_helper.from_array(array))
