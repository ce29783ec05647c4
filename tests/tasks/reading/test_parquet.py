"""Cells of a parquet file have the types of the catalog, exactly, or are refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from casebook.errors import CasebookError
from casebook.store import Ref
from tests.tasks.reading.both_ways import SOUND, scored, trained


def parquet(path: Path, **columns: pa.Array) -> Path:
    rows = max(len(cells) for cells in columns.values())
    sound = {name: pa.array([values[0]] * rows) for name, values in SOUND.items()}
    pq.write_table(pa.table({**sound, **columns}), path)
    return path


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (pa.array([1.5, float("nan"), None]), [1.5, None, None]),
        (pa.array([1, 2], pa.uint64()), [1, 2]),
        (pa.array([Decimal("1.50"), None]), [1.5, None]),
        (pa.array([1.5, 2.0], pa.float32()), [1.5, 2.0]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([3, None, 3]).dictionary_encode(), [3, None, 3]),
    ],
    ids=["nan", "unsigned", "decimal", "float32", "null", "categories"],
)
def test_numbers_of_a_parquet_file(
    home: Path, keep: Callable[..., Ref], cells: pa.Array, values: list[Any]
) -> None:
    path = parquet(home / "mine.parquet", price=cells)
    assert trained(path, keep)["price"] == values
    assert scored(path)["price"] == values


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([2**64 - 1, 1], pa.uint64()),
        pa.array([1e300, 1.0]),
        pa.array([2**53 + 1, None]),
        pa.array([True, None]),
        pa.array([date(2026, 1, 1)]),
        pa.array([datetime(2026, 1, 1, tzinfo=UTC)]),
        pa.array([{"a": 1}]),
        pa.array([[1]]),
        pa.array([b"x"]),
        pa.array([1.0, float("inf")]),
    ],
    ids=[
        "uint64",
        "1e300",
        "with gap",
        "bool",
        "date",
        "timestamp",
        "struct",
        "list",
        "bytes",
        "inf",
    ],
)
def test_what_cannot_be_a_whole_number_is_refused(
    home: Path, keep: Callable[..., Ref], cells: pa.Array
) -> None:
    path = parquet(home / "mine.parquet", pieces=cells)
    with pytest.raises(CasebookError, match=r"mine\.parquet: the column pieces"):
        trained(path, keep)


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["04524", None]),
        pa.array(["04524", None], pa.large_string()),
        pa.array(["04524", None], pa.string_view()),
        pa.array(["04524", None]).dictionary_encode(),
    ],
    ids=["string", "large", "view", "categories"],
)
def test_texts_of_a_parquet_file(home: Path, keep: Callable[..., Ref], cells: pa.Array) -> None:
    path = parquet(home / "mine.parquet", maker=cells)
    assert trained(path, keep)["maker"] == ["04524", None]
    assert scored(path)["maker"] == ["04524", None]


def test_floats_as_texts_are_refused(home: Path, keep: Callable[..., Ref]) -> None:
    path = parquet(home / "mine.parquet", maker=pa.array([4524.0, None]))
    with pytest.raises(
        CasebookError, match=r"the column maker holds text, says the catalog, but .* double"
    ):
        trained(path, keep)


@pytest.mark.parametrize("index", ["price", ["price", "maker"]], ids=["one", "two"])
def test_an_index_of_pandas_is_a_column(home: Path, keep: Callable[..., Ref], index: Any) -> None:
    pd.DataFrame(SOUND).set_index(index).to_parquet(home / "mine.parquet")
    assert trained(home / "mine.parquet", keep) == SOUND
    assert scored(home / "mine.parquet") == SOUND
