"""Augment: shuffled batches of images, shifted, mirrored or partly covered anew in every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy import typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from casebook.array_types import UInt8Array

T = TypeVar("T")


class Augmentation(BaseModel):
    """What is done to training pictures, each drawn anew.

    Attributes
    ----------
    shift
        By how many pixels a picture is moved at most, up or down and left or right; what comes in
        is mirrored.
    flip
        Whether every other picture is mirrored left to right: in turn, so that two epochs show both
        sides of each (Jordan 2024, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", section
        3.6).
    cover
        The side of a square that is covered with the picture's mean value (DeVries and Taylor 2017,
        "Cutout"), 0 for none.
    turn, zoom
        By how many degrees a picture is turned and by which share it is made larger or smaller at
        most.
    """

    model_config = ConfigDict(frozen=True)
    shift: int = 0
    flip: bool = False
    cover: int = 0
    turn: float = 0.0
    zoom: float = 0.0


def epoch(
    x: UInt8Array, y: npt.NDArray[Any], batch: int, how: Augmentation, number: int, seed: int
) -> Iterator[tuple[UInt8Array, npt.NDArray[Any]]]:
    """Yield the whole batches of one epoch in random order, augmented.

    Rows left over wait for another epoch.
    """
    rng = np.random.default_rng((seed, number))
    order = rng.permutation(len(x))
    mirrored = (np.random.default_rng(seed).integers(0, 2, len(x)) + number) % 2 == 1
    size = min(batch, len(x))
    for first in range(0, len(x) - size + 1, size):
        rows = order[first : first + size]
        pictures = x[rows]
        if how.flip:
            pictures[mirrored[rows]] = pictures[mirrored[rows], :, ::-1]
        if how.turn or how.zoom:
            pictures = warped(pictures, how, rng)
        if how.shift:
            pictures = shifted(pictures, how.shift, rng)
        if how.cover:
            pictures = covered(pictures, how.cover, rng)
        yield pictures, y[rows]


def ahead(batches: Iterator[T]) -> Iterator[T]:
    """Yield the same batches, each made in a thread while the one before it is learnt from."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = worker.submit(next, batches, None)
            yield batch


def shifted(pictures: UInt8Array, limit: int, rng: np.random.Generator) -> UInt8Array:
    """Return each image shifted by up to `limit` pixels in both directions.

    The gap is filled by reflecting the image at its border.
    """
    count, height, width, _ = pictures.shape
    padded = np.pad(pictures, ((0, 0), (limit, limit), (limit, limit), (0, 0)), mode="reflect")
    offsets = rng.integers(0, 2 * limit + 1, (2, count)).T.tolist()
    moved = np.empty_like(pictures)
    # a tenth of an index array's time
    for picture, wide, (down, right) in zip(moved, padded, offsets, strict=True):
        picture[:] = wide[down : down + height, right : right + width]
    return moved


def covered(pictures: UInt8Array, side: int, rng: np.random.Generator) -> UInt8Array:
    """Return each image with a square of its mean value somewhere.

    The square may extend beyond the border.
    """
    count, height, width, _ = pictures.shape
    corners: list[Any] = [rng.integers(0, length, count) for length in (height, width)]
    means = pictures.sum(axis=1, dtype="uint32").sum(axis=1) // (height * width)
    reach = (side - 1) // 2
    hidden = pictures.copy()
    for picture, mean, row, column in zip(hidden, means, *corners, strict=True):
        picture[
            max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
        ] = mean
    return hidden


def cropped(pictures: UInt8Array, least: float, rng: np.random.Generator) -> UInt8Array:
    """Return a random crop of each image, resized to the full size.

    A crop has `least` to all of the image's area, and the same aspect ratio. Its place and size are
    drawn anew for each image (Szegedy et al. 2015, "Going deeper with convolutions").
    """
    count, height, width, _ = pictures.shape
    sides = np.sqrt(rng.uniform(least, 1, count))
    places = rng.uniform(0, 1, (count, 2)) * (1 - sides[:, None])
    crops = np.empty_like(pictures)
    for i, (side, (down, right)) in enumerate(zip(sides, places, strict=True)):
        box = (right * width, down * height, (right + side) * width, (down + side) * height)
        crops[i] = np.asarray(
            Image.fromarray(pictures[i]).resize((width, height), Image.Resampling.BILINEAR, box=box)
        )
    return crops


def warped(pictures: UInt8Array, how: Augmentation, rng: np.random.Generator) -> UInt8Array:
    """Return each image rotated and zoomed about its centre, by linear interpolation.

    Beyond its border it is black.
    """
    angles = np.deg2rad(rng.uniform(-how.turn, how.turn, len(pictures)))
    zooms = 1 + rng.uniform(-how.zoom, how.zoom, len(pictures))
    middle = (np.array(pictures.shape[1:3]) - 1) / 2
    turned = np.empty_like(pictures)
    for i, (angle, zoom) in enumerate(zip(angles, zooms, strict=True)):
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
        offset = middle - matrix @ middle
        for channel in range(pictures.shape[-1]):
            ndimage.affine_transform(
                pictures[i, ..., channel], matrix, offset, output=turned[i, ..., channel], order=1
            )
    return turned
