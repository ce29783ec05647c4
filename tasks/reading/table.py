"""Table: a file of any kind as blocks of rows, for training and for scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import compute

from casebook.errors import CasebookError
from tasks.reading import delimited, parquet, sheet
from tasks.reading.form import Form
from tasks.reading.header import header
from tasks.reading.local import recoded, with_points
from tasks.reading.names import kind
from tasks.reading.packing import Unpacked, unpacked
from tasks.reading.trouble import met


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself.

    Attributes
    ----------
    kind
        parquet, spreadsheet or text; all columns of the latter two are texts.
    schema
        Its columns.
    rows
        How many rows are read at once, at most; None for any number.
    codec
        How a parquet file is compressed.
    """

    kind: str
    schema: pa.Schema
    rows: int | None = None
    codec: str = "snappy"


def look(path: Path, form: Form) -> FileInfo:
    """Return what a file says about itself.

    Raises
    ------
    CasebookError
        It can't be read, or names a column twice.
    """
    with met(path, kind(path.name)), unpacked(path) as file:
        info = _look(path, recoded(file, form), form)
    names = info.schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CasebookError(
            f"{path}: the column {twice[0]} stands there twice. Rename or remove one."
            if twice[0]
            else f"{path}: {names.count('')} columns have no name. Name them in the header."
        )
    return info


def _look(path: Path, file: Unpacked, form: Form) -> FileInfo:

    which = kind(file.name)
    if which == "text":
        head = header(path, file.stream, form)
        next(
            delimited.blocks(path, file.stream, form, head), None
        )  # what is wrong there is said before any work
        return FileInfo(which, pa.schema([(name, pa.string()) for name in head.names]))
    if which == "spreadsheet":
        return FileInfo(which, sheet.table(path, file, form).schema)
    with parquet.opened(path, file) as source:
        metadata = source.metadata
        used = metadata.row_group(0).column(0).compression if metadata.num_row_groups else "snappy"
        return FileInfo(
            which, source.schema_arrow, parquet.rows_at_once(metadata), str(used).lower()
        )


def blocks(
    path: Path, form: Form, rows: int, columns: Sequence[str] | None = None
) -> Iterator[tuple[pa.RecordBatch, float]]:
    """Yield a file's rows in order, at most so many at once, and the share of it that is done then.

    Parameters
    ----------
    path, form
        The file, and how it is read.
    rows
        How many rows at most.
    columns
        Which columns of a parquet file are needed; without them all.

    Raises
    ------
    CasebookError
        The file can't be read.
    """
    parts = _blocks(path, form, rows, columns)
    while True:
        with met(path, kind(path.name)):
            part = next(parts, None)
        if part is None:
            return
        block, done = part
        for start in range(0, block.num_rows, rows):
            yield block.slice(start, rows), done


def _blocks(
    path: Path, form: Form, rows: int, columns: Sequence[str] | None
) -> Iterator[tuple[pa.RecordBatch, float]]:
    with unpacked(path) as file:
        which = kind(file.name)
        if which == "parquet":
            yield from parquet.blocks(path, file, rows, columns)
        elif which == "spreadsheet":
            for block in sheet.table(path, file, form).to_batches():
                yield block, 1.0
        else:
            size = max(1, path.stat().st_size)
            text = recoded(file, form)
            head = header(path, text.stream, form)
            for block in delimited.blocks(path, text.stream, form, head):
                yield with_points(block, form), min(1.0, file.packed.tell() / size)


def whole(path: Path, form: Form, columns: Sequence[str] | None = None) -> pa.Table:
    """Return all rows of a file, null where a mark of the form says that a value is missing.

    Raises
    ------
    CasebookError
        The file can't be read, names a column twice, or has no rows.
    """
    schema = look(path, form).schema
    available = None if columns is None else [name for name in columns if name in schema.names]
    parts = [block for block, _ in blocks(path, form, 1 << 17, available)]
    if not parts:
        raise CasebookError(f"The file {path} has no rows. Name another.")
    return pa.Table.from_batches([unmarked(part, form.missing) for part in parts])


def unmarked(block: pa.RecordBatch, marks: Sequence[str]) -> pa.RecordBatch:
    """Return a block with null where a text is a mark that a value is missing."""
    columns = []
    for column in block.columns:
        if marks and pa.types.is_string(column.type):
            missing = compute.is_in(column, value_set=pa.array(marks, pa.string()))
            column = compute.if_else(missing, None, column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, block.schema.names)


def line_of(path: Path, form: Form, row: int) -> int | None:
    """Return the line of a text file on which a row begins, both counted from 1."""
    with met(path, kind(path.name)), unpacked(path) as file:
        if kind(file.name) != "text":
            return None
        return delimited.line_of(path, recoded(file, form).stream, form, row)
