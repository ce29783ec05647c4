"""Estimators and blends of series answer as a graph what their library answers.

From raw numbers with days without power among them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import ops

from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from flows.household_power import CASE
from tasks.series import export
from tasks.series.blend import blend_series, choose_weights
from tasks.series.estimators import (
    Build,
    extra_trees,
    fit_step_estimators,
    fitted,
    predicted,
    ridge,
)
from tasks.series.features import describe_windows
from tasks.series.forecaster import described, forecaster
from tasks.series.train import SeriesNetwork, SeriesSettings, train_series
from tasks.series.windowing import walk, windows
from tasks.tables.blend import weights_of

Arrays = dict[str, Any]
DAYS, LENGTH, AHEAD = 1700, 28, 10
ENDS = {"train": (LENGTH, 400), "earlier": (400, 498), "later": (498, 596), "test": (596, DAYS)}
FEW_TREES = {"n_estimators": 5, "min_samples_leaf": 5, "max_features": 0.5}


def house(first: int, end: int) -> Arrays:
    """Return windows of a house; on some days and in some hours it measured nothing."""
    rng = np.random.default_rng(0)
    hours = rng.gamma(4.0, 15.0, (DAYS, 24)) * (1 + 0.3 * np.sin(np.arange(DAYS) / 58))[:, None]
    hours[rng.random(DAYS) < 0.02] = 0.0
    hours[rng.random(hours.shape) < 0.05] = 0.0
    arrays = windows(hours.sum(axis=1), first, end, LENGTH, AHEAD)
    date = (arrays["day"][:, None] + 13_000).astype("float32")
    return {**arrays, "hours": hours[arrays["day"] - 1].astype("float32"), "date": date}


@pytest.fixture
def parts(keep_arrays: Callable[..., Ref]) -> Ref:
    """Train, two periods of validation, and more than a thousand test windows."""
    rows = {name: house(*end) for name, end in ENDS.items()}
    periods = [
        {**rows[name], "period": np.full(98, place)}
        for place, name in enumerate(("earlier", "later"))
    ]
    validation = {name: np.concatenate([period[name] for period in periods]) for name in periods[0]}
    return keep_arrays(train=rows["train"], validation=validation, test=rows["test"])


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the project's own catalog."""
    monkeypatch.delenv("CASEBOOK_CASES", raising=False)


def target_scale(parts: Ref) -> float:
    return float(np.nanstd(read_arrays(parts, "train")["y"]))


@pytest.mark.parametrize(
    ("build", "settings"), [(extra_trees, FEW_TREES), (ridge, {})], ids=["trees", "ridge"]
)
def test_the_graph_of_each_kind_answers_as_its_library_does(
    build: Build,
    settings: dict[str, float],
    parts: Ref,
    keep: Callable[..., Ref],
) -> None:
    features = keep(describe_windows.fn, parts, "cpu")
    trained = keep(fit_step_estimators.fn, features, build, settings, CASE.problem, 0)
    *_, (whole, test) = walk(features)
    expected = predicted(fitted(build, settings, whole, 0), test)
    raw = read_arrays(parts, "test")
    graph = onnx.load(trained.path("score.onnx"))
    given = export.run(graph, raw, "score")
    assert given.shape == (len(raw["y"]), AHEAD) and len(given) > 1000
    assert (raw["window"] == 0).any(axis=1).sum() > 100
    assert np.abs(given - expected).max() < 1e-4 * target_scale(parts)
    assert read_arrays(trained, "scores")["test"] == pytest.approx(expected)
    kinds = {node.op_type for node in graph.graph.node}
    assert ("TreeEnsembleRegressor" in kinds) == (build is extra_trees)


def test_features_are_those_of_the_forecaster(parts: Ref, keep: Callable[..., Ref]) -> None:
    features, raw = keep(describe_windows.fn, parts, "cpu"), read_arrays(parts, "test")
    inputs = {name: raw[name] for name in ("window", "hours", "date")}
    given = read_arrays(features, "test")["x"]
    assert given == pytest.approx(np.asarray(described(inputs, AHEAD)), rel=1e-6, abs=1e-6)


def small_network(train: Arrays) -> keras.Model:
    return forecaster(train, AHEAD, units=(8,), members=2, dropout=0.0)


def network_of_windows(train: Arrays) -> keras.Model:
    """Return a network that takes neither hours nor a date."""
    window = keras.Input((LENGTH,), name="window")
    return keras.Model(window, ops.expand_dims(keras.layers.Dense(AHEAD)(window), 1))


def _champion(out: Path, name: str) -> Facts:
    (out / "evaluation.json").write_text(json.dumps({"champion": name}))
    return {}


@pytest.fixture
def publish(
    parts: Ref, keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> Callable[[Ref], Ref]:
    """Return a function that exports a champion."""

    def published(trained: Ref) -> Ref:
        facts = {"dataset": "household_power", "kind": "sample"}
        return keep(
            export.export_series.fn,
            parts,
            {"ours": trained},
            keep(_champion, "ours"),
            keep_arrays(facts, none={"x": np.zeros(1)}),
            CASE.problem,
            CASE.window,
        )

    return published


@pytest.mark.parametrize("network", [small_network, network_of_windows])
def test_a_network_trees_and_a_linear_model_are_blended_into_one_graph(
    network: SeriesNetwork, parts: Ref, keep: Callable[..., Ref], publish: Callable[[Ref], Ref]
) -> None:
    settings = SeriesSettings(epochs=2, batch_size=32, learning_rate=1e-2, device="cpu")
    features = keep(describe_windows.fn, parts, "cpu")
    models = {
        "network": keep(train_series.fn, parts, network, settings, 0),
        "trees": keep(fit_step_estimators.fn, features, extra_trees, FEW_TREES, CASE.problem, 0),
        "linear": keep(fit_step_estimators.fn, features, ridge, {}, CASE.problem, 0),
    }
    blended = keep(blend_series.fn, parts, models, CASE.problem)
    weights = weights_of(blended)
    assert weights is not None and sum(weights.values()) == pytest.approx(1.0)
    terms = [
        weight * read_arrays(models[name], "scores")["test"] for name, weight in weights.items()
    ]
    bundle = publish(blended)
    graph, test = onnx.load(bundle.path("model.onnx")), read_arrays(parts, "test")
    answers = export.answers(graph, test, CASE.problem)
    assert np.abs(answers - np.sum(terms, axis=0)).max() < 1e-4 * target_scale(parts)
    whole = export.run(graph, test, "forecast")
    assert whole.shape == (len(test["y"]), 3, AHEAD) and (whole >= 0).all()
    assert (whole[:, 1] <= whole[:, 0]).all() and (whole[:, 0] <= whole[:, 2]).all()
    signature = json.loads(bundle.path("signature.json").read_text())
    assert {entry["dtype"] for entry in signature["inputs"]} == {"series", "date"}
    assert (signature["output"]["horizon"], signature["output"]["step"]) == (AHEAD, "day")
    assert not bundle.path("model.keras").exists()


def test_a_network_alone_is_exported_with_its_file(
    parts: Ref, keep: Callable[..., Ref], publish: Callable[[Ref], Ref]
) -> None:
    settings = SeriesSettings(epochs=1, batch_size=32, device="cpu")
    trained = keep(train_series.fn, parts, small_network, settings, 0)
    bundle = publish(trained)
    graph, test = onnx.load(bundle.path("model.onnx")), read_arrays(parts, "test")
    answers = export.answers(graph, test, CASE.problem)
    assert answers == pytest.approx(read_arrays(trained, "scores")["test"], rel=1e-4)
    assert bundle.path("model.keras").is_file()


def test_shares_are_equal_unless_validation_tells_the_models_apart() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(1000, 100, (329, AHEAD))
    alike = {name: y + rng.normal(0, 100, y.shape) for name in ("a", "b")}
    assert choose_weights(CASE.problem, y, alike) == {"a": 0.5, "b": 0.5}
    unlike = {"a": y + rng.normal(0, 20, y.shape), "b": y + rng.normal(0, 400, y.shape)}
    assert choose_weights(CASE.problem, y, unlike)["a"] >= 0.9
