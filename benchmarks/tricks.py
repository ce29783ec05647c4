"""Tricks: what each part of the fast recipe for small photos gains in accuracy and seconds.

Each part is measured by leaving it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import keras
import numpy as np

from benchmarks.figures import Figure, Options
from benchmarks.processes import Failed
from casebook.array_types import NamedArrays
from casebook.device import prepare
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Run, under_way
from flows import cifar10
from tasks.data.fetch import fetch
from tasks.images.read import read
from tasks.images.train import PictureSettings, averaged_views, fit, score
from tasks.training.augmentation import Augmentation
from tasks.training.train import steady

PICTURES = 5_000  # of the training part; as many as a run of minutes allows for each trick
JUDGED = 5_000  # other training pictures: the test part is not read here
EPOCHS = 4

WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "all of them": {},
    "without mirrored and moved pictures": {"augmentation": Augmentation()},
    "without label smoothing": {"smoothing": 0.0},
    "without averaged weights": {"average": 0.0},
    "without a cycle of the rate (constant, a third)": {
        "schedule": "constant",
        "learning_rate": 0.2,
    },
    "without weight decay": {"weight_decay": 0.0},
    "without the second view when answering": {"views": 1},
    "Adam at .001, constant, in its place": {
        "optimizer": "adam",
        "schedule": "constant",
        "learning_rate": 1e-3,
    },
}


def measure_tricks(options: Options) -> Iterator[Figure]:
    """Train the fast network on some real photos, in full and with one part left out each time."""
    prepare("cpu", 0)
    train, judged = photos(500 if options.quick else PICTURES, 200 if options.quick else JUDGED)
    usual = cifar10.FAST.model_copy(update={"epochs": 1 if options.quick else EPOCHS})
    trials = {
        name: (usual.model_copy(update=dict(change)), False) for name, change in WITHOUT.items()
    }
    trials["without whitened patches and passing kernels"] = (usual, True)
    for name, (settings, plain) in trials.items():
        accuracy, seconds = tried(train, judged, settings, plain=plain)
        title = f"cifar10, {len(train['y']):,} photos, {settings.epochs} epochs, {name}"
        yield Figure("tricks", f"{title}: accuracy", "", (accuracy,))
        yield Figure("tricks", f"{title}: an epoch", "s", (seconds,))


def photos(count: int, judged: int) -> tuple[NamedArrays, NamedArrays]:
    """Return real photos for training, and others that judge.

    Raises
    ------
    Failed
        There is no real data.
    """
    with under_way(Run("cifar10", CaseParams())):
        try:
            origin = fetch(cifar10.CASE.dataset, "real")
        except CasebookError as error:
            raise Failed(str(error)) from error
    assert origin.path is not None
    given = (picture for picture in read(origin.path, cifar10.SHAPE) if picture.part == "train")
    sound = ((picture.pixels, picture.label) for picture in given if picture.pixels is not None)
    pictures, labels = zip(*islice(sound, count + judged), strict=True)
    x, y = np.stack(pictures), np.array(labels)
    return {"x": x[:count], "y": y[:count]}, {"x": x[count:], "y": y[count:]}


def tried(
    train: NamedArrays, judged: NamedArrays, settings: PictureSettings, *, plain: bool
) -> tuple[float, float]:
    """Return the accuracy on the judging photos and the seconds of an epoch.

    With `plain` the network starts from random kernels.
    """
    keras.backend.clear_session()
    model = steady(lambda: network(train, plain=plain), 0)
    few = {name: values[:100] for name, values in judged.items()}
    seconds = fit(model, train, few, settings, 0)["seconds"]
    final = averaged_views(model) if settings.views > 1 else model
    right = score(final, judged["x"]).argmax(axis=1) == judged["y"]
    return float(right.mean()), min(seconds)


def network(train: NamedArrays, *, plain: bool) -> keras.Model:
    """Return the fast network.

    Its convolutions are initialized as in the recipe; with `plain` they are drawn at random and all
    trained.
    """
    model = cifar10.fast_network(train, 10)
    if not plain:
        return model
    model.get_layer("whiten").trainable = True
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(layer.kernel_initializer(layer.kernel.shape))
    return model
