"""A text file of any separator, encoding and number style is read as what was written."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.catalog import DataFile
from casebook.errors import CasebookError
from tasks.reading import table as tables
from tasks.reading.form import form_of
from tasks.reading.sniff import assumptions, sniff

ROWS = [["도시", "값"], ["서울", "1"], ["부산", "2"], ["대구", "3"]]


def read(path: Path) -> list[dict[str, object]]:
    return tables.whole(path, form_of(sniff(path))).to_pylist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_and_encoding_are_found_out(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(separator.join(row) for row in ROWS).encode(encoding))
    assert read(path) == [{"도시": city, "값": value} for city, value in ROWS[1:]]


def test_a_letter_far_down_tells_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"city,n\n" + b"Rome,1\n" * 700_000 + "Orléans,2\n".encode("cp1252"))
    assert sniff(path).encoding == "cp1252"
    assert read(path)[-1] == {"city": "Orléans", "n": "2"}


@given(
    numbers=st.lists(
        st.decimals(-(10**7), 10**7, places=2, allow_nan=False), min_size=5, max_size=20
    )
)
def test_numbers_with_a_decimal_comma_are_read(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[object]
) -> None:
    path = tmp_path_factory.mktemp("comma") / "a.csv"
    german = [f"{number:,.2f}".translate(str.maketrans(",.", ".,")) for number in numbers]
    path.write_text("\n".join(["name;price", *(f"a;{text}" for text in german)]))
    assert [float(str(row["price"])) for row in read(path)] == [float(str(n)) for n in numbers]


def test_thousands_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('name,price\na,"1,234"\nb,"12,345,678.5"\nc,7\n')
    assert [row["price"] for row in read(path)] == ["1234", "12345678.5", "7"]


def test_a_text_with_a_comma_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('name,price\n"Kim, A",1.5\n"Lee, B",2.5\n')
    assert sniff(path).decimal == "."
    assert [row["name"] for row in read(path)] == ["Kim, A", "Lee, B"]


def test_lines_before_the_header_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Sales of May\n\nday;price\n1;2\n2;3\n3;4\n")
    assert read(path)[0] == {"day": "1", "price": "2"}


def test_marks_of_missing_values_are_found_in_columns_of_numbers_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{n},{'-' if n % 10 == 0 else n},{'a-b' if n % 2 else '-'}" for n in range(40)]
    path.write_text("\n".join(["n,price,kind", *rows]))
    assert sniff(path).marks == ("-",)
    path.write_text("\n".join(["n,kind", *(f"{n},{'-' if n % 2 else 'b'}" for n in range(40))]))
    assert sniff(path).marks == ()


def test_what_a_person_said_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1,5;2\n")
    assert sniff(path, DataFile(name=str(path), separator=",", decimal=".")).separator == ","


def test_a_packed_file_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("a;b\n1;2\n".encode("utf-16")))
    assert read(path) == [{"a": "1", "b": "2"}]


def test_each_assumption_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("가;b\n나;1.234,5\n다;?\n라;2,5\n".encode("cp949"))
    said = " ".join(map(str, assumptions(sniff(path))))
    for word in ("cp949", "--encoding", "--separator", "decimal comma", "?"):
        assert word in said


def test_a_wrong_encoding_is_told_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("이름,값\n가,1\n".encode("cp949"))
    with pytest.raises(CasebookError, match="--encoding"):
        tables.whole(path, form_of(DataFile(name=str(path), encoding="utf-16")))


def test_a_line_of_megabytes_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "x" * 3_000_000 + ",1\n")
    assert len(str(read(path)[0]["a"])) == 3_000_000


def test_fields_apart_by_blanks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a   b\n1 2\n3     4\n")
    assert read(path) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n" + bytes(range(256)) * 9, "begins like a picture"),
        (bytes(range(256)) * 9, "NUL"),
        (b"\xd0\xcf\x11\xe0" + bytes(3000), "old spreadsheet"),
        ("a,b\n가,1\n".encode() + "나,2\n".encode("cp949") * 9, "line 2 .*UTF-8, and line 3"),
    ],
)
def test_what_is_no_text_of_one_encoding_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(CasebookError, match=words):
        sniff(path)
