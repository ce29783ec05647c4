"""Figures computed anew, by scikit-learn and NumPy alone, from what a run kept of its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import typing as npt
from sklearn import metrics

from tests.flows.house import House

Array = npt.NDArray[Any]


def check_figures(house: House, case: str) -> None:
    """Compare every model's figures in metrics.json with those computed anew from its answers."""
    run = house.runs(case)[0]
    reported = house.record(run, "metrics.json")
    stages = {stage["stage"]: stage["key"] for stage in house.record(run)["stages"]}
    store = house.artifacts / "store" / case
    evaluated = store / "evaluate" / stages["evaluate"]
    with np.load(evaluated / "curves.npz") as arrays:
        curves = {name: arrays[name].astype("float64") for name in arrays.files}
    y = curves.pop("y")
    folds = [len(y)]
    if reported["test"]["folds"] > 1:
        encoded = store / "fold_features" / stages["fold_features"]
        folds = [len(np.load(path)["y"]) for path in sorted(encoded.glob("fold-*/test.npz"))]
    ends = np.cumsum(folds)[:-1]
    calibration = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))[
        "calibration"
    ]
    for name, answers in curves.items():
        figures = {**reported["candidates"], **reported["peers"]}[name]
        parts = list(zip(np.split(y, ends), np.split(answers, ends), strict=True))
        expected = figures_for(y, answers)
        if "brier" in expected and len(folds) == 1:
            expected |= decided(calibration[name]["threshold"])
        for metric, figure in expected.items():
            computed = np.mean([figure(*part) for part in parts])
            np.testing.assert_allclose(
                figures[metric]["value"], computed, rtol=1e-6, atol=1e-9, err_msg=f"{name} {metric}"
            )


def figures_for(y: Array, answers: Array) -> dict[str, Callable[[Array, Array], float]]:
    """Return what is measured of such answers, by name."""
    if y.ndim > 1:
        return {"rmse_next_day": next_day}
    if answers.ndim > 1:
        return {
            "accuracy": lambda y, p: metrics.accuracy_score(y, p.argmax(axis=1)),
            "balanced_accuracy": lambda y, p: metrics.balanced_accuracy_score(y, p.argmax(axis=1)),
            "f1": macro_f1,
            "log_loss": several_log_loss,
        }
    if set(np.unique(y)) <= {0.0, 1.0}:
        return {
            "auprc": metrics.average_precision_score,
            "roc_auc": metrics.roc_auc_score,
            "brier": metrics.brier_score_loss,
            "log_loss": lambda y, p: metrics.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)),
            "recall_at_fpr_1_percent": recall_at_one_percent,
        }
    return {
        "rmse": metrics.root_mean_squared_error,
        "mae": metrics.mean_absolute_error,
        "r2": metrics.r2_score,
    }


def decided(threshold: float) -> dict[str, Callable[[Array, Array], float]]:
    """Return what is measured of decisions, which the threshold of the only fold makes."""
    return {
        "f1": lambda y, p: metrics.f1_score(y, p >= threshold, zero_division=0.0),
        "precision": lambda y, p: metrics.precision_score(y, p >= threshold, zero_division=0.0),
        "recall": lambda y, p: metrics.recall_score(y, p >= threshold),
    }


def next_day(y: Array, answers: Array) -> float:
    """Return the RMSE of the first day of each forecast."""
    finite = np.isfinite(y[:, 0])
    return float(metrics.root_mean_squared_error(y[finite, 0], answers[finite, 0]))


def macro_f1(y: Array, probability: Array) -> float:
    """Return the mean F1 of the classes that there are."""
    predicted = probability.argmax(axis=1)
    return float(metrics.f1_score(y, predicted, labels=np.unique(y), average="macro"))


def several_log_loss(y: Array, probability: Array) -> float:
    """Return the log loss of several classes."""
    of_truth = probability[np.arange(len(y)), y.astype("int64")]
    return float(-np.log(np.maximum(of_truth, 1e-7)).mean())


def recall_at_one_percent(y: Array, probability: Array) -> float:
    """Return the greatest recall with at most 1 % false alarms."""
    false_alarms, recall, _ = metrics.roc_curve(y, probability, drop_intermediate=False)
    return float(recall[false_alarms <= 0.01].max())
