"""Files written by other programs are read unchanged, by training and by scoring.

Otherwise they are refused in a sentence. `CASEBOOK_TABLES=10000 pytest
tests/tasks/reading/test_written.py` writes as many tables.
"""

import bz2
import csv
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st
from pyarrow import csv as pacsv
from pyarrow import parquet as pq

from casebook.catalog import Column, DataFile, DataSet
from casebook.errors import CasebookError
from serving.signature import Field
from tasks.data.ingest import check_columns, conform_table
from tasks.reading.form import form
from tasks.reading.table import unmarked, whole
from tasks.scoring.cells import column
from tasks.scoring.read import blocks, find

NAMES = ["price", "pieces", "maker", "sold"]
EXACT = 1 << 53
Table = dict[str, list[Any]]


def characters(least: int = 32) -> st.SearchStrategy[str]:
    return st.characters(
        min_codepoint=least, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc", "Cn"]
    )


TRICKY = [
    "04524",
    "true",
    "NA",
    "None",
    "null",
    "NaN",
    "1,5",
    "a;b",
    'say "hi"',
    '"',
    "a\tb",
    "  x ",
    "1e5",
    "김치",
    "é",
    "-",
]
LINES = ["first\nsecond", "first\r\nsecond", 'a, "b"\n,c']
TEXTS = st.sampled_from(TRICKY) | st.text(characters(), min_size=1, max_size=8)
ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(-1e15, 1e15) | st.integers(-1000, 1000).map(float),
        st.none() | st.integers(-1000, 1000) | st.integers(-EXACT, EXACT),
        st.none() | TEXTS | st.sampled_from(LINES),
        st.integers(-(2**63), 2**63 - 1) | st.integers(0, 1),
    ),
    min_size=1,
    max_size=5,
)


def by_pandas_csv(table: Table, path: Path, separator: str, quoted: bool) -> None:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in table.items()})
    quoting = csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL
    frame.to_csv(path, index=quoted, sep=separator, quoting=quoting)


def by_pyarrow_csv(table: Table, path: Path, separator: str, quoted: bool) -> None:
    style = "all_valid" if quoted else "needed"
    pacsv.write_csv(
        arrow(table), path, pacsv.WriteOptions(delimiter=separator, quoting_style=style)
    )


def by_polars_csv(table: Table, path: Path, separator: str, quoted: bool) -> None:
    style: Any = "always" if quoted else "necessary"
    pl.DataFrame(arrow(table)).write_csv(path, separator=separator, quote_style=style)  # type: ignore[arg-type]


def by_duckdb_csv(table: Table, path: Path, separator: str, quoted: bool) -> None:
    rows = arrow(table)
    with duckdb.connect() as base:
        base.register("rows", rows)
        more = ", force_quote *" if quoted else ""
        base.execute(f"copy rows to '{path}' (format csv, header, delimiter '{separator}'{more})")


def by_python_csv(table: Table, path: Path, separator: str, quoted: bool) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(
            file, delimiter=separator, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
        )
        writer.writerow([*table, "" if quoted else "more"])
        writer.writerows([*row, ""] for row in zip(*table.values(), strict=True))


def by_pandas_parquet(table: Table, path: Path, separator: str, quoted: bool) -> None:
    frame = arrow(table).to_pandas(types_mapper=pd.ArrowDtype)
    (frame.set_index("maker") if quoted else frame).to_parquet(path)


def by_pyarrow_parquet(table: Table, path: Path, separator: str, quoted: bool) -> None:
    rows = arrow(table)
    if quoted:
        rows = rows.set_column(2, "maker", rows["maker"].dictionary_encode())
    pq.write_table(rows, path)


def by_polars_parquet(table: Table, path: Path, separator: str, quoted: bool) -> None:
    pl.DataFrame(arrow(table)).write_parquet(path, compression="zstd" if quoted else "snappy")  # type: ignore[arg-type]


def by_duckdb_parquet(table: Table, path: Path, separator: str, quoted: bool) -> None:
    rows = arrow(table)
    with duckdb.connect() as base:
        base.register("rows", rows)
        base.execute(f"copy rows to '{path}' (format parquet)")


def by_openpyxl(table: Table, path: Path, separator: str, quoted: bool) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(list(table))
    for number, row in enumerate(zip(*table.values(), strict=True), 2):
        for place, cell in enumerate(row, 1):
            written = sheet.cell(number, place, cell)
            # a text is no formula
            written.data_type = "s" if isinstance(cell, str) else written.data_type
    book.save(path)


CSV = (by_pandas_csv, by_pyarrow_csv, by_polars_csv, by_duckdb_csv, by_python_csv)
PARQUET = (by_pandas_parquet, by_pyarrow_parquet, by_polars_parquet, by_duckdb_parquet)
WRITERS = (*CSV, *PARQUET, by_openpyxl)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: bytes(pa.compress(content, codec="zstd", asbytes=True)),
}
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp949", "cp1252")


def arrow(table: Table) -> pa.Table:
    types = dict(zip(NAMES, (pa.float64(), pa.int64(), pa.string(), pa.int64()), strict=True))
    return pa.table({name: pa.array(cells, types[name]) for name, cells in table.items()})


def name_of(writer: Callable[..., None], separator: str, capitals: bool) -> str:
    ending = ".parquet" if writer in PARQUET else ".xlsx" if writer is by_openpyxl else ".csv"
    name = (
        "mine.tsv"
        if ending == ".csv" and separator == "\t"
        else ("semi" if separator == ";" else "mine") + ending
    )
    return name.upper() if capitals else name


ENTRY = DataSet(
    name="rows",
    title="Rows",
    folder="rows",
    licence="none",
    citation="none",
    files=(DataFile(name="semi.csv", separator=";"),),
    columns={
        "price": Column(type="float"),
        "pieces": Column(type="integer"),
        "maker": Column(type="string"),
        "sold": Column(type="integer"),
    },
)


def plain(cell: Any) -> Any:
    return None if pd.isna(cell) else cell


def trained(path: Path) -> Table:
    how = form(ENTRY, path)
    table = whole(path, how, NAMES)
    check_columns(path, table.column_names, ENTRY, how)
    frame = conform_table(table, ENTRY, path, how)
    return {name: [plain(cell) for cell in frame[name]] for name in NAMES}


def scored(path: Path) -> Table:
    (source,) = find(path, ENTRY)
    values: Table = {name: [] for name in NAMES}
    for block, _ in blocks(source, 1 << 17):
        for name in NAMES:
            cells = unmarked(block, source.form.missing).column(name)
            read = column(Field(name, ENTRY.columns[name].type), cells)
            values[name] += [plain(read.cell(row)) for row in range(len(cells))]
    return values


def read_or_message(read: Callable[[Path], Table], path: Path) -> Table | str:
    """Return what is read, or the sentence that refuses it."""
    try:
        return read(path)
    except CasebookError as error:
        return str(error)


def same(read: Table, given: Table) -> None:
    for name in NAMES:
        # scoring takes floats, as the service does
        if name == "sold" and isinstance(read[name][0], float):
            assert read[name] == [float(cell) for cell in given[name]]
        else:
            assert read[name] == given[name], name


@settings(
    max_examples=int(os.environ.get("CASEBOOK_TABLES", "200")),
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    rows=ROWS,
    writer=st.sampled_from(WRITERS),
    separator=st.sampled_from(",,;\t"),
    quoted=st.booleans(),
    capitals=st.booleans(),
    packing=st.sampled_from([*PACKERS, ".zip"]),
    encoding=st.sampled_from(ENCODINGS),
    ends=st.sampled_from(["\n", "\n", "\r\n", "\r"]),
)
def test_tables_are_read_as_they_were_written(
    home: Path,
    rows: list[tuple[Any, ...]],
    writer: Callable[..., None],
    separator: str,
    quoted: bool,
    capitals: bool,
    packing: str,
    encoding: str,
    ends: str,
) -> None:
    given = {name: list(cells) for name, cells in zip(NAMES, zip(*rows, strict=True), strict=True)}
    if writer is by_openpyxl:
        fit_a_sheet(given)
    path = home / name_of(writer, separator, capitals)
    writer(given, path, separator, quoted)
    if writer in CSV:
        changed(path, encoding, ends, given)
        assume(not utf8_by_chance(path, encoding))
    path = packed(path, packing)
    note(f"{path.name}, {separator!r}, {encoding}, {ends!r}: {path.read_bytes()[:500]!r}")
    outcomes = [read_or_message(read, path) for read in (trained, scored)]
    path.unlink()
    if any(isinstance(read, str) for read in outcomes):
        assert outcomes[0] == outcomes[1]
        assert may_be_refused(writer, given, encoding), outcomes[0]
        event("refused")
        return
    event(f"read, written {writer.__name__}")
    for read in outcomes:
        assert not isinstance(read, str)
        same(read, given)


def fit_a_sheet(given: Table) -> None:
    """Leave out what a sheet can't hold: more than 15 digits, and line ends other than its own."""
    given["sold"] = [int(np.sign(cell)) for cell in given["sold"]]
    given["pieces"] = [
        cell if cell is None or abs(cell) < 10**15 else 0 for cell in given["pieces"]
    ]
    given["price"] = [None if cell is None else float(f"{cell:.12g}") for cell in given["price"]]
    given["maker"] = [
        None if cell is None else cell.replace("\r\n", "\n") for cell in given["maker"]
    ]


def changed(path: Path, encoding: str, ends: str, given: Table) -> None:
    """Rewrite a text file in another encoding and with other line ends.

    The line ends are kept if a cell contains some.
    """
    text = (
        path.read_bytes().decode("utf-8").replace("\r\n", "\n") if not with_lines(given) else None
    )
    text = path.read_bytes().decode("utf-8") if text is None else text.replace("\n", ends)
    path.write_bytes(
        text.encode(encoding, errors="replace" if encoding.startswith("cp") else "strict")
    )
    if encoding.startswith("cp"):
        given["maker"] = [
            cell and cell.encode(encoding, errors="replace").decode(encoding)
            for cell in given["maker"]
        ]


def utf8_by_chance(path: Path, encoding: str) -> bool:
    """Say whether bytes of another encoding are UTF-8 too: then nobody can tell which was meant."""
    content = path.read_bytes()
    if not encoding.startswith("cp") or content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def with_lines(given: Table) -> bool:
    return any("\n" in cell for cell in given["maker"] if cell)


def packed(path: Path, packing: str) -> Path:
    if packing == "":
        return path
    content = path.read_bytes()
    target = path.with_name(path.name + packing)
    if packing == ".zip":
        target = path.with_name("packed.zip")
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as archive:
            archive.writestr(path.name, content)
        target.write_bytes(kept.getvalue())
    else:
        target.write_bytes(PACKERS[packing](content))
    path.unlink()
    return target


def may_be_refused(writer: Callable[..., None], given: Table, encoding: str) -> bool:
    """Return whether a refusal is right.

    It is for other encodings, and for lines in quotes that look like rows.
    """
    text = "".join(cell for cell in given["maker"] if cell)
    foreign = encoding == "utf-16" or (encoding.startswith("cp") and not text.isascii())
    return writer in CSV and foreign


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_each_program_is_read(home: Path, writer: Callable[..., None]) -> None:
    given: Table = {
        "price": [1.5, None],
        "pieces": [3, None],
        "maker": ["04524", None],
        "sold": [0, 1],
    }
    path = home / name_of(writer, ",", capitals=False)
    writer(given, path, ",", False)
    for read in (trained, scored):
        same(read(path), given)
