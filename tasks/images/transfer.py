"""Transfer: learn new classes on top of a network that was trained on others.

Either a new head is trained alone, or the upper blocks with it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy import typing as npt

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.device import prepare
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.images import backbone
from tasks.images.backbone import Cut
from tasks.images.train import PictureSettings, averaged_views, fit, score
from tasks.training.train import steady

HEAD = "head"
CHECKED = 4  # validation pictures on which the whole network is held to what was trained
TOLERANCE = 1e-3


class TransferSettings(PictureSettings):
    """How a head, or a network's upper part with it, is trained.

    Attributes
    ----------
    dropout
        The share of features that the head does without in each step of training.
    """

    dropout: float = 0.0


@stage
def transfer(
    out: Path,
    pictures: Ref,
    features: Ref,
    cut: Cut,
    weights: Origin,
    head: Ref | None,
    classes: int,
    settings: TransferSettings,
    seed: int,
) -> Facts:
    """Train what lies above a cut of MobileNetV2, and a head for the new classes.

    Parameters
    ----------
    pictures, features
        The parts' pixels; and the activations that `embed` kept of them at the cut, of one or more
        views, or the pixels again if nothing is frozen.
    cut
        What lies below stays as ImageNet trained it: `pooled` trains the head alone, a number what
        lies above that block, `pixels` everything.
    weights, classes
        Of the network; and how many classes there are.
    head
        A network that `transfer` trained before, whose head is gone on from: a new head's first,
        large errors would spoil the weights below it (freeze first, then fine-tune).
    settings, seed
        How to train; every view of a training picture is a row.

    Writes `network.keras` (raw pixels to logits), `head.npz`, `history.json` and `scores.npz`
    (logits of validation and test).

    Raises
    ------
    CasebookError
        The whole network answers validation pictures otherwise than its trained part did.
    """
    used = prepare(settings.device, seed)
    whole = backbone.classifier(weights)
    model = steady(lambda: trainable(whole, cut, classes, settings.dropout), seed)
    if head is not None:
        go_on_from(head, model)
    parts = {name: read_arrays(features, name) for name in ("train", "validation", "test")}
    learnt = rows(parts["train"])
    history = fit(model, learnt, plain(parts["validation"]), settings, seed)
    scores = {
        name: answers(model, parts[name]["x"], settings.views) for name in ("validation", "test")
    }
    final = assembled(whole, cut, model, settings.views)
    agree(final, read_arrays(pictures, "validation")["x"][:CHECKED], scores["validation"][:CHECKED])
    final.save(out / "network.keras")
    keep(out, model, scores, history)
    return {
        "rows": len(parts["train"]["y"]),
        "views": len(learnt["y"]) // len(parts["train"]["y"]),
        "parameters": int(final.count_params()),
        **training_facts(model, history, settings.epochs),
        "device": used,
    }


def go_on_from(head: Ref, model: keras.Model) -> None:
    """Give a model's head the weights of a head that was trained before."""
    weights = read_arrays(head, HEAD)
    model.get_layer(HEAD).set_weights([weights["kernel"], weights["bias"]])


def training_facts(model: keras.Model, history: dict[str, list[float]], epochs: int) -> Facts:
    """Return how many weights were trained, for how long, and how right they are at the end."""
    return {
        "trained": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "epochs": epochs,
        "best_epoch": epochs,
        "seconds_per_epoch": round(sum(history["seconds"]) / epochs, 2),
        "val_accuracy": history["val_accuracy"][-1],
    }


def keep(
    out: Path, model: keras.Model, scores: dict[str, Float32Array], history: dict[str, list[float]]
) -> None:
    """Write the trained head, the logits and the curves."""
    kernel, bias = model.get_layer(HEAD).get_weights()
    write_arrays(out, HEAD, kernel=kernel, bias=bias)
    write_arrays(out, "scores", **scores)
    files.write_json(out / "history.json", history)


def trainable(whole: keras.Model, cut: Cut, classes: int, dropout: float) -> keras.Model:
    """Return the trained part, from activations at the cut to one logit per class.

    Its weights are those of `whole`.
    """
    above = backbone.upper(whole, cut)
    hidden = above(above.input)
    if dropout:
        hidden = layers.Dropout(dropout)(hidden)
    return keras.Model(above.input, layers.Dense(classes, name=HEAD)(hidden), name=f"above-{cut}")


def assembled(whole: keras.Model, cut: Cut, model: keras.Model, views: int) -> keras.Model:
    """Return the network from raw pixels to logits.

    For two views the logits are the mean over an image and its mirror image.
    """
    below = backbone.lower(whole, cut)
    # the same layers without what only training needs
    above = keras.Model(model.input, model.output)
    network = keras.Model(below.input, above(below.output), name="transferred")
    return averaged_views(network) if views > 1 else network


def rows(part: NamedArrays) -> NamedArrays:
    """Return training rows, one for every view of a picture; pixels have no views."""
    x, y = part["x"], part["y"]
    if x.dtype == "uint8" or x.ndim == 2:
        return {"x": x, "y": y}
    return {"x": x.reshape(-1, *x.shape[2:]), "y": y.repeat(x.shape[1])}


def plain(part: NamedArrays) -> NamedArrays:
    """Return the rows of the pictures as they are, which the learning curve is drawn from."""
    x = part["x"]
    return {"x": x if x.dtype == "uint8" or x.ndim == 2 else x[:, 0], "y": part["y"]}


def answers(model: keras.Model, x: npt.NDArray[Any], views: int) -> Float32Array:
    """Return the logits of images, averaged over the first views of each.

    A view of raw pixels is made by mirroring.
    """
    if views == 1:
        return score(model, plain({"x": x, "y": x})["x"])
    both = (x, x[:, :, ::-1]) if x.dtype == "uint8" else (x[:, 0], x[:, 1])
    first, second = (score(model, view) for view in both)
    return (first + second) / np.float32(2)


def agree(final: keras.Model, pictures: npt.NDArray[np.uint8], expected: Float32Array) -> None:
    """Hold the whole network to the logits of the part that was trained.

    Raises
    ------
    CasebookError
        They differ: the activations are of other pictures or of other weights.
    """
    # for one call no graph is traced
    answered = np.asarray(final(pictures.astype("float32"), training=False))
    gap = float(abs(answered - expected).max()) if answered.shape == expected.shape else math.inf
    if not gap <= TOLERANCE * max(1.0, float(abs(expected).max())):
        raise CasebookError(
            f"The whole network's logits differ by {gap:.2g} from those of the part that was "
            "trained on kept activations: they are of other pictures or weights. Run again with "
            "--refresh."
        )
