"""Stack folds: one split of all folds as arrays, with the targets as networks learn them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from casebook.array_types import Float32Array, NamedArrays
from tasks.problem.definition import Problem
from tasks.problem.targets import logarithm
from tasks.training.train import Settings


class Stack(NamedTuple):
    """One split of all folds: x (folds, rows, features), y and weight (folds, rows).

    Padding has weight 0.
    """

    x: Float32Array
    y: Float32Array
    weight: Float32Array


class Scale(NamedTuple):
    """The transformation of a target into the values that a network learns.

    The target is standardized, after taking its logarithm where that is requested.
    """

    by: float
    shift: float
    log: bool

    @classmethod
    def of(cls, y: Float32Array, problem: Problem, settings: Settings) -> Scale:
        """Return the scale of a training part's target; a class label stays as it is."""
        if problem.classes:
            return cls(1.0, 0.0, log=False)
        values = logarithm(y, problem) if settings.log_target else y
        return cls(float(values.std()) or 1.0, float(values.mean()), settings.log_target)

    def transform(self, y: Float32Array) -> Float32Array:
        """Return what the network learns of a target."""
        return np.asarray(((np.log(y) if self.log else y) - self.shift) / self.by, "float32")

    def inverse_transform(self, answers: Any) -> Any:
        """Return a network's answers, arrays or tensors, in the target's unit."""
        values = answers * self.by + self.shift
        return ops.exp(values) if self.log else values


def train_and_watched(
    parts: Sequence[Mapping[str, NamedArrays]], scale: Sequence[Scale], settings: Settings
) -> tuple[Stack, Stack]:
    """Return the rows that are trained on, and those that are judged after an epoch.

    The latter are the validation part with `refit`, otherwise the last fifth of the training part.
    """
    if settings.refit:
        pairs = [(part["train"], part["validation"]) for part in parts]
    else:
        pairs = [cut(part["train"]) for part in parts]
    train, watched = zip(*pairs, strict=True)
    return stacked(train, scale), stacked(watched, scale)


def train_and_validation(part: Mapping[str, NamedArrays]) -> NamedArrays:
    """Return the training and the validation rows of one fold."""
    return {
        name: np.concatenate([part["train"][name], part["validation"][name]]) for name in ("x", "y")
    }


def cut(part: NamedArrays) -> tuple[NamedArrays, NamedArrays]:
    """Return the first four fifths of a split's rows, and the last fifth.

    The rows are in random order.
    """
    rows = len(part["y"]) - len(part["y"]) // 5
    first = {name: values[:rows] for name, values in part.items()}
    last = {name: values[rows:] for name, values in part.items()}
    return first, last


def stacked(parts: Sequence[NamedArrays], scale: Sequence[Scale]) -> Stack:
    """Return one split of all folds as arrays.

    Shorter folds are padded with their first rows at weight 0.
    """
    longest = max(len(part["y"]) for part in parts)
    rows = [np.resize(np.arange(len(part["y"])), longest) for part in parts]
    return Stack(
        x=np.stack([part["x"][r] for part, r in zip(parts, rows, strict=True)]),
        y=np.stack(
            [by.transform(part["y"][r]) for part, r, by in zip(parts, rows, scale, strict=True)]
        ),
        weight=np.stack(
            [(np.arange(longest) < len(part["y"])).astype("float32") for part in parts]
        ),
    )
