"""Packing: a file's bytes as they were before they were packed."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from casebook.errors import CasebookError
from tasks.reading.names import ENDINGS, kind, unpacked_name

MAGIC = {
    b"\x1f\x8b": ".gz",
    b"BZh91AY&SY": ".bz2",
    b"\xfd7zXZ\x00": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"PK\x03\x04": ".zip",
}
LEFT_BY_SYSTEMS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Unpacked:
    """A file's name without its packing suffix, its bytes, and the packed file they come from."""

    name: str
    stream: IO[bytes]
    packed: IO[bytes]


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Open a file, and what it is packed in if it is.

    Raises
    ------
    CasebookError
        It is a zip file that holds no table, several, or one that a password locks.
    """
    with path.open("rb") as packed:
        begin = packed.read(16)
        packed.seek(0)
        packing = _packing(path, begin)
        if packing == ".zip":
            with zipfile.ZipFile(packed) as archive:
                member = _table(path, archive)
                with archive.open(member) as stream:
                    yield Unpacked(PurePosixPath(member.filename).name, stream, packed)
            return
        name = unpacked_name(path.name)
        if not packing:
            yield Unpacked(name, packed, packed)
            return
        with _opened(packing, packed) as stream:
            yield Unpacked(name, stream, packed)


def _packing(path: Path, begin: bytes) -> str:
    """Return how a file is packed.

    Its first bytes decide, else its name, which then turns out to be wrong.
    """
    packing = next((name for mark, name in MAGIC.items() if begin.startswith(mark)), "")
    if packing == ".zip" and kind(path.name) == "spreadsheet":  # which is a zip file itself
        return ""
    ending = path.suffix.lower()
    return packing or (ending if ending in MAGIC.values() else "")


def _opened(packing: str, packed: IO[bytes]) -> IO[bytes]:

    if packing == ".zst":
        return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd"))
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    return cast(IO[bytes], openers[packing](packed))


def _table(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table of a zip file; what operating systems put there is none."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    members = [member for member in members if not _by_system(member.filename)]
    tables = [member for member in members if member.filename.lower().endswith(ENDINGS)]
    candidates = members if len(members) == 1 else tables
    if len(candidates) != 1:
        names = ", ".join(member.filename for member in candidates or members) or "no file"
        raise CasebookError(
            f"{path} holds {names}, and one table is read at a time. Unpack it, and name one file."
        )
    if candidates[0].flag_bits & 1:
        raise CasebookError(f"{path} is locked by a password. Unpack it, and name the file in it.")
    return candidates[0]


def inner_names(path: Path) -> list[str]:
    """Return the name of the one table in a zip file, or nothing."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return [PurePosixPath(_table(path, archive).filename).name]


def _by_system(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in LEFT_BY_SYSTEMS or part.startswith("._") for part in parts)
