"""Compare: fit what a practitioner reaches for in five minutes, on the same rows and features."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import threadpoolctl
from numpy import typing as npt
from sklearn import dummy, ensemble, linear_model

from casebook.array_types import Float64Array
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem

Peer = Literal["dummy", "logistic_regression", "extra_trees", "random_forest", "gradient_boosting"]
NumberPeer = Literal[
    "dummy", "least_squares", "ridge", "extra_trees", "random_forest", "gradient_boosting"
]


@stage(process="worker")
def fit_baselines(
    out: Path,
    features: Ref,
    peers: tuple[Peer | NumberPeer, ...],
    trees: int,
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit each peer on training and validation rows together, and score the test rows.

    A peer needs no early stopping, so the rows on which a network chooses its epoch and threshold
    are training rows to it: the comparison gives nothing away. Writes `scores.npz`, a probability
    or value per test row and peer.
    """
    parts = {name: read_arrays(features, name) for name in ("train", "validation", "test")}
    test = flat(parts["test"]["x"])
    x = np.concatenate([flat(parts["train"]["x"]), flat(parts["validation"]["x"])])
    y = np.concatenate([parts["train"]["y"], parts["validation"]["y"]])
    scores, seconds = {}, {}
    for name in peers:
        started = time.perf_counter()
        # the other core trains networks, and threads that wait for each other spin
        with threadpoolctl.threadpool_limits(1):
            scores[name] = predicted(peer(name, trees, problem, seed).fit(x, y), test, problem)
        seconds[name] = round(time.perf_counter() - started, 2)
    write_arrays(out, "scores", **scores)
    return {"rows": len(y), "fit_seconds": seconds}


@stage(process="worker")
def fit_baselines_to_folds(
    out: Path,
    features: Ref,
    folds: int,
    peers: tuple[Peer | NumberPeer, ...],
    trees: int,
    problem: Problem,
    seed: int,
) -> Facts:
    """Do for each of an output's folds what `fit_baselines` does for one."""
    rows = []
    for number in range(folds):
        folder = out / fold_name(number)
        folder.mkdir()
        rows.append(
            fit_baselines.fn(folder, features.fold(number), peers, trees, problem, seed)["rows"]
        )
    return {"rows": rows[0], "folds": folds}


def flat(x: npt.NDArray[Any]) -> Float64Array:
    """Return rows of features; of a picture each pixel is one, from 0 to 1."""
    return x if x.dtype != np.uint8 else x.reshape(len(x), -1).astype("float32") / 255


def predicted(fitted: Any, x: Float64Array, problem: Problem) -> Float64Array:
    """Return for each row the probability of class 1, or that of every class, or the value."""
    if problem.problem_type == "regression":
        answers: Float64Array = fitted.predict(x)
        return answers
    probability: Float64Array = fitted.predict_proba(x)
    return probability[:, 1] if problem.problem_type == "binary" else probability


def peer(name: Peer | NumberPeer, trees: int, problem: Problem, seed: int) -> Any:
    """Return an unfitted model with usual settings; `trees` is the size of a forest."""
    classes = problem.problem_type != "regression"
    boosting = {
        "learning_rate": 0.05,
        "max_iter": trees,
        "max_leaf_nodes": 15,
        "random_state": seed,
    }
    forest = {"n_estimators": trees, "random_state": seed, "n_jobs": 1}
    match name, classes:
        case "dummy", True:
            return dummy.DummyClassifier(strategy="prior")
        case "dummy", False:
            return dummy.DummyRegressor()
        case "logistic_regression", True:
            return linear_model.LogisticRegression(max_iter=1000)
        case "least_squares", False:
            return NormalEquation()
        case "ridge", False:
            return linear_model.RidgeCV(alphas=(0.01, 0.1, 1.0, 10.0, 100.0))
        case "gradient_boosting", True:
            return ensemble.HistGradientBoostingClassifier(l2_regularization=5.0, **boosting)
        case "gradient_boosting", False:
            return ensemble.GradientBoostingRegressor(
                n_estimators=trees, max_depth=3, random_state=seed
            )
        case "extra_trees", _:
            return (ensemble.ExtraTreesClassifier if classes else ensemble.ExtraTreesRegressor)(
                **forest
            )
        case "random_forest", _:
            return (ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor)(
                **forest
            )
    raise ValueError(f"{name} is no peer of a {problem.problem_type} model")


class NormalEquation:
    """Least squares by the normal equation.

    The weights w solve (XᵀX) w = Xᵀy, where X has a column of ones.

    Columns that depend on others leave XᵀX singular; the pseudo-inverse then takes the smallest
    weights.
    """

    def fit(self, x: Float64Array, y: Float64Array) -> Self:
        """Solve for the weights."""
        wide = self._with_ones(x)
        self.weights: Float64Array = np.linalg.pinv(wide.T @ wide, hermitian=True) @ wide.T @ y
        return self

    def predict(self, x: Float64Array) -> Float64Array:
        """Return the fitted plane's values."""
        values: Float64Array = self._with_ones(x) @ self.weights
        return values

    @staticmethod
    def _with_ones(x: Float64Array) -> Float64Array:

        return np.column_stack([np.ones(len(x)), x.astype("float64")])
