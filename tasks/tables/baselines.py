"""Compare: fit what a practitioner reaches for in five minutes, on the same rows and features."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from numpy import typing as npt
from pydantic import AfterValidator
from sklearn import dummy, ensemble, linear_model

from casebook.array_types import Float64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from casebook.threads import one_thread
from tasks.problem.definition import Problem
from tasks.tables.boosting_libraries import BoostingLibrary, all_installed, boosting_model
from tasks.tables.estimators import fitted, scored
from tasks.tables.sklearn_models import BOOSTING
from tasks.tables.split import PARTS
from tasks.tables.variants import USUAL, Validated, Variant, best, variants

Baseline = Literal[
    "dummy",
    "logistic_regression",
    "extra_trees",
    "random_forest",
    "gradient_boosting",
    BoostingLibrary,
]
NumberBaseline = Literal[
    "dummy",
    "least_squares",
    "ridge",
    "extra_trees",
    "random_forest",
    "gradient_boosting",
    BoostingLibrary,
]

Baselines: TypeAlias = Annotated[tuple[Baseline, ...], AfterValidator(all_installed)]
NumberBaselines: TypeAlias = Annotated[tuple[NumberBaseline, ...], AfterValidator(all_installed)]


@stage(process="worker")
def fit_baselines(
    out: Path,
    features: Ref,
    names: tuple[Baseline | NumberBaseline, ...],
    trees: int,
    problem: Problem,
    seed: int,
    *,
    log_target: bool = False,
) -> Facts:
    """Fit each baseline to the training rows for the validation part, and anew for the test part.

    Candidates of scikit-learn's are fitted in the same way, so that baselines get the same
    calibration and threshold policy. Of a few settings those are kept that are best on the
    validation part; with `log_target`, which is for numbers, the logarithm of the target is tried
    as well. The second fit is to training and validation rows. Writes `validation.npz` and
    `test.npz`, a logit (of each class, where there are several) or a value per row and baseline.
    """
    return _fit_all([out], [features], names, trees, problem, seed, log_target=log_target)


@stage(process="worker")
def fit_baselines_to_folds(
    out: Path,
    features: Ref,
    folds: int,
    names: tuple[Baseline | NumberBaseline, ...],
    trees: int,
    problem: Problem,
    seed: int,
    *,
    log_target: bool = False,
) -> Facts:
    """Do for each of an output's folds what `fit_baselines` does for one.

    The settings are those that are best in the mean of all folds.
    """
    folders = [out / fold_name(number) for number in range(folds)]
    for folder in folders:
        folder.mkdir()
    encoded = [features.fold(number) for number in range(folds)]
    facts = _fit_all(folders, encoded, names, trees, problem, seed, log_target=log_target)
    return {**facts, "folds": folds}


def _fit_all(
    folders: Sequence[Path],
    features: Sequence[Ref],
    names: tuple[Baseline | NumberBaseline, ...],
    trees: int,
    problem: Problem,
    seed: int,
    *,
    log_target: bool,
) -> Facts:
    """Fit each baseline to the folds, and write their scores into the folders."""
    folds = [flat_parts(ref) for ref in features]
    validations: list[NamedArrays] = [{} for _ in folds]
    tests: list[NamedArrays] = [{} for _ in folds]
    settings: dict[str, object] = {}
    seconds = {}
    for name in names:
        started = time.perf_counter()
        with one_thread():
            chosen = _chosen(name, folds, trees, problem, seed, log_target=log_target)
            for i, parts in enumerate(folds):
                validations[i][name] = chosen.scores[i]
                tests[i][name] = _tested(name, chosen.variant, parts, trees, problem, seed)
        settings[name] = {**chosen.variant.settings, "log_target": chosen.variant.log_target}
        seconds[name] = round(time.perf_counter() - started, 2)
    for folder, validation, test in zip(folders, validations, tests, strict=True):
        write_arrays(folder, "validation", **validation)
        write_arrays(folder, "test", **test)
    rows = len(folds[0]["train"]["y"]) + len(folds[0]["validation"]["y"])
    return {"rows": rows, "settings": settings, "fit_seconds": seconds}


def _chosen(
    name: Baseline | NumberBaseline,
    folds: Sequence[Mapping[str, NamedArrays]],
    trees: int,
    problem: Problem,
    seed: int,
    *,
    log_target: bool,
) -> Validated:
    """Return a baseline's best variant, fitted to the training rows of each fold."""

    def validate(variant: Variant) -> list[Float64Array]:
        scores = []
        for parts in folds:
            model = baseline(name, trees, problem, seed, variant.settings)
            fit = fitted(model, parts["train"], problem, log_target=variant.log_target)
            x = parts["validation"]["x"]
            scores.append(scored(fit, x, problem, log_target=variant.log_target))
        return scores

    tried = variants(name, problem, log_target=log_target)
    if problem.input_kind == "picture":  # each fit to so many numbers takes minutes
        tried = tried[:1]
    labels = [parts["validation"]["y"].astype("float64") for parts in folds]
    return best(tried, validate, labels, problem)


def _tested(
    name: Baseline | NumberBaseline,
    variant: Variant,
    parts: Mapping[str, NamedArrays],
    trees: int,
    problem: Problem,
    seed: int,
) -> Float64Array:
    """Return the test scores of a baseline that is fitted to training and validation rows."""
    rows = {
        name: np.concatenate([parts["train"][name], parts["validation"][name]])
        for name in ("x", "y")
    }
    model = baseline(name, trees, problem, seed, variant.settings)
    fit = fitted(model, rows, problem, log_target=variant.log_target)
    return scored(fit, parts["test"]["x"], problem, log_target=variant.log_target)


def flat_parts(features: Ref) -> dict[str, NamedArrays]:
    """Return the three parts as rows of features."""
    parts = {name: read_arrays(features, name) for name in PARTS}
    return {name: {"x": flat(part["x"]), "y": part["y"]} for name, part in parts.items()}


def flat(x: npt.NDArray[Any]) -> Float64Array:
    """Return rows of features; of a picture each pixel is one, from 0 to 1."""
    return x if x.dtype != np.uint8 else x.reshape(len(x), -1).astype("float32") / 255


def baseline(
    name: Baseline | NumberBaseline,
    trees: int,
    problem: Problem,
    seed: int,
    settings: Mapping[str, Any] = USUAL,
) -> Any:
    """Return an unfitted model with usual settings, of which some are replaced.

    `trees` is the size of a forest, or the steps of boosting.
    """
    classes = problem.problem_type != "regression"
    forest = {"n_estimators": trees, "random_state": seed, "n_jobs": 1, **settings}
    match name, classes:
        case "dummy", True:
            return dummy.DummyClassifier(strategy="prior")
        case "dummy", False:
            return dummy.DummyRegressor()
        case "logistic_regression", True:
            return linear_model.LogisticRegression(max_iter=1000, **settings)
        case "least_squares", False:
            return NormalEquation()
        case "ridge", False:
            return linear_model.RidgeCV(alphas=(0.01, 0.1, 1.0, 10.0, 100.0))
        case "gradient_boosting", True:
            steps = {"max_iter": trees, "random_state": seed}
            return ensemble.HistGradientBoostingClassifier(**steps, **{**BOOSTING, **settings})
        case "gradient_boosting", False:
            boosting = {"n_estimators": trees, "max_depth": 3, "random_state": seed}
            return ensemble.GradientBoostingRegressor(**{**boosting, **settings})
        case "lightgbm" | "xgboost" | "catboost", _:
            return boosting_model(name, trees, seed, settings, classes=classes)
        case "extra_trees", _:
            return (ensemble.ExtraTreesClassifier if classes else ensemble.ExtraTreesRegressor)(
                **forest
            )
        case "random_forest", _:
            return (ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor)(
                **forest
            )
    raise ValueError(f"{name} is no baseline of a {problem.problem_type} model")


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
