"""Derive columns from others of the same row, in pandas for training and in ONNX for serving.

Each kind is a small class that holds both forms side by side. A test checks that they agree for all
inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx
import pandas as pd
from onnx import helper


class Derived(Protocol):
    """A new column `name`, computed from raw columns."""

    @property
    def name(self) -> str:
        """The new column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns it is computed from."""

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the new column's values."""

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the ONNX nodes that compute the tensor `result`, float32 of shape (n, 1).

        The input tensors are named like the raw columns.
        """


@dataclass(frozen=True)
class HourOfDay:
    """The hour of the day, 0 to 24, of a time in seconds since some midnight."""

    column: str
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The time's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the hour; days are folded onto each other."""
        return frame[self.column] % 86400 / 3600

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the ONNX nodes for the same computation.

        The remainder is taken before the division, so that float32 loses nothing.
        """
        return [
            *constant(f"{result}/day", 86400.0),
            *constant(f"{result}/hour", 3600.0),
            # fmod keeps the sign of the dividend; a time is never negative
            helper.make_node("Mod", [self.column, f"{result}/day"], [f"{result}/seconds"], fmod=1),
            helper.make_node("Div", [f"{result}/seconds", f"{result}/hour"], [result]),
        ]


@dataclass(frozen=True)
class Log:
    """The natural logarithm of an amount.

    A small offset, in the column's unit, gives zero a logarithm too.

    Examples
    --------
    >>> frame = pd.DataFrame({"amount": [-5.0, 0.0, 1.0]})
    >>> Log("amount", "log").compute(frame).round(2).tolist()
    [-6.91, -6.91, 0.0]
    """

    column: str
    name: str
    offset: float = 0.001

    @property
    def columns(self) -> tuple[str, ...]:
        """The amount's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return log(value + offset); values below zero count as zero."""
        return np.log(frame[self.column].clip(lower=0.0) + self.offset)  # type: ignore[no-any-return]

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            *constant(f"{result}/offset", self.offset),
            helper.make_node("Relu", [self.column], [f"{result}/positive"]),
            helper.make_node("Add", [f"{result}/positive", f"{result}/offset"], [f"{result}/sum"]),
            helper.make_node("Log", [f"{result}/sum"], [result]),
        ]


@dataclass(frozen=True)
class Matches:
    """1 where a text as a whole matches a pattern, else 0.

    Missing text matches like the empty text. The pattern has to mean the same to Python and to RE2,
    which holds for characters, classes, `.`, `*`, `+`, `|`, `()`.

    Examples
    --------
    >>> frame = pd.DataFrame({"ticket": ["113803", "PC 17599", None]})
    >>> Matches("ticket", "plain", "[0-9]+").compute(frame).tolist()
    [1.0, 0.0, 0.0]
    """

    column: str
    name: str
    pattern: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The text's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return 1.0 or 0.0."""
        return frame[self.column].fillna("").str.fullmatch(self.pattern).astype("float64")

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            helper.make_node(
                "RegexFullMatch", [self.column], [f"{result}/match"], pattern=self.pattern
            ),
            helper.make_node("Cast", [f"{result}/match"], [result], to=onnx.TensorProto.FLOAT),
        ]


@dataclass(frozen=True)
class Total:
    """The sum of columns and a constant.

    An example is a family's size: siblings, parents and the passenger.
    """

    columns: tuple[str, ...]
    name: str
    plus: float = 0.0

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the sum; it is missing where one of its parts is."""
        return frame[list(self.columns)].sum(axis=1, skipna=False) + self.plus

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            *constant(f"{result}/plus", self.plus),
            helper.make_node("Sum", [*self.columns, f"{result}/plus"], [result]),
        ]


@dataclass(frozen=True)
class Missing:
    """1 where a number is missing, else 0."""

    column: str
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The number's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return 1.0 or 0.0."""
        return frame[self.column].isna().astype("float64")

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            helper.make_node("IsNaN", [self.column], [f"{result}/nan"]),
            helper.make_node("Cast", [f"{result}/nan"], [result], to=onnx.TensorProto.FLOAT),
        ]


@dataclass(frozen=True)
class Equals:
    """1 where a number equals a value, such as one of a few codes, else 0.

    A missing number equals no value.
    """

    column: str
    name: str
    value: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The number's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return 1.0 or 0.0."""
        return (frame[self.column] == self.value).astype("float64")

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            *constant(f"{result}/value", self.value),
            helper.make_node("Equal", [self.column, f"{result}/value"], [f"{result}/equal"]),
            helper.make_node("Cast", [f"{result}/equal"], [result], to=onnx.TensorProto.FLOAT),
        ]


@dataclass(frozen=True)
class Product:
    """The product of two derived columns; of two flags, whether both are set."""

    first: Derived
    second: Derived
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns of both, each once."""
        return tuple(dict.fromkeys((*self.first.columns, *self.second.columns)))

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the product."""
        return self.first.compute(frame) * self.second.compute(frame)

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX, the factors under names of their own."""
        factors = [f"{result}/first", f"{result}/second"]
        return [
            *self.first.nodes(factors[0]),
            *self.second.nodes(factors[1]),
            helper.make_node("Mul", factors, [result]),
        ]


def constant(name: str, value: float) -> list[onnx.NodeProto]:
    """Return the ONNX node of a number, shape (1, 1)."""
    tensor = helper.make_tensor(name, onnx.TensorProto.FLOAT, [1, 1], [value])
    return [helper.make_node("Constant", [], [name], value=tensor)]


def derive(frame: pd.DataFrame, derived: tuple[Derived, ...]) -> pd.DataFrame:
    """Return the frame with the derived columns beside their sources.

    The encoder picks the columns that it takes.

    Examples
    --------
    A derived column that is called as its source takes its place, and stands last.

    >>> frame = pd.DataFrame({"age": [20.0, None], "fare": [7.0, 8.0]})
    >>> derive(frame, (Missing("age", "age"),)).to_dict("list")
    {'fare': [7.0, 8.0], 'age': [0.0, 1.0]}
    """
    computed = pd.DataFrame({d.name: d.compute(frame) for d in derived}, index=frame.index)
    return pd.concat([frame.drop(columns=list(computed), errors="ignore"), computed], axis=1)
