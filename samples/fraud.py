"""Card fraud: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_payments(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: payments with a learnable fraud.

    They have the public file's columns, ranges, skew and repeats. Frauds are 1 in 50, but no more
    than the public file's 492; they are shifted in a few components, each a bit differently, and
    some look normal. One row in a thousand is a repeat, one in two thousand lacks its amount.
    """
    rng = np.random.default_rng(seed)
    frauds = min(rows // 50, 492)
    label = np.zeros(rows, dtype="int64")
    label[rng.choice(rows, frauds, replace=False)] = 1
    spread = np.linspace(1.9, 0.3, 28)
    values = rng.standard_t(4, size=(rows, 28)) * spread * 0.7
    shifts = {2: -4.0, 3: 3.0, 9: -3.5, 11: -4.5, 13: -5.0, 16: -3.0}
    strength = rng.gamma(2.0, 0.5, size=rows) * label
    for component, shift in shifts.items():
        values[:, component] += shift * strength * rng.uniform(0.4, 1.4, size=rows)
    frame = pd.DataFrame(values.clip(-100, 100), columns=[f"V{i}" for i in range(1, 29)])
    frame.insert(0, "Time", np.sort(rng.integers(0, 172_793, size=rows)).astype("float64"))
    amount = np.exp(rng.normal(3.1, 1.6, size=rows)).round(2).clip(0, 25_000)
    amount[rng.random(rows) < 0.0005] = np.nan
    frame["Amount"], frame["Class"] = amount, label
    repeats = rng.choice(rows - 1, rows // 1000, replace=False)
    frame.iloc[repeats + 1] = frame.iloc[repeats].to_numpy()
    return frame.astype({"Class": "int64"})
