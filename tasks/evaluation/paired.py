"""Compare two models on the same rows: the difference of their figures, with an interval.

The rows that are hard are hard for both models, so the difference varies much less than either
figure does: intervals that overlap say nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from casebook.array_types import Float64Array
from tasks.evaluation.figures import HALF, primary
from tasks.evaluation.intervals import FEW, LEVEL, corrected_half, resamples
from tasks.problem.definition import Problem

PAIRED_RESAMPLES = 2000
Outcome = Literal["better", "worse", "no difference shown"]


class Difference(NamedTuple):
    """By how much a figure of one model exceeds another's, with an interval."""

    value: float
    low: float
    high: float

    def outcome(self, sign: int) -> Outcome:
        """Say what is shown; `sign` is 1 where more of the figure is better, else -1.

        Examples
        --------
        >>> Difference(0.233, 0.10, 0.37).outcome(sign=-1)
        'worse'
        >>> Difference(0.004, -0.01, 0.018).outcome(sign=1)
        'no difference shown'
        """
        if self.low <= 0 <= self.high:
            return "no difference shown"
        return "better" if self.value * sign > 0 else "worse"


class Answers(NamedTuple):
    """A model's answers to some rows, and from which probability on one is an alert.

    The threshold is one for all rows, or one for each.
    """

    answers: Float64Array
    threshold: float | Float64Array = HALF


def on_one_split(
    problem: Problem,
    y: Float64Array,
    first: Answers,
    others: Mapping[str, Answers],
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """Return the primary figure of a model less that of each other one, on the same rows.

    The interval is that of 2,000 resamples of the rows, drawn within each class, the same for all
    models (paired percentile bootstrap; Efron and Tibshirani 1993). It says how the difference
    varies with the rows of the test, not how it would with other rows of training.
    """
    drawn = _drawn(problem, y, first, others, seed, PAIRED_RESAMPLES)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
    models = [first, *others.values()]
    whole = _figures(problem, y, models, np.ones((1, len(y))))[:, 0]
    return {
        name: Difference(float(whole[0] - whole[i + 1]), float(low[i]), float(high[i]))
        for i, name in enumerate(others)
    }


def spreads(
    problem: Problem,
    y: Float64Array,
    first: Answers,
    others: Mapping[str, Answers],
    seed: int = 0,
) -> dict[str, float]:
    """Return the standard deviation of each difference over resamples of one fold's test rows."""
    deviations = _drawn(problem, y, first, others, seed, FEW).std(axis=1)
    return dict(zip(others, map(float, deviations), strict=True))


def across_folds(
    gaps: Sequence[float], test_share: float, deviations: Sequence[float]
) -> Difference:
    """Return the mean of a difference over folds, with the interval of the corrected paired t test.

    As folds share training rows, the variance of the mean is taken as s² (1/n + test rows /
    training rows) (Nadeau and Bengio 2003). Few folds may agree by chance: the interval is at least
    as wide as the test rows alone make it.

    Parameters
    ----------
    gaps, deviations
        The difference on each fold, and its standard deviation over resamples of the test rows.
    test_share
        The share of a fold's rows that are test rows.

    Examples
    --------
    >>> difference = across_folds([-0.2, -0.3, -0.2], test_share=0.1, deviations=[0.0, 0.0, 0.0])
    >>> [round(value, 3) for value in difference]
    [-0.233, -0.399, -0.068]
    """
    mean, half = float(np.mean(gaps)), corrected_half(gaps, test_share, deviations)
    return Difference(mean, mean - half, mean + half)


def over_folds(
    problem: Problem,
    labels: Sequence[Float64Array],
    first: str,
    models: Mapping[str, Sequence[Answers]],
    test_share: float,
) -> dict[str, Difference]:
    """Return the primary figure of the model `first` less that of each other one, over all folds.

    Parameters
    ----------
    labels, models
        The true answers of each fold, and those of each model, `first` among them.
    test_share
        The share of a fold's rows that it is judged on; the others are those that it is fitted to.
    """
    others = [name for name in models if name != first]
    folds = [{name: models[name][number] for name in others} for number in range(len(labels))]
    if not others:
        return {}
    if len(labels) == 1:
        return on_one_split(problem, labels[0], models[first][0], folds[0])
    deviations = [
        spreads(problem, y, answers, fold)
        for y, answers, fold in zip(labels, models[first], folds, strict=True)
    ]
    figures = {name: _by_fold(problem, labels, answers) for name, answers in models.items()}
    gaps = {name: np.subtract(figures[first], figures[name]).tolist() for name in others}
    return {
        name: across_folds(gaps[name], test_share, [fold[name] for fold in deviations])
        for name in others
    }


def _by_fold(
    problem: Problem, labels: Sequence[Float64Array], folds: Sequence[Answers]
) -> list[float]:
    """Return the primary figure on each fold."""
    return [
        float(primary(problem, y, *answers, weights=np.ones((1, len(y))))[0])
        for y, answers in zip(labels, folds, strict=True)
    ]


def _drawn(
    problem: Problem,
    y: Float64Array,
    first: Answers,
    others: Mapping[str, Answers],
    seed: int,
    times: int,
) -> Float64Array:
    """Return the differences in resamples of the rows, shape (others, times)."""
    models = [first, *others.values()]
    classes = y if problem.classes else np.zeros(len(y))
    drawn = np.concatenate(
        [
            _figures(problem, y, models, weights)
            for weights in resamples(classes, seed, problem.block, times)
        ],
        axis=1,
    )
    differences: Float64Array = drawn[0] - drawn[1:]
    return differences


def _figures(
    problem: Problem, y: Float64Array, models: Sequence[Answers], weights: Float64Array
) -> Float64Array:
    """Return the primary figure of each model for each row of weights."""
    return np.stack([primary(problem, y, *model, weights=weights) for model in models])
