"""A table is found and read wherever it lies."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from casebook.catalog import DataFile
from casebook.errors import CasebookError
from tasks.drafting.source import located
from tasks.drafting.typed import typed_frame
from tasks.reading import table as tables
from tasks.reading.form import form_of

NOTHING = DataFile(name="")
FRAME = pd.DataFrame({"city": ["Seoul", "Busan", "Jeju"], "n": [1, 2, 3], "x": [0.5, None, 2.5]})


@pytest.fixture(autouse=True)
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_RAW", str(tmp_path / "raw"))


def read(source: str, given: DataFile = NOTHING) -> pd.DataFrame:
    file = located(source, given)
    return typed_frame(tables.whole(Path(file.name), form_of(file)), source)


def same(frame: pd.DataFrame, rows: int = 3) -> None:
    pd.testing.assert_frame_equal(
        frame.head(3).assign(city=frame["city"].astype(object)),
        FRAME.assign(city=FRAME["city"].astype(object)),
        check_dtype=False,
    )
    assert len(frame) == rows


def test_a_csv_a_parquet_a_spreadsheet_and_json_lines_hold_the_same(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.to_parquet(tmp_path / "a.parquet")
    FRAME.to_excel(tmp_path / "a.xlsx", index=False)
    FRAME.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for name in ("a.csv", "a.parquet", "a.xlsx", "a.jsonl"):
        same(read(str(tmp_path / name)))


def test_a_folder_and_a_pattern_hold_their_parts(tmp_path: Path) -> None:
    for number in range(3):
        FRAME[["x", "n", "city"][:: 1 if number else -1]].to_csv(
            tmp_path / f"part-{number}.csv", index=False
        )
    same(read(str(tmp_path))[["city", "n", "x"]], rows=9)
    same(read(str(tmp_path / "part-*.csv"))[["city", "n", "x"]], rows=9)


def test_parts_of_other_columns_are_refused_by_name(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.rename(columns={"n": "m"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(CasebookError, match=r"b\.csv has other columns .*m, n"):
        read(str(tmp_path))


def test_a_database_gives_the_table_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        FRAME.to_sql("sales", connection, index=False)
        FRAME.to_sql("others", connection, index=False)
    connection.close()
    same(read(str(path), DataFile(name="", sheet="sales")))
    same(read(f"sqlite:///{path}", DataFile(name="", sheet="others")))
    with pytest.raises(CasebookError, match=r"others, sales.*--sheet"):
        read(str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "is empty"), ('{"a": [1, 2]}\n', "lists or objects"), ('{"a": 1', "JSON lines")],
)
def test_a_file_that_holds_no_table_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(CasebookError, match=words):
        read(str(path))


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="no such file"):
        read(str(tmp_path / "gone.csv"))
    with pytest.raises(CasebookError, match="no table"):
        read(str(tmp_path))
    with pytest.raises(CasebookError, match="can't be read"):
        read("nosuch://host/db")


def test_a_postal_code_keeps_its_zero(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("zip,n\n01234,1\n56789,2\n")
    assert read(str(tmp_path / "a.csv"))["zip"].tolist() == ["01234", "56789"]


def test_truths_and_times_become_texts(tmp_path: Path) -> None:
    at = pd.Timestamp("2026-11-30 12:00", tz="Asia/Seoul")
    pd.DataFrame({"paid": [True, False], "at": [at, at]}).to_parquet(tmp_path / "a.parquet")
    frame = read(str(tmp_path / "a.parquet"))
    assert frame["paid"].tolist() == ["true", "false"]
    assert frame["at"].tolist() == ["2026-11-30T03:00:00"] * 2


def test_a_json_array_is_read(tmp_path: Path) -> None:
    FRAME.to_json(tmp_path / "a.json", orient="records")
    same(read(str(tmp_path / "a.json")))


def test_a_total_in_the_last_row_is_named(tmp_path: Path) -> None:
    rows = [f"{n},{n}" for n in range(200)]
    (tmp_path / "a.csv").write_text("\n".join(["n,m", *rows, "Total,19900"]))
    with pytest.raises(CasebookError, match=r"the column n .*row 201 has 'Total'"):
        read(str(tmp_path / "a.csv"))


def test_a_locked_spreadsheet_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(1000))
    with pytest.raises(CasebookError, match="password"):
        read(str(tmp_path / "a.xlsx"))
