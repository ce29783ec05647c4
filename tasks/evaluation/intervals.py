"""Intervals of figures: from resamples of the rows, or from outer folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypedDict

import numpy as np
from scipy import stats

from casebook.array_types import Float64Array, IntpArray
from tasks.problem.definition import LOWER_IS_BETTER

RESAMPLES = 500
LEVEL = 0.95
FEW = 100  # resamples that tell how much a figure varies
INFINITE = float("inf")
SHARES = (0.0, 1.0)
# weights held at once, so that arrays of 8 MB pass through whatever the number of rows
BLOCK = 2**20


class Figure(TypedDict):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap(
    figures_of: Callable[[Float64Array], dict[str, Float64Array]],
    classes: Float64Array,
    seed: int,
    together: int = 1,
) -> dict[str, Figure]:
    """Return each figure on the rows as they are, with a 95 % percentile bootstrap interval.

    Rows are drawn with replacement within each class (Efron and Tibshirani 1993, stratified), so
    that no resample lacks positives.

    Parameters
    ----------
    figures_of
        Returns the figures for weights of shape (resamples, rows).
    classes
        The class of each row; all the same for a regression.
    seed
        Of the draws.
    together
        How many rows that follow each other are drawn as one (Künsch 1989, blocks that don't
        overlap).
    """
    once = figures_of(np.ones((1, len(classes))))
    drawn = [figures_of(weights) for weights in resamples(classes, seed, together)]
    figures: dict[str, Figure] = {}
    for name, value in once.items():
        low, high = np.quantile(
            np.concatenate([d[name] for d in drawn]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        )
        figures[name] = interval(
            name, float(value[0]), float(low), float(high), rows_behind(name, classes)
        )
    return figures


def interval(name: str, value: float, low: float, high: float, rows: int) -> Figure:
    """Return a metric whose interval stays within its range and does not vanish at its ends.

    Resamples of rows that are all predicted correctly show no error. Having seen `rows` of them
    still leaves an error of up to 1 - .025^(1 / rows) (Clopper and Pearson 1934).

    Examples
    --------
    >>> round(interval("accuracy", 1.0, low=1.0, high=1.0, rows=36)["low"], 3)
    0.903
    >>> interval("rmse", 1.0, low=-0.5, high=2.5, rows=36)["low"]
    0.0
    """
    minimum, maximum = range_of(name)
    low, high = max(low, minimum), min(high, maximum)
    if (minimum, maximum) == SHARES and low == high and value in SHARES:
        unseen = 1 - ((1 - LEVEL) / 2) ** (1 / rows)
        low, high = (value - unseen, value) if value else (value, unseen)
    return {"value": value, "low": low, "high": high}


def range_of(name: str) -> tuple[float, float]:
    """Return the least and the greatest value that a figure can have.

    Examples
    --------
    >>> range_of("brier"), range_of("log_loss"), range_of("r2")
    ((0.0, 1.0), (0.0, inf), (-inf, 1.0))
    """
    if name == "r2":
        return -INFINITE, 1.0
    error = name.startswith("rmse") or (name in LOWER_IS_BETTER and name != "brier")
    return (0.0, INFINITE) if error else SHARES


def rows_behind(name: str, classes: Float64Array) -> int:
    """Return the least number of rows that a metric rests on.

    These are all rows, or those of the rarest class.
    """
    return (
        len(classes) if name == "accuracy" else int(np.unique(classes, return_counts=True)[1].min())
    )


def spread(
    figures_of: Callable[[Float64Array], dict[str, Float64Array]],
    classes: Float64Array,
    seed: int,
    together: int = 1,
) -> dict[str, float]:
    """Return the standard deviation of each metric over resamples of the rows.

    The resamples are drawn as in `bootstrap`.
    """
    drawn = [figures_of(weights) for weights in resamples(classes, seed, together, FEW)]
    return {name: float(np.concatenate([d[name] for d in drawn]).std()) for name in drawn[0]}


def resamples(
    classes: Float64Array, seed: int, together: int = 1, times: int = RESAMPLES
) -> Iterator[Float64Array]:
    """Yield blocks of stratified resamples.

    A block holds how often each row is drawn in each resample, shape (resamples, rows). Rows that
    are drawn `together` count as one class.

    Examples
    --------
    A row that is alone in its class is in every resample.

    >>> weights = next(resamples(np.array([0.0, 0.0, 0.0, 1.0]), seed=0, times=2))
    >>> weights.sum(axis=1).tolist(), weights[:, 3].tolist()
    ([4.0, 4.0], [1.0, 1.0])
    """
    if together > 1:
        count = len(classes)
        blocks = resamples(np.zeros(-(-count // together)), seed, times=times)
        yield from (np.repeat(weights, together, axis=1)[:, :count] for weights in blocks)
        return
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK // len(classes))
    for first in range(0, times, block):
        weights = np.zeros((min(block, times - first), len(classes)))
        for label in np.unique(classes):
            rows = np.flatnonzero(classes == label)
            weights[:, rows] = _drawn(rng, len(weights), len(rows))
        yield weights


def _drawn(rng: np.random.Generator, times: int, rows: int) -> IntpArray:
    """Return how often each of so many rows is drawn with replacement, shape (times, rows)."""
    places = rng.integers(rows, size=(times, rows)) + rows * np.arange(times)[:, None]
    return np.bincount(places.ravel(), minlength=times * rows).reshape(times, rows)


def across_folds(
    folds: list[dict[str, float]],
    test_share: float,
    spreads: list[dict[str, float]],
    rows: Callable[[str], int],
) -> dict[str, Figure]:
    """Return each figure's mean over outer folds with a corrected 95 % t interval of that mean.

    Folds share training rows, so their figures vary less than those of independent samples would:
    the variance of the mean is taken as s² (1/n + test rows / training rows) (Nadeau and Bengio
    2003; for repeats Bouckaert and Frank 2004). Few folds may agree by chance: the interval is at
    least as wide as the test rows alone make it, whose resamples in each fold have the given
    spreads.

    Parameters
    ----------
    folds, spreads
        Each fold's figures, and their standard deviations over resamples of its test rows.
    test_share
        The share of a fold's rows that are test rows.
    rows
        Returns how many test rows, of all folds, a figure rests on.
    """
    figures: dict[str, Figure] = {}
    for name in folds[0]:
        values = [fold[name] for fold in folds]
        mean = float(np.mean(values))
        half = corrected_half(values, test_share, [fold[name] for fold in spreads])
        figures[name] = interval(name, mean, mean - half, mean + half, rows(name))
    return figures


def corrected_half(
    values: Sequence[float], test_share: float, deviations: Sequence[float]
) -> float:
    """Return half the width of the 95 % interval of a mean over folds; see `across_folds`.

    `deviations` are the standard deviations of the values over resamples of each fold's test rows.
    """
    widening = np.sqrt(1 / len(values) + test_share / (1 - test_share))
    between = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) * widening
    variance = np.mean(np.square(deviations)) / len(values)
    within = stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(variance)
    return float(max(between, within))


def wilson(held: int, repeats: int) -> tuple[float, float]:
    """Return the 95 % interval of a share seen in so many repeats (Wilson, JASA 22, 1927).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(held=10, repeats=10)]
    [0.722, 1.0]
    """
    low, high = stats.binomtest(held, repeats).proportion_ci(0.95, method="wilson")
    return float(low), float(high)
