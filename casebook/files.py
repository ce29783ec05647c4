"""Writing files so that a half-written one can't be taken for a whole one, and hashing what was written."""

import errno
import hashlib
import json
import os
import platform
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 1 << 20
LIMIT = 1 << 26  # bytes of a file that is read as a whole, such as a manifest


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def flush(path: Path) -> None:
    """Make the operating system write a file (or a folder's entries) to disk before we rely on it."""
    if os.name == "nt" and path.is_dir():
        return  # Windows can't open a folder; its rename is journalled
    handle = os.open(path, os.O_RDONLY if os.name != "nt" or path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, limit: int = LIMIT) -> bytes | None:
    """Return what a small file holds, or None where there is none.

    Raises
    ------
    OSError
        It is no file (reading a pipe or a device might never end), or it is too large.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))
    if found.st_size > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes", str(path))
    return path.read_bytes()


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step: readers see the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        partial.write_bytes(content)
        flush(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    flush(path.parent)


def write_json(path: Path, value: object) -> None:
    """Replace a JSON file in one step; NaN is refused because it is not JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def new_folder(final: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a temporary folder that becomes `final` in one rename when the block ends without an error.

    Parameters
    ----------
    final
        The folder's place once it is whole.
    replace
        Whether a folder that stands there already (a damaged one, or one to be made again) gives way. Otherwise it
        stays and ours goes: two runs that made the same key at the same time made the same thing.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    sweep(final.parent)
    partial = _temporary(final.parent)
    partial.mkdir()
    try:
        yield partial
        for path in [*partial.rglob("*"), partial]:
            flush(path)
        _move(partial, final, replace=replace)
        flush(final.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _temporary(parent: Path) -> Path:
    return parent / f"{_ours()}{os.getpid()}-{secrets.token_hex(4)}"


def _ours() -> str:
    """Return how the names of this machine's temporary folders begin: another one that shares ours has other ids."""
    return f".tmp-{platform.node()}-"


def _move(partial: Path, final: Path, *, replace: bool) -> None:
    if replace and final.exists():
        aside = _temporary(final.parent)
        os.rename(final, aside)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        os.rename(partial, final)
    except OSError:
        if not final.is_dir():
            raise


def sweep(folder: Path) -> None:
    """Remove temporary folders that a killed process of this machine left in `folder`."""
    import psutil

    for path in folder.glob(f"{_ours()}*-*"):
        if not psutil.pid_exists(int(path.name.split("-")[-2])):
            shutil.rmtree(path, ignore_errors=True)
