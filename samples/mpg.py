"""Fuel economy of cars: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_cars(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: cars with the public file's columns and ranges.

    Two in a hundred lack horsepower.
    """
    rng = np.random.default_rng(seed)
    cylinders = rng.choice([3, 4, 5, 6, 8], rows, p=[0.01, 0.51, 0.01, 0.21, 0.26])
    year = rng.integers(70, 83, rows)
    weight = (1000 + 380 * cylinders + rng.normal(0, 250, rows)).clip(1600, 5200).round()
    horsepower = (weight / 28 + 6 * (cylinders - 4) + rng.normal(0, 9, rows)).clip(46, 230).round()
    frame = pd.DataFrame(
        {
            "cylinders": cylinders,
            "displacement": (cylinders * 38 + rng.normal(0, 18, rows)).clip(68, 455).round(),
            "horsepower": np.where(rng.random(rows) < 0.02, np.nan, horsepower),
            "weight": weight,
            "acceleration": (24 - horsepower / 13 + rng.normal(0, 1.5, rows))
            .clip(8, 24.8)
            .round(1),
            "year": year,
            "origin": np.where(cylinders > 5, 1, rng.integers(1, 4, rows)),
        }
    )
    economy = 62_000 / weight * (1 + 0.03 * (year - 76)) + (frame["origin"] - 1) * 0.8
    frame.insert(0, "mpg", (economy + rng.normal(0, 1.5, rows)).clip(9, 46.6).round(1))
    return frame
