"""Scale: bring columns to one size by a formula whose two numbers are learnt from the rows given.

Each way takes from a column's values a centre and a width, and a value x becomes (x - centre) /
width. Learn them from training rows alone and use them on all: a scaler that saw test rows knows
what it can't know later.

A column whose values are all alike has no width: it is divided by 1, as scikit-learn does, and so
becomes 0 (by `maximum`, which has no centre, ±1). Alike is what differs by no more than rounding
does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from casebook.array_types import Float64Array

ROUNDING = 2.0**-52  # the distance from 1 to the next double


class Scale(NamedTuple):
    """What a column is scaled by; for several columns one number each, shape (columns,).

    Examples
    --------
    Other rows may lie beyond those that were learnt from, and a column without width is kept so.

    >>> scale = min_max(np.array([[0.0, 5.0], [10.0, 5.0]]))
    >>> scale(np.array([[20.0, 6.0]])).tolist()
    [[2.0, 1.0]]
    """

    centre: Float64Array
    width: Float64Array

    def __call__(self, x: Float64Array) -> Float64Array:
        """Return (x - centre) / width, of rows that were learnt from or of others."""
        return (x - self.centre) / self.width


def maximum(x: Float64Array) -> Scale:
    """Return simple feature scaling: x / max |x|, which is x / max where nothing is negative.

    -1 to 1.
    """
    return Scale(np.zeros(x.shape[1:]), wide(np.abs(x).max(axis=0)))


def min_max(x: Float64Array) -> Scale:
    """Return min-max scaling: (x - min) / (max - min); 0 to 1."""
    return Scale(x.min(axis=0), wide(x.max(axis=0) - x.min(axis=0)))


def mean_range(x: Float64Array) -> Scale:
    """Return mean normalisation: (x - mean) / (max - min); mean 0, not wider than 1."""
    return Scale(x.mean(axis=0), wide(x.max(axis=0) - x.min(axis=0)))


def standard(x: Float64Array, ddof: int = 0) -> Scale:
    """Return standard scaling, the z-score: (x - mean) / standard deviation; mean 0, deviation 1.

    Parameters
    ----------
    x
        Rows to learn from.
    ddof
        The deviation's squares are divided by n - ddof: 0, as NumPy and scikit-learn do, for the
        deviation of these very values; 1, as pandas does, for an estimate of that of the population
        they are a sample of.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> [round(float(standard(x, ddof).width), 3) for ddof in (0, 1)]
    [0.816, 1.0]
    """
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=ddof)
    # what rounding alone can make of the variance of equal values (Chan, Golub, LeVeque: The
    # American Statistician 37)
    noise = len(x) * ROUNDING * variance + (len(x) * mean * ROUNDING) ** 2
    return Scale(mean, np.where(variance <= noise, 1.0, np.sqrt(variance)))


def robust(x: Float64Array) -> Scale:
    """Return robust scaling.

    (x - median) / interquartile range, which a quarter of outliers can't move far.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 1000.0])
    >>> robust(x)(x).tolist()
    [-1.0, -0.5, 0.0, 0.5, 498.5]
    """
    low, median, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    return Scale(median, wide(high - low))


def wide(width: Float64Array) -> Float64Array:
    """Return widths to divide by: 1 where the values are alike."""
    return np.where(width < 10 * ROUNDING, 1.0, width)


WAYS = {
    "maximum": maximum,
    "min_max": min_max,
    "mean_range": mean_range,
    "standard": standard,
    "robust": robust,
}


class Farthest(NamedTuple):
    """The value that lies farthest from the median of its column, in interquartile ranges."""

    row: int
    column: int
    ranges: float


def farthest(x: Float64Array) -> Farthest:
    """Find the value that is most likely an outlier.

    Its column's quartiles hardly know of it, unlike its deviation.

    Examples
    --------
    >>> farthest(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0], [1000.0, 5.0]]))
    Farthest(row=4, column=0, ranges=498.5)
    """
    away = np.abs(robust(x)(x))
    row, column = np.unravel_index(away.argmax(), away.shape)
    return Farthest(int(row), int(column), float(away[row, column]))
