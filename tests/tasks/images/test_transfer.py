"""A head trained on stored activations predicts the same from raw pixels.

Frozen layers stay as they were.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pytest

from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.images import backbone
from tasks.images.features import CUT, PLAIN, POOLED, batches, embed, within
from tasks.images.picture import Shape
from tasks.images.train import score
from tasks.images.transfer import TransferSettings, transfer

RANDOM = Origin(dataset="imagenet_mobilenet", kind="sample")
ROWS = {"train": 9, "validation": 4, "test": 4}  # of one size: a network is traced for each anew


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Let pictures have 64 x 64 pixels: the weights are the same, and all is faster."""
    with patch.object(backbone, "SHAPE", Shape(64, 64, 3)):
        yield


def part(rows: int) -> dict[str, Any]:
    x = np.random.default_rng(rows).integers(0, 256, (rows, 64, 64, 3)).astype("uint8")
    return {"x": x, "y": np.arange(rows) % 3}


def quick(**changes: Any) -> TransferSettings:
    return TransferSettings(**{"epochs": 2, "batch_size": 4, "device": "cpu", **changes})


@pytest.fixture
def pictures(keep_arrays: Callable[..., Ref]) -> Ref:
    return keep_arrays(**{name: part(rows) for name, rows in ROWS.items()})


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the activations are kept that all tests begin with: to compute them takes seconds."""
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture
def features(keep: Callable[..., Ref], pictures: Ref, once: Path) -> Ref:
    def embedded(out: Path) -> Facts:
        if not (once / "facts.json").exists():
            facts = embed.fn(once, pictures, RANDOM, 15, 3, 0)
            (once / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.copytree(once, out, dirs_exist_ok=True)
        stored: Facts = json.loads((once / "facts.json").read_text(encoding="utf-8"))
        return stored

    return keep(embedded)


def test_activations_have_views_and_the_figures_full_precision(features: Ref) -> None:
    train, test = (read_arrays(within(features, CUT), name)["x"] for name in ("train", "test"))
    assert (train.shape, train.dtype) == ((9, 3, 2, 2, 160), np.float16)
    assert (test.shape, test.dtype) == ((4, 2, 2, 2, 160), np.float32)
    pooled, plain = (
        read_arrays(within(features, folder), "train")["x"] for folder in (POOLED, PLAIN)
    )
    assert np.array_equal(pooled[:, 0], plain)
    assert np.abs(pooled[:, 1] - plain).max() > 0


def test_the_second_view_is_the_mirror_image_and_the_third_a_crop() -> None:
    x = part(2)["x"]
    (_, first), (_, second), (_, third) = (next(batches(x, view, 0)) for view in range(3))
    assert np.array_equal(first[:, :, ::-1], second)
    assert third.shape == first.shape
    assert not np.array_equal(third, first)


@pytest.mark.parametrize("cut", [15, "pixels"])
def test_the_whole_network_answers_as_its_trained_part(
    keep: Callable[..., Ref], pictures: Ref, features: Ref, cut: Any
) -> None:

    inputs = pictures if cut == "pixels" else within(features, CUT)
    ref = keep(transfer.fn, pictures, inputs, cut, RANDOM, None, 3, quick(views=2, epochs=1), 0)
    network = keras.saving.load_model(ref.path("network.keras"), compile=False)
    scores = read_arrays(ref, "scores")
    for name in ("validation", "test"):
        assert score(network, read_arrays(pictures, name)["x"]) == pytest.approx(
            scores[name], abs=1e-3
        )
    assert ref.facts["trained"] == {15: 882_883, "pixels": 2_193_603}[cut]
    assert ref.facts["parameters"] == 2_257_984 + 3 * 1281
    means = [weight for weight in network.weights if weight.path.endswith("moving_mean")]
    assert len(means) == 52
    assert not any(np.any(weight) for weight in means)  # batch normalization stayed as it was


def test_training_goes_on_from_a_head(
    keep: Callable[..., Ref], pictures: Ref, features: Ref
) -> None:
    first = keep(
        transfer.fn,
        pictures,
        within(features, POOLED),
        "pooled",
        RANDOM,
        None,
        3,
        quick(views=2),
        0,
    )
    assert first.facts["trained"] == 3 * 1281
    still = quick(views=2, epochs=1, learning_rate=0.0)
    again = keep(transfer.fn, pictures, within(features, CUT), 15, RANDOM, first, 3, still, 0)
    assert np.array_equal(
        read_arrays(first, "head")["kernel"], read_arrays(again, "head")["kernel"]
    )
    assert read_arrays(again, "scores")["test"] == pytest.approx(
        read_arrays(first, "scores")["test"], abs=1e-3
    )


def test_activations_of_other_pictures_are_refused(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref], pictures: Ref, features: Ref
) -> None:
    others = keep_arrays(train=part(9), validation=part(5), test=part(3))
    with pytest.raises(CasebookError, match="of other pictures or weights"):
        keep(transfer.fn, others, within(features, PLAIN), "pooled", RANDOM, None, 3, quick(), 0)
