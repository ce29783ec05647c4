"""Associate: which columns go with a target that is a number, and how surely that is no chance."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import pandas as pd
from scipy import stats

from tasks.tables.permutation_importance import Worth


class Correlation(NamedTuple):
    """Pearson's r of two numbers, its p-value, and the number of rows.

    The p-value is that of r = 0, two-sided, as for normal values.
    """

    r: float
    p: float
    rows: int


class Variance(NamedTuple):
    """One-way analysis of variance.

    It holds F, its p-value, the share of the variance that groups explain (η²), and the numbers of
    groups and rows.

    F = (SSB / (k - 1)) / (SSW / (n - k)) and η² = SSB / (SSB + SSW), with the sums of squares
    between and within k groups of n rows together (R. A. Fisher 1925).
    """

    f: float
    p: float
    share: float
    groups: int
    rows: int


class DriverAnalysis(NamedTuple):
    """Everything that was measured.

    It covers numbers, categories, each pair of groups of one category, and the model.
    """

    numbers: dict[str, Correlation]
    categories: dict[str, Variance]
    pairs: dict[tuple[str, str], Variance]
    worth: dict[str, Worth]


def pearson(frame: pd.DataFrame, target: str) -> dict[str, Correlation]:
    """Return each other number's correlation with the target, the strongest first.

    Rows where either is missing are left out, and columns that have fewer than three rows or one
    value throughout.
    """
    correlations = {}
    for name in frame.select_dtypes("number").columns.drop(target):
        both = frame[[name, target]].dropna()
        if len(both) > 2 and bool((both.max() > both.min()).all()):
            result = stats.pearsonr(both[name], both[target])
            correlations[str(name)] = Correlation(
                float(result.statistic), float(result.pvalue), len(both)
            )
    return dict(sorted(correlations.items(), key=lambda item: -abs(item[1].r)))


def anova(frame: pd.DataFrame, category: str, target: str) -> Variance | None:
    """Return how the target differs between the groups of a category, or None.

    None means that there is nothing to compare. That is so with one group, or without a group in
    which the target has several values.
    """
    groups = frame[[category, target]].dropna().groupby(category)[target]
    within = float((groups.var(ddof=0).fillna(0.0) * groups.size()).sum())
    if groups.ngroups < 2 or within == 0:
        return None
    result = stats.f_oneway(*(values for _, values in groups))
    rows, all_in_all = (
        int(groups.size().sum()),
        float(frame[[category, target]].dropna()[target].var(ddof=0)),
    )
    share = 1.0 - within / (all_in_all * rows)
    return Variance(float(result.statistic), float(result.pvalue), share, groups.ngroups, rows)


def anovas(frame: pd.DataFrame, categories: tuple[str, ...], target: str) -> dict[str, Variance]:
    """Return the analysis of variance of each category that can be compared.

    The category with the greatest share of variance comes first.
    """
    results = {name: anova(frame, name, target) for name in categories}
    comparable = {name: variance for name, variance in results.items() if variance}
    return dict(sorted(comparable.items(), key=lambda item: -item[1].share))


def by_pairs(frame: pd.DataFrame, category: str, target: str) -> dict[tuple[str, str], Variance]:
    """Return the analysis of variance of each two groups of a category."""
    groups = sorted(frame[category].dropna().unique())
    results = {
        pair: anova(frame[frame[category].isin(pair)], category, target)
        for pair in combinations(groups, 2)
    }
    return {pair: variance for pair, variance in results.items() if variance}
