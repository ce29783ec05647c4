"""Pictures: an epoch of the labs' networks in the flows, against Keras' own `fit`.

Both train on the same pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, TypeAlias

import keras
import numpy as np

from benchmarks.figures import Figure, Options, ratio
from casebook.device import prepare
from flows import cifar10, mnist
from tasks.images.train import PictureNetwork, PictureSettings, fit

Training: TypeAlias = "Callable[[keras.Model, dict[str, Any], int], float]"

COUNT = 10_000  # random pictures: what is measured does not depend on what they show
EPOCHS = 2


def measure_pictures(options: Options) -> Iterator[Figure]:
    """Train each lab's network for two epochs in both ways, in turn, a fresh one each time."""
    prepare("cpu", 0)
    courses = {
        "mnist": (mnist.SHAPE, mnist.course_network, 128),
        "cifar10": (cifar10.SHAPE, cifar10.course_network, 64),
    }
    for name, (shape, network, batch) in courses.items():
        data = pictures(shape, 500 if options.quick else COUNT)
        ours, bare = [], []
        for _ in range(options.repeats + 1):  # the first of each pays for what later ones reuse
            ours.append(epoch_seconds(as_in_the_flow, network, data, batch))
            bare.append(epoch_seconds(as_in_a_script, network, data, batch))
        title = f"{name}: an epoch of {len(data['y']):,} pictures with the lab's network"
        yield Figure("pictures", f"{title}, by the flow", "s", tuple(ours[1:]))
        yield Figure("pictures", f"{title}, by Keras' fit", "s", tuple(bare[1:]))
        yield ratio("pictures", f"{name}: flow / fit", ours[1:], bare[1:])


def pictures(shape: tuple[int, int, int], count: int) -> dict[str, Any]:
    """Return random pixels and labels."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.integers(0, 256, (count, *shape), dtype=np.uint8),
        "y": rng.integers(0, 10, count),
    }


def as_in_the_flow(model: keras.Model, data: dict[str, Any], batch: int) -> float:
    """Return the seconds that the second epoch of the flow's training takes.

    The first epoch also compiles the network.
    """
    few = {name: values[:50] for name, values in data.items()}
    return fit(model, data, few, PictureSettings(epochs=EPOCHS, batch_size=batch), 0)["seconds"][-1]


def as_in_a_script(model: keras.Model, data: dict[str, Any], batch: int) -> float:
    """Return the seconds that the second epoch of Keras' `fit` takes.

    The pixels are numbers, as in the labs.
    """
    x = data["x"].astype("float32")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, data["y"], batch_size=batch, verbose=0)
    started = perf_counter()
    model.fit(x, data["y"], batch_size=batch, verbose=0)
    return perf_counter() - started


def epoch_seconds(
    train: Training, network: PictureNetwork, data: dict[str, Any], batch: int
) -> float:
    """Train a fresh network, and return the seconds that `train` measured.

    Keras' memory of earlier networks is cleared first.
    """
    keras.backend.clear_session()
    return train(network(data, 10), data, batch)
