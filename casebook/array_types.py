"""Types of arrays, for annotations.

They are strings, so that no module needs numpy before it computes.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy import typing as npt

AnyArray: TypeAlias = "npt.NDArray[Any]"
BoolArray: TypeAlias = "npt.NDArray[np.bool_]"
Float16Array: TypeAlias = "npt.NDArray[np.float16]"
Float32Array: TypeAlias = "npt.NDArray[np.float32]"
Float64Array: TypeAlias = "npt.NDArray[np.float64]"
Int32Array: TypeAlias = "npt.NDArray[np.int32]"
Int64Array: TypeAlias = "npt.NDArray[np.int64]"
IntpArray: TypeAlias = "npt.NDArray[np.intp]"
NamedArrays: TypeAlias = "dict[str, npt.NDArray[Any]]"
UInt8Array: TypeAlias = "npt.NDArray[np.uint8]"
UInt64Array: TypeAlias = "npt.NDArray[np.uint64]"
