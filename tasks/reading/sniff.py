"""Sniff: find out how a text file is written that nobody has described."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from casebook.catalog import DataFile
from casebook.errors import CasebookError
from casebook.language import Message, msg
from tasks.reading.encoding import WIDE, encoding_problem, foreign
from tasks.reading.form import form_of
from tasks.reading.local import recoded
from tasks.reading.names import kind
from tasks.reading.number_style import cells_by_column, number_style
from tasks.reading.packing import unpacked
from tasks.reading.trouble import met

SEPARATORS = (",", ";", "\t", "|")
LINES = 500  # that tell how a file is written
BLANKS = r"\s+"
NAMES = {"\t": "TAB", BLANKS: "blanks"}
CHUNK = 1 << 22  # bytes
LONGEST = 100_000  # characters of a line: the rest tells nothing new


def sniff(path: Path, given: DataFile | None = None) -> DataFile:
    """Return how a file is written.

    Parameters
    ----------
    path
        The file. A parquet file or a spreadsheet says so itself.
    given
        What a person said: fields that are set in it stay.

    Raises
    ------
    CasebookError
        The file can't be read.
    """
    file = given or DataFile(name=str(path))
    with met(path, kind(path.name)), unpacked(path) as opened:
        if kind(opened.name) != "text":
            return file
        file = _with(file, encoding=_encoding_of(path, opened.stream))
    lines = _first_lines(path, file)
    file = _with(file, separator=separator_of(lines))
    records = records_of(lines, file.separator)
    file = _with(file, skip=preamble(records))
    return _with(file, **number_style(cells_by_column(records[file.skip :])))


def _with(file: DataFile, **fields: object) -> DataFile:
    """Return a description of a file with more fields; those that are set stay."""
    new = {name: value for name, value in fields.items() if name not in file.model_fields_set}
    return file.model_copy(update=new)


def _first_lines(path: Path, file: DataFile) -> list[str]:
    with met(path, "text"), unpacked(path) as opened:
        stream = recoded(opened, form_of(file)).stream
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        lines = [text.readline(LONGEST) for _ in range(LINES)]
        text.detach()
    return [line for line in lines if line]


def assumptions(file: DataFile) -> list[Message]:
    """Return what was assumed of a text file, with the flag that says otherwise."""
    assumed = []
    if file.encoding != "utf-8":
        assumed.append(
            msg("The text is in {encoding}; --encoding says otherwise.", encoding=file.encoding)
        )
    if file.separator != ",":
        assumed.append(
            msg(
                "Fields are parted by {separator}; --separator says otherwise.",
                separator=NAMES.get(file.separator, file.separator),
            )
        )
    if file.decimal == ",":
        assumed.append(msg("Numbers have a decimal comma; --decimal says otherwise."))
    if file.thousands:
        assumed.append(msg("Thousands are parted by {mark}.", mark=file.thousands))
    if file.skip:
        assumed.append(msg("{lines} lines stand before the header.", lines=file.skip))
    if file.marks:
        assumed.append(
            msg("These marks stand for missing values: {marks}", marks=" ".join(file.marks))
        )
    return assumed


def _encoding_of(path: Path, stream: IO[bytes]) -> str:
    """Return the encoding of a stream, by its first bytes or by bytes that UTF-8 has not.

    Raises
    ------
    CasebookError
        It is no text, or lines of it are in different encodings.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    begin = stream.read(CHUNK)
    for mark, name in WIDE.items():
        if begin.startswith(mark):
            return name.lower()
    if wrong := foreign(begin):
        if "UTF-16" not in wrong:
            raise CasebookError(f"{path} can't be read as CSV: {wrong}")
        return "utf-16-le" if begin[1:2] == b"\0" else "utf-16-be"
    part, lines = begin, 0
    while part:
        try:
            decoder.decode(part)
        except UnicodeDecodeError:
            _of_one_encoding(path, part, lines)
            return "cp949" if "CP949" in encoding_problem(part) else "cp1252"
        lines += part.count(b"\n")
        part = stream.read(CHUNK)
    return "utf-8"


def _of_one_encoding(path: Path, content: bytes, before: int) -> None:
    """Refuse a text of which some lines with letters beyond ASCII are UTF-8, and others are not."""
    by_kind: dict[bool, list[int]] = {True: [], False: []}
    for number, line in enumerate(content.split(b"\n")[1:-1], before + 2):
        if not line.isascii():
            by_kind[_is_utf8(line)].append(number)
    if by_kind[True] and by_kind[False]:
        raise CasebookError(
            f"{path}: line {by_kind[True][0]} is encoded in UTF-8, and line {by_kind[False][0]} is "
            "not: parts of different encodings were put together. Bring them all to UTF-8."
        )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def separator_of(lines: Sequence[str]) -> str:
    r"""Return what parts the fields: what gives most lines the same number of them, over one.

    Examples
    --------
    >>> separator_of(["day;price\n", "Monday;1,5\n", "Tuesday;2,5\n"])
    ';'
    """
    best, separator = (0.0, 0), ","
    for mark in SEPARATORS:
        widths = Counter(len(row) for row in records_of(lines, mark) if row)
        width, often = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width < 2:
            continue
        agreement = (round(often / sum(widths.values()), 2), width)
        if agreement > best:
            best, separator = agreement, mark
    blanks = {len(row) for row in records_of(lines, BLANKS) if row}
    apart_by_blanks = best[1] < 2 and len(blanks) == 1 and min(blanks) > 1
    return BLANKS if apart_by_blanks else separator


def records_of(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Return the fields of each line."""
    if separator == BLANKS:
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=separator))


def preamble(records: Sequence[Sequence[str]]) -> int:
    """Return how many lines stand before the header: narrower ones than all rows, or emptier ones.

    Examples
    --------
    >>> preamble([["Sales of May"], [], ["day", "price"], ["1", "2"], ["2", "3"], ["3", "4"]])
    2
    """
    widths = Counter(len(row) for row in records if row)
    width = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
    filled = [sum(bool(cell.strip()) for cell in row) for row in records]
    rows = zip(records, filled, strict=True)
    first = next((n for n, (row, cells) in enumerate(rows) if len(row) >= width < 2 * cells), 0)
    return first if first <= len(records) // 2 else 0
