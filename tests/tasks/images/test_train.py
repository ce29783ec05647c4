"""A picture network learns, a seed fixes it, and what is kept answers as it was scored."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from casebook.store import Ref
from casebook.tables import read_arrays
from flows import cifar10, mnist
from tasks.evaluation.evaluate import evaluate
from tasks.images.export import export_pictures
from tasks.images.train import PictureSettings, averaged_views, fit, score, smoothed, train_pictures
from tasks.pages.model_plots import draw
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.training.augmentation import Augmentation
from tasks.training.convert import convert

PROBLEM = Problem(
    problem_type="multiclass",
    input_kind="picture",
    target="label",
    labels=("left", "right", "none"),
    output="probabilities",
    primary_metric="accuracy",
    metrics=("accuracy",),
)


def part(rows: int, seed: int) -> dict[str, Any]:
    """Make dark pictures that are bright on the left, on the right, or nowhere."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % 3)
    x = rng.integers(0, 60, (rows, 6, 6, 1)).astype("uint8")
    x[y == 0, :, :3] += 120
    x[y == 1, :, 3:] += 120
    return {"x": x, "y": y, "picture": np.arange(rows)}


def network(train: Any, classes: int) -> Any:

    layers = keras.layers
    stack = [
        layers.Rescaling(1 / 255),
        layers.Flatten(),
        layers.Dense(16, "relu"),
        layers.BatchNormalization(),
    ]
    return keras.Sequential(
        [keras.Input(train["x"].shape[1:]), *stack, layers.Dense(classes)], name="small"
    )


@pytest.fixture
def pictures(keep_arrays: Callable[..., Ref]) -> Ref:
    return keep_arrays(
        **{
            name: part(rows, rows)
            for name, rows in {"train": 240, "validation": 60, "test": 61}.items()
        }
    )


def quick(**changes: Any) -> PictureSettings:
    return PictureSettings(
        **{"epochs": 8, "batch_size": 16, "learning_rate": 0.01, "device": "cpu", **changes}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "optimizer": "sgd",
            "schedule": "cosine",
            "smoothing": 0.1,
            "average": 0.9,
            "weight_decay": 1e-3,
        },
        {"optimizer": "adamw", "augmentation": Augmentation(shift=1), "reduced": True},
    ],
)
def test_a_network_learns(keep: Callable[..., Ref], pictures: Ref, changes: dict[str, Any]) -> None:

    ref = keep(train_pictures.fn, pictures, network, 3, quick(**changes), 0)
    logits = read_arrays(ref, "scores")["test"]
    assert (logits.argmax(axis=1) == read_arrays(pictures, "test")["y"]).mean() > 0.9
    history = json.loads(ref.path("history.json").read_text(encoding="utf-8"))
    assert len(history["loss"]) == len(history["val_accuracy"]) == 8
    assert history["loss"][-1] < history["loss"][0]
    kept = keras.saving.load_model(ref.path("network.keras"), compile=False)
    assert score(kept, read_arrays(pictures, "test")["x"]) == pytest.approx(logits, abs=1e-4)


def test_a_loss_is_the_mean_of_its_epoch() -> None:
    """Check that the reported loss is the mean over the epoch, whatever came last.

    At a learning rate of next to nothing that is the mean loss of the initial weights.
    """

    data = part(6, 0)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    expected = np.asarray(smoothed(0)(data["y"], model(data["x"]))).mean()
    curves = fit(model, data, part(3, 1), quick(epochs=1, batch_size=1, learning_rate=1e-12), 0)
    assert curves["loss"] == pytest.approx([expected], rel=1e-4)


@pytest.mark.parametrize("case", [cifar10, mnist])
def test_a_network_for_a_gpu_becomes_a_graph(case: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, *case.SHAPE)).astype("uint8")
    model = case.deep_network({"x": x}, 10, (4, 6, 8))
    logits = score(model, x)
    assert logits.shape == (20, 10) and 0 < np.abs(logits).max() < 10
    session = onnxruntime.InferenceSession(convert(model, tmp_path).SerializeToString())
    (outputs,) = session.run(None, {session.get_inputs()[0].name: x.astype("float32")})
    assert outputs == pytest.approx(logits, abs=1e-4)
    full = case.deep_network({"x": x}, 10).count_params()
    assert full == {cifar10: 7_441_344, mnist: 443_002}[case]


def test_a_seed_fixes_the_network(keep: Callable[..., Ref], pictures: Ref) -> None:
    settings = quick(epochs=1, augmentation=Augmentation(shift=1))
    one, same, other = (
        read_arrays(keep(train_pictures.fn, pictures, network, 3, settings, seed), "scores")["test"]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_smoothing_spreads_a_share_of_the_label() -> None:

    logits, y = (
        np.random.default_rng(0).normal(size=(5, 3)).astype("float32"),
        np.array([0, 1, 2, 0, 1]),
    )
    expected = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction="none"
    )
    assert np.asarray(smoothed(0.2)(y, logits)) == pytest.approx(
        np.asarray(expected(np.eye(3)[y], logits)), abs=1e-5
    )


def test_two_views_answer_a_picture_and_its_mirror_image_alike() -> None:
    data = part(6, 0)
    model = averaged_views(network(data, 3))
    assert score(model, data["x"]) == pytest.approx(score(model, data["x"][:, :, ::-1]), abs=1e-5)


def test_the_exported_graph_answers_as_keras_does(keep: Callable[..., Ref], pictures: Ref) -> None:
    trained = keep(train_pictures.fn, pictures, network, 3, quick(), 0)
    judged = keep(evaluate.fn, [pictures], {"small": [trained]}, [], PROBLEM, ThresholdPolicy(), 0)
    raw = pictures.model_copy(update={"facts": {"dataset": "shop", "kind": "sample"}})
    bundle = keep(export_pictures.fn, pictures, {"small": trained}, judged, raw, PROBLEM)
    session = onnxruntime.InferenceSession(bundle.path("model.onnx"))
    x = read_arrays(pictures, "test")["x"]
    probability = session.run(["probabilities"], {"picture": x.astype("float32")})[0]
    assert probability.sum(axis=1) == pytest.approx(np.ones(61), abs=1e-5)
    assert np.array_equal(
        probability.argmax(axis=1), read_arrays(trained, "scores")["test"].argmax(axis=1)
    )
    signature = json.loads(bundle.path("signature.json").read_text(encoding="utf-8"))
    assert signature["inputs"][0]["width"] == 6
    assert signature["output"]["labels"] == ["left", "right", "none"]
    predictions = json.loads(bundle.path("sample_response.json").read_text(encoding="utf-8"))[
        "predictions"
    ]
    assert [prediction["label"] for prediction in predictions] == [
        PROBLEM.labels[i] for i in probability[:10].argmax(axis=1)
    ]
    drawn = keep(draw.fn, judged, {"small": [trained]}, pictures, PROBLEM)
    assert {"learning.png", "confusion.png", "calibration.png"} <= {
        path.name for path in drawn.folder.glob("*.png")
    }
