"""Parquet: tables in parquet files, block by block, in the types that the file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tasks.reading.packing import Unpacked

BLOCK = 32 << 20  # bytes of a block of rows, about: a table of many columns is read in fewer rows
BUFFERS = 32 << 20  # bytes read ahead, whatever the size of the row groups


def opened(path: Path, file: Unpacked) -> Any:
    """Open a parquet file, in memory if it was packed."""
    source = path if file.stream is file.packed else pa.BufferReader(file.stream.read())
    with parquet.ParquetFile(source) as file_itself:
        ahead = max(1 << 16, BUFFERS // max(1, len(file_itself.schema_arrow)))
    return parquet.ParquetFile(source, buffer_size=ahead, pre_buffer=False)


def rows_at_once(metadata: Any) -> int:
    """Return how many rows take about a block's bytes, from a file's metadata."""
    size = sum(
        metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)
    )
    return int(max(1, BLOCK // max(8 * metadata.num_columns, size // max(1, metadata.num_rows), 1)))


def blocks(
    path: Path, file: Unpacked, rows: int, columns: Sequence[str] | None
) -> Iterator[tuple[pa.RecordBatch, float]]:
    """Yield a parquet file's rows, and the share of them that is done then."""
    done = 0
    with opened(path, file) as source:
        for block in source.iter_batches(rows, columns=columns):
            done += block.num_rows
            yield block, done / source.metadata.num_rows
