"""Boston house prices: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_tracts(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: tracts with a learnable price.

    They have the public file's columns, ranges and skew.
    """
    rng = np.random.default_rng(seed)
    wealth, urban = rng.normal(size=rows), rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "CRIM": np.exp(rng.normal(-1.5 + 1.5 * urban, 1.0)).clip(0.006, 88),
            "ZN": np.where(urban < -0.5, rng.choice([12.5, 25, 40, 80], rows), 0.0),
            "INDUS": (11 + 6 * urban + rng.normal(0, 2, rows)).clip(0.5, 27.7),
            "CHAS": rng.binomial(1, 0.07, rows),
            "NOX": (0.55 + 0.1 * urban + rng.normal(0, 0.03, rows)).clip(0.385, 0.871),
            "RM": (6.3 + 0.6 * wealth + rng.normal(0, 0.3, rows)).clip(3.6, 8.8),
            "AGE": (68 + 25 * urban + rng.normal(0, 10, rows)).clip(2.9, 100),
            "DIS": np.exp(1.2 - 0.5 * urban + rng.normal(0, 0.2, rows)).clip(1.1, 12.1),
            "RAD": rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 24], rows).astype("float64"),
            "TAX": (400 + 120 * urban + rng.normal(0, 40, rows)).clip(187, 711).round(),
            "PTRATIO": (18.5 - wealth + rng.normal(0, 1, rows)).clip(12.6, 22),
            "B": (396.9 - rng.exponential(40, rows)).clip(0.3, 396.9),
            "LSTAT": np.exp(2.4 - 0.5 * wealth + rng.normal(0, 0.2, rows)).clip(1.7, 38),
        }
    )
    price = (
        22
        + 5 * (frame["RM"] - 6.3)
        - 0.5 * (frame["LSTAT"] - 12)
        + 3 * frame["CHAS"]
        + 1.5 * wealth * urban
    )
    frame["MEDV"] = (price + rng.normal(0, 1.5, rows)).clip(5, 50).round(1)
    return frame.round(5)
