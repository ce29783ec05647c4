"""Scaling: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

OUTLIER = 2000.0  # million won a year, of one of the people


def make_people(rows: int, seed: int) -> pd.DataFrame:
    """Make heights in cm and yearly incomes in million won, skewed as incomes are.

    One person is an outlier.
    """
    rng = np.random.default_rng(seed)
    height, income = rng.normal(168, 9, rows).round(1), np.exp(rng.normal(3.7, 0.45, rows)).round(1)
    income[rng.integers(rows)] = OUTLIER
    return pd.DataFrame({"height": height, "income": income})
