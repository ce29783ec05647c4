"""Embed: run images once through the frozen part of a trained network, and keep its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy import typing as npt

from casebook.array_types import UInt8Array
from casebook.device import DeviceChoice, prepare
from casebook.origin import Origin
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.images import backbone
from tasks.images.backbone import Cut
from tasks.tables.split import PARTS
from tasks.training.augmentation import cropped
from tasks.training.finite import finite_inputs

BATCH = 16  # pictures at once, always so many: a graph is traced for each number of them
SIDES = 2  # views of a validation or test picture: as it is, and mirrored
LEAST = 0.5  # of a picture's area that a crop shows
PLAIN, POOLED, CUT = "plain", "pooled", "cut"  # the folders of the output


@stage
def embed(
    out: Path,
    pictures: Ref,
    weights: Origin,
    cut: Cut,
    views: int,
    seed: int,
    device: DeviceChoice = "auto",
) -> Facts:
    """Keep the activations of each image at a cut of MobileNetV2, and its features.

    The features are those after the last layer but one. A training image has several views: as it
    is, mirrored, and from the third on random crops of it. Other images have two, whose answers can
    be averaged.

    Writes three folders, each with the splits' arrays `x` and `y`: `cut` (x: rows, views, height,
    width, channels) and `pooled` (rows, views, 1280) with all views, `plain` (rows, 1280) with the
    image as it is. The training activations at the cut have 16 bits, half the disk space for a
    rounding of .05 %; what metrics are computed from has 32.
    """
    used = prepare(device, seed)
    whole = backbone.classifier(weights)
    network = two_outputs(whole, cut)
    rows = {name: read_arrays(pictures, name) for name in PARTS}
    count = {name: views if name == "train" else min(views, SIDES) for name in PARTS}
    total = sum(-(-len(part["y"]) // BATCH) * count[name] for name, part in rows.items())
    with Progress("embedding", total) as progress:
        for name, part in rows.items():
            bits = "float16" if name == "train" else "float32"
            at_cut, pooled = embedded(network, part["x"], count[name], bits, seed, progress)
            for folder, x in ((CUT, at_cut), (POOLED, pooled), (PLAIN, pooled[:, 0])):
                finite_inputs({f"the backbone's output {folder}": x}, name)
                (out / folder).mkdir(exist_ok=True)
                write_arrays(out / folder, name, x=x, y=part["y"])
    shape = list(at_cut.shape[2:])
    return {
        "rows": len(rows["train"]["y"]),
        "views": views,
        "cut": cut,
        "shape": shape,
        "device": used,
    }


def within(embedding: Ref, folder: str) -> Ref:
    """Return the reference to one folder of what `embed` wrote."""
    return embedding.model_copy(update={"within": folder})


def two_outputs(whole: keras.Model, cut: Cut) -> keras.Model:
    """Return a network from raw pixels to two outputs, computed in one pass.

    They are the activations at the cut and the pooled features.
    """
    below, above = backbone.lower(whole, cut), backbone.upper(whole, cut)
    return keras.Model(below.input, [below.output, above(below.output)])


def embedded(
    network: keras.Model, x: UInt8Array, views: int, bits: str, seed: int, progress: Progress
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return both outputs of the network for all views, each of shape (rows, views, ...).

    `bits` is the data type of the first output.
    """
    kinds = zip(network.output_shape, (bits, "float32"), strict=True)
    outputs = [np.empty((len(x), views, *shape[1:]), kind) for shape, kind in kinds]
    for view in range(views):
        for first, batch in batches(x, view, seed):
            filled = np.resize(batch, (BATCH, *batch.shape[1:]))  # the last one begins again
            for array, output in zip(outputs, network.predict_on_batch(filled), strict=True):
                array[first : first + len(batch), view] = output[: len(batch)]
            progress.step()
    return outputs[0], outputs[1]


def batches(x: UInt8Array, view: int, seed: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield the images of one view in batches, each with the position of its first image.

    Every other view is mirrored.
    """
    rng = np.random.default_rng((seed, view))
    for first in range(0, len(x), BATCH):
        batch = x[first : first + BATCH]
        if view >= SIDES:
            batch = cropped(batch, LEAST, rng)
        yield first, (batch[:, :, ::-1] if view % 2 else batch).astype("float32")
