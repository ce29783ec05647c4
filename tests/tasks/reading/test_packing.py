"""Packed files are unpacked, or refused with the same message."""

import bz2
import gzip
import lzma
from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.tasks.reading.both_ways import (
    SOUND,
    TEXT,
    Values,
    zipped,
)

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
