"""Five kinds of flowers: the embedded sample."""

from __future__ import annotations

import numpy as np
from numpy import typing as npt

SIDE = 224  # pixels


def make_flowers(rows: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Make the embedded sample: discs with petals, of five kinds and colours.

    They are somewhere on green noise.
    """
    kinds = (  # petals, how deep they are cut, colour of the petals and of the disc
        (13, 0.5, (245, 245, 245), (240, 200, 30)),
        (40, 0.2, (240, 210, 20), (220, 180, 10)),
        (5, 0.15, (200, 20, 50), (150, 10, 40)),
        (17, 0.35, (250, 180, 10), (90, 50, 20)),
        (3, 0.3, (220, 90, 180), (230, 140, 200)),
    )
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(rows) % len(kinds))
    side = SIDE
    pictures = rng.integers(0, 60, (rows, side, side, 3)).astype("uint8")
    pictures[..., 1] += rng.integers(30, 150, (rows, 1, 1)).astype("uint8")
    down, right = np.mgrid[:side, :side]
    for picture, label in zip(pictures, labels, strict=True):
        petals, depth, colour, disc = kinds[label]
        y, x, turn = (*rng.uniform(0.3 * side, 0.7 * side, 2), rng.uniform(0, 2 * np.pi))
        size, angle = rng.uniform(0.2, 0.4) * side, np.arctan2(down - y, right - x)
        distance = np.hypot(down - y, right - x) / size
        picture[distance < 1 - depth * (1 + np.cos(petals * angle + turn)) / 2] = colour
        picture[distance < 0.3] = disc
    return pictures, labels
