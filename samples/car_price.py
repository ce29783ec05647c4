"""Car prices: the embedded sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy import typing as npt


def make_autos(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: cars with a learnable price.

    They have the public file's columns, gaps, names and skew.
    """
    rng = np.random.default_rng(seed)

    def noise(deviation: float) -> npt.NDArray[np.float64]:
        return rng.normal(0.0, deviation, rows)

    size = rng.gamma(3.0, 0.35, rows).clip(0.2, 3.0)  # of the car and its engine
    cylinders = np.select(
        [size < 0.3, size < 1.6, size < 2.0, size < 2.7], ["three", "four", "five", "six"], "eight"
    )
    turbo, diesel = rng.random(rows) < 0.18, rng.random(rows) < 0.1
    drive = np.where(
        rng.random(rows) < 0.06, "4wd", np.where(size + noise(0.3) > 1.25, "rwd", "fwd")
    )
    horsepower = (48 + 52 * size + 25 * turbo - 15 * diesel + noise(6)).clip(48, 288).round()
    economy = (42 - 9 * size + 6 * diesel + noise(1.5)).clip(13, 50).round()
    make = rng.choice(
        ["toyota", "nissan", "mazda", "honda", "bmw", "peugot", "volvo", "alfa-romero"], rows
    )
    price = 5000 * np.exp(0.55 * size + 0.4 * (make == "bmw") + 0.15 * turbo + noise(0.1))
    return pd.DataFrame(
        {
            "symboling": rng.integers(-2, 4, rows),
            "normalized-losses": with_gaps((120 + noise(35)).clip(65, 256).round(), 0.2, rng),
            "make": make,
            "fuel-type": np.where(diesel, "diesel", "gas"),
            "aspiration": np.where(turbo, "turbo", "std"),
            "num-of-doors": with_gaps(rng.choice(["two", "four"], rows, p=[0.45, 0.55]), 0.01, rng),
            "body-style": rng.choice(
                ["sedan", "hatchback", "wagon", "hardtop", "convertible"], rows
            ),
            "drive-wheels": drive,
            "engine-location": np.where(rng.random(rows) < 0.02, "rear", "front"),
            "wheel-base": (93 + 5 * size + noise(2)).round(1),
            "length": (158 + 15 * size + noise(4)).round(1),
            "width": (63.5 + 2.4 * size + noise(0.8)).round(1),
            "height": (54 + noise(2.4)).round(1),
            "curb-weight": (1700 + 820 * size + noise(150)).round(),
            "engine-type": rng.choice(
                ["ohc", "ohcf", "ohcv", "dohc"], rows, p=[0.7, 0.1, 0.1, 0.1]
            ),
            "num-of-cylinders": cylinders,
            "engine-size": (70 + 55 * size + noise(8)).round(),
            "fuel-system": np.where(diesel, "idi", rng.choice(["mpfi", "2bbl", "1bbl"], rows)),
            "bore": with_gaps((3.1 + 0.22 * size + noise(0.2)).round(2), 0.02, rng),
            "stroke": with_gaps((3.25 + noise(0.3)).round(2), 0.02, rng),
            "compression-ratio": np.where(diesel, 21.5, (9 + noise(0.6)).round(1)),
            "horsepower": with_gaps(horsepower, 0.01, rng),
            "peak-rpm": with_gaps(
                np.where(diesel, 4500.0, rng.choice([4800.0, 5200.0], rows)), 0.01, rng
            ),
            "city-mpg": economy,
            "highway-mpg": economy + rng.integers(3, 8, rows),
            "price": with_gaps(price.round(), 0.02, rng),
        }
    )


def with_gaps(values: npt.NDArray[Any], share: float, rng: np.random.Generator) -> pd.Series:
    """Return the values with a share of them missing."""
    return pd.Series(values).mask(rng.random(len(values)) < share)
