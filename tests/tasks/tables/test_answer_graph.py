"""A candidate of any kind, and a blend of some, answers as a graph what its library answers.

From raw columns with gaps and values that the training part lacks.
"""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn import compose

from casebook.errors import CasebookError
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation.judging import softmax
from tasks.problem.calibration import probabilities
from tasks.problem.definition import Problem
from tasks.tables import estimators, sklearn_models
from tasks.tables.answer_graph import answer_graph
from tasks.tables.blend import blend, grid, weights_of
from tasks.tables.estimators import Build, fit_estimator, fit_estimator_to_folds
from tasks.tables.export import answers, joined
from tasks.tables.features import features, numbers, one_hot
from tasks.training.networks import plain
from tasks.training.train import Settings, train

ROWS = {"train": 400, "validation": 100, "test": 1000}
SLOPE, SHIFT = 0.7, -0.2
BINARY = Problem(
    problem_type="binary", target="y", labels=("no", "yes"), primary_metric="auprc", metrics=()
)
THREE = Problem(
    problem_type="multiclass",
    target="y",
    labels=("a", "b", "c"),
    primary_metric="accuracy",
    metrics=(),
)
NUMBER = Problem(
    problem_type="regression", target="y", output="price", primary_metric="rmse", metrics=()
)


def table(rows: int, seed: int, problem: Problem) -> pd.DataFrame:
    """Return rows with missing numbers; those of the test part have a kind that no other has."""
    rng = np.random.default_rng(seed)
    size, age = rng.lognormal(3, 1, rows), rng.normal(40, 12, rows)
    kinds = ["old", "new", "rare"][: 3 if rows == ROWS["test"] else 2]
    kind = rng.choice(kinds, rows)
    score = np.log(size) - 3 + np.sin(age / 6) + (kind == "old") + rng.normal(0, 0.4, rows)
    y = {
        "regression": np.exp(score),
        "binary": (score > 0.5).astype(int),
        "multiclass": np.digitize(score, [0.0, 1.0]),
    }[problem.problem_type]
    gaps = np.where(rng.random(rows) < 0.1, np.nan, age)
    return pd.DataFrame({"size": size, "age": gaps, "kind": kind, "y": y}).astype(
        {"kind": "string"}
    )


def encoder(columns: list[str]) -> compose.ColumnTransformer:
    return compose.ColumnTransformer(
        [("number", numbers(), ["size", "age"]), ("kind", one_hot(("old", "new")), ["kind"])]
    )


@pytest.fixture
def encoded(
    keep_tables: Callable[..., Ref], keep: Callable[..., Ref]
) -> Callable[[Problem], tuple[Ref, Ref]]:
    """Return a function that splits and encodes a table for a problem."""

    def kept(problem: Problem) -> tuple[Ref, Ref]:
        parts = keep_tables(**{name: table(rows, rows, problem) for name, rows in ROWS.items()})
        return parts, keep(features.fn, parts, problem, (), encoder)

    return kept


def expected(scores: np.ndarray, problem: Problem) -> np.ndarray:
    """Return what scores come to after calibration."""
    if problem.problem_type == "binary":
        return probabilities(scores, SLOPE, SHIFT)
    return softmax(SLOPE * scores) if problem.problem_type == "multiclass" else scores


def from_raw(out: Path, trained: Ref, parts: Ref, encoding: Ref, problem: Problem) -> np.ndarray:
    """Return a candidate's answers to the raw test rows, by its one graph."""
    number = problem.problem_type == "regression"
    calibration = {"slope": 1.0 if number else SLOPE, "shift": SHIFT * (not number)}
    if problem.problem_type == "multiclass":
        calibration["shift"] = 0.0
    answer = answer_graph(out, trained, problem, calibration)
    graph = joined(
        onnx.load(encoding.path("features.onnx")), answer.graph, problem, ["size", "age", "kind"]
    )
    raw = pd.read_parquet(parts.path("test.parquet"))[["size", "age", "kind"]].astype(
        {"kind": object}
    )
    given: np.ndarray = answers(graph, raw)
    return given


KINDS = [
    (NUMBER, sklearn_models.gaussian, True),
    (NUMBER, sklearn_models.gaussian, False),
    (NUMBER, sklearn_models.support_vectors, True),
    (NUMBER, sklearn_models.small_steps, True),
    (NUMBER, sklearn_models.small_steps, False),
    *[
        (problem, build, False)
        for problem in (BINARY, THREE)
        for build in (
            sklearn_models.Forest(),
            sklearn_models.gradient_boosting,
            sklearn_models.logistic_regression,
        )
    ],
]


@pytest.mark.parametrize(
    ("problem", "build", "log_target"),
    KINDS,
    ids=[
        f"{problem.problem_type}-{getattr(build, '__name__', 'forest')}-{log}"
        for problem, build, log in KINDS
    ],
)
def test_each_kind_answers_to_raw_rows_as_its_library_does(
    problem: Problem,
    build: Build,
    log_target: bool,
    encoded: Callable[[Problem], tuple[Ref, Ref]],
    keep: Callable[..., Ref],
    tmp_path: Path,
) -> None:
    parts, encoding = encoded(problem)
    trained = keep(fit_estimator.fn, encoding, build, problem, 0, log_target=log_target)
    scores = read_arrays(trained, "scores")["test"]
    given = from_raw(tmp_path, trained, parts, encoding, problem)
    scale = scores.std() if problem is NUMBER else 1.0
    assert given.shape == scores.shape and len(given) == ROWS["test"]
    assert np.abs(given - expected(scores, problem)).max() < 1e-4 * scale


def network(x: np.ndarray, y: np.ndarray, dropout: float) -> keras.Model:
    return plain(x, (8,), dropout, "small")


def test_a_network_and_trees_are_blended_into_one_graph(
    encoded: Callable[[Problem], tuple[Ref, Ref]], keep: Callable[..., Ref], tmp_path: Path
) -> None:
    parts, encoding = encoded(BINARY)
    settings = Settings(epochs=3, batch_size=32, dropout=0.0, refit=True)
    models = {
        "network": [keep(train.fn, encoding, encoding, network, settings, 0)],
        "forest": [keep(fit_estimator.fn, encoding, sklearn_models.Forest(), BINARY, 0)],
        "boosting": [keep(fit_estimator.fn, encoding, sklearn_models.gradient_boosting, BINARY, 0)],
    }
    blended = keep(blend.fn, [encoding], models, BINARY).fold(0)
    weights = weights_of(blended)
    assert weights is not None and sum(weights.values()) == pytest.approx(1.0)
    scores = read_arrays(blended, "scores")["test"]
    parts_of_it = [
        weight * read_arrays(models[name][0], "scores")["test"] for name, weight in weights.items()
    ]
    assert scores == pytest.approx(np.sum(parts_of_it, axis=0), abs=1e-5)
    given = from_raw(tmp_path, blended, parts, encoding, BINARY)
    assert np.abs(given - expected(scores, BINARY)).max() < 1e-4


def test_weights_are_those_that_are_best_on_validation(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    rng = np.random.default_rng(0)
    y = {name: rng.normal(size=200) for name in ("validation", "test")}
    encoding = keep_arrays(**{name: {"y": values} for name, values in y.items()})
    scores = {
        name: keep_arrays(
            {"rows": 1}, scores={part: y[part] + rng.normal(0, noise, 200) for part in y}
        )
        for name, noise in (("good", 0.2), ("as_good", 0.2), ("bad", 5.0))
    }
    blended = keep(blend.fn, [encoding], {n: [ref] for n, ref in scores.items()}, NUMBER).fold(0)
    weights = weights_of(blended)
    assert weights is not None and weights["bad"] == 0.0
    assert 0.3 <= weights["good"] <= 0.7


def test_equal_shares_are_tried_first() -> None:
    assert grid(["a", "b"])[0] == {"a": 0.5, "b": 0.5}
    assert len(grid(["a", "b", "c"])) == 66


def test_folds_are_fitted_each_to_its_own_rows(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    def folds(out: Path) -> Facts:
        for number in range(2):
            (out / fold_name(number)).mkdir()
            for part, rows in (("train", 40), ("validation", 20), ("test", 20)):
                x = np.random.default_rng(number).normal(size=(rows, 2)).astype("float32")
                write_arrays(out / fold_name(number), part, x=x, y=x[:, 0] + number)
        return {}

    encoding = keep(folds)
    trained = keep(
        fit_estimator_to_folds.fn, encoding, 2, sklearn_models.support_vectors, NUMBER, 0
    )
    first, second = (read_arrays(trained.fold(i), "scores")["test"].mean() for i in range(2))
    assert second - first == pytest.approx(1.0, abs=0.3)


def test_a_target_without_a_logarithm_is_refused_by_name() -> None:
    rows = {"x": np.ones((3, 1)), "y": np.array([1.0, 0.0, 2.0])}
    with pytest.raises(CasebookError, match="y has values of 0, but only positive numbers"):
        estimators.fitted(sklearn_models.support_vectors(1, 0), rows, NUMBER, log_target=True)
