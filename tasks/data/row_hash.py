"""Row hash: a number that a row has in every run, whatever stands beside it.

It decides in which part of a split the row is, and tells later which rows a model was fitted to.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd

from casebook.array_types import AnyArray, Float64Array, UInt64Array

GAP = "\uffff"  # is no character, so no text is taken for a missing one


def row_hashes(frame: pd.DataFrame) -> UInt64Array:
    """Return a hash of each row's content, shape (rows,).

    It depends on the names of the columns and the values, not on the order of columns, on the other
    rows, or on whether a whole number is kept as one: a column that gets its first missing value
    becomes one of fractions.

    Examples
    --------
    >>> row_hashes(pd.DataFrame({"x": [1, 2], "y": ["a", None]}))
    array([ 4315624843940590132, 13821010411512356156], dtype=uint64)
    >>> bool(row_hashes(pd.DataFrame({"y": ["a"], "x": [1.0]})) == 4315624843940590132)
    True
    """
    hashes = np.zeros(len(frame), "uint64")
    for name, column in frame.items():
        values = pd.util.hash_array(_plain(column), categorize=False)
        hashes += _mixed(values ^ np.uint64(_digest(str(name).encode())))
    return _mixed(hashes)


def array_hashes(rows: AnyArray) -> UInt64Array:
    """Return a hash of each row's values, shape (rows,), where a row is an array of any shape."""
    return np.array([_digest(np.ascontiguousarray(row).tobytes()) for row in rows], "uint64")


def positions(hashes: UInt64Array, salt: int = 0) -> Float64Array:
    """Return where each hash lies between 0 and 1; another salt gives other places.

    Examples
    --------
    >>> positions(np.array([1, 2], "uint64")).round(3).tolist()
    [0.166, 0.51]
    """
    salted = _mixed(hashes + _mixed(np.array([salt], "uint64")))
    return salted / 2.0**64


def _plain(column: pd.Series) -> AnyArray:
    """Return numbers as floats with one kind of zero and of NaN, and anything else as text."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy("float64", na_value=np.nan)
        plain: AnyArray = np.where(np.isnan(values), np.nan, values + 0.0)
        return plain
    text = column.astype(object)
    return np.where(column.isna(), GAP, text.astype(str)).astype(object)


def _digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def _mixed(hashes: UInt64Array) -> UInt64Array:
    """Return hashes all of whose bits depend on all bits (Steele et al. 2014, SplitMix64)."""
    mixed = hashes + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
