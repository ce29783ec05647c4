"""Packed numbers: arrays as bytes behind each other, in an order that compresses well."""

from __future__ import annotations

from typing import Any

import numpy as np

from casebook.array_types import AnyArray


class PackedNumbers:
    """The bytes of arrays.

    Of an array's numbers all first bytes come first, then all second ones, and so on: signs and
    exponents are alike, and compress better beside each other.
    """

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, array: AnyArray, kind: str) -> dict[str, Any]:
        """Add an array as numbers of a kind, and return what it takes to read them.

        Examples
        --------
        >>> numbers = PackedNumbers()
        >>> numbers.add(np.array([1, 256]), "int16")
        {'kind': 'int16', 'start': 0, 'count': 2}
        >>> list(numbers.content)
        [1, 0, 0, 1]
        """
        little = np.ascontiguousarray(array, dtype=np.dtype(kind).newbyteorder("<"))
        start = len(self.content)
        self.content += little.reshape(-1, 1).view("uint8").T.tobytes()
        return {"kind": kind, "start": start, "count": array.size}
