"""Derive: columns computed from one other column, once in pandas for training and once in ONNX for serving.

Each kind is a small class that knows both forms side by side; a test holds them together for all inputs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import onnx
    import pandas as pd


class Derived(Protocol):
    """A new column `name` that replaces `column`."""

    @property
    def column(self) -> str:
        """The raw column it is computed from."""

    @property
    def name(self) -> str:
        """The new column."""

    def compute(self, values: "pd.Series") -> "pd.Series":
        """Return the new column's values."""

    def nodes(self, source: str, result: str) -> "list[onnx.NodeProto]":
        """Return ONNX nodes that compute the tensor `result` from the tensor `source`, both float32 (n, 1)."""


@dataclass(frozen=True)
class HourOfDay:
    """The hour of the day, 0 to 24, of a time in seconds since some midnight."""

    column: str
    name: str

    def compute(self, values: "pd.Series") -> "pd.Series":
        """Return the hour; days are folded onto each other."""
        return values % 86400 / 3600

    def nodes(self, source: str, result: str) -> "list[onnx.NodeProto]":
        """Return the same in ONNX, the remainder before the division so that float32 loses nothing."""
        from onnx import helper

        return [
            *_constant(f"{result}/day", 86400.0),
            *_constant(f"{result}/hour", 3600.0),
            # fmod keeps the sign of the dividend; a time is never negative
            helper.make_node("Mod", [source, f"{result}/day"], [f"{result}/seconds"], fmod=1),
            helper.make_node("Div", [f"{result}/seconds", f"{result}/hour"], [result]),
        ]


@dataclass(frozen=True)
class Log:
    """The natural logarithm of an amount, with a small offset (in the column's unit) so that zero has one too."""

    column: str
    name: str
    offset: float = 0.001

    def compute(self, values: "pd.Series") -> "pd.Series":
        """Return log(value + offset); values below zero count as zero."""
        import numpy as np

        return np.log(values.clip(lower=0.0) + self.offset)  # type: ignore[no-any-return]

    def nodes(self, source: str, result: str) -> "list[onnx.NodeProto]":
        """Return the same in ONNX."""
        from onnx import helper

        return [
            *_constant(f"{result}/offset", self.offset),
            helper.make_node("Relu", [source], [f"{result}/positive"]),
            helper.make_node("Add", [f"{result}/positive", f"{result}/offset"], [f"{result}/sum"]),
            helper.make_node("Log", [f"{result}/sum"], [result]),
        ]


def _constant(name: str, value: float) -> "list[onnx.NodeProto]":
    from onnx import TensorProto, helper

    tensor = helper.make_tensor(name, TensorProto.FLOAT, [1, 1], [value])
    return [helper.make_node("Constant", [], [name], value=tensor)]


def derive(frame: "pd.DataFrame", derived: tuple[Derived, ...]) -> "pd.DataFrame":
    """Return the frame with each derived column in place of the column it is computed from."""
    frame = frame.assign(**{d.name: d.compute(frame[d.column]) for d in derived})
    return frame.drop(columns=[d.column for d in derived if d.column != d.name])
