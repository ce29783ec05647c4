"""Estimate confidence intervals of a mean in several ways, and the true coverage of each.

The coverage is how often an interval really holds the true mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from casebook.array_types import Float64Array
from tasks.evaluation.intervals import wilson

Interval: TypeAlias = "tuple[Float64Array, Float64Array]"

Shape = Literal["normal", "lognormal", "student"]
METHODS = {"z": "z", "t": "t", "percentile": "bootstrap, percentile", "bca": "bootstrap, BCa"}
CELLS = 4_000_000  # numbers in memory at a time
TOGETHER = 100  # samples that share their resamples


def intervals(
    x: Float64Array, confidence: float, resamples: int, rng: np.random.Generator
) -> dict[str, Interval]:
    """Return each sample's confidence intervals of the mean.

    Parameters
    ----------
    x
        Samples, shape (samples, n), n at least 2.
    confidence
        How often the interval should hold the true mean, such as .95.
    resamples
        Of the bootstrap.

    Returns
    -------
    For each of `METHODS` the lower and the upper ends, shape (samples,). z uses the normal
    distribution's quantile and the sample's own deviation, t Student's quantile with n - 1 degrees
    of freedom. Percentile and BCa (bias-corrected and accelerated) are intervals of Efron's
    bootstrap: Efron, Tibshirani: An introduction to the bootstrap, 1993, chapters 13, 14.
    """
    n, mean = x.shape[1], x.mean(axis=1)
    upper = (1 + confidence) / 2
    error = x.std(axis=1, ddof=1) / np.sqrt(n)
    z, t = stats.norm.ppf(upper), stats.t.ppf(upper, n - 1)
    means = resampled_means(x, resamples, rng)
    low, high = bca_levels(x, means, upper)
    return {
        "z": (mean - z * error, mean + z * error),
        "t": (mean - t * error, mean + t * error),
        "percentile": (
            quantile(means, np.full(len(x), 1 - upper)),
            quantile(means, np.full(len(x), upper)),
        ),
        "bca": (quantile(means, low), quantile(means, high)),
    }


def resampled_means(x: Float64Array, resamples: int, rng: np.random.Generator) -> Float64Array:
    """Return the sorted means of bootstrap resamples, shape (samples, resamples).

    Each resample says how often it draws the first, the second … value; all samples given share
    these counts, so that their means are one product of matrices.
    """
    n = x.shape[1]
    step = max(1, CELLS // n)
    parts = [
        x @ draws(n, min(step, resamples - start), rng).T / n for start in range(0, resamples, step)
    ]
    return np.sort(np.concatenate(parts, axis=1), axis=1)


def draws(n: int, resamples: int, rng: np.random.Generator) -> Float64Array:
    """Draw n of n with replacement, and return how often each was drawn, shape (resamples, n)."""
    taken = rng.integers(n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
    return (
        np.bincount(taken.ravel(), minlength=resamples * n).reshape(resamples, n).astype("float64")
    )


def bca_levels(x: Float64Array, means: Float64Array, upper: float) -> Interval:
    """Return the levels that BCa takes the quantiles of the resampled means at.

    They correct for a median of the means beside the sample's mean (z0) and for an error that grows
    with the mean (the acceleration, which for a mean is a sixth of its skewness).
    """
    off = x - x.mean(axis=1, keepdims=True)
    acceleration = (off**3).sum(axis=1) / (6 * (off**2).sum(axis=1) ** 1.5)
    least = 0.5 / means.shape[1]
    below = (means < x.mean(axis=1, keepdims=True)).mean(axis=1)
    z0 = stats.norm.ppf(np.clip(below, least, 1 - least))

    def level(share: float) -> Float64Array:
        z = z0 + stats.norm.ppf(share)
        return np.asarray(stats.norm.cdf(z0 + z / (1 - acceleration * z)))

    return level(1 - upper), level(upper)


def quantile(ordered: Float64Array, level: Float64Array) -> Float64Array:
    """Return each row's quantile at the row's own level.

    Values are interpolated linearly, which is numpy's default.
    """
    place = level * (ordered.shape[1] - 1)
    left = np.floor(place).astype("int64")
    right = np.minimum(left + 1, ordered.shape[1] - 1)
    rows = np.arange(len(ordered))
    low, high = ordered[rows, left], ordered[rows, right]
    return np.asarray(low + (place - left) * (high - low))


def drawn(shape: Shape, size: tuple[int, ...], rng: np.random.Generator) -> Float64Array:
    """Draw from a distribution with mean 0 and standard deviation 1.

    `normal`; `lognormal`, skewed: exp of a standard normal number, less its mean √e, over its
    deviation √(e² - e); `student`, with heavy tails: Student's t with 3 degrees of freedom over its
    deviation √3.
    """
    values = (
        rng.standard_t(3, size) / np.sqrt(3) if shape == "student" else rng.standard_normal(size)
    )
    if shape == "lognormal":
        values = (np.exp(values) - np.exp(0.5)) / np.sqrt(np.exp(2) - np.exp(1))
    return np.asarray(values)


def coverage(
    shape: Shape,
    n: int,
    repeats: int,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw a sample of n repeatedly, and count how often each interval holds the true mean.

    The true mean is 0 here. Adding a number to all values or multiplying them moves the intervals
    along, so the true mean and deviation don't matter.

    Returns
    -------
    A row per method: `held`, `above` (the whole interval lies above the true mean), `below` and
    `repeats`, all counts; `coverage` with the ends of its 95 % Wilson interval `low` and `high`,
    which give the error of the simulation.
    """
    counts = pd.DataFrame(0, index=list(METHODS), columns=["held", "above", "below"])
    for size in _blocks(repeats):
        for method, (low, high) in intervals(
            drawn(shape, (size, n), rng), confidence, resamples, rng
        ).items():
            above, below = int((low > 0).sum()), int((high < 0).sum())
            counts.loc[method] += [size - above - below, above, below]
    ends = [wilson(int(held), repeats) for held in counts["held"]]
    return counts.assign(
        shape=shape,
        n=n,
        repeats=repeats,
        coverage=counts["held"] / repeats,
        low=[low for low, _ in ends],
        high=[high for _, high in ends],
    ).reset_index(names="method")


def _blocks(repeats: int) -> Iterator[int]:
    for start in range(0, repeats, TOGETHER):
        yield min(TOGETHER, repeats - start)


def z_coverage(n: int, confidence: float) -> float:
    """Return how often the z interval holds the true mean of normal values.

    This is P(|T| < z), where T has Student's t distribution with n - 1 degrees of freedom.
    """
    return float(1 - 2 * stats.t.sf(stats.norm.ppf((1 + confidence) / 2), n - 1))
