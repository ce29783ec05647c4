"""A source file becomes a typed table, or one sentence says what is wrong with it."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.catalog import Column
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Ref
from casebook.tables import read_table
from tasks.data.ingest import ingest, read, typed

GOOD = "price,pieces,maker,sold\n1.5,3,Acme,0\n2,,Bolt,1\n"


def no_sample(rows: int, seed: int) -> pd.DataFrame:
    raise AssertionError("a file was given")


def three_of(rows: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame({"sold": [0, 1, seed], "maker": "Acme", "pieces": rows, "price": 1.0})


def origin(path: Path, text: str | bytes = GOOD, rows: int | None = None) -> Origin:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Origin(dataset="shop", kind="real", path=path, rows=rows, note="all of it")


def test_a_file_becomes_the_catalogs_columns_in_their_order_and_types(
    home: Path, keep: Callable[..., Ref]
) -> None:
    shuffled = "sold,extra,maker,pieces,price\n0,x,Acme,3,1.5\n1,y,7,,2\n"
    table = keep(ingest.fn, origin(home / "shop.csv", shuffled), no_sample, 0, 0)
    frame = read_table(table)
    assert list(frame.columns) == ["price", "pieces", "maker", "sold"]
    assert frame["price"].to_list() == [1.5, 2.0]
    assert frame["maker"].to_list() == ["Acme", "7"]
    assert [str(kind) for kind in frame.dtypes[["price", "pieces", "sold"]]] == [
        "float64",
        "float64",
        "int64",
    ]
    assert np.isnan(frame["pieces"][1])
    assert table.facts["rows"] == 2
    assert table.facts["kind"] == "real"


def test_csv_and_parquet_give_the_same_table(home: Path, keep: Callable[..., Ref]) -> None:
    from_csv = read_table(keep(ingest.fn, origin(home / "shop.csv"), no_sample, 0, 0))
    pd.read_csv(home / "shop.csv").to_parquet(home / "shop.parquet")
    parquet = Origin(dataset="shop", kind="real", path=home / "shop.parquet")
    pd.testing.assert_frame_equal(read_table(keep(ingest.fn, parquet, no_sample, 0, 0)), from_csv)


def test_a_sample_is_made_with_its_size_and_seed(keep: Callable[..., Ref]) -> None:
    table = keep(ingest.fn, Origin(dataset="shop", kind="sample", note="made"), three_of, 9, 5)
    assert read_table(table)["sold"].to_list() == [0, 1, 5]
    assert read_table(table)["pieces"].to_list() == [9, 9, 9]
    assert table.facts["kind"] == "sample"


def test_missing_columns_are_all_named_with_what_there_is(
    home: Path, keep: Callable[..., Ref]
) -> None:
    with pytest.raises(
        CasebookError,
        match="lacks the columns pieces, maker of the data set 'shop'; it has price, sold",
    ):
        keep(ingest.fn, origin(home / "shop.csv", "price,sold\n1,0\n"), no_sample, 0, 0)


@pytest.mark.parametrize("wrong", ["cheap", "inf", "1,5"])
def test_text_in_a_number_column_is_named_with_its_row(
    home: Path, keep: Callable[..., Ref], wrong: str
) -> None:
    text = f'price,pieces,maker,sold\n1,1,a,0\n2,1,a,0\n"{wrong}",1,a,0\n"{wrong}",1,a,0\n'
    with pytest.raises(
        CasebookError,
        match=rf"column price holds numbers, but row 3 has .*{wrong}.* \(2 such rows\)",
    ):
        keep(ingest.fn, origin(home / "shop.csv", text), no_sample, 0, 0)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("shop.csv", b"", "can't be read as CSV"),
        ("shop.csv", b"\xff\xfe\x00garbage\x9d", "can't be read as CSV"),
        (
            "shop.csv",
            b'a,b\n1,2\n"1,2,3\n1,2',
            "line 3: the quote that opens there is never closed",
        ),
        ("shop.csv", b"price,pieces,maker,sold\n", "has no rows"),
        ("shop.parquet", b"", "can't be read as parquet"),
        ("shop.parquet", b"not parquet at all", "can't be read as parquet"),
    ],
)
def test_an_unreadable_file_is_named_with_its_kind(
    home: Path, name: str, content: bytes, problem: str
) -> None:
    (home / name).write_bytes(content)
    with pytest.raises(CasebookError, match=problem) as error:
        read(home / name)
    assert str(home / name) in str(error.value)


def spreadsheet(path: Path, **sheets: pd.DataFrame) -> Origin:
    """Write sheets with three rows of preamble before the header of each."""
    with pd.ExcelWriter(path) as book:
        for name, frame in sheets.items():
            pd.DataFrame(["All about the shop"]).to_excel(
                book, sheet_name=name, header=False, index=False
            )
            frame.to_excel(book, sheet_name=name, startrow=3, index=False)
    return Origin(dataset="shop", kind="real", path=path)


@pytest.mark.parametrize("name", ["shop.xlsx", "renamed.xlsx"])
def test_a_spreadsheet_is_read_from_its_sheet_below_its_preamble(
    home: Path, keep: Callable[..., Ref], name: str
) -> None:
    from_csv = read_table(keep(ingest.fn, origin(home / "shop.csv"), no_sample, 0, 0))
    sheet = spreadsheet(
        home / name, About=pd.DataFrame({"by": ["us"]}), Stock=pd.read_csv(home / "shop.csv")
    )
    pd.testing.assert_frame_equal(read_table(keep(ingest.fn, sheet, no_sample, 0, 0)), from_csv)


def test_headers_of_a_spreadsheet_that_are_years_become_text(home: Path) -> None:
    pd.DataFrame({"land": ["A"], 1980: [3]}).to_excel(home / "years.xlsx", index=False)
    assert list(read(home / "years.xlsx").columns) == ["land", "1980"]


def test_a_wrong_spreadsheet_is_told_from_a_wrong_sheet(
    home: Path, keep: Callable[..., Ref]
) -> None:
    other = pd.DataFrame({"by": ["us"]})
    cases = {
        r"shop\.xlsx has no sheet 'Stock'; it has About, Sold": spreadsheet(
            home / "shop.xlsx", About=other, Sold=other
        ),
        r"lacks the columns price, pieces, maker, sold.*it has by": spreadsheet(
            home / "other.xlsx", Stock=other
        ),
        r"short\.xlsx has no rows": spreadsheet(home / "short.xlsx", Stock=other[:0]),
    }
    for problem, sheet in cases.items():
        with pytest.raises(CasebookError, match=problem):
            keep(ingest.fn, sheet, no_sample, 0, 0)


def zipped(name: str) -> bytes:
    """Return a zip file with one file in it, which is no spreadsheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "text")
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip file at all", zipped("readme.txt"), zipped("x")[:-9]],
    ids=["empty", "text", "another zip", "cut short"],
)
def test_what_is_no_spreadsheet_is_refused(home: Path, content: bytes) -> None:
    (home / "shop.xlsx").write_bytes(content)
    with pytest.raises(CasebookError, match=r"shop\.xlsx can't be read as a spreadsheet \(xlsx\)"):
        read(home / "shop.xlsx")


def test_a_truncated_parquet_file_is_refused(home: Path) -> None:
    whole = home / "whole.parquet"
    pd.DataFrame({"price": np.arange(1000.0)}).to_parquet(whole)
    (home / "cut.parquet").write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(CasebookError, match=r"can't be read as parquet.*cut short"):
        read(home / "cut.parquet")


def test_a_file_that_is_not_there_is_refused(home: Path) -> None:
    with pytest.raises(CasebookError, match="can't be read as CSV"):
        read(home / "nowhere.csv")


def test_a_truncated_csv_file_has_other_than_its_known_rows(
    home: Path, keep: Callable[..., Ref]
) -> None:
    with pytest.raises(CasebookError, match="has 2 rows where the catalog says 1,000"):
        keep(ingest.fn, origin(home / "shop.csv", rows=1000), no_sample, 0, 0)
    assert keep(ingest.fn, origin(home / "shop.csv", rows=2), no_sample, 0, 0).facts["rows"] == 2


@given(st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), min_size=1))
def test_whole_numbers_keep_their_values_and_gaps_stay_gaps(values: list[int | None]) -> None:
    numbers = typed(
        pd.Series(values, dtype="object", name="pieces"), Column(type="integer"), Path("x")
    )
    assert str(numbers.dtype) == ("float64" if None in values else "int64")
    assert [None if np.isnan(number) else int(number) for number in numbers] == values
