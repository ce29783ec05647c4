"""Training and scoring read a file as the catalog describes it."""

import gzip
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from casebook.origin import Origin
from casebook.stage_key import key_parts
from casebook.store import Ref
from tasks.data.ingest import ingest
from tests.tasks.reading.both_ways import HEADER, Values, no_sample, scored, trained


def set_for_the_file(home: Path, setting: str) -> None:
    """Add a line to what the catalog says of the data set's file."""
    catalog = home / "cases" / "data" / "catalog.toml"
    note = 'note = "all of it"'
    catalog.write_text(catalog.read_text().replace(note, f"{note}\n{setting}"))


def test_a_mark_of_the_catalog_is_missing_in_every_file_of_the_data_set(
    home: Path, both: Callable[..., Values]
) -> None:
    set_for_the_file(home, 'missing = "?"')
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


def test_quotes_are_characters_where_the_catalog_says_so(
    home: Path, both: Callable[..., Values]
) -> None:
    set_for_the_file(home, "quote = false")
    texts = ['"open', 'close"', '"both"', '"']
    assert both(HEADER + "".join(f"\n1,2,{text},0" for text in texts), "shop.csv")["maker"] == texts


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
