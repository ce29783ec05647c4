"""The files of one published version, read as untrusted input.

Each is a regular file inside the folder, of bounded size and with the hash that the manifest says;
JSON must be serializable again: no number beyond 64 bits, no half characters, no hundreds of
levels.
"""

import hashlib
import os
from collections.abc import Container
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from casebook import untrusted
from casebook.share import MANIFEST

JSON_LIMIT = 2**26  # bytes of a JSON file
FILE_LIMIT = 2**32  # bytes of any other
Record = TypeVar("Record", bound=BaseModel)


class Entry(BaseModel):
    """What a manifest says of one file."""

    model_config = ConfigDict(strict=True)

    sha256: str
    bytes: int = Field(ge=0, le=FILE_LIMIT)


class Manifest(BaseModel):
    """What serving needs of a `manifest.json`."""

    files: dict[str, Entry] = Field(max_length=1000)
    primary_metric: str | None = None


def read_manifest(folder: Path) -> dict[str, object]:
    """Return what the manifest of a version says.

    Raises
    ------
    CasebookError, OSError, ValueError
        It is not there, no regular file, too large, or no JSON object.
    """
    return parse_object(MANIFEST, untrusted.read(folder / MANIFEST, JSON_LIMIT))


def read_verified(folder: Path, manifest: Manifest, kept: Container[str]) -> dict[str, bytes]:
    """Check every file that a manifest names, and return the contents of those in `kept`.

    Raises
    ------
    CasebookError, OSError, ValueError
        A file is not there, no regular file, outside the folder, too large, or not as the manifest
        says.
    """
    contents = {
        name: _content(folder, name, entry, name in kept) for name, entry in manifest.files.items()
    }
    return {name: content for name, content in contents.items() if name in kept}


def _content(folder: Path, name: str, entry: Entry, kept: bool) -> bytes:
    """Check one file and return its content, or nothing of one that is only checked."""
    path = untrusted.inside(folder, name)
    limit = JSON_LIMIT if path.suffix == ".json" else FILE_LIMIT
    with os.fdopen(untrusted.opened(path, limit), "rb") as file:
        same = os.fstat(file.fileno()).st_size == entry.bytes
        content = file.read(entry.bytes) if kept and same else b""
        digest = hashlib.sha256(content) if kept else hashlib.file_digest(file, "sha256")
    if not same or digest.hexdigest() != entry.sha256:
        raise ValueError(f"{name} differs from what {MANIFEST} says: publish this version again")
    return content


def parse_object(name: str, content: bytes) -> dict[str, object]:
    """Return a JSON object that can be told again as it is.

    Raises
    ------
    ValueError, TypeError
        It is none; the message names the file.
    """
    try:
        value = orjson.loads(content)
        orjson.dumps({"as": {"part": {"of": value}}})  # it writes fewer levels than it reads
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is no JSON that can be told: {error}") from error
    if not isinstance(value, dict):
        raise TypeError(f"{name} holds no JSON object")
    return value


def parse_record(name: str, content: object, kind: type[Record]) -> Record:
    """Return a part of a JSON file as a record.

    Raises
    ------
    ValueError
        It is not of that form; the message names the file and the place in it.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        raise ValueError(f"{name}: {place or 'the whole'}: {first['msg']}") from error
