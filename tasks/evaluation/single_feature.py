"""One column: how well it tells the target by itself, in each way that a column may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy import typing as npt
from scipy import stats

from casebook.array_types import Float64Array, Int64Array

ROWS = 20_000  # that are looked at, drawn from all classes alike
RANGES = 256  # that numbers are cut into at most, of about as many rows each
NARROW = 5  # rows in a range where there are few
WORD = r"[^\W\d_]+|\d+"
NUMBER = r"([-+]?\d+(?:\.\d+)?)"


class Truth(NamedTuple):
    """The rows looked at, their target as class numbers or values, and how many rows there are.

    `sizes` are those of the largest class and of all others together.
    """

    rows: Int64Array
    y: Float64Array
    classes: int  # 0 where the target is a number
    sizes: tuple[int, int]

    @property
    def name(self) -> str:
        """What the strength of a column is measured by."""
        return "ROC AUC" if self.classes else "rank correlation"


def truth_of(target: pd.Series, *, classes: bool) -> Truth:
    """Return the rows to look at, at most 20,000: of each class as many, as far as there are."""
    rng = np.random.default_rng(0)
    if not classes:
        rows = np.sort(rng.permutation(len(target))[:ROWS])
        return Truth(rows, target.iloc[rows].to_numpy("float64"), 0, (len(target), 0))
    codes, labels = target.factorize(sort=True)
    rows_by_class = [np.flatnonzero(codes == code) for code in range(len(labels))]
    share = ROWS // max(1, len(rows_by_class))
    rows = np.sort(np.concatenate([rng.permutation(places)[:share] for places in rows_by_class]))
    largest = max(map(len, rows_by_class))
    return Truth(rows, codes[rows].astype("float64"), len(labels), (largest, len(target) - largest))


def strengths(values: pd.Series, truth: Truth) -> Iterator[tuple[float, str]]:
    """Yield how well a column tells the target in each way that it may, and the way."""
    if values.nunique(dropna=False) < 2:
        return
    text = is_text(values)
    words = values.fillna("").astype(str) if text else values
    numbers = numbers_of(
        words.str.extract(NUMBER, expand=False).astype("float64") if text else values
    )
    ordered = len(np.unique(numbers[~np.isnan(numbers)])) > 1
    if ordered and not text:
        yield by_order(numbers, truth), ""
    codes, _ = values.factorize(use_na_sentinel=False)
    yield by_value(codes, truth), ", by its values"
    if text:
        yield by_word(words, truth), ", by one word of it"
    if ordered and text:
        yield by_order(numbers, truth), ", by the number in it"
    if ordered:
        yield by_ranges(numbers, truth), ", by ranges of it"


def is_text(values: pd.Series) -> bool:
    """Say whether a column holds neither numbers nor truths nor times."""
    return not (
        pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    )


def numbers_of(values: pd.Series) -> Float64Array:
    """Return a column of numbers, truths or times as floats, with NaN for what is none.

    Examples
    --------
    >>> numbers_of(pd.Series([True, False])).tolist(), numbers_of(pd.Series([1.0, np.inf])).tolist()
    ([1.0, 0.0], [1.0, nan])
    >>> numbers_of(pd.to_datetime(pd.Series(["2020-01-01", "2020-01-02"]))).tolist()
    [0.0, 86400.0]
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        values = (values - values.min()).dt.total_seconds()
    numbers = values.to_numpy("float64", na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def by_order(numbers: Float64Array, truth: Truth) -> float:
    """Return how well the order of the numbers tells the target, either way round."""
    filled = np.where(np.isnan(numbers), np.nanmedian(numbers), numbers)
    if not truth.classes:
        return abs(rank_correlation(filled, truth.y))
    if truth.classes > 2:
        return 0.0  # the class between two others has no end of the order
    area = auc(filled, truth.y == 1)
    return max(area, 1 - area)


def by_ranges(numbers: Float64Array, truth: Truth) -> float:
    """Return how well the other rows of the same narrow range predict a row's class.

    Rows without a value are compared with other such rows.
    """
    if not truth.classes:
        return 0.0
    gap = np.isnan(numbers)
    cuts = np.linspace(0, 1, min(RANGES, len(numbers) // NARROW + 1) + 1)[1:-1]
    codes = np.searchsorted(np.quantile(numbers[~gap], cuts), numbers) + 1
    return by_value(np.where(gap, 0, codes), truth)


def by_value(codes: Int64Array, truth: Truth) -> float:
    """Return how well the other rows of the same value tell a row's target.

    Examples
    --------
    A value that occurs once tells nothing of its row.

    >>> truth = Truth(np.arange(4), np.array([0.0, 0.0, 1.0, 1.0]), 2, (2, 2))
    >>> by_value(np.array([0, 1, 2, 3]), truth), by_value(np.array([0, 0, 1, 1]), truth)
    (0.5, 1.0)
    """
    often = np.bincount(codes)[codes]
    if not truth.classes:
        others = np.bincount(codes, truth.y)[codes] - truth.y
        mean = np.where(often > 1, others / np.maximum(often - 1, 1), truth.y.mean())
        return rank_correlation(mean, truth.y)
    own, counts = one_hot(truth), counted(codes, truth)
    shares = (counts[codes] - own + own.mean(axis=0)) / often[:, None]
    return area_of(shares, truth)


def by_word(texts: pd.Series, truth: Truth) -> float:
    """Return how well other rows with a word tell a row's class, by the most telling word."""
    if not truth.classes:
        return 0.0
    words = texts.str.lower().reset_index(drop=True).str.findall(WORD).explode().dropna()
    pairs = words.reset_index().drop_duplicates()
    if pairs.empty:
        return 0.0
    codes, _ = pairs.iloc[:, 1].factorize()
    row = pairs.iloc[:, 0].to_numpy("int64")
    own, prior = one_hot(truth), one_hot(truth).mean(axis=0)
    counts = np.stack([np.bincount(codes, own[row, k]) for k in range(truth.classes)], axis=1)
    shares = (counts[codes] - own[row] + prior) / counts[codes].sum(axis=1, keepdims=True)
    telling = np.abs(shares - prior).max(axis=1)
    best = np.lexsort((telling, row))
    last = best[np.append(np.diff(row[best]) != 0, True)]
    answer = np.tile(prior, (len(own), 1))
    answer[row[last]] = shares[last]
    return area_of(answer, truth)


def one_hot(truth: Truth) -> Float64Array:
    """Return a column of 0 and 1 for each class."""
    rows: Float64Array = np.eye(truth.classes)[truth.y.astype("int64")]
    return rows


def counted(codes: Int64Array, truth: Truth) -> Float64Array:
    """Return how many rows of each class have each value, shape (values, classes)."""
    own = one_hot(truth)
    return np.stack([np.bincount(codes, own[:, k]) for k in range(truth.classes)], axis=1)


def area_of(shares: Float64Array, truth: Truth) -> float:
    """Return the ROC AUC of each class against all others, the mean over rows."""
    own = one_hot(truth)
    areas = [auc(shares[:, k], own[:, k] == 1) for k in range(truth.classes)]
    return float(own.mean(axis=0) @ areas)


def auc(scores: Float64Array, positive: npt.NDArray[np.bool_]) -> float:
    """Return the ROC AUC; a tie counts half.

    Examples
    --------
    >>> positive = np.array([True, False, False])
    >>> auc(np.array([2.0, 2.0, 1.0]), positive), auc(np.zeros(3), positive & False)
    (0.75, 0.5)
    """
    ones = int(positive.sum())
    if ones in (0, len(positive)):
        return 0.5
    ranks = stats.rankdata(scores)[positive].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * (len(positive) - ones)))


def rank_correlation(scores: Float64Array, y: Float64Array) -> float:
    """Return Spearman's correlation; 0 where one of the two is constant."""
    if np.ptp(scores) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(stats.spearmanr(scores, y).statistic)
