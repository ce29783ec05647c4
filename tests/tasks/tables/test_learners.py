"""A candidate that learns all training rows again scores the validation part as it did."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.tables.estimators import Estimator, fit_estimator
from tasks.tables.holdout import Holdout
from tasks.tables.learners import EstimatorLearner
from tasks.tables.sklearn_models import logistic_regression
from tasks.tables.split import PARTS
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.tables.train_folds import train_folds
from tasks.training.networks import perceptron
from tasks.training.train import Settings, train

PROBLEM = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
SETTINGS = Settings(epochs=2, batch_size=16, refit=True, device="cpu")


def rows(count: int, seed: int) -> dict[str, Any]:
    x = np.random.default_rng(seed).normal(size=(count, 3)).astype("float32")
    return {"x": x, "y": (x[:, 0] > 0).astype("float32")}


def single(x: Any, y: Any, dropout: float) -> keras.Model:
    return keras.Sequential([keras.Input((x.shape[1],)), keras.layers.Dense(1)], name="single")


def several(x: Any, y: Any, dropout: float) -> keras.Model:
    return perceptron(x, (4,), dropout, "several")


@pytest.fixture
def encoded(keep_arrays: Callable[..., Ref]) -> Ref:
    """Keep the parts of one fold."""
    return keep_arrays(**{name: rows(60, seed) for seed, name in enumerate(PARTS)})


def parts(ref: Ref) -> dict[str, Any]:
    return {name: read_arrays(ref, name) for name in PARTS}


def test_an_estimator_scores_as_the_candidate(keep: Callable[..., Ref], encoded: Ref) -> None:
    estimator = Estimator(logistic_regression)
    fitted = keep(fit_estimator.fn, encoded, estimator.build, PROBLEM, 0)
    scores = EstimatorLearner(estimator.build, log_target=False)([parts(encoded)], PROBLEM, 0)
    assert scores[0] == pytest.approx(read_arrays(fitted, "scores")["validation"])


def test_a_network_scores_as_the_candidate(keep: Callable[..., Ref], encoded: Ref) -> None:
    trained = keep(train.fn, encoded, encoded, single, SETTINGS, 0)
    scores = Holdout().learner(Model(single, SETTINGS))([parts(encoded)], PROBLEM, 0)
    assert scores[0] == pytest.approx(read_arrays(trained, "scores")["validation"], abs=1e-5)


def test_a_network_is_resampled_if_the_candidate_is(encoded: Ref) -> None:
    fold = parts(encoded)
    fold["train"]["y"][:] = np.arange(60) % 20 == 0
    plain, resampled = (
        Holdout().learner(Model(single, SETTINGS, way))([fold], PROBLEM, 0)[0]
        for way in (None, "over_under")
    )
    assert resampled.mean() > plain.mean()


def test_the_networks_of_several_folds_score_as_the_candidates(keep: Callable[..., Ref]) -> None:
    def write(out: Path) -> Facts:
        for number in range(2):
            (out / fold_name(number)).mkdir()
            for seed, name in enumerate(PARTS):
                write_arrays(out / fold_name(number), name, **rows(60, 10 * number + seed))
        return {}

    encoded = keep(write)
    trained = keep(train_folds.fn, encoded, 2, several, SETTINGS, PROBLEM, 0)
    learner = RepeatedKFold().learner(Model(several, SETTINGS))
    scores = learner([parts(encoded.fold(number)) for number in range(2)], PROBLEM, 0)
    for number in range(2):
        expected = read_arrays(trained.fold(number), "scores")["validation"]
        assert scores[number] == pytest.approx(expected, abs=1e-5)
