"""Subsample: keep so many rows of a table that has more, chosen by a hash of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.data.row_hash import positions, row_hashes

SALT = 0x5EED  # no fold's: else a subsample would hold the rows of some folds alone


@dataclass(frozen=True)
class Subsample:
    """Keep so many rows, in their order, or all where there are no more.

    A row's hash decides, so nearly the same rows are kept of a table that has grown by a few.
    """

    rows: int

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are kept.

        Examples
        --------
        >>> Subsample(2)(pd.DataFrame({"x": range(5)})).shape
        (2, 1)
        """
        if len(frame) <= self.rows:
            return frame
        places = positions(row_hashes(frame), SALT)
        kept = np.sort(np.argpartition(places, self.rows)[: self.rows])
        return frame.iloc[kept].reset_index(drop=True)

    def __str__(self) -> str:
        return f"subsample({self.rows})"
