"""Estimators: scikit-learn's models as candidates, on the same features as the networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from casebook import files
from casebook.array_types import Float64Array
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from casebook.threads import fit_in_all_cores, one_thread
from tasks.problem.definition import Problem
from tasks.problem.targets import logarithm
from tasks.tables.score_graph import score_graph, smoothed

Build: TypeAlias = Callable[[int, int], Any]

GRAPH = "score.onnx"
DEVICE = {"asked": "cpu", "used": "cpu", "backend": "scikit-learn", "threads": 1}


@dataclass(frozen=True)
class Estimator:
    """A model of scikit-learn's to fit.

    Attributes
    ----------
    build
        Returns it unfitted, given the number of features and a seed.
    log_target
        Whether it learns the logarithm of the target, which must be positive then.
    """

    build: Build
    log_target: bool = False


@stage(process="worker")
def fit_estimator(
    out: Path, features: Ref, build: Build, problem: Problem, seed: int, *, log_target: bool = False
) -> Facts:
    """Fit a model to the training rows to score the validation part, and anew for the test part.

    The second fit is to training and validation rows, as a network with `refit` has it. Writes
    `scores.npz` (logits, or values in the target's unit) and `score.onnx`, the graph from features
    to them.
    """
    model = _fit_and_score(out, features, build, problem, seed, log_target=log_target)
    _write_graph(out, model, problem, log_target=log_target)
    return {"rows": _rows(features), "device": DEVICE}


@stage(process="worker")
def fit_estimator_to_folds(
    out: Path,
    features: Ref,
    folds: int,
    build: Build,
    problem: Problem,
    seed: int,
    *,
    log_target: bool = False,
) -> Facts:
    """Do for each of an output's folds what `fit_estimator` does for one.

    Only the first fold gets `score.onnx`.
    """
    for number in range(folds):
        folder, encoded = out / fold_name(number), features.fold(number)
        folder.mkdir()
        model = _fit_and_score(folder, encoded, build, problem, seed, log_target=log_target)
        if number == 0:
            _write_graph(folder, model, problem, log_target=log_target)
    return {"rows": _rows(features.fold(0)), "device": DEVICE, "folds": folds}


def _fit_and_score(
    out: Path, features: Ref, build: Build, problem: Problem, seed: int, *, log_target: bool
) -> Any:
    """Write the scores of the validation and the test part; return the model of the latter."""
    parts = {name: read_arrays(features, name) for name in ("train", "validation", "test")}
    both = {
        name: np.concatenate([parts["train"][name], parts["validation"][name]])
        for name in ("x", "y")
    }
    width = both["x"].shape[1]
    with one_thread():
        first = fitted(build(width, seed), parts["train"], problem, log_target=log_target)
        final = fitted(build(width, seed), both, problem, log_target=log_target)
        validation = scored(first, parts["validation"]["x"], problem, log_target=log_target)
        test = scored(final, parts["test"]["x"], problem, log_target=log_target)
    write_arrays(out, "scores", validation=validation, test=test)
    files.write_json(out / "history.json", {"loss": []})  # it learns in no epochs
    return final


def _write_graph(out: Path, model: Any, problem: Problem, *, log_target: bool) -> None:
    graph = score_graph(model, model.n_features_in_, problem, log_target=log_target)
    (out / GRAPH).write_bytes(graph.SerializeToString())


def _rows(features: Ref) -> int:
    """Return how many rows the model of the test part was fitted to."""
    return sum(len(read_arrays(features, name)["y"]) for name in ("train", "validation"))


def fitted(model: Any, rows: dict[str, Any], problem: Problem, *, log_target: bool) -> Any:
    """Return the model fitted to rows."""
    y = np.asarray(rows["y"], "float64")
    return fit_in_all_cores(model, rows["x"], logarithm(y, problem) if log_target else y)


def scored(model: Any, x: Any, problem: Problem, *, log_target: bool) -> Float64Array:
    """Return a fitted model's logits (of each class, where there are several), or its values."""
    if not problem.classes:
        values: Float64Array = model.predict(x)
        return np.exp(values) if log_target else values
    if hasattr(model, "decision_function"):
        logits: Float64Array = model.decision_function(x)
        return logits
    probability = smoothed(model.predict_proba(x), len(problem.labels))
    if problem.problem_type == "multiclass":
        return np.log(probability)
    return np.log(probability[:, 1] / probability[:, 0])
