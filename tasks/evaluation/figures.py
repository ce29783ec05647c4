"""Figures of a model's answers, by the kind of problem."""

from __future__ import annotations

from typing import Any

import numpy as np

from casebook.array_types import Float64Array
from tasks.evaluation.horizon_metrics import by_horizon
from tasks.evaluation.metrics import binary, multiclass, ranked, regression
from tasks.problem.definition import Problem

HALF = 0.5
RANKING = ("auprc", "roc_auc")


def figures_of(
    problem: Problem,
    y: Float64Array,
    answers: Float64Array,
    weights: Float64Array,
    threshold: float | Float64Array = HALF,
    base_rate: float | None = None,
) -> dict[str, Float64Array]:
    """Return every figure of a model's answers for each row of weights, shape (resamples, rows)."""
    if problem.problem_type == "forecast":
        return by_horizon(y, answers, weights)
    if problem.problem_type == "regression":
        figures = regression(y, answers, weights)
        return {**figures, "scaled_mae": figures["mae"] / problem.span} if problem.span else figures
    if problem.problem_type == "multiclass":
        return multiclass(y, answers, weights)
    return binary(y, answers, threshold, base_weights(y, base_rate), weights)


def primary(
    problem: Problem,
    y: Float64Array,
    answers: Float64Array,
    threshold: float | Float64Array = HALF,
    *,
    weights: Float64Array,
) -> Float64Array:
    """Return the primary figure for each row of weights, shape (resamples,)."""
    name = problem.primary_metric
    if problem.problem_type == "binary" and name in RANKING:  # much faster than all figures
        return ranked(y, answers, weights)[RANKING.index(name)]
    return figures_of(problem, y, answers, weights, threshold)[name]


def base_weights(y: Float64Array, base_rate: float | None) -> Float64Array:
    """Return a weight per row that makes the share of positives `base_rate`.

    Positives have weight 1, negatives have more.

    Examples
    --------
    >>> base_weights(np.array([1.0, 0.0, 0.0]), base_rate=0.2).tolist()
    [1.0, 2.0, 2.0]
    """
    if base_rate is None:
        return np.ones(len(y))
    negative_weight = y.sum() * (1 - base_rate) / base_rate
    return np.where(y == 1, 1.0, negative_weight / (len(y) - y.sum()))


def once(
    problem: Problem,
    y: Float64Array,
    answers: Float64Array,
    threshold: float | Float64Array = HALF,
    base_rate: float | None = None,
) -> Any:
    """Return every figure of a model's answers on the rows as they are."""
    figures = figures_of(problem, y, answers, np.ones((1, len(y))), threshold, base_rate)
    return {name: float(value[0]) for name, value in figures.items()}
