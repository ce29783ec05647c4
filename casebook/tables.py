"""Read and write tables and arrays in a stage's folder.

Parquet and npz are the two formats that pass between stages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy import typing as npt

from casebook.store import Ref


def read_table(ref: Ref, name: str = "table", columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table of a stage's output, all of it or some columns."""
    return pd.read_parquet(ref.path(f"{name}.parquet"), columns=columns)


def write_table(out: Path, frame: pd.DataFrame, name: str = "table") -> None:
    """Write a table into a stage's folder, without the index."""
    frame.to_parquet(out / f"{name}.parquet", index=False)


def read_arrays(ref: Ref, name: str) -> dict[str, npt.NDArray[Any]]:
    """Read the named arrays of one npz file; objects, which could hold code, are refused."""
    with np.load(ref.path(f"{name}.npz"), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def write_arrays(out: Path, name: str, **arrays: np.ndarray[Any, Any]) -> None:
    """Write named arrays into one uncompressed npz file."""
    np.savez(out / f"{name}.npz", allow_pickle=False, **arrays)
