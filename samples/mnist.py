"""Handwritten digits, or pieces of clothing: the embedded sample."""

from __future__ import annotations

import numpy as np
from numpy import typing as npt

SHAPE = (28, 28, 1)


def make_digits(rows: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Make the embedded sample: ten kinds of strokes on seven segments.

    They look as on a calculator, moved and noisy.
    """
    segments = (
        "abcdef",
        "bc",
        "abged",
        "abgcd",
        "fgbc",
        "afgcd",
        "afgedc",
        "abc",
        "abcdefg",
        "abcdfg",
    )
    lines = {  # top, bottom, left, right of each segment's bar
        "a": (4, 7, 8, 20),
        "g": (12, 15, 8, 20),
        "d": (20, 23, 8, 20),
        "f": (4, 15, 8, 11),
        "b": (4, 15, 17, 20),
        "e": (12, 23, 8, 11),
        "c": (12, 23, 17, 20),
    }
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(rows) % 10)
    pictures = np.zeros((rows, *SHAPE), "uint8")
    for picture, label in zip(pictures, labels, strict=True):
        down, right = rng.integers(-3, 4, 2)
        for segment in segments[label]:
            top, bottom, left, end = lines[segment]
            picture[top + down : bottom + down, left + right : end + right] = rng.integers(150, 255)
        picture += rng.integers(0, 60, SHAPE).astype("uint8") * (picture < 100)
    return pictures, labels
