"""Read files from outside the project.

Whatever a library raises becomes one sentence that names the file and the remedy.

Each reader raises, besides OSError:

- `bytes.decode`: UnicodeDecodeError (a ValueError)
- `json.loads`: ValueError (also for an integer of over 4,300 digits), RecursionError
- `tomllib.loads`: ValueError, RecursionError
- `numpy.load` of an npz: ValueError, EOFError, KeyError, SyntaxError, MemoryError, and what zipfile
  raises
- `zipfile`: BadZipFile, LargeZipFile, RuntimeError, NotImplementedError, KeyError, and what
  unpackers raise
- `tarfile`: TarError, EOFError, and what unpackers raise
- unpackers: zlib.error, LZMAError, EOFError, struct.error, IndexError
- `pyarrow.parquet`: ArrowException (some are ValueError, KeyError, NotImplementedError or
  MemoryError)
"""

from __future__ import annotations

import codecs
import json
import lzma
import math
import struct
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from casebook.errors import CasebookError

FETCH = (
    "It may be cut short or of another format: fetch it again, or name another with --source PATH."
)
ACCESS = "Check that it is a file and that you may read it."
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# the bases of all that the libraries above raise for content that they can't make sense of
LIBRARY = (
    ValueError,
    LookupError,
    ArithmeticError,
    EOFError,
    TypeError,
    AttributeError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    struct.error,
    OSError,
)


@contextmanager
def reading(path: Path | str, kind: str, remedy: str = FETCH) -> Iterator[None]:
    """Turn what a library raises while it reads a file into one sentence.

    Only the library's calls go inside the block.

    Parameters
    ----------
    path
        The file, as the user named it.
    kind
        What it should be, such as `npz`.
    remedy
        A sentence on what to do about content that can't be read.

    Raises
    ------
    CasebookError
        The file can't be opened, or is not what it should be.

    Examples
    --------
    >>> with reading("model.npz", "npz", "Get it again."):
    ...     raise EOFError
    Traceback (most recent call last):
    casebook.errors.CasebookError: model.npz can't be read as npz: EOFError. Get it again.
    """
    try:
        yield
    except (CasebookError, GeneratorExit):
        raise
    except _raised() as error:
        if isinstance(error, OSError) and error.strerror and error.errno:
            raise CasebookError(f"{path} can't be read: {error.strerror}. {ACCESS}") from error
        message = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise CasebookError(f"{path} can't be read as {kind}: {message}. {remedy}") from error


def _raised() -> tuple[type[Exception], ...]:
    """Return all exceptions that a library raises.

    Those of unpackers have no common base but Exception itself.
    """
    packed = zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile
    return (*LIBRARY, *packed)


def read_text(path: Path) -> str:
    """Return a file's text: UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises
    ------
    CasebookError
        It can't be opened, or is in another encoding.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CasebookError(f"{path} can't be read: {error.strerror or error}. {ACCESS}") from error
    encoding = "utf-16" if content.startswith(UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CasebookError(
            f"{path} is no {encoding.removesuffix('-sig').upper()} text from byte "
            f"{error.start + 1} on. Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise CasebookError(
            f"{path} has zero bytes, as UTF-16 without a mark or a binary file. Save it as UTF-8 "
            "text."
        )
    return text


def parse_toml(text: str, path: Path | str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    CasebookError
        It is no TOML; the line is named.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CasebookError(_broken(path, "TOML", error)) from error


def parse_json(text: str, path: Path | str) -> Any:
    """Return the value of a JSON text.

    A duplicate name is refused, as are NaN and Infinity.

    Raises
    ------
    CasebookError
        It is no JSON; the line is named.

    Examples
    --------
    >>> parse_json('{"seed": 1, "seed": 2}', "a.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    casebook.errors.CasebookError: a.json can't be read as JSON: the name 'seed' stands twice in...
    """
    try:
        return _finite(json.loads(text, object_pairs_hook=_object))
    except (ValueError, RecursionError) as error:
        raise CasebookError(_broken(path, "JSON", error)) from error


def faults(error: ValidationError) -> str:
    """Return pydantic's errors in one line.

    It names each field and what is wrong with it.

    Examples
    --------
    >>> from casebook.catalog import Column
    >>> try:
    ...     Column.model_validate({"colour": "red"})
    ... except ValidationError as error:
    ...     faults(error)
    'type: field required; colour: extra inputs are not permitted'
    """
    messages = []
    for fault in error.errors():
        field = ".".join(map(str, fault["loc"])) or "the whole"
        message = fault["msg"].removeprefix("Value error, ")
        messages.append(f"{field}: {message[0].lower()}{message[1:]}")
    return "; ".join(messages)


def _broken(path: Path | str, kind: str, error: Exception) -> str:
    message = (
        "it is nested too deeply" if isinstance(error, RecursionError) else str(error).rstrip(".")
    )
    return f"{path} can't be read as {kind}: {message}. Mend it there."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return mapping


def _finite(value: Any, name: str = "the value") -> Any:
    """Return a JSON value; an infinite number or NaN in it is refused, with the nearest name."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} {value}: should be a finite number")
    if isinstance(value, dict):
        for key, part in value.items():
            _finite(part, key)
    elif isinstance(value, list):
        for part in value:
            _finite(part, name)
    return value
