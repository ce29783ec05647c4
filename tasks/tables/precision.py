"""Precision: a model is given 32-bit numbers.

Columns whose values 32-bit numbers tell apart too coarsely are trained on them too.

A latitude of 40.7128 ± 0.03 moves by a ten-thousandth of its deviation when it becomes a 32-bit
number. Trained on what the service will be given, the model answers there what it answered in
evaluation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from casebook.errors import CasebookError

# of a column's deviation: on average numbers move further when they become 32-bit ones
UNLIKE = 1e-5
LOST = 0.05  # of a column's deviation: numbers move so far that the column says something else


def coarse(train: pd.DataFrame) -> list[str]:
    """Return the columns whose numbers move noticeably when they become 32-bit numbers.

    Raises
    ------
    CasebookError
        Most of what a column tells would be lost.

    Examples
    --------
    >>> coarse(pd.DataFrame({"year": [2019, 2020], "latitude": [40.7128, 40.7135]}))
    ['latitude']
    """
    columns = []
    for name in train.select_dtypes("number").columns:
        values = train[name].dropna().to_numpy("float64")
        deviation = values.std() if len(values) else 0.0
        with np.errstate(over="ignore"):
            moved = abs(values.astype("float32") - values).mean() if len(values) else 0.0
        if deviation > 0 and moved > LOST * deviation:
            raise CasebookError(
                f"{name} has values around {values.mean():.6g} that differ by about "
                f"{deviation:.2g}. A model takes 32-bit numbers of seven digits, which can't tell "
                "them apart. Subtract a round number from it in a cleaning step, or give it in a "
                "larger unit, such as days since a date."
            )
        if moved > UNLIKE * deviation:
            columns.append(str(name))
    return columns


def as_served(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the frame with the numbers of some columns as the service is given them."""
    return frame.assign(
        **{name: frame[name].astype("float32").astype("float64") for name in columns}
    )
