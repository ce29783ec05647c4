"""Time limit: how many folds and rows of a table fit into so many minutes on this machine.

Forests take most of the time, so some trees are grown on the table first, and all else is counted
in these and in seconds that were measured on two cores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn import ensemble

from casebook.errors import CasebookError
from casebook.language import Message, msg
from tasks.data.derive import derive
from tasks.drafting.draft import Draft
from tasks.problem.definition import Problem
from tasks.problem.targets import truth
from tasks.tables.by_role import by_role, derived_columns
from tasks.tables.features import columns_of
from tasks.tables.fitting import fit_on

FOLDS = (10, 5, 3, 2, 1)
ROWS = (100_000, 50_000, 20_000, 10_000, 5_000, 2_000)
GROWN = 5  # trees to measure by
TREES = 300  # of the forests that are compared
FITS = 4.5  # of such forests in a fold: the baseline's two settings and last fit, and the candidate
BASE = 35.0  # seconds that any run takes: imports, checks, pictures, export, report
NETWORKS = 6.0  # seconds to build both networks, and
STEP = 3e-8  # for a fold's row, feature and epoch
BOOSTING = 2.5e-3  # for a step, in each fold
EPOCHS = 60
LARGEST = 2e8  # encoded numbers that a training part may have
USED = 0.85  # of the time: an estimate is rarely right


class Plan(NamedTuple):
    """How much of a standard run there is time for.

    `seconds` is what it takes, and `rows` how many are used at most. Without time for any there are
    no folds: the smoke profile is what remains.
    """

    folds: int
    rows: int
    seconds: float

    @property
    def params(self) -> dict[str, object]:
        """What a case of one's own is run with."""
        if not self.folds:
            return {"profile": "smoke"}
        return {"profile": "standard", "folds": self.folds, "max_rows": self.rows}

    def described(self, minutes: float, all_rows: int) -> Message:
        """Return a sentence for whoever asked for a limit."""
        if not self.folds:
            return msg(
                "{minutes:g} minutes are too few to train well on this table: a smoke run tries "
                "everything once.",
                minutes=minutes,
            )
        return msg(
            "{minutes:g} minutes: {rows:,} of {all_rows:,} rows in {folds} of ten folds, "
            "about {needed:.1f} minutes.",
            minutes=minutes,
            rows=min(self.rows, all_rows),
            all_rows=all_rows,
            folds=self.folds,
            needed=self.seconds / 60,
        )


def plan(minutes: float, spent: float, draft: Draft) -> Plan:
    """Return the most rows, and then the most folds, that there is time for.

    Parameters
    ----------
    minutes
        The limit.
    spent
        Seconds that are gone.
    draft
        The case.

    Raises
    ------
    CasebookError
        The limit is no positive number.
    """
    if not minutes > 0:
        raise CasebookError(f"--minutes {minutes:g}: should be a number above 0.")
    left = USED * minutes * 60 - spent
    measured = measure(draft)
    for folds, rows in plans(draft.rows, measured.features, one_fold=bool(draft.time)):
        needed = seconds_of(folds, rows, measured, draft.problem)
        if needed <= left:
            return Plan(folds, max(rows, 1_000), spent + needed)
    return Plan(0, 0, 0.0)


def plans(rows: int, width: int, *, one_fold: bool) -> Iterator[tuple[int, int]]:
    """Yield numbers of folds and rows, those first that tell most.

    Examples
    --------
    >>> list(plans(6_000, 10, one_fold=False))[:6]
    [(10, 6000), (5, 6000), (3, 6000), (2, 6000), (1, 6000), (10, 5000)]
    """
    greatest = min(rows, int(LARGEST / width))
    for size in (greatest, *(size for size in ROWS if size < greatest)):
        for folds in (1,) if one_fold else FOLDS:
            yield folds, size


class Measured(NamedTuple):
    """How many features some rows have, and how long a tree on them grows in one thread."""

    rows: int
    features: int
    seconds: float


def measure(draft: Draft) -> Measured:
    """Encode some rows of a table, and grow trees on them.

    Raises
    ------
    CasebookError
        Nothing can be learned from its columns.
    """
    texts: list[str] = list(draft.some_rows.select_dtypes("string"))
    rows = draft.some_rows.assign(
        **{name: draft.some_rows[name].fillna("").astype(object) for name in texts}
    )
    y = truth(rows, draft.problem)
    table = derive(rows.drop(columns=draft.problem.target), derived_columns(draft.entry))
    table = table.replace([np.inf, -np.inf], np.nan)  # the run itself refuses them, and says where
    encoder = by_role(draft.entry, draft.problem)(list(table.columns))
    x = fit_on(encoder, table[columns_of(encoder, table)], y).train
    forests = ensemble.RandomForestClassifier, ensemble.RandomForestRegressor
    forest = forests[not draft.problem.classes](GROWN, random_state=0, n_jobs=1)
    began = time.perf_counter()
    forest.fit(x, y)
    return Measured(len(x), x.shape[1], (time.perf_counter() - began) / GROWN)


def seconds_of(folds: int, rows: int, measured: Measured, problem: Problem) -> float:
    """Return about how long a standard run takes, from here to its report."""
    cores = min(os.cpu_count() or 1, TREES)
    growth = rows * np.log2(rows) / (measured.rows * np.log2(measured.rows))
    classes = len(problem.labels) if problem.problem_type == "multiclass" else 1
    forests = folds * FITS * TREES * measured.seconds * growth
    boosting = folds * classes * TREES * BOOSTING
    networks = NETWORKS + folds * rows * measured.features * EPOCHS * STEP
    return float(BASE + (forests + boosting + networks) / cores)
