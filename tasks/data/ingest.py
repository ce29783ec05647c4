"""Read the source file into a table of the catalog's columns and types, or say what is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pyarrow as pa

from casebook.catalog import Column, DataSet, data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage import stage
from casebook.store import Facts
from casebook.tables import write_table
from tasks.data.fetch import proven
from tasks.reading import table as tables
from tasks.reading.conform import Where, typed_cells
from tasks.reading.form import PLAIN, Form, form
from tasks.reading.rows import other_separator

SampleMaker: TypeAlias = "Callable[[int, int], pd.DataFrame]"

log = logging.getLogger("casebook")
SHOWN = 12  # names in a message


@stage
def ingest(out: Path, origin: Origin, sample: SampleMaker, sample_rows: int, seed: int) -> Facts:
    """Read the origin's file, or make the sample, and keep it as a typed table.

    Raises
    ------
    CasebookError
        The file can't be read, has other than its known number of rows, lacks a column, or has text
        in a number column.
    """
    entry = data_set(origin.dataset)
    if origin.path is None:
        frame = conform(sample(sample_rows, seed), entry, Path("the embedded sample"))
        ignored: list[str] = []
    else:
        frame, ignored = _read(origin.path, entry, origin.rows)
    write_table(out, frame)
    proven(origin)
    return {
        "rows": len(frame),
        "columns": list(frame.columns),
        "dataset": entry.name,
        "kind": origin.kind,
        "origin": origin.note,
        "ignored": ignored,
    }


def _read(path: Path, entry: DataSet, rows: int | None) -> tuple[pd.DataFrame, list[str]]:
    """Return a file's table in the catalog's types, and the columns missing from the catalog."""
    how = form(entry, path)
    table = tables.whole(path, how, list(entry.columns))
    names = tables.look(path, how).schema.names
    check_columns(path, names, entry, how)
    ignored = [name for name in names if name not in entry.columns]
    if ignored:
        log.info(
            "%s: the catalog doesn't name %s, so %s passed over",
            path.name,
            listed([name or "(no name)" for name in ignored]),
            "it is" if len(ignored) == 1 else "they are",
        )
    if rows not in (None, len(table)):
        raise CasebookError(
            f"The file {path} has {len(table):,} rows where the catalog says {rows:,}: it was cut "
            "short or is another one. Delete it to fetch it again, or use it all the same with "
            "--source PATH."
        )
    return conform_table(table, entry, path, how), ignored


def read(path: Path, how: Form = PLAIN) -> pd.DataFrame:
    """Read a file of any kind; what is written in a text file stays text.

    Raises
    ------
    CasebookError
        The file is empty, cut short or no such file at all, or a spreadsheet lacks the sheet.
    """
    frame: pd.DataFrame = tables.whole(path, how).to_pandas()
    return frame


def frames(path: Path, how: Form, rows: int) -> Iterator[pd.DataFrame]:
    """Read a file of any kind some rows at a time; the index counts them from 0 on.

    Raises
    ------
    CasebookError
        The file can't be read, or names a column twice.
    """
    tables.look(path, how)
    first = 0
    for block, _ in tables.blocks(path, how, rows):
        frame: pd.DataFrame = tables.unmarked(block, how.missing).to_pandas()
        yield frame.set_axis(pd.RangeIndex(first, first + len(frame)))
        first += len(frame)


def listed(names: Iterable[str]) -> str:
    """Return names for a message, the first ones of many."""
    names = list(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def check_columns(path: Path, names: list[str], entry: DataSet, how: Form = PLAIN) -> None:
    """Refuse a table that lacks a column of the catalog.

    Raises
    ------
    CasebookError
        It does.
    """
    missing = [name for name in entry.columns if name not in names]
    if missing:
        raise CasebookError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} of the "
            f"data set '{entry.name}'; it has {listed(names)}. Check the header row and the "
            f"spelling.{other_separator(names, how)}"
        )


def conform(frame: pd.DataFrame, entry: DataSet, path: Path) -> pd.DataFrame:
    """Return the catalog's columns in its order and types; columns it doesn't name are left out.

    Raises
    ------
    CasebookError
        Columns are missing, or a value is not of its column's type.
    """
    names = list(map(str, frame.columns))
    check_columns(path, names, entry)
    frame = frame[list(entry.columns)]
    return frame.assign(
        **{name: typed(frame[name], column, path) for name, column in entry.columns.items()}
    )


def conform_table(table: pa.Table, entry: DataSet, path: Path, how: Form) -> pd.DataFrame:
    """Return the catalog's columns in its order and types, as `conform` does."""
    where = Where(path, lambda row: tables.line_of(path, how, row))
    columns = {
        name: typed_cells(table[name], column, name, where)
        for name, column in entry.columns.items()
    }
    return pd.DataFrame({name: _series(cells) for name, cells in columns.items()})


def _series(cells: pa.Array) -> pd.Series:

    values: pd.Series = cells.to_pandas()
    return values if pd.api.types.is_numeric_dtype(values.dtype) else values.astype("string")


def typed(values: pd.Series, column: Column, path: Path) -> pd.Series:
    """Return a column in its catalog type; an integer column with gaps stays a float one.

    Raises
    ------
    CasebookError
        A value is text where a number belongs; its row (counted from 1, without the header) is
        named.
    """
    cells = pa.array(values, from_pandas=True)
    return _series(typed_cells(cells, column, str(values.name), Where(path))).set_axis(values.index)
