"""Patches are whitened, and tell pictures apart that pixels in their places do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from casebook.array_types import UInt8Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.images.baselines import fit_picture_baselines
from tasks.images.patches import (
    CONTRAST,
    WHITENING,
    class_scores,
    features,
    learn,
    normalized_patches,
    quadrants,
    zca,
)
from tasks.problem.definition import Problem

PROBLEM = Problem(
    problem_type="multiclass",
    input_kind="picture",
    target="label",
    labels=("falling", "rising", "upright"),
    output="probabilities",
    primary_metric="accuracy",
    metrics=("accuracy",),
)


def striped(rows: int, seed: int) -> dict[str, Any]:
    """Make noisy pictures with a piece of stripes, of one of three directions, at any place."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % 3)
    down, right = np.mgrid[0:14, 0:14]
    direction = np.stack([down + right, down - right, right])[y]
    shift, top, left = rng.integers(0, 6, (3, rows, 1, 1))
    piece = (down >= top) & (down < top + 9) & (right >= left) & (right < left + 9)
    stripes = ((direction + shift) % 6 < 3) * piece * rng.integers(60, 120, (rows, 1, 1))
    x = stripes + rng.integers(0, 100, (rows, 1, 1)) + rng.integers(0, 60, (rows, 14, 14))
    return {"x": x[..., None].astype("uint8"), "y": y, "picture": np.arange(rows)}


def noise(rows: int, side: int = 14) -> UInt8Array:
    """Make pictures whose neighbouring pixels are alike."""
    steps = np.random.default_rng(0).normal(0, 20, (rows, side, side, 3))
    return np.clip(128 + steps.cumsum(axis=1).cumsum(axis=2) / 4, 0, 255).astype("uint8")


def test_patches_have_mean_0_and_at_most_deviation_1() -> None:
    patches = normalized_patches(noise(1)[0])
    assert patches.shape == (81, 108)
    assert patches.mean(axis=1) == pytest.approx(np.zeros(81), abs=1e-5)
    window = noise(1)[0][:6, :6].transpose(2, 0, 1).astype("float64").ravel()
    expected = (window - window.mean()) / np.sqrt(window.var() + CONTRAST)
    assert patches[0] == pytest.approx(expected, abs=1e-4)


def test_whitened_patches_are_uncorrelated() -> None:
    rng = np.random.default_rng(0)
    mixing = np.linspace(4, 40, 12)[:, None] * np.linalg.qr(rng.normal(size=(12, 12))).Q
    patches = (rng.normal(size=(20_000, 12)) @ mixing + 5).astype("float32")
    mean, whitening = zca(patches, WHITENING)
    covariance = np.cov((patches - mean) @ whitening, rowvar=False)
    assert covariance == pytest.approx(np.eye(12), abs=0.02)
    assert abs(np.corrcoef(patches, rowvar=False) - np.eye(12)).max() > 0.2
    assert whitening == pytest.approx(whitening.T, abs=1e-6)


def test_axes_of_next_to_no_variance_stay_small() -> None:
    rng = np.random.default_rng(0)
    patches = (rng.normal(size=(5000, 2)) * [10, 0.001]).astype("float32")
    mean, whitening = zca(patches, WHITENING)
    deviations = ((patches - mean) @ whitening).std(axis=0)
    assert deviations == pytest.approx([1, 0.001 / np.sqrt(WHITENING)], rel=0.02)


def test_features_are_sums_of_nearness_over_quadrants() -> None:
    pictures = noise(3)
    dictionary = learn(pictures, 5, 0)
    pooled = features(pictures, dictionary)
    assert pooled.shape == (3, 4 * 5)
    patches = normalized_patches(pictures[2])
    whitened = (patches - dictionary.mean) @ dictionary.whitening
    distance = np.linalg.norm(whitened[:, None] - dictionary.centroids[None], axis=2)
    nearness = np.maximum(distance.mean(axis=1, keepdims=True) - distance, 0).reshape(9, 9, 5)
    expected = [nearness[:5, :5], nearness[:5, 5:], nearness[5:, :5], nearness[5:, 5:]]
    sums = np.concatenate([quadrant.sum(axis=(0, 1)) for quadrant in expected])
    assert pooled[2] == pytest.approx(sums, rel=1e-3, abs=1e-2)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (28, 28), (20, 31), (64, 48)])
def test_each_patch_is_in_one_quadrant(height: int, width: int) -> None:
    pictures = np.zeros((1, height, width, 1), "uint8")
    pooling = quadrants(pictures)
    assert pooling.shape == (4, len(normalized_patches(pictures[0])))
    assert (pooling.sum(axis=0) == 1).all()
    assert pooling.sum(axis=1).min() > 0.2 * pooling.sum()


def test_a_seed_fixes_the_answers() -> None:
    train, validation, test = striped(90, 0), striped(30, 1), striped(20, 2)["x"]
    one, same, other = (class_scores(train, validation, test, 8, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.test, same.test)
    assert not np.array_equal(one.test, other.test)
    assert [len(logits) for logits in one] == [30, 20]


def test_patches_tell_apart_what_trees_on_pixels_do_not(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    parts = {"train": striped(120, 0), "validation": striped(30, 1), "test": striped(150, 2)}
    names = ("dummy", "extra_trees", "patches")
    ref = keep(fit_picture_baselines.fn, keep_arrays(**parts), names, 50, 20, PROBLEM, 0)
    scores = read_arrays(ref, "test")
    assert list(scores) == list(read_arrays(ref, "validation")) == list(names)
    assert ref.facts["rows"] == 150
    assert list(ref.facts["fit_seconds"]) == list(names)  # type: ignore[arg-type]
    right = {
        name: (logits.argmax(axis=1) == parts["test"]["y"]).mean()
        for name, logits in scores.items()
    }
    assert right["patches"] > 0.95
    assert right["patches"] > right["extra_trees"] + 0.1
    assert right["dummy"] < 0.4
