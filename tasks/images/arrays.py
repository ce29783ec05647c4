"""Image arrays: an image set that an npz file holds as pixels and labels.

The layout is that of `keras.datasets`. Images are (n, height, width, channels), (n, channels,
height, width) or, if grey, (n, height, width): bytes from 0 to 255, or fractions from 0 to 1.
Labels are class numbers, one per image, in a column, or one-hot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from casebook.array_types import AnyArray, UInt8Array
from casebook.errors import CasebookError
from casebook.outside import reading
from tasks.images.picture import Picture, Shape

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
NUMBERS = "buif"  # numpy's kinds: booleans, integers without and with a sign, floats
WHITE = 255
MOST_CLASSES = 1 << 16
CLOSE = 1e-6  # fractions that a float32 rounds over 1


def in_arrays(path: Path, shape: Shape) -> Iterator[Picture]:
    """Yield pictures that are stored as arrays of pixels.

    Raises
    ------
    CasebookError
        The file is damaged or lacks an array, or an array has other values than pixels or labels
        have.
    """
    arrays = _loaded(path)
    _one_scale(path, arrays["x_train"], arrays["x_test"])
    for part in ("train", "test"):
        labels = class_numbers(arrays[f"y_{part}"], f"{path}: y_{part}")
        pixels = as_pixels(arrays[f"x_{part}"], shape, f"{path}: x_{part}", len(labels))
        mode = "L" if shape.channels == 1 else "RGB"
        for picture, label in zip(pixels, labels, strict=True):
            yield Picture(picture, label, part, (shape.width, shape.height), mode)


def _loaded(path: Path) -> dict[str, AnyArray]:

    with ExitStack() as opened:
        with reading(path, "npz"):  # numpy leaves a file open that it opened itself and can't read
            file = np.load(opened.enter_context(path.open("rb")), allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise CasebookError(
                f"{path} is a single array. Save {', '.join(ARRAYS)} with numpy.savez."
            )
        opened.enter_context(file)
        if missing := sorted(set(ARRAYS) - set(file.files)):
            raise CasebookError(
                f"{path} lacks the array {', '.join(missing)}; it has {', '.join(file.files)}."
            )
        return {name: _array(path, file, name) for name in ARRAYS}


def _array(path: Path, file: Any, name: str) -> AnyArray:
    with reading(f"{path}: {name}", "npz"):
        try:
            values: AnyArray = file[name]
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            raise CasebookError(
                f"{path}: {name} holds Python objects, which could run code when they are read. "
                "Save it as an array of numbers."
            ) from error
    if values.dtype.kind not in NUMBERS:
        raise CasebookError(f"{path}: {name} is of the type {values.dtype}. Save it as numbers.")
    if not values.ndim:
        raise CasebookError(
            f"{path}: {name} has shape (), a single number. Save one value or more for each "
            "picture."
        )
    return values


def class_numbers(labels: AnyArray, where: str) -> list[int]:
    """Return labels as numbers of classes, from 0 on.

    Raises
    ------
    CasebookError
        They have another shape, or one is no number of a class; it is named, counted from 1.
    """
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = _of_one_hot(labels, where)
    if labels.shape not in ((len(labels),), (len(labels), 1)):
        raise CasebookError(
            f"{where} has shape {labels.shape}. Give a number of its class for each picture."
        )
    flat = labels.reshape(-1)
    with np.errstate(invalid="ignore"):
        wrong = ~((flat >= 0) & (flat < MOST_CLASSES) & (flat == np.floor(flat)))
    if wrong.any():
        row = int(wrong.argmax())
        raise CasebookError(
            f"{where}: label {row + 1} is {flat[row]} ({int(wrong.sum()):,} such labels). A label "
            "is the number of a class: 0, 1, 2 and so on."
        )
    numbers: list[int] = flat.astype("int64").tolist()
    return numbers


def _of_one_hot(labels: AnyArray, where: str) -> AnyArray:
    hot = ((labels == 0) | (labels == 1)).all(axis=1) & (labels.sum(axis=1) == 1)
    if not hot.all():
        row = int((~hot).argmax())
        raise CasebookError(
            f"{where} has shape {labels.shape}, as one-hot labels, but row {row + 1} is not a 1 "
            f"among zeros: {labels[row][:8].tolist()}. Give a number of its class for each picture."
        )
    numbers: AnyArray = labels.argmax(axis=1)
    return numbers


def as_pixels(values: AnyArray, shape: Shape, where: str, labels: int) -> UInt8Array:
    """Return pictures as bytes of shape (pictures, height, width, channels).

    Raises
    ------
    CasebookError
        They have another shape or another number than the labels, or values that are no brightness.
    """
    one = values.shape[1:]
    if len(values) != labels or not labels:
        raise CasebookError(
            f"{where} has shape {values.shape} for {labels:,} labels. Give one picture for each "
            "label."
        )
    if one == (shape.channels, shape.height, shape.width) and one != tuple(shape):
        values = np.moveaxis(values, 1, -1)
    elif one != tuple(shape) and (*one, 1) != tuple(shape):
        raise CasebookError(
            f"{where} has shape {values.shape} of {values.dtype}, expected {tuple(shape)} (height, "
            "width, channels) for each picture. Scale the pictures first."
        )
    return _bytes(values, where).reshape(-1, *shape)


def _bytes(values: AnyArray, where: str) -> UInt8Array:

    if values.dtype.kind == "b":
        return values.astype("uint8") * np.uint8(WHITE)
    minimum, maximum = float(values.min()), float(values.max())
    whole = values.dtype.kind in "ui"
    if not (minimum >= 0 and maximum <= WHITE) or (whole and maximum == 1):
        only = (
            "only 0 and 1" if whole and maximum == 1 else f"numbers from {minimum:g} to {maximum:g}"
        )
        raise CasebookError(
            f"{where} holds {only} of {values.dtype}. Brightness is a whole number from 0 to "
            f"{WHITE}, or a fraction from 0 to 1 as a float."
        )
    if whole:
        return values.astype("uint8")
    scaled = np.clip(values, 0, 1) * WHITE if maximum <= 1 + CLOSE else values
    pixels: UInt8Array = np.rint(scaled).astype("uint8")
    return pixels


def _one_scale(path: Path, train: AnyArray, test: AnyArray) -> None:
    """Raise if one split holds fractions and the other values from 0 to 255.

    One of them would be taken for nearly black.
    """
    if "f" not in (train.dtype.kind + test.dtype.kind) or not (train.size and test.size):
        return
    maxima = {name: float(values.max()) for name, values in (("x_train", train), ("x_test", test))}
    fractions = {name: maximum <= 1 + CLOSE for name, maximum in maxima.items()}
    if train.dtype.kind == test.dtype.kind and len(set(fractions.values())) == 2:
        raise CasebookError(
            f"{path}: x_train goes up to {maxima['x_train']:g} and x_test up to "
            f"{maxima['x_test']:g}. Bring both to one scale: 0 to 1, or 0 to {WHITE}."
        )
