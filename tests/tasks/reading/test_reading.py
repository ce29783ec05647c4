"""Training and scoring read the same table from any file, or refuse it with the same message."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage_key import key_parts
from casebook.store import Ref
from casebook.tables import read_table
from serving.check_columns import Numbers
from serving.signature import Field
from tasks.data.ingest import ingest
from tasks.reading.table import unmarked
from tasks.scoring.cells import column, fits
from tasks.scoring.read import blocks, find

Values = dict[str, list[Any]]
HEADER = "price,pieces,maker,sold"
ROWS = "1.5,3,Acme,0\n2,4,Bolt,1\n"
SOUND: Values = {"price": [1.5, 2.0], "pieces": [3, 4], "maker": ["Acme", "Bolt"], "sold": [0, 1]}


def no_sample(rows: int, seed: int) -> pd.DataFrame:
    raise AssertionError("a file was given")


def plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def trained(path: Path, keep: Callable[..., Ref], dataset: str = "shop") -> Values:
    """Return what training reads."""
    frame = read_table(
        keep(ingest.fn, Origin(dataset=dataset, kind="real", path=path), no_sample, 0, 0)
    )
    return {str(name): [plain(value) for value in frame[name]] for name in frame.columns}


def scored(path: Path, dataset: str = "shop") -> Values:
    """Return what scoring reads; a cell that is no number stays a text, as the message has it."""
    entry = data_set(dataset)
    (source,) = find(path, entry)
    values: Values = {name: [] for name in entry.columns}
    for block, _ in blocks(source, 1 << 20):
        if source.written:
            block = unmarked(block, source.form.missing)
        for name, spec in entry.columns.items():
            field = Field(name, spec.type, optional=True)
            cells = block.column(name)
            if not fits(field, cells.type, written=source.written):
                raise CasebookError(f"{path}: {name} is {cells.type}")
            read = column(field, cells)
            values[name] += [plain(read.cell(row)) for row in range(len(cells))]
            assert isinstance(read, Numbers) == (spec.type != "string")
    return values


@pytest.fixture
def both(home: Path, keep: Callable[..., Ref]) -> Callable[..., Values]:
    """Return a function that reads a file in both ways, and what both agree on."""

    def read(content: str | bytes, name: str = "mine.csv", dataset: str = "shop") -> Values:
        path = home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        values = trained(path, keep, dataset)
        assert scored(path, dataset) == values
        return values

    return read


@pytest.fixture
def refused(home: Path, keep: Callable[..., Ref]) -> Callable[..., str]:
    """Return a function that gives the sentence with which training and scoring refuse a file."""

    def read(content: str | bytes, name: str = "mine.csv") -> str:
        path = home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(CasebookError) as first:
            trained(path, keep)
        with pytest.raises(CasebookError) as second:
            scored(path)
        assert str(first.value) == str(second.value)
        assert str(path) in str(first.value)
        return str(first.value)

    return read


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


TEXT = f"{HEADER}\n{ROWS}"
PACKED = {
    "mine.csv.gz": gzip.compress(TEXT.encode()),
    "mine.CSV.GZ": gzip.compress(TEXT.encode()),
    "mine.csv": gzip.compress(TEXT.encode()),
    "mine.csv.bz2": bz2.compress(TEXT.encode()),
    "mine.csv.xz": lzma.compress(TEXT.encode()),
    "mine.csv.zst": bytes(pa.compress(TEXT.encode(), codec="zstd", asbytes=True)),
    "mine.zip": zipped({"shop.csv": TEXT.encode()}),
    "mac.zip": zipped(
        {"shop.csv": TEXT.encode(), "__MACOSX/._shop.csv": b"\0\5\x16\7", ".DS_Store": b"\0"}
    ),
    "read me.zip": zipped({"shop.csv": TEXT.encode(), "README.txt": b"all of it"}),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files_are_unpacked(both: Callable[..., Values], name: str) -> None:
    assert both(PACKED[name], name) == SOUND


@pytest.mark.parametrize("name", [name for name in PACKED if name != "mine.csv"])
def test_packed_files_that_are_cut_short_are_told(refused: Callable[..., str], name: str) -> None:
    content = PACKED[name]
    assert "cut short" in refused(content[: len(content) * 2 // 3], name)


@pytest.mark.parametrize(
    "name", ["mine.csv.gz", "mine.csv.bz2", "mine.csv.xz", "mine.zip", "mine.xlsx", "mine.parquet"]
)
def test_files_that_are_not_what_their_names_say_are_told(
    refused: Callable[..., str], name: str
) -> None:
    assert "another format" in refused(b"nothing of the kind, but a line of text\n" * 9, name)


def test_a_zip_file_of_several_tables_names_them(refused: Callable[..., str]) -> None:
    assert "a.csv, b.csv, and one table" in refused(
        zipped({"a.csv": b"", "b.csv": b""}), "mine.zip"
    )
    assert "holds no file" in refused(zipped({"__MACOSX/._a.csv": b""}), "mine.zip")


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip(),
        "\ufeff" + TEXT,
        "\n\n" + TEXT.replace("\n", "\n\n"),
        TEXT.replace("\n", "\n   \n"),
        TEXT.replace(",", ", "),
        TEXT.replace("Acme", '"Acme"').replace(",", ", "),
        '"price","pieces","maker","sold"\n"1.5","3","Acme","0"\n"2","4","Bolt","1"\n',
        TEXT.replace("\n", ",\n"),
        TEXT.replace("0\n", "0,\n").replace("1\n", "1,\n"),
        TEXT.replace("\n", ",,,\n"),
        "sold,maker,pieces,price\n0,Acme,3,1.5\n1,Bolt,4,2\n",
    ],
    ids=[
        "crlf",
        "cr",
        "no end",
        "mark",
        "blank lines",
        "blanks",
        "blanks behind separators",
        "and quotes",
        "quotes",
        "separators at ends",
        "of rows alone",
        "several",
        "another order",
    ],
)
def test_ways_to_write_a_table(both: Callable[..., Values], content: str) -> None:
    assert both(content) == SOUND


def test_endings_in_capitals_and_tabs(both: Callable[..., Values]) -> None:
    assert both(TEXT, "MINE.CSV") == SOUND
    assert both(TEXT.replace(",", "\t"), "mine.tsv") == SOUND
    table = io.BytesIO()
    pq.write_table(pa.table(SOUND), table)
    assert both(table.getvalue(), "MINE.PARQUET") == SOUND
    assert both(zipped({"shop.parquet": table.getvalue()}), "mine.zip") == SOUND


def test_texts_are_taken_as_they_are_written(both: Callable[..., Values]) -> None:
    texts = [
        "04524",
        "true",
        "NA",
        "None",
        "null",
        "nan",
        "1e5",
        "  in quotes ",
        'a "b", c',
        "2026-01-01",
        "-",
    ]
    rows = "".join(f'1,2,"{text.replace(chr(34), chr(34) * 2)}",0\n' for text in texts)
    assert both(f"{HEADER}\n{rows}")["maker"] == texts
    assert both(f"{HEADER}\n1,2,,0\n1,2,x,0\n")["maker"] == [None, "x"]


@pytest.mark.parametrize(
    "text", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", " "]
)
def test_spellings_of_a_missing_number(both: Callable[..., Values], text: str) -> None:
    assert both(f"{HEADER}\n{text},3,x,0\n1.5,{text},x,0\n")["price"] == [None, 1.5]


def test_a_mark_of_the_catalog_is_missing_in_every_file_of_the_data_set(
    home: Path, both: Callable[..., Values]
) -> None:
    catalog = home / "cases" / "data" / "catalog.toml"
    catalog.write_text(
        catalog.read_text().replace('note = "all of it"', 'note = "all of it"\nmissing = "?"')
    )
    for name in ("shop.csv", "SHOP.csv.gz", "mine.csv"):
        content = f"{HEADER}\n?,3,?,0\n1,?,a?,1\n".encode()
        values = both(gzip.compress(content) if name.endswith("gz") else content, name)
        assert values == {
            "price": [None, 1.0],
            "pieces": [3, None],
            "maker": [None, "a?"],
            "sold": [0, 1],
        }


def test_a_blank_line_is_a_row_only_where_there_is_one_column(
    home: Path, both: Callable[..., Values]
) -> None:
    assert len(both(f"{HEADER}\n\n1,2,x,0\n\n")["price"]) == 1
    with (home / "cases" / "data" / "catalog.toml").open("a") as catalog:
        catalog.write(ONE_COLUMN)
    assert both("text\na\n\nb\n\n", dataset="notes")["text"] == ["a", None, "b", None]
    assert both('text\r\n"a, b"\r\n\r\n""\r\n', dataset="notes")["text"] == ["a, b", None, None]
    assert both('text\n"first\n\nthird"\nb', dataset="notes")["text"] == ["first\n\nthird", "b"]


ONE_COLUMN = """
[notes]
title = "Notes"
folder = "notes"
licence = "none"
citation = "none"
files = []

[notes.columns]
text = { type = "string" }
"""


def test_lines_in_quotes_stay_in_their_row(both: Callable[..., Values]) -> None:
    long = "x" * 5000
    rows = "".join(f'{number},1,"{long}\r\nsecond, ""line""",0\r\n' for number in range(3000))
    values = both(f"{HEADER}\r\n{rows}")
    assert values["price"] == [float(number) for number in range(3000)]
    assert set(values["maker"]) == {f'{long}\r\nsecond, "line"'}


def test_a_large_file_is_read_in_parts(both: Callable[..., Values]) -> None:
    names = ["plain", "in, quotes", 'with "quotes"', ""]
    quoted = ["plain", '"in, quotes"', '"with ""quotes"""', ""]
    rows = "".join(
        f"{number}.25,{number},{quoted[number % 4]}{' ' * 40},1\n" for number in range(1, 300_001)
    )
    rows = rows.replace('"' + " " * 40, '"').replace(", " + " " * 39 + ",", ",,")
    values = both(f"{HEADER}\n{rows}")
    assert values["pieces"] == list(range(1, 300_001))
    assert [text and text.rstrip() for text in values["maker"][:4]] == [
        "in, quotes",
        'with "quotes"',
        None,
        "plain",
    ]
    assert names[0] == values["maker"][3].rstrip()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{HEADER}\n1,2,x,0\n1,2,x\n", "line 3: the row has 3 fields, and the header names 4"),
        (
            f"{HEADER}\n\n1,2,x,0\n1,2,x,0,9\n",
            "line 4: the row has 5 fields, and the header names 4",
        ),
        (f"{HEADER}\n1,2,x,0,\n1,2,x,0\n", "line 3: the row has 4 fields, and others have 5"),
        (f"{HEADER}\n7,1,2,x,0\n8,1,2,x,0\n", "line 2: the row has 5 fields"),
        (f'{HEADER}\n1,2,"x,0\n1,2,y,0\n', "line 2: the quote that opens there is never closed"),
        (
            f'{HEADER}\n1,2,x,0\n1,2,"x,0\n1,2,z,0\n1,2,y",0\n',
            "line 3: the quote that opens there swallows",
        ),
        (f'{HEADER}\n1,2,"5" disk",0\n', "line 2: a quote within a field is not doubled"),
        ("price,price,pieces,maker,sold\n1,1,2,x,0\n", "the column price stands there twice"),
        (f"{HEADER}\n1,2,Mü,0\n".encode("cp1252"), "seems to be Windows-1252 or Latin-1"),
        (f"{HEADER}\n1,2,김치,0\n".encode("cp949"), "seems to be CP949 (Korean)"),
        (f"{HEADER}\n1,2,x,0\n".encode("utf-16"), "encoded in UTF-16"),
        (f"{HEADER}\n1,2,x,0\n".encode("utf-16-le"), "seems to be UTF-16"),
        (
            f"{HEADER}\n1,2,x,0\n1,2,é".encode()[:-1],
            "a character: it was cut short, or is not UTF-8",
        ),
        (
            f"{HEADER}\n1,2,x,0\n1,2,é".encode("cp1252"),
            "a character: it was cut short, or is not UTF-8",
        ),
        (TEXT.replace(",", ";").replace("1.5", "1,5"), "apart by a semicolon, not by a comma"),
        (b"PAR1" + bytes(99), "begins like a parquet file"),
        ("", "it is empty"),
    ],
)
def test_what_cannot_be_read_is_refused_alike(
    refused: Callable[..., str], content: str | bytes, words: str
) -> None:
    message = refused(content)
    assert words in message
    assert ("UTF-8" in message) == ("UTF" in words or "seems" in words)


def test_quotes_are_characters_where_the_catalog_says_so(
    home: Path, both: Callable[..., Values]
) -> None:
    catalog = home / "cases" / "data" / "catalog.toml"
    catalog.write_text(
        catalog.read_text().replace('note = "all of it"', 'note = "all of it"\nquote = false')
    )
    texts = ['"open', 'close"', '"both"', '"']
    assert both(HEADER + "".join(f"\n1,2,{text},0" for text in texts), "shop.csv")["maker"] == texts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,234.50", "nothing between thousands"),
        ("1,5", "a point for decimals"),
        ("TRUE", "row 2 has 'TRUE'"),
        ("0x10", "row 2 has '0x10'"),
        ("1_000", "row 2 has '1_000'"),
        ("inf", "row 2 has 'inf'"),
    ],
)
def test_what_is_no_number_is_named_with_its_row_and_line(
    home: Path, keep: Callable[..., Ref], text: str, words: str
) -> None:
    (home / "mine.csv").write_text(f'{HEADER}\n1,2,x,0\n\n"{text}",2,x,0\n')
    with pytest.raises(CasebookError, match=r"row 2 has .* on line 4 \(1 such rows\)") as error:
        trained(home / "mine.csv", keep)
    assert words in str(error.value)
    assert scored(home / "mine.csv")["price"][0] == 1.0
    assert scored(home / "mine.csv")["price"][1] in (text, float("inf"))


def test_whole_numbers_are_exact_or_refused(home: Path, keep: Callable[..., Ref]) -> None:
    path = home / "mine.csv"
    path.write_text(f"{HEADER}\n1,9007199254740993,x,0\n1,-9223372036854775808,x,+1\n")
    assert trained(path, keep)["pieces"] == [2**53 + 1, -(2**63)]
    for cells in (
        ("9223372036854775808", "1"),
        ("1e300", "1"),
        ("9007199254740993", ""),
        ("1e17", "1.5"),
    ):
        path.write_text(HEADER + "".join(f"\n1,{cell},x,0" for cell in cells))
        with pytest.raises(
            CasebookError,
            match=r"the column pieces can't hold .* exactly, which row 1 has on line 2",
        ):
            trained(path, keep)
    path.write_text(f"{HEADER}\n9007199254740993,1,x,0\n")
    with pytest.raises(CasebookError, match="the column price can't hold 9007199254740993 exactly"):
        trained(path, keep)


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


def test_a_spreadsheets_cells_have_the_catalogs_types(home: Path, keep: Callable[..., Ref]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["price", "pieces", "maker", "sold", None])
    book.active.append([1.5, 3, "04524", 0])
    book.active.append([None, None, None])
    book.active.append(["NA", 4.0, 4524, 1])
    book.active.title = "Stock"
    book.save(home / "MINE.XLSX")
    entry = home / "cases" / "data" / "catalog.toml"
    entry.write_text(entry.read_text().replace("skip = 3", "skip = 0"))
    right = {"price": [1.5, None], "pieces": [3, 4], "maker": ["04524", "4524"], "sold": [0, 1]}
    assert trained(home / "MINE.XLSX", keep) == right
    assert scored(home / "MINE.XLSX") == right


def test_columns_that_the_catalog_does_not_name_are_said(
    home: Path, keep: Callable[..., Ref], caplog: pytest.LogCaptureFixture
) -> None:
    (home / "mine.csv").write_text(f",colour,{HEADER}\n1,red,1.5,3,Acme,0\n")
    origin = Origin(dataset="shop", kind="real", path=home / "mine.csv")
    with caplog.at_level("INFO", "casebook"):
        table = keep(ingest.fn, origin, no_sample, 0, 0)
    assert table.facts["ignored"] == ["", "colour"]
    assert "the catalog doesn't name (no name), colour, so they are passed over" in caplog.text


@pytest.mark.parametrize(
    ("old", "new"),
    [('"float"', '"string"'), ('note = "all of it"', 'separator = ";"'), ("pieces =", "parts =")],
)
def test_an_edited_catalog_is_part_of_a_stages_key(
    home: Path, run: object, old: str, new: str
) -> None:
    catalog = home / "cases" / "data" / "catalog.toml"
    origin = Origin(dataset="shop", kind="real", path=home / "mine.csv")

    def parts() -> dict[str, str]:
        return dict(key_parts(ingest.fn, (origin, no_sample, 0, 0), {}))

    before = parts()
    catalog.write_text(catalog.read_text().replace(old, new, 1))
    assert [name for name, part in parts().items() if part != before[name]] == ["catalog shop"]
