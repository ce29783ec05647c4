"""Shared rows: which test rows two runs have in common, known by their hashes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from casebook.array_types import IntpArray
from tasks.evaluation.row_answers import RowAnswers


class SharedRows(NamedTuple):
    """Which rows of each run are test rows of both, in the order of the first run.

    `folds` are their folds where both runs divide all their rows into the same several folds, else
    None.
    """

    first: IntpArray
    second: IntpArray
    folds: IntpArray | None


def shared_rows(first: RowAnswers, second: RowAnswers) -> SharedRows:
    """Return the places of the rows that both runs tested, and to which both have the same answer.

    An answer that one of them does not know yet, as of days to come, is no other answer. Rows of
    equal hash are told apart by their number within a fold. Where the folds of the two runs differ,
    a row that several folds tested counts once, by the first of them.
    """
    numbers = ["hash", "nth"]
    one, other = _numbered(first), _numbered(second)
    several = len(np.unique(first.folds)) > 1
    merged = one.merge(other, on=["fold", *numbers])
    same = several and len(merged) == len(one) == len(other)
    if not same:
        merged = one.drop_duplicates(numbers).merge(other.drop_duplicates(numbers), on=numbers)
    places = merged["place_x"].to_numpy(), merged["place_y"].to_numpy()
    truths = first.y[places[0]], second.y[places[1]]
    equal = (truths[0] == truths[1]) | np.isnan(truths[0] + truths[1])
    kept = equal.all(axis=tuple(range(1, equal.ndim)))
    folds = merged["fold"].to_numpy()[kept] if same else None
    return SharedRows(places[0][kept], places[1][kept], folds)


def _numbered(rows: RowAnswers) -> pd.DataFrame:
    """Return each row's place, fold and hash, and its number among those of its fold and hash."""
    frame = pd.DataFrame(
        {"place": np.arange(len(rows.hashes)), "fold": rows.folds, "hash": rows.hashes}
    )
    return frame.assign(nth=frame.groupby(["fold", "hash"]).cumcount())
