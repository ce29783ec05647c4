"""Delimited: tables in text files, block by block; each cell is a text, or null if it is empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import pyarrow as pa

from casebook.errors import CasebookError
from tasks.reading import quick
from tasks.reading.form import Form
from tasks.reading.header import CHUNK, Header, header
from tasks.reading.rows import LONGEST, Lines, Row, joined, ragged, rows

SLOWLY = 1 << 15  # rows of a block that is read row by row


def blocks(path: Path, stream: IO[bytes], form: Form, head: Header) -> Iterator[pa.RecordBatch]:
    """Yield the rows behind a header: by pyarrow as long as that reads them right, else one by one.

    Raises
    ------
    CasebookError
        A row has more or fewer fields than the header, or a quote is left open.
    """
    line, held = head.line, head.rest
    while len(held) < LONGEST and len(form.separator.encode()) == 1:
        more = stream.read(CHUNK)
        held += more
        end = quick.end_of_rows(held, form) if more else len(held)
        if end:
            block = quick.block(held[:end], head, form)
            if block is None:
                break
            line += quick.lines(held[:end])
            held = held[end:]
            yield block
        if not more:
            return
    yield from _slowly(path, Lines(joined(held, stream), line), head, form)


def _slowly(path: Path, lines: Lines, head: Header, form: Form) -> Iterator[pa.RecordBatch]:

    records = (row.cells[: len(head.names)] for row in sound(path, lines, head, form))
    while part := list(islice(records, SLOWLY)):
        yield pa.RecordBatch.from_arrays(
            [_cells(column) for column in zip(*part, strict=True)], head.names
        )


def _cells(column: Sequence[str]) -> pa.Array:

    return pa.array([cell or None for cell in column], pa.string())


def sound(path: Path, lines: Lines, head: Header, form: Form) -> Iterator[Row]:
    """Yield the rows behind the header.

    Raises
    ------
    CasebookError
        One has more or fewer fields than the header.
    """
    for row in rows(path, lines, form, blanks=head.blanks):
        if len(row.cells) < 2 and not "".join(row.lines).strip():
            if head.fields == 1:
                yield Row(row.line, [""], row.lines)
            continue
        if len(row.cells) != head.fields or any(row.cells[len(head.names) :]):
            raise CasebookError(ragged(path, row, head.names, head.fields, form))
        yield row


def line_of(path: Path, stream: IO[bytes], form: Form, row: int) -> int | None:
    """Return the line on which a row begins, both counted from 1."""
    head = header(path, stream, form)
    records = sound(path, Lines(joined(head.rest, stream), head.line), head, form)
    return next((record.line for record in islice(records, row - 1, row)), None)
