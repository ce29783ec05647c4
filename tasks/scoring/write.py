"""Score: the files that are made, written block by block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
from pyarrow import csv, parquet
from pyarrow import types as t

from tasks.reading.numbers import read_numbers
from tasks.reading.types import is_number, is_text, plain
from tasks.scoring.read import Source

Write: TypeAlias = "Callable[[pa.RecordBatch], None]"


@contextmanager
def writing(path: Path, schema: pa.Schema, codec: str) -> Iterator[Write]:
    """Give the function that writes a block to a new file, of the kind that its name says."""
    if path.suffix.lower() == ".csv":
        with csv.CSVWriter(path, schema) as writer:
            yield writer.write
        return
    few = [field.name for field in schema if not _many_values(field.type)]
    with parquet.ParquetWriter(path, schema, compression=codec, use_dictionary=few) as writer:
        yield writer.write_batch


def _many_values(kind: pa.DataType) -> bool:
    """Say whether a column is of fractions.

    Few of them are equal, so looking for a dictionary of them is in vain.
    """
    return bool(t.is_floating(kind))


def written_schema(
    source: Source, prediction_schema: pa.Schema, suffix: str, numbers: Sequence[str]
) -> pa.Schema:
    """Return the columns that are written: those of the file, then the new ones.

    `numbers` are the columns of a CSV file that become numbers in parquet. What CSV has no sign for
    becomes text.
    """
    fields = [*source.schema, *prediction_schema]
    if suffix == ".csv":
        return pa.schema([(field.name, _in_csv(field.type)) for field in fields])
    if source.written:
        return pa.schema(
            [field.with_type(pa.float64()) if field.name in numbers else field for field in fields]
        )
    return pa.schema(fields, metadata=source.schema.metadata)


def _in_csv(kind: pa.DataType) -> pa.DataType:
    """Return the type in which CSV writes a column: its own, or text."""
    tests = (is_number, t.is_boolean, t.is_temporal, t.is_null)
    kept = any(test(kind) for test in tests) and not t.is_duration(kind) and not t.is_interval(kind)
    return kind if kept else pa.string()


def shaped(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as it is written.

    Texts as numbers, null where they are none, and the rest as text.

    Examples
    --------
    >>> shaped(pa.array([[1, 2], None]), pa.string()).to_pylist()
    ['[1, 2]', None]
    >>> shaped(pa.array(["1.5", "NA"]), pa.float64()).to_pylist()
    [1.5, None]
    """
    if column.type == kind:
        return column
    column = plain(column)
    if not is_text(column.type):
        return pa.array(
            [None if cell is None else _text(cell) for cell in column.to_pylist()], kind
        )
    return column.cast(kind) if is_text(kind) else read_numbers(column)[0]


def _text(cell: object) -> str:
    """Return a value as text: lists and the like as JSON."""
    return json.dumps(cell, default=str) if isinstance(cell, (list, dict, tuple)) else str(cell)
