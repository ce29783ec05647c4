"""Types: what type of a file's column can be what in the catalog, and which are refused."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import compute
from pyarrow import types as t


def plain(cells: pa.Array) -> pa.Array:
    """Return a column as values themselves: without a dictionary, an extension's name or a view."""
    if t.is_dictionary(cells.type):
        return plain(cells.dictionary_decode())
    if isinstance(cells.type, pa.JsonType):
        return plain(cells.storage)
    if t.is_string_view(cells.type) or t.is_large_string(cells.type):
        return cells.cast(pa.string() if t.is_string_view(cells.type) else pa.large_string())
    return cells


def as_text(cells: pa.Array) -> pa.Array:
    """Return truths, dates and times as the texts that stand for them, and all else as it is.

    Times are of UTC where they have a zone, to the second.

    Examples
    --------
    >>> as_text(pa.array([True, None])).to_pylist()
    ['true', None]
    >>> as_text(pa.array([0], pa.timestamp("ms", "Asia/Seoul"))).to_pylist()
    ['1970-01-01T00:00:00']
    """
    if t.is_boolean(cells.type) or t.is_date(cells.type) or t.is_time(cells.type):
        return cells.cast(pa.string())
    if t.is_timestamp(cells.type):
        plain_times = cells.cast(pa.timestamp("us", cells.type.tz), safe=False)
        return compute.strftime(
            plain_times.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%S"
        )
    return cells


def is_number(kind: pa.DataType) -> bool:
    """Say whether a type is one of numbers."""
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind))


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is one of texts."""
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def is_bytes(kind: pa.DataType) -> bool:
    """Say whether a type is one of bytes, such as pictures."""
    tests = (t.is_binary, t.is_large_binary, t.is_fixed_size_binary, t.is_binary_view)
    return any(test(kind) for test in tests)


def is_list(kind: pa.DataType) -> bool:
    """Say whether a type is one of lists."""
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def holds_bytes(kind: pa.DataType) -> bool:
    """Say whether a type is one of bytes, or has some within."""
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return is_bytes(kind) or any(map(holds_bytes, inner))
