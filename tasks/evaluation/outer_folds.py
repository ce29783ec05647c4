"""Outer folds: the labels that all models of a run are judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from casebook.array_types import Float64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.problem.definition import Problem

Part: TypeAlias = Literal["validation", "test"]
PARTS: tuple[Part, ...] = ("validation", "test")


@dataclass(frozen=True)
class OuterFolds:
    """The labels of each outer fold, and how many rows are fitted.

    Attributes
    ----------
    problem
        What is predicted.
    y
        For each fold the labels of its parts `validation` and `test`.
    train_rows
        Rows of the first fold's training part.
    drawn
        How many of the first folds are drawn: those that test each row at most once.
    base_rate
        The share of positives in the population, if the data holds another.
    """

    problem: Problem
    y: list[dict[str, Float64Array]]
    train_rows: int
    drawn: int = 1
    base_rate: float | None = None

    @classmethod
    def read(
        cls, features: Sequence[Ref], problem: Problem, drawn: int, base_rate: float | None
    ) -> Self:
        """Read the labels from the encoded parts of each fold."""
        y = [_labels(ref) for ref in features]
        return cls(problem, y, len(read_arrays(features[0], "train")["y"]), drawn, base_rate)

    def labels(self, part: Part) -> list[Float64Array]:
        """Return the labels of one part, fold by fold."""
        return [fold[part] for fold in self.y]

    @property
    def tested(self) -> list[Float64Array]:
        """The labels of the test part of each fold."""
        return self.labels("test")

    def share(self, part: Part) -> float:
        """Return which share of the rows a model is judged on, of these and those it is fitted to.

        It is fitted to the training part; before it is tested, to the validation part as well.
        """
        first = self.y[0]
        fitted = self.train_rows + (len(first["validation"]) if part == "test" else 0)
        return len(first[part]) / (len(first[part]) + fitted)

    def described(self) -> dict[str, Any]:
        """Return how many folds and rows were tested, and how many of them are positives."""
        about = {"split": "test", "folds": len(self.y), "rows": sum(map(len, self.tested))}
        if self.problem.problem_type != "binary":
            return about
        return {**about, "positives": int(sum(y.sum() for y in self.tested))}


def _labels(features: Ref) -> dict[str, Float64Array]:
    return {part: read_arrays(features, part)["y"].astype("float64") for part in PARTS}


def strata(y: Float64Array, problem: Problem) -> Float64Array:
    """Return the class of each row; all the same where a number is predicted."""
    return y if problem.classes else np.zeros(len(y))
