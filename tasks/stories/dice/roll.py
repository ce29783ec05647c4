"""Throw dice by the million, and compute what is exact beside them.

What is exact is the probability of every sum, as a fraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from scipy import stats

from casebook.array_types import Float64Array, Int64Array

AT_ONCE = 200_000  # throws in memory at a time
EXPECTED = (
    5  # in each group of a chi-square test; with fewer its distribution is not that of the table
)


def ways(dice: int, sides: int) -> list[int]:
    """Return in how many ways each sum from `dice` to `dice * sides` comes about.

    Another die convolves the counts with as many ones as it has sides: each new count is the sum of
    the `sides` counts up to its place, that is a difference of two running totals.
    """
    counts = [1]
    for _ in range(dice):
        totals = [0, *accumulate(counts)]
        places = range(len(counts) + sides - 1)
        counts = [totals[min(i + 1, len(counts))] - totals[max(0, i + 1 - sides)] for i in places]
    return counts


def distribution(dice: int, sides: int) -> dict[int, Fraction]:
    """Return the exact probability of each sum."""
    return {
        total: Fraction(count, sides**dice)
        for total, count in enumerate(ways(dice, sides), start=dice)
    }


class Moments(NamedTuple):
    """Mean, variance and fourth central moment of a distribution."""

    mean: Fraction
    variance: Fraction
    fourth: Fraction


def moments(probability: Mapping[int, Fraction]) -> Moments:
    """Return Σ x p, Σ (x - mean)² p and Σ (x - mean)⁴ p, exactly."""
    mean = sum((x * p for x, p in probability.items()), Fraction())
    variance = sum(((x - mean) ** 2 * p for x, p in probability.items()), Fraction())
    return Moments(
        mean, variance, sum(((x - mean) ** 4 * p for x, p in probability.items()), Fraction())
    )


def thrown(dice: int, sides: int, throws: int, rng: np.random.Generator) -> Int64Array:
    """Throw all dice so many times and return each throw's sum."""
    rolls = rng.integers(1, sides, size=(throws, dice), endpoint=True)
    sums: Int64Array = rolls.sum(axis=1)
    return sums


def counted(dice: int, sides: int, looks: Sequence[int], rng: np.random.Generator) -> Int64Array:
    """Throw up to the last of the rising `looks`, and count each sum at each look.

    Memory doesn't grow with the number of throws.

    Returns
    -------
    Counts, shape (looks, sums), the sums from `dice` upwards.
    """
    outcomes = dice * (sides - 1) + 1
    counts, kept = np.zeros(outcomes, dtype="int64"), []
    for before, look in pairwise([0, *looks]):
        for start in range(before, look, AT_ONCE):
            sums = thrown(dice, sides, min(AT_ONCE, look - start), rng)
            counts += np.bincount(sums - dice, minlength=outcomes)
        kept.append(counts.copy())
    return np.stack(kept)


class Fit(NamedTuple):
    """A chi-square goodness of fit.

    It holds the statistic, its degrees of freedom, and how often chance alone exceeds it.
    """

    statistic: float
    freedom: int
    p: float


def goodness(counts: Int64Array, probability: Mapping[int, Fraction]) -> Fit:
    """Compare counts with probabilities by Pearson's chi-square test.

    Neighbouring sums are put together, from the smallest on, until five are expected in each group
    (Cochran's rule).
    """
    throws = int(counts.sum())
    seen, expected = [0], [Fraction()]
    for count, p in zip(counts.tolist(), probability.values(), strict=True):
        if expected[-1] >= EXPECTED:
            seen.append(0)
            expected.append(Fraction())
        seen[-1] += count
        expected[-1] += throws * p
    if expected[-1] < EXPECTED:  # too few are left at the upper end: they go with the group before
        few, rare = seen.pop(), expected.pop()
        seen[-1] += few
        expected[-1] += rare
    statistic, p_value = stats.chisquare(seen, [float(value) for value in expected])
    return Fit(float(statistic), len(seen) - 1, float(p_value))


def running_means(
    dice: int, sides: int, paths: int, throws: int, rng: np.random.Generator
) -> tuple[Int64Array, Float64Array]:
    """Return the mean of the first n throws of each path, for about a hundred n.

    The n are evenly spaced on a log scale.

    Returns
    -------
    The n, and the means, shape (paths, len(n)).
    """
    at = np.unique(np.geomspace(1, throws, 100).round().astype("int64"))
    means = np.empty((paths, len(at)))
    for path in means:
        path[:] = np.cumsum(thrown(dice, sides, throws, rng))[at - 1] / at
    return at, means


def normal_errors(dice: int, sides: int) -> tuple[float, float]:
    """Return the largest error of the normal approximation to P(sum ≤ x), over all possible x.

    The first error is without and the second with continuity correction, which evaluates the normal
    distribution at x + ½ (de Moivre, Laplace).
    """
    _, exact, approximate, corrected = normal_beside(dice, sides)
    return float(np.abs(approximate - exact).max()), float(np.abs(corrected - exact).max())


def normal_beside(
    dice: int, sides: int
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array]:
    """Return all sums x with P(sum ≤ x).

    The probability is given exactly, by the normal distribution, and by it with continuity
    correction.
    """
    whole = sides**dice
    x = np.arange(dice, dice * sides + 1, dtype="float64")
    exact = np.array([count / whole for count in accumulate(ways(dice, sides))])
    mean, deviation = dice * (sides + 1) / 2, (dice * (sides**2 - 1) / 12) ** 0.5
    normal = stats.norm(mean, deviation)
    return x, exact, normal.cdf(x), normal.cdf(x + 0.5)
