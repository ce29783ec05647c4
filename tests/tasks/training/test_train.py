"""Training is repeatable, keeps the best epoch, and pools members by their mean probability."""

import json
import random
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from sklearn.metrics import average_precision_score

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays
from flows.fraud import course_network
from tasks.training.train import (
    Settings,
    balanced_weights,
    build,
    member_loss,
    pooled,
    steady,
    train,
)


def network(x: Any, y: Any, dropout: float) -> Any:

    stack = [
        keras.Input((x.shape[1],)),
        layers.Dense(4, activation="relu"),
        layers.Dropout(dropout),
    ]
    return keras.Sequential([*stack, layers.Dense(3)], name="small")


def part(rows: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    y = (np.arange(rows) % 5 == 0).astype("float32")
    return {"x": (rng.normal(size=(rows, 3)) + y[:, None]).astype("float32"), "y": y}


@pytest.fixture
def encoded(keep_arrays: Callable[..., Ref]) -> Ref:
    return keep_arrays(train=part(200, 0), validation=part(50, 1), test=part(50, 2))


def quick(**changes: Any) -> Settings:
    return Settings(**{"epochs": 3, "batch_size": 50, "device": "cpu", **changes})


def test_the_same_seed_gives_the_same_scores_and_another_gives_others(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    first, again, other = (
        read_arrays(keep(train.fn, encoded, encoded, network, quick(), seed), "scores")
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first["test"], again["test"])
    assert np.array_equal(first["validation"], again["validation"])
    assert not np.array_equal(first["test"], other["test"])


def test_the_best_epoch_is_kept_and_patience_ends_the_training(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    ref = keep(
        train.fn, encoded, encoded, network, quick(epochs=40, patience=2, learning_rate=0.05), 0
    )
    history = json.loads(ref.path("history.json").read_text(encoding="utf-8"))
    best = int(np.argmax(history["val_auprc"]))
    assert ref.facts["best_epoch"] == best + 1
    assert ref.facts["epochs"] == best + 3 < 40
    scores = read_arrays(ref, "scores")["validation"]
    kept = average_precision_score(read_arrays(encoded, "validation")["y"], scores)
    assert kept == pytest.approx(history["val_auprc"][best])
    assert ref.facts["val_auprc"] == pytest.approx(kept)


def test_an_epoch_that_is_better_by_less_than_float32_can_tell_is_the_best(
    keep: Callable[..., Ref], encoded: Ref, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.training import train as module

    def judged_as(*figures: float) -> None:
        rising = iter(figures)
        monkeypatch.setattr(module, "judged", lambda *_: {"val_auprc": next(rising)})

    judged_as(0.5, 0.5 + 1e-12)
    two = keep(train.fn, encoded, encoded, network, quick(epochs=2), 0)
    judged_as(0.5, 0.5 + 1e-12, 0.4, 0.4)
    stopped = keep(train.fn, encoded, encoded, network, quick(epochs=9, patience=2), 0)
    assert stopped.facts["best_epoch"] == 2
    assert stopped.facts["epochs"] == 4
    scores = [read_arrays(ref, "scores")["test"] for ref in (two, stopped)]
    assert np.array_equal(*scores)


def test_a_refit_network_learns_from_validation_rows_too_but_is_scored_without_them(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    plain = keep(train.fn, encoded, encoded, network, quick(epochs=1), 0)
    refit = keep(train.fn, encoded, encoded, network, quick(epochs=1, refit=True), 0)
    assert (plain.facts["rows"], refit.facts["rows"]) == (200, 250)
    assert np.array_equal(
        read_arrays(plain, "scores")["validation"], read_arrays(refit, "scores")["validation"]
    )
    assert not np.array_equal(
        read_arrays(plain, "scores")["test"], read_arrays(refit, "scores")["test"]
    )


def test_resampled_rows_are_trained_on_and_the_parts_of_the_features_scored(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref], encoded: Ref
) -> None:
    ref = keep(
        train.fn, encoded, keep_arrays(train=part(80, 5)), network, quick(class_weights=True), 0
    )
    assert ref.facts["rows"] == 80
    assert {name: len(scores) for name, scores in read_arrays(ref, "scores").items()} == {
        "validation": 50,
        "test": 50,
    }


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_each_optimizer_trains_with_a_schedule_and_weight_decay(
    keep: Callable[..., Ref], encoded: Ref, optimizer: str
) -> None:
    how = quick(epochs=2, optimizer=optimizer, schedule="cosine", weight_decay=1e-3)
    ref = keep(train.fn, encoded, encoded, network, how, 0)
    assert np.isfinite(read_arrays(ref, "scores")["test"]).all()


def test_the_kept_network_gives_the_scores_that_were_written(
    keep: Callable[..., Ref], encoded: Ref
) -> None:

    ref = keep(train.fn, encoded, encoded, network, quick(), 0)
    model = keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True)
    logits = np.asarray(model(read_arrays(encoded, "test")["x"]))
    assert logits.shape == (50, 3)
    assert pooled(logits) == pytest.approx(read_arrays(ref, "scores")["test"], abs=1e-5)


@given(st.lists(st.lists(st.floats(-15, 15), min_size=3, max_size=3), min_size=1))
def test_members_are_pooled_to_the_logit_of_their_mean_probability(
    logits: list[list[float]],
) -> None:
    mean = (1 / (1 + np.exp(-np.array(logits)))).mean(axis=1)
    assert pooled(np.array(logits)) == pytest.approx(np.log(mean / (1 - mean)), abs=1e-4)


@given(st.lists(st.floats(-500, 500), min_size=1))
def test_one_member_is_pooled_to_itself(logits: list[float]) -> None:
    assert pooled(np.array(logits)[:, None]) == pytest.approx(np.array(logits), rel=1e-6, abs=1e-6)


def test_both_classes_weigh_the_same_and_the_mean_weight_is_one() -> None:
    y = np.array([1, 0, 0, 0, 0], dtype="float32")
    weights = balanced_weights(y)
    assert weights[y == 1].sum() == pytest.approx(weights[y == 0].sum())
    assert weights.mean() == pytest.approx(1)


def test_the_loss_is_the_mean_cross_entropy_of_the_members_also_for_soft_labels() -> None:
    y, logits = (
        np.array([[1.0], [0.0], [0.3]], "float32"),
        np.array([[2.0, -1.0], [0.5, 3.0], [20.0, -20.0]], "float32"),
    )
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 / (1 + np.exp(logits.astype("float64"))))).mean(
        axis=1
    )
    assert np.asarray(member_loss(y, logits)) == pytest.approx(expected, rel=1e-5)


def test_what_else_draws_from_pythons_generator_does_not_change_a_network() -> None:

    rng = np.random.default_rng(0)
    data = {
        "x": rng.normal(size=(50, 4)).astype("float32"),
        "y": rng.integers(0, 2, 50).astype("float32"),
    }
    draws = iter([1, 2])

    def disturbed(x: Any, y: Any, dropout: float) -> Any:
        for _ in range(next(draws, 0)):
            random.random()
        return course_network(x, y, dropout)

    plain, other = (
        build(network, data, Settings(), seed=0) for network in (course_network, disturbed)
    )
    for first, second in zip(plain.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_network_starts_from_the_weights_of_its_seed_whatever_other_threads_draw() -> None:
    def weights() -> list[Any]:
        model = steady(
            lambda: network(np.ones((4, 3), "float32"), np.ones(4, "float32"), 0.5), seed=3
        )
        return [np.asarray(variable) for variable in model.variables]

    alone, done = weights(), Event()

    def draw() -> None:
        while not done.is_set():
            random.random()

    thread = Thread(target=draw)
    thread.start()
    beside = [weights() for _ in range(3)]
    done.set()
    thread.join()
    for other in beside:
        assert all(np.array_equal(a, b) for a, b in zip(alone, other, strict=True))


def test_a_training_that_diverges_stops_with_candidate_epoch_and_remedy(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    wild = quick(optimizer="sgd", learning_rate=1e30, epochs=50)
    with pytest.raises(
        CasebookError, match=r"training of small diverged: its loss in epoch \d+ is .*Lower its"
    ):
        keep(train.fn, encoded, encoded, network, wild, 0)
