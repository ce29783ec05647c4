"""Ten kinds of small colour photos: the embedded sample."""

from __future__ import annotations

import numpy as np
from numpy import typing as npt

SHAPE = (32, 32, 3)


def make_photos(rows: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Make the embedded sample: ten kinds of coloured shapes on coloured ground.

    They are moved, shaded and noisy.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(rows) % 10)
    down, right = np.mgrid[0:32, 0:32]
    pictures = rng.integers(0, 80, (rows, *SHAPE)).astype("uint8")
    pictures += rng.integers(0, 80, (rows, 1, 1, 3)).astype("uint8")
    for picture, label in zip(pictures, labels, strict=True):
        y, x = down - rng.integers(12, 20), right - rng.integers(12, 20)
        round_, square, cross = (
            y**2 + x**2 < 64,
            np.maximum(abs(y), abs(x)) < 8,
            np.minimum(abs(y), abs(x)) < 3,
        )
        shape = (round_, square, cross, y > x, (y + x) % 8 < 4)[label % 5]
        picture[shape] = (
            picture[shape] // 2 + (rng.integers(60, 120), 0, 100)
            if label < 5
            else 255 - picture[shape]
        )
    return pictures, labels
