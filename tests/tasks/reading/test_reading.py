"""Training and scoring read the same table from any file, or refuse it with the same message."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from casebook.errors import CasebookError
from casebook.store import Ref
from tests.tasks.reading.both_ways import HEADER, SOUND, TEXT, Values, scored, trained, zipped


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
