"""Window: cut a series into what was known and what followed.

No split knows of a later one.

The splits are in time order. Each row of a split gets the numbers before its `day` and predicts
that step and those after it; what a split can't know, because it lies in a later split, is not a
number. A validation split may have several periods, which its array `period` numbers: each gets all
that was known before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import typing as npt

from casebook.array_types import NamedArrays
from casebook.store import Ref
from casebook.tables import read_arrays


def windows(
    values: npt.NDArray[Any], first: int, end: int, length: int, horizon: int
) -> NamedArrays:
    """Return the rows whose first predicted step is in `first` to before `end`.

    Parameters
    ----------
    values
        The whole series.
    first, end
        Places in the series; before `first` there must be `length` numbers.
    length, horizon
        How many numbers a row gets, and how many steps it predicts.

    Returns
    -------
    `window` (rows, length), `y` (rows, horizon) with nan from `end` on, and `day` (rows,), the
    place of each row's first predicted step.

    Examples
    --------
    >>> rows = windows(np.arange(6.0), first=3, end=5, length=2, horizon=3)
    >>> rows["window"].tolist(), rows["y"].tolist()
    ([[1.0, 2.0], [2.0, 3.0]], [[3.0, 4.0, nan], [4.0, nan, nan]])
    """
    days = np.arange(first, end)
    padded = np.concatenate([values[:end], np.full(horizon, np.nan)])
    return {
        "window": values[days[:, None] + np.arange(-length, 0)].astype("float32"),
        "y": padded[days[:, None] + np.arange(horizon)].astype("float32"),
        "day": days,
    }


def walk(parts: Ref) -> Iterator[tuple[NamedArrays, NamedArrays]]:
    """Yield, for each period, all rows before it and its own rows.

    The periods are those of the validation split, and then the test split.
    """
    past, validation, test = (read_arrays(parts, name) for name in ("train", "validation", "test"))
    period = validation.pop("period", np.zeros(len(validation["y"]), "int64"))
    for number in np.unique(period):
        rows = {name: values[period == number] for name, values in validation.items()}
        yield past, rows
        past = joined(past, rows)
    yield past, test


def joined(*rows: NamedArrays) -> NamedArrays:
    """Return rows one after the other."""
    return {name: np.concatenate([arrays[name] for arrays in rows]) for name in rows[0]}
