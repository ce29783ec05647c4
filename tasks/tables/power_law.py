"""Power law: how an error falls with the number of training rows, and what more of them bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from casebook.array_types import Float64Array
from tasks.problem.definition import Problem

SHARES = tuple(step / 20 for step in range(19))  # of the least error that may be a floor


class PowerLaw(NamedTuple):
    """An error of `floor` + `factor` · rows^-`exponent` (Hestness et al. 2017)."""

    floor: float
    factor: float
    exponent: float

    @classmethod
    def of(cls, rows: Sequence[int], errors: Float64Array, share: float) -> PowerLaw:
        """Return the law through the points, whose floor is a share of the least error.

        What is above the floor is a line on logarithmic axes, by least squares.

        Examples
        --------
        >>> law = PowerLaw.of([100, 200, 400], np.array([0.4, 0.2, 0.1]), share=0.0)
        >>> round(law.exponent, 6), round(law.error(800), 6)
        (1.0, 0.05)
        """
        floor = share * float(errors.min())
        slope, start = np.polyfit(np.log(rows), np.log(errors - floor), 1)
        return cls(floor, float(np.exp(start)), float(-slope))

    def error(self, rows: float) -> float:
        """Return the error that so many rows leave."""
        return float(self.floor + self.factor * rows**-self.exponent)


def floor_share(rows: Sequence[int], errors: Float64Array) -> float:
    """Return the share of the least error at which the law comes closest to the points.

    It is 0.9 at most: five points can't tell a higher floor from chance.
    """

    def miss(share: float) -> float:
        law = PowerLaw.of(rows, errors, share)
        return float(np.square([law.error(count) for count in rows] - errors).sum())

    return min(SHARES, key=miss)


def errors_of(figures: Float64Array, problem: Problem, validated: int) -> Float64Array:
    """Return how far figures are from the best there can be: 0 of an error, 1 of any other.

    No error at all has no logarithm, so half an error of one of the validated rows is the least.
    """
    short = figures if problem.sign < 0 else 1 - figures
    return np.maximum(short, 0.5 / validated)


def figure_of(error: float, problem: Problem) -> float:
    """Return the figure that is so far from the best there can be."""
    return error if problem.sign < 0 else 1 - error


def doubled(
    rows: Sequence[int], figures: Float64Array, problem: Problem, validated: int
) -> list[float]:
    """Return by how much the primary figure changes in each fold if its rows are doubled.

    That is what a power law through the fold's points says; the share of the floor is that of the
    mean of all folds.

    Parameters
    ----------
    rows
        The numbers of training rows, the last one all.
    figures
        Shape (folds, numbers of rows).
    validated
        The number of validation rows of a fold.
    """
    errors = errors_of(figures, problem, validated)
    share = floor_share(rows, errors.mean(axis=0))
    laws = [PowerLaw.of(rows, fold, share) for fold in errors]
    return [problem.sign * (law.error(rows[-1]) - law.error(2 * rows[-1])) for law in laws]
