"""Quick: parts of text files that pyarrow reads exactly as `rows` does."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from tasks.reading.form import Form
from tasks.reading.header import Header

QUOTE = 34  # the byte
ENDS = (10, 13)  # of lines


def end_of_rows(data: bytes, form: Form) -> int:
    """Return where the last whole row ends, as quotes tell if they are in pairs; 0 if none does."""
    end = _end_of_line(data, len(data))
    odd = data.count(b'"', 0, end) % 2 if form.quote else 0
    while odd and end:
        before = _end_of_line(data, data.rfind(b'"', 0, end))
        odd = (odd + data.count(b'"', before, end)) % 2
        end = before
    return end


def _end_of_line(data: bytes, limit: int) -> int:
    """Return where the last line ends; a CR that is the last byte may have its LF behind it."""
    return data.rfind(b"\n", 0, limit) + 1 or data.rfind(b"\r", 0, max(0, limit - 1)) + 1


def lines(data: bytes) -> int:
    """Return how many lines end."""
    newlines = data.count(b"\n")
    return newlines + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else newlines


def block(data: bytes, head: Header, form: Form) -> pa.RecordBatch | None:
    """Return rows, or None where pyarrow would refuse or misread them."""
    if form.quote and b'"' in data and not _enclosing(data, form.separator):
        return None
    names = [str(place) for place in range(head.fields)]
    parse = csv.ParseOptions(
        delimiter=form.separator,
        quote_char='"' if form.quote else False,
        ignore_empty_lines=head.fields > 1,
    )
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    try:
        whole = csv.ReadOptions(
            column_names=names, block_size=len(data)
        )  # as joining parts takes longer
        table = csv.read_csv(pa.BufferReader(data), whole, parse, convert)
    except pa.ArrowInvalid:
        return None
    if any(column.null_count < len(column) for column in table.columns[len(head.names) :]):
        return None
    if head.blanks and _begins_with_blank(data, table, form.separator.encode()):
        return None
    columns = [column.combine_chunks() for column in table.columns[: len(head.names)]]
    return pa.RecordBatch.from_arrays(columns, head.names)


def _enclosing(data: bytes, separator: str) -> bool:
    """Say whether quotes enclose whole fields, and no field has more than one line."""
    signs = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(signs == QUOTE)
    if len(quotes) % 2:
        return False
    edge = np.zeros(256, dtype=bool)
    edge[[QUOTE, *ENDS, ord(separator)]] = True
    padded = np.concatenate([[ENDS[0]], signs, [ENDS[0]]])
    if not (edge[padded[quotes[::2]]].all() and edge[padded[quotes[1::2] + 2]].all()):
        return False
    ends = np.flatnonzero((signs == ENDS[0]) | (signs == ENDS[1]))
    return not (np.searchsorted(quotes, ends) % 2).any()


def _begins_with_blank(data: bytes, table: pa.Table, separator: bytes) -> bool:
    """Say whether a cell begins with a blank, which is none of it unless a quote stands before."""
    places = (b"\n ", b"\r ", b'" ', separator + b" ")
    if data[:1] != b" " and not any(place in data for place in places):
        return False
    matches = (compute.any(compute.starts_with(column, " ")).as_py() for column in table.columns)
    return any(matches)
