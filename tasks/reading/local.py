"""Local: texts in other encodings than UTF-8, and numbers with a decimal comma."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import replace

import pyarrow as pa
from pyarrow import compute

from casebook.errors import CasebookError
from tasks.reading.form import Form
from tasks.reading.names import kind
from tasks.reading.packing import Unpacked

CHUNK = 1 << 20  # bytes
REMEDY = "Say how it is written by --encoding, or save it as UTF-8."


def recoded(file: Unpacked, form: Form) -> Unpacked:
    """Return a text file with its bytes as UTF-8, and any other file as it is."""
    if form.encoding == "utf-8" or kind(file.name) != "text":
        return file
    return replace(file, stream=io.BufferedReader(_Recoded(file, form.encoding)))


class _Recoded(io.RawIOBase):
    """The characters of a text in some encoding as bytes of UTF-8."""

    def __init__(self, file: Unpacked, encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self.decoder = codecs.getincrementaldecoder(encoding)()
        self.held, self.ended = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        while not self.held and not self.ended:
            self.held = self._next().encode()
        part, self.held = self.held[: len(target)], self.held[len(target) :]
        target[: len(part)] = part
        return len(part)

    def _next(self) -> str:
        content = self.file.stream.read(CHUNK)
        self.ended = not content
        try:
            return self.decoder.decode(content, final=self.ended)
        except UnicodeError as error:
            raise CasebookError(
                f"{self.file.name} is no text in {self.encoding}: {error}. {REMEDY}"
            ) from error


def local_number(decimal: str, thousands: str) -> str:
    """Return the pattern of a number that is written so.

    Examples
    --------
    >>> bool(re.fullmatch(local_number(",", "."), "-1.234,5"))
    True
    >>> bool(re.fullmatch(local_number(",", "."), "1.23,5"))
    False
    """
    point, mark = re.escape(decimal), re.escape(thousands)
    whole = rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d+" if thousands else r"\d+"
    return rf"[-+]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?"


def with_points(block: pa.RecordBatch, form: Form) -> pa.RecordBatch:
    """Return texts with numbers written as Python does; what is no number stays as it is."""
    if form.decimal == "." and not form.thousands:
        return block
    pattern = f"^\\s*(?:{local_number(form.decimal, form.thousands)})\\s*$"
    columns = [_pointed(column, pattern, form) for column in block.columns]
    return pa.RecordBatch.from_arrays(columns, block.schema.names)


def _pointed(column: pa.Array, pattern: str, form: Form) -> pa.Array:
    numbers = compute.match_substring_regex(column, pattern)
    if not compute.any(numbers).as_py():
        return column
    plain = column
    if form.thousands:
        plain = compute.replace_substring(plain, form.thousands, "")
    if form.decimal != ".":
        plain = compute.replace_substring(plain, form.decimal, ".")
    return compute.if_else(compute.fill_null(numbers, False), plain, column)
