"""Recode: derived columns that tell one column in another form.

Another unit, or a number for each category.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
import pandas as pd
from onnx import helper

from tasks.data.derive import constant


@dataclass(frozen=True)
class Reciprocal:
    """A constant divided by a number: miles per gallon become litres per 100 km with 235.

    Examples
    --------
    >>> frame = pd.DataFrame({"mpg": [47.0, 0.0]})
    >>> Reciprocal("mpg", "litres", of=235.0).compute(frame).tolist()
    [5.0, inf]
    """

    column: str
    name: str
    of: float = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The number's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return constant / number."""
        return self.of / frame[self.column]

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        return [
            *constant(f"{result}/of", self.of),
            helper.make_node("Div", [f"{result}/of", self.column], [result]),
        ]


@dataclass(frozen=True)
class Ordinal:
    """The number that a category stands for, such as 4 for "four".

    One that isn't listed is a missing number.
    """

    column: str
    name: str
    numbers: tuple[tuple[str, float], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The category's column."""
        return (self.column,)

    def compute(self, frame: pd.DataFrame) -> pd.Series:
        """Return the numbers."""
        return frame[self.column].map(dict(self.numbers)).astype("float64")

    def nodes(self, result: str) -> list[onnx.NodeProto]:
        """Return the same in ONNX."""
        keys, values = zip(*((word, float(number)) for word, number in self.numbers), strict=True)
        return [
            helper.make_node(
                "LabelEncoder",
                [self.column],
                [result],
                domain="ai.onnx.ml",
                keys_strings=keys,
                values_floats=values,
                default_float=float("nan"),
            ),
        ]
