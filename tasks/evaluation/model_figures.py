"""Model figures: the metrics of all models with intervals, and their differences, over folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from casebook.array_types import Float64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation import paired
from tasks.evaluation.figures import figures_of, once
from tasks.evaluation.intervals import Figure, across_folds, bootstrap, rows_behind, spread
from tasks.evaluation.judging import Judged
from tasks.problem.definition import Problem

Part: TypeAlias = Literal["validation", "test"]


def figures_per_fold(
    labels: list[Float64Array], folds: list[Judged], problem: Problem, base_rate: float | None
) -> list[dict[str, float]]:
    """Return a model's metrics on the test part of each fold."""
    return [
        once(problem, y, fold.test, fold.threshold, base_rate)
        for y, fold in zip(labels, folds, strict=True)
    ]


def figures_with_intervals(
    labels: list[Float64Array],
    first: Ref,
    everyone: dict[str, list[Judged]],
    per_fold: dict[str, list[dict[str, float]]],
    problem: Problem,
    base_rate: float | None,
    seed: int,
    drawn: int,
) -> dict[str, dict[str, Figure]]:
    """Return the metrics of all models with intervals.

    They are computed over one fold, or over several, whose size `first` gives.
    """
    if len(labels) == 1:
        one = {
            name: _figures_by(labels[0], folds[0], problem, base_rate)
            for name, folds in everyone.items()
        }
        classes = strata(labels[0], problem)
        return {
            name: bootstrap(figures, classes, seed, problem.block) for name, figures in one.items()
        }
    share = share_of(labels[0], first, ("train", "validation"))
    rows = partial(rows_behind, classes=strata(np.concatenate(labels[:drawn]), problem))
    figures = {}
    for name, folds in everyone.items():
        spreads = [
            spread(
                _figures_by(y, fold, problem, base_rate), strata(y, problem), seed, problem.block
            )
            for y, fold in zip(labels, folds, strict=True)
        ]
        figures[name] = across_folds(per_fold[name], share, spreads, rows)
    return figures


def differences_from(
    y: list[dict[str, Float64Array]],
    part: Part,
    first: Ref,
    name: str,
    models: Mapping[str, list[Judged]],
    problem: Problem,
) -> dict[str, paired.Difference]:
    """Return one model's primary figure less that of each other one, on the same rows of a part."""
    answers = {
        other: [
            paired.Answers(fold.test if part == "test" else fold.validation, fold.threshold)
            for fold in folds
        ]
        for other, folds in models.items()
    }
    fitted_to = ("train",) if part == "validation" else ("train", "validation")
    share = share_of(y[0][part], first, fitted_to)
    return paired.over_folds(problem, [fold[part] for fold in y], name, answers, share)


def _figures_by(
    y: Float64Array, model: Judged, problem: Problem, base_rate: float | None
) -> Callable[[Float64Array], dict[str, Float64Array]]:
    """Return what gives a model's figures on the test part for rows of weights."""
    return lambda weights: figures_of(problem, y, model.test, weights, model.threshold, base_rate)


def strata(y: Float64Array, problem: Problem) -> Float64Array:
    """Return the class of each row; all the same where a number is predicted."""
    return y if problem.classes else np.zeros(len(y))


def share_of(tested: Float64Array, features: Ref, fitted_to: Sequence[str]) -> float:
    """Return which share of a fold's rows are judged on, beside the parts that are fitted to."""
    fitted = sum(len(read_arrays(features, name)["y"]) for name in fitted_to)
    return len(tested) / (len(tested) + fitted)
