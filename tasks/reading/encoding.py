"""Encoding: what a file is that isn't the UTF-8 text it should be, and what to do about it."""

import codecs
import re

BEGINNING = 4096  # bytes in which no text has a NUL
AGAIN = "Get it again, or save it as UTF-8."
REMEDY = 'Save it as UTF-8 (in Excel: "CSV UTF-8"), and name it again.'
WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
OTHERS = {
    b"PAR1": "a parquet file (.parquet)",
    b"PK\x03\x04": "a spreadsheet (.xlsx) or a zip file (.zip)",
    b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls): save it as .xlsx",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite": "a database of SQLite",
    b"ARROW1": "a file of Arrow (.arrow)",
}


def foreign(begin: bytes) -> str | None:
    """Return what is wrong with a file that begins so, or None if it may be a text in UTF-8.

    Examples
    --------
    >>> foreign(b"PAR1 and so on")
    'it begins like a parquet file (.parquet). Name the file as what it is, or another file.'
    >>> foreign("name,price".encode()) is None
    True
    """
    for mark, name in {**WIDE, **OTHERS}.items():
        if begin.startswith(mark):
            return f"it is encoded in {name}, not UTF-8. {REMEDY}" if mark in WIDE else _other(name)
    nuls = begin[:BEGINNING].count(0)
    if nuls * 3 > len(begin[:BEGINNING]):
        return f"its encoding seems to be UTF-16, not UTF-8. {REMEDY}"
    return "it holds bytes that no text has (NUL). Name a text file in UTF-8." if nuls else None


def _other(name: str) -> str:
    return f"it begins like {name}. Name the file as what it is, or another file."


def encoding_problem(held: bytes) -> str:
    """Return what is wrong with bytes that are no UTF-8.

    A letter of Korean in CP949 takes two bytes above 127. One such byte alone is a letter of
    Western Europe.

    Examples
    --------
    >>> for held in ("한글".encode("cp949"), "café crème".encode("latin-1")):
    ...     print(encoding_problem(held).split(". ")[0])
    its encoding is not UTF-8 but seems to be CP949 (Korean)
    its encoding is not UTF-8 but seems to be Windows-1252 or Latin-1
    """
    try:
        held.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return f"it ends within a character: it was cut short, or is not UTF-8. {AGAIN}"
    high = re.findall(rb"[\x80-\xff]+", held)
    pairs = all(len(run) % 2 == 0 for run in high)
    name = "CP949 (Korean)" if pairs else "Windows-1252 or Latin-1"
    return f"its encoding is not UTF-8 but seems to be {name}. {REMEDY}"
