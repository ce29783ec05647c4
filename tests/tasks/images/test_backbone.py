"""The two parts of a cut network compute the same as the whole.

Weights are read from both kinds of files or not at all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pytest

from casebook.errors import CasebookError
from casebook.origin import Origin
from tasks.images import backbone
from tasks.images.picture import Shape


def origin(path: Path | None) -> Origin:
    return Origin(dataset="imagenet_mobilenet", kind="real" if path else "sample", path=path)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Let pictures have 64 x 64 pixels: the weights are the same, and all is faster."""
    with patch.object(backbone, "SHAPE", Shape(64, 64, 3)):
        yield


@pytest.fixture(scope="module")
def whole() -> Any:
    return backbone.classifier(origin(None))


@pytest.fixture(scope="module")
def pixels() -> Any:
    return np.random.default_rng(0).integers(0, 256, (2, *backbone.SHAPE)).astype("float32")


@pytest.mark.parametrize("cut", ["pixels", 0, 5, "pooled"])
def test_below_and_above_a_cut_is_the_whole(whole: Any, pixels: Any, cut: Any) -> None:

    pooled = keras.Model(whole.input, whole.layers[-2].output)
    expected = np.asarray(pooled(pixels / 127.5 - 1, training=False))
    parts = backbone.upper(whole, cut)(backbone.lower(whole, cut)(pixels))
    assert np.asarray(parts) == pytest.approx(expected, abs=1e-4)
    assert np.abs(expected[0] - expected[1]).max() > 0.01  # random weights too tell pictures apart


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_weights_of_either_format(whole: Any, pixels: Any, tmp_path: Path, name: str) -> None:
    (whole.save_weights if "weights" in name else whole.save)(tmp_path / name)
    again = backbone.classifier(origin(tmp_path / name))
    x = pixels / 127.5 - 1
    assert np.array_equal(
        np.asarray(again(x, training=False)), np.asarray(whole(x, training=False))
    )


def test_a_file_cut_short_and_another_networks_weights_are_refused(
    whole: Any, tmp_path: Path
) -> None:

    (tmp_path / "cut.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.save_weights(tmp_path / "other.weights.h5")
    for name in ("cut", "other"):
        with pytest.raises(
            CasebookError, match=f"{name}.weights.h5 holds no weights of MobileNetV2"
        ):
            backbone.classifier(origin(tmp_path / f"{name}.weights.h5"))
