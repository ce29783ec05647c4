"""Model figures: the metrics of all models with intervals, and their differences, over folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from casebook.array_types import Float64Array
from tasks.evaluation import paired
from tasks.evaluation.figures import figures_of, once
from tasks.evaluation.intervals import Figure, across_folds, bootstrap, rows_behind, spread
from tasks.evaluation.judging import Judged
from tasks.evaluation.outer_folds import OuterFolds, Part, strata


def figures_per_fold(folds: OuterFolds, model: list[Judged]) -> list[dict[str, float]]:
    """Return a model's metrics on the test part of each fold."""
    return [
        once(folds.problem, y, fold.test, fold.threshold, folds.base_rate)
        for y, fold in zip(folds.tested, model, strict=True)
    ]


def figures_with_intervals(
    folds: OuterFolds, model: list[Judged], per_fold: list[dict[str, float]], seed: int
) -> dict[str, Figure]:
    """Return a model's metrics with intervals.

    With one fold they are the bootstrap's, with several they are of the mean over the folds.
    """
    problem, tested = folds.problem, folds.tested
    resampled = [_figures_by(folds, y, fold) for y, fold in zip(tested, model, strict=True)]
    classes = [strata(y, problem) for y in tested]
    if len(tested) == 1:
        return bootstrap(resampled[0], classes[0], seed, problem.block)
    spreads = [
        spread(figures, by_class, seed, problem.block)
        for figures, by_class in zip(resampled, classes, strict=True)
    ]
    rows = partial(rows_behind, classes=np.concatenate(classes[: folds.drawn]))
    return across_folds(per_fold, folds.share("test"), spreads, rows)


def differences_from(
    folds: OuterFolds, part: Part, name: str, models: Mapping[str, list[Judged]]
) -> dict[str, paired.Difference]:
    """Return one model's primary figure less that of each other one, on the same rows of a part."""
    answers = {
        other: [
            paired.Answers(fold.test if part == "test" else fold.validation, fold.threshold)
            for fold in model
        ]
        for other, model in models.items()
    }
    return paired.over_folds(folds.problem, folds.labels(part), name, answers, folds.share(part))


def _figures_by(
    folds: OuterFolds, y: Float64Array, model: Judged
) -> Callable[[Float64Array], dict[str, Float64Array]]:
    """Return what gives a model's figures on the test part for rows of weights."""
    return lambda weights: figures_of(
        folds.problem, y, model.test, weights, model.threshold, folds.base_rate
    )
