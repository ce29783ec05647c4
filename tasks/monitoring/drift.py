"""Measure how far a model's inputs and predictions moved from those in training, bin by bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from casebook.array_types import Float64Array

MOVED = 0.2  # PSI from which a quantity is commonly said to have shifted
ALARMS = 0.01  # of comparisons without drift, the share that may tell some all the same


@dataclass(frozen=True)
class Shift:
    """How one quantity's counts compare with those of training.

    Attributes
    ----------
    name
        The feature, or `score`.
    psi
        The population stability index.
    ks
        The largest difference of the two distribution functions at the bins' edges; None for texts.
    p_value
        Of a chi-square test that both counts are of one distribution.
    missing_before, missing_now
        The share of values that are missing.
    drifted
        Whether the quantity moved, and by more than chance explains.
    """

    name: str
    psi: float
    ks: float | None
    p_value: float
    missing_before: float
    missing_now: float
    drifted: bool


def shifts(
    reference: Mapping[str, Any],
    counts: Mapping[str, Sequence[int]],
    score: Sequence[int],
    threshold: float = MOVED,
) -> list[Shift]:
    """Compare every feature and the score.

    Parameters
    ----------
    reference
        The content of a version's reference.json.
    counts, score
        What was counted in its bins.
    threshold
        The PSI from which a quantity counts as drifted, if chance does not explain it: the
        chi-square test must refuse at `ALARMS` divided by the number of quantities (Bonferroni), so
        of comparisons without drift at most that share tells any.

    Examples
    --------
    Ten rows move the index far, even of the score, whose shares are the same, and prove nothing.

    >>> age = {"edges": [30.0], "counts": [500, 500, 0]}
    >>> score = {"edges": [0.5], "counts": [900, 100, 0]}
    >>> compared = shifts({"features": {"age": age}, "score": score}, {"age": [9, 1, 0]}, [9, 1, 0])
    >>> [(shift.name, shift.psi > 0.2, shift.drifted) for shift in compared]
    [('age', True, False), ('score', True, False)]
    """
    pairs = {
        name: (histogram, counts[name])
        for name, histogram in reference["features"].items()
        if name in counts
    }
    pairs["score"] = (reference["score"], score)
    level = ALARMS / len(pairs)
    return [
        _shift(name, histogram, now, threshold, level) for name, (histogram, now) in pairs.items()
    ]


def _shift(
    name: str, histogram: Mapping[str, Any], now: Sequence[int], threshold: float, level: float
) -> Shift:

    before, after = np.array(histogram["counts"], dtype=float), np.array(now, dtype=float)
    moved, chance = psi(before, after), p_value(before, after)
    return Shift(
        name=name,
        psi=moved,
        ks=None if "texts" in histogram else ks(before[:-1], after[:-1]),
        p_value=chance,
        missing_before=float(before[-1] / before.sum()),
        missing_now=float(after[-1] / after.sum()),
        drifted=moved >= threshold and chance < level,
    )


def psi(before: Float64Array, after: Float64Array) -> float:
    """Return the population stability index of two counts.

    It is the sum of (q - p) ln(q / p) over the bins' shares. Half a value is added to each bin, so
    that an empty one has a share.

    Examples
    --------
    >>> round(psi(np.array([50.0, 50.0]), np.array([100.0, 0.0])), 1)
    2.6
    """
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, after))
    return float(((q - p) * np.log(q / p)).sum())


def ks(before: Float64Array, after: Float64Array) -> float:
    """Return the Kolmogorov-Smirnov statistic as far as the bins show it.

    The true statistic may be larger.
    """
    if not before.sum() or not after.sum():
        return 0.0
    return float(np.abs(np.cumsum(before) / before.sum() - np.cumsum(after) / after.sum()).max())


def p_value(before: Float64Array, after: Float64Array) -> float:
    """Return the p-value of Pearson's chi-square test of two counts.

    It is how often chance alone moves counts of one distribution as far apart.

    Examples
    --------
    The same shares differ surely in a thousand rows, and hardly in ten.

    >>> [round(p_value(n * np.array([0.5, 0.5]), n * np.array([0.7, 0.3])), 3) for n in (10, 1000)]
    [0.361, 0.0]
    """
    filled = np.stack([before, after])[:, before + after > 0]
    if filled.shape[1] < 2 or not filled.sum(axis=1).all():
        return 1.0
    return float(stats.chi2_contingency(filled, correction=False).pvalue)
