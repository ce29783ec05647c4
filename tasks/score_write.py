"""Score: the files that are made, written block by block."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.score_cells import read_numbers
from tasks.score_read import Source

if TYPE_CHECKING:
    import pyarrow as pa

    Write = Callable[[pa.RecordBatch], None]


@contextmanager
def writing(path: Path, schema: "pa.Schema", codec: str) -> Iterator["Write"]:
    """Give the function that writes a block to a new file, of the kind that its name says."""
    from pyarrow import csv, parquet

    if path.suffix == ".csv":
        with csv.CSVWriter(path, schema) as writer:
            yield writer.write
        return
    few = [field.name for field in schema if not _many_values(field.type)]
    with parquet.ParquetWriter(path, schema, compression=codec, use_dictionary=few) as writer:
        yield writer.write_batch


def _many_values(kind: "pa.DataType") -> bool:
    """Say whether a column is of fractions: few of them are equal, so looking for a dictionary of them is in vain."""
    from pyarrow import types as t

    return bool(t.is_floating(kind))


def codec(source: Source) -> str:
    """Return how a file is compressed, so that what is made of it is no larger."""
    from pyarrow import parquet

    if source.written:
        return "snappy"
    with parquet.ParquetFile(source.path) as file:
        told = file.metadata
        return (
            str(told.row_group(0).column(0).compression).lower()
            if told.num_row_groups and told.num_columns
            else "snappy"
        )


def written_schema(source: Source, told: "pa.Schema", suffix: str, numbers: Sequence[str]) -> "pa.Schema":
    """Return the columns that are written: those of the file, then the new ones.

    `numbers` are the columns of a CSV file that become numbers in parquet. CSV has no lists: they become JSON.
    """
    import pyarrow as pa

    fields = [*source.schema, *told]
    if suffix == ".csv":
        return pa.schema(
            [(field.name, pa.string() if pa.types.is_nested(field.type) else field.type) for field in fields]
        )
    if source.written:
        return pa.schema([field.with_type(pa.float64()) if field.name in numbers else field for field in fields])
    return pa.schema(fields, metadata=source.schema.metadata)


def shaped(column: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return a column as it is written: texts as numbers, null where they are none, and lists as JSON."""
    import pyarrow as pa

    if column.type == kind:
        return column
    if pa.types.is_nested(column.type):
        return pa.array([None if cell is None else json.dumps(cell, default=str) for cell in column.to_pylist()], kind)
    return read_numbers(column)[0]
