"""Whole columns are validated like rows.

The same rows are accepted, give the same arrays, and have the same faults.
"""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.check import Reader, Refused
from serving.check_columns import sort_out
from serving.signature import Field
from tasks.scoring.cells import column

FIELDS = [
    Field("Amount", "float", minimum=0.0, maximum=100.0),
    Field("Hour", "integer", minimum=0, maximum=23),
    Field("Age", "float", optional=True, maximum=90.0),
    Field("Class", "integer", allowed=(1, 2, 3)),
    Field("Sex", "string", allowed=("male", "female")),
    Field("Name", "string", optional=True),
]
READER = Reader(FIELDS)
FLOATS = st.none() | st.floats() | st.sampled_from([0.5, 1.0, 3.4e38, 3.5e38])
WHOLE = st.none() | st.integers(0, 30) | st.integers(-(2**63), 2**63 - 1)
ROWS = st.fixed_dictionaries(
    {
        "Amount": st.floats(0, 200) | FLOATS,
        "Hour": st.integers(0, 30).map(float) | FLOATS,
        "Age": FLOATS,
        "Class": st.integers(1, 3) | WHOLE,
        "Sex": st.sampled_from(["male", "female"]) | st.sampled_from(["", "Male", None]),
        "Name": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    }
)
TYPES = {"Amount": pa.float64(), "Hour": pa.float64(), "Age": pa.float64(), "Class": pa.int64()}
Row = dict[str, Any]


def faults_of(row: Row) -> list[str]:
    try:
        READER.read([row])
    except Refused as refused:
        return [f"{fault.field}: {fault.problem}" for fault in refused.faults]
    return []


def without_nan(row: Row) -> Row:
    """Return a row as a request has it: in a file NaN is a missing number, and JSON knows none."""
    return {
        name: None if isinstance(cell, float) and math.isnan(cell) else cell
        for name, cell in row.items()
    }


def judged_alike(rows: list[Row], columns: dict[str, pa.Array]) -> None:
    rows = [without_nan(row) for row in rows]
    parted = sort_out(
        FIELDS, {field.name: column(field, columns[field.name]) for field in FIELDS}, len(rows)
    )
    assert parted.faults == {
        number: faults for number, row in enumerate(rows) if (faults := faults_of(row))
    }
    sound = [row for row in rows if not faults_of(row)]
    assert [rows[place] for place in parted.sound] == sound
    if sound:
        read = READER.read(sound)
        assert parted.warned == read.warned_rows
        assert parted.feeds.keys() == read.feeds.keys()
        for name, feed in read.feeds.items():
            np.testing.assert_array_equal(parted.feeds[name], feed)
            assert (parted.feeds[name].dtype, parted.feeds[name].shape) == (feed.dtype, feed.shape)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_columns_are_judged_as_rows_are(rows: list[Row]) -> None:
    judged_alike(
        rows,
        {
            f.name: pa.array([row[f.name] for row in rows], TYPES.get(f.name, pa.string()))
            for f in FIELDS
        },
    )


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6), st.sets(st.integers(0, 5)))
def test_so_are_columns_of_texts(rows: list[Row], spoilt: set[int]) -> None:
    rows = [row | {"Class": None if row["Class"] is None else float(row["Class"])} for row in rows]
    for place in spoilt & set(range(len(rows))):
        rows[place] |= {"Amount": "1,5", "Class": "x"}
    texts = [
        {name: None if cell is None else str(cell) for name, cell in row.items()} for row in rows
    ]
    judged_alike(
        rows,
        {field.name: pa.array([row[field.name] for row in texts], pa.string()) for field in FIELDS},
    )


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint16(), pa.float32(), pa.decimal128(5, 1), pa.float16()]
)
def test_numbers_of_any_type_are_taken(kind: pa.DataType) -> None:
    cells = pa.array([1, 2, None, 3], pa.float64()).cast(kind)
    values = column(Field("Amount", "float"), cells)
    np.testing.assert_array_equal(values.values, [1, 2, np.nan, 3])  # type: ignore[union-attr]


def test_categories_are_taken_as_what_they_stand_for() -> None:
    cells = pa.array(["male", None, "female", "male"]).dictionary_encode()
    texts = column(Field("Sex", "string"), cells)
    assert [texts.cell(row) for row in range(4)] == ["male", None, "female", "male"]
    numbers = column(Field("Class", "integer"), pa.array([3, None, 3]).dictionary_encode())
    assert [numbers.cell(row) for row in range(3)] == [3.0, None, 3.0]


def test_a_space_beside_a_number_is_no_fault() -> None:
    numbers = column(Field("Amount", "float"), pa.array([" 1.5", "2 ", "x", None, "1e3"]))
    assert [numbers.cell(row) for row in range(5)] == [1.5, 2.0, "x", None, 1000.0]
