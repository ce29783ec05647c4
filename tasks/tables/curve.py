"""Curve: a candidate's primary figure on validation by the number of its training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from casebook.array_types import Float64Array, NamedArrays
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.figures import primary
from tasks.evaluation.intervals import FEW, LEVEL, resamples
from tasks.evaluation.judging import answered
from tasks.evaluation.paired import Difference, across_folds
from tasks.problem.definition import Problem
from tasks.tables.learners import Learner, Parts
from tasks.tables.power_law import doubled
from tasks.tables.split import PARTS

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
STRATA = 10  # equally many rows each, by a numeric target's size


class Curve(NamedTuple):
    """A figure on validation by the number of training rows.

    Attributes
    ----------
    model
        The candidate.
    rows
        How many training rows the first fold has of each share.
    figures
        The primary figure, shape (folds, shares).
    drawn
        The same in resamples of each fold's validation rows, shape (folds, resamples, shares).
    share
        Which share of a fold's training and validation rows the latter are.
    validated
        How many validation rows the first fold has.
    """

    model: str
    rows: list[int]
    figures: Float64Array
    drawn: Float64Array
    share: float
    validated: int

    def means(self) -> list[Difference]:
        """Return the mean over the folds for each number of rows, with its interval."""
        deviations = self.drawn.std(axis=1)
        columns = zip(self.figures.T, deviations.T, strict=True)
        return [self._mean(list(figures), list(spreads)) for figures, spreads in columns]

    def doubling(self, problem: Problem) -> Difference:
        """Return the change that twice as many rows are expected to bring, with its interval."""
        changes = doubled(self.rows, self.figures, problem, self.validated)
        resampled = [doubled(self.rows, fold, problem, self.validated) for fold in self.drawn]
        return self._mean(changes, [float(np.std(fold)) for fold in resampled])

    def _mean(self, values: Sequence[float], deviations: Sequence[float]) -> Difference:
        """Return a mean over folds; the interval of a single fold is that of its rows."""
        if len(values) > 1:
            return across_folds(values, self.share, deviations)
        half = float(stats.norm.ppf((1 + LEVEL) / 2)) * deviations[0]
        return Difference(values[0], values[0] - half, values[0] + half)


def measured(
    name: str,
    learner: Learner,
    trained: Sequence[Ref],
    features: Sequence[Ref],
    problem: Problem,
    seed: int,
) -> Curve:
    """Return the curve of one candidate over all folds; no test row is read.

    What the candidate itself learned, `trained`, gives the scores of all rows; where there is
    nothing, as of a part of a blend that is no candidate, it is fitted for them as well.
    """
    folds = [{part: read_arrays(ref, part) for part in PARTS[:2]} for ref in features]
    train, validation = (len(folds[0][part]["y"]) for part in PARTS[:2])
    rows, figures, drawn = [], [], []
    for share in SHARES:
        parts: list[Parts] = [
            {**fold, "train": subset(fold["train"], share, problem, seed)} for fold in folds
        ]
        rows.append(len(parts[0]["train"]["y"]))
        if share == SHARES[-1] and trained:
            scores = [read_arrays(ref, "scores")["validation"].astype("float64") for ref in trained]
        else:
            scores = learner(parts, problem, seed)
        pairs = zip(parts, scores, strict=True)
        values = [on_validation(part, fold, problem, seed) for part, fold in pairs]
        figures.append([once for once, _ in values])
        drawn.append([resampled for _, resampled in values])
    return Curve(
        model=name,
        rows=rows,
        figures=np.array(figures).T,
        drawn=np.moveaxis(np.array(drawn), 0, -1),
        share=validation / (train + validation),
        validated=validation,
    )


def subset(rows: NamedArrays, share: float, problem: Problem, seed: int) -> NamedArrays:
    """Return a share of the rows, of each class as much, in the order they have.

    Of a numeric target, tenths of the rows by its size take the place of classes. The rows of a
    smaller share are among those of a larger one.
    """
    y = rows["y"]
    strata = y if problem.classes else np.argsort(np.argsort(y, kind="stable")) * STRATA // len(y)
    order = np.random.default_rng(seed).permutation(len(y))
    place = np.zeros(len(y))
    for stratum in np.unique(strata):
        members = order[strata[order] == stratum]
        place[members] = np.arange(len(members)) / len(members)
    return {name: values[place < share] for name, values in rows.items()}


def on_validation(
    parts: Parts, scores: Float64Array, problem: Problem, seed: int
) -> tuple[float, Float64Array]:
    """Return the primary figure of a fold's scores, and the same in resamples of the rows."""
    y = parts["validation"]["y"].astype("float64")
    answers = answered(scores, problem)
    classes = y if problem.classes else np.zeros(len(y))
    once = primary(problem, y, answers, weights=np.ones((1, len(y))))
    drawn = [
        primary(problem, y, answers, weights=weights)
        for weights in resamples(classes, seed, times=FEW)
    ]
    return float(once[0]), np.concatenate(drawn)
