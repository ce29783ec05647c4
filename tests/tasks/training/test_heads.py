"""Networks of several classes: of a logit for each class, or of one network for each."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from casebook.store import Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation.judging import judge
from tasks.problem.calibration import ThresholdPolicy, temperature
from tasks.problem.definition import Problem
from tasks.tables.network_graph import with_head
from tasks.tables.train_folds import train_folds
from tasks.training.heads import cross_entropy, for_classes, mean_logits
from tasks.training.networks import ensemble, perceptron, plain
from tasks.training.train import Settings, train

PROBLEM = Problem(
    problem_type="multiclass",
    target="y",
    labels=("a", "b", "c"),
    primary_metric="accuracy",
    metrics=("accuracy",),
)
SETTINGS = Settings(epochs=15, batch_size=16, learning_rate=2e-2, dropout=0.0)
FOLDS = 2


def three(rows: int, seed: int) -> dict[str, Any]:
    """Return rows of three classes that two features tell apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    centres = np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, -1.0]])
    x = np.column_stack([centres[y] + rng.normal(0, 0.4, (rows, 2)), rng.normal(size=rows)])
    return {"x": x.astype("float32"), "y": y.astype("float32")}


@pytest.fixture
def features(keep_arrays: Callable[..., Ref]) -> Ref:
    parts = {
        name: three(rows, seed)
        for seed, (name, rows) in enumerate({"train": 120, "validation": 30, "test": 60}.items())
    }
    return keep_arrays({"classes": 3}, **parts)


def joint(x: Any, y: Any, dropout: float) -> Any:
    return plain(x, (8,), dropout, "joint", outputs=3)


def alone(x: Any, y: Any, dropout: float) -> Any:
    return plain(x, (8,), dropout, "alone")


@pytest.mark.parametrize(
    ("network", "weights"), [(joint, True), (alone, False)], ids=["joint", "alone"]
)
def test_a_network_of_one_split_tells_three_classes(
    network: Any, weights: bool, features: Ref, keep: Callable[..., Ref]
) -> None:
    settings = SETTINGS.model_copy(update={"class_weights": weights})
    ref = keep(train.fn, features, features, network, settings, 0)
    scores = read_arrays(ref, "scores")
    assert scores["test"].shape == (60, 3)
    assert (scores["test"].argmax(axis=1) == read_arrays(features, "test")["y"]).mean() > 0.9
    assert softmax(scores["test"], axis=1) == pytest.approx(np.exp(scores["test"]), abs=1e-5)
    assert ref.facts["val_accuracy"] > 0.9


def joint_folds(x: Any, y: Any, dropout: float) -> Any:
    return perceptron(x, (8,), dropout, "joint", outputs=3)


def members(x: Any, y: Any, dropout: float) -> Any:
    return ensemble(x, (8,), dropout, members=4, bins=4)


@pytest.mark.parametrize(
    ("network", "refit"), [(joint_folds, False), (members, True)], ids=["joint", "members"]
)
def test_networks_of_folds_tell_three_classes_and_the_first_is_exported_as_it_is(
    network: Any, refit: bool, keep: Callable[..., Ref]
) -> None:

    def write(out: Any) -> dict[str, Any]:

        for number in range(FOLDS):
            (out / fold_name(number)).mkdir()
            for name, rows in {"train": 90, "validation": 30, "test": 30}.items():
                write_arrays(out / fold_name(number), name, **three(rows, number * 3 + rows))
        return {}

    encoded = keep(write)
    settings = SETTINGS.model_copy(update={"refit": refit})
    ref = keep(train_folds.fn, encoded, FOLDS, network, settings, PROBLEM, 0)
    for number in range(FOLDS):
        test, scores = (
            read_arrays(encoded.fold(number), "test"),
            read_arrays(ref.fold(number), "scores")["test"],
        )
        assert scores.shape == (30, 3)
        assert (scores.argmax(axis=1) == test["y"]).mean() > 0.9
    saved = keras.saving.load_model(ref.fold(0).path("network.keras"), compile=False)
    x = read_arrays(encoded.fold(0), "test")["x"]
    assert np.asarray(saved(x)) == pytest.approx(
        read_arrays(ref.fold(0), "scores")["test"], abs=1e-5
    )
    headed = with_head(saved, PROBLEM, 0.5, 0.0)
    assert np.asarray(headed(x)) == pytest.approx(
        softmax(0.5 * np.asarray(saved(x)), axis=1), abs=1e-5
    )


def test_two_classes_keep_their_one_logit() -> None:
    assert for_classes(alone, 0) is alone


def test_loss_and_mean_over_members_are_those_of_the_formulas() -> None:
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(5, 2, 4, 3)), rng.integers(0, 3, (5, 2))
    log_p = log_softmax(logits, axis=-1)
    expected = -np.take_along_axis(log_p, y[:, :, None, None], axis=-1)[..., 0].mean(axis=-1)
    assert np.asarray(cross_entropy(y, logits)) == pytest.approx(expected)
    assert np.asarray(mean_logits(logits)) == pytest.approx(logsumexp(log_p, axis=2) - np.log(4))


def test_probabilities_of_several_classes_are_cooled_on_validation_unless_the_likelier_is_asked_for(
    keep_arrays: Callable[..., Ref],
) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 3000).astype("float64")
    sound = np.log(softmax(rng.normal(size=(3000, 3)) + 1.5 * np.eye(3)[y.astype(int)], axis=1))
    true = temperature(sound, y)
    assert temperature(5.0 * sound, y) == pytest.approx(true / 5.0, rel=1e-2)
    # told apart without a mistake, or by nothing: left as they are
    assert temperature(60.0 * np.eye(3)[y.astype(int)], y) == pytest.approx(1.0, abs=0.01)
    assert temperature(np.tile([0.1, 0.0, -0.1], (15, 1)), y[:15]) == pytest.approx(1.0, abs=0.2)
    trained = keep_arrays(scores={"validation": 5.0 * sound, "test": 5.0 * sound})
    judged = judge(trained, {"validation": y}, PROBLEM, ThresholdPolicy())
    assert judged.slope == pytest.approx(true / 5.0, rel=1e-2)
    assert judged.test.sum(axis=1) == pytest.approx(np.ones(3000))
    assert judge(trained, {"validation": y}, PROBLEM, ThresholdPolicy(by="likelier")).slope == 1.0
