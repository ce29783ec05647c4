"""Sums: pairs of columns that add up to the target."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

ROWS = 2_000  # looked at first
PAIRED = 200  # columns that are paired
SHARE = 0.999  # of the rows in which they must add up


def sums_to_target(frame: pd.DataFrame, target: str, columns: list[str]) -> list[str]:
    """Return the columns of pairs of which the sum or the difference is the target.

    Examples
    --------
    >>> frame = pd.DataFrame({"casual": [3, 5, 8], "members": [10, 2, 7], "all": [13, 7, 15]})
    >>> sums_to_target(frame, "all", ["casual", "members"])
    ['casual', 'members']
    """
    rows = frame.sample(min(ROWS, len(frame)), random_state=0)
    y = rows[target].to_numpy("float64")
    numbers = {name: rows[name].to_numpy("float64") for name in columns[:PAIRED]}
    varied = {name: x for name, x in numbers.items() if len(np.unique(x[~np.isnan(x)])) > 1}
    adding: dict[str, None] = {}
    for first, second in combinations(varied, 2):
        a, b = varied[first], varied[second]
        if any(_equal(total, y) for total in (a + b, a - b, b - a)):
            adding.update({first: None, second: None})
    return list(adding)


def _equal(total: np.ndarray, y: np.ndarray) -> bool:
    there = ~np.isnan(total) & ~np.isnan(y)
    if there.sum() < 3:
        return False
    scale = np.abs(y[there]).max() or 1.0
    return bool((np.abs(total[there] - y[there]) <= 1e-9 * scale).mean() >= SHARE)
