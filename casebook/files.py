"""Write files atomically, and hash what was written.

A half-written file can't be mistaken for a whole one.
"""

import errno
import hashlib
import json
import os
import platform
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebook import alive
from casebook.errors import CasebookError

CHUNK = 1 << 20
TEMPORARY, ASIDE, LOCK = ".tmp-", "-aside", ".lock"
DAY = 86_400.0
LIMIT = 1 << 26  # bytes of a file that is read as a whole, such as a manifest


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def flush(path: Path) -> None:
    """Flush a file (or a folder's entries) to disk before we rely on it."""
    if os.name == "nt" and path.is_dir():
        return  # Windows can't open a folder; its rename is journalled
    handle = os.open(path, os.O_RDONLY if os.name != "nt" or path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder of ours, with those above it, unless it is there.

    Raises
    ------
    CasebookError
        It can't be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise CasebookError(
            f"The folder {path} can't be made ({error.strerror}). Change the rights there, or set "
            "CASEBOOK_ARTIFACTS to a folder that can be written to."
        ) from error


def read(path: Path, limit: int = LIMIT) -> bytes | None:
    """Return what a small file holds, or None where there is none.

    Raises
    ------
    OSError
        It is no file (reading a pipe or a device might never end), or it is too large.
    """
    try:
        info = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))
    if info.st_size > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes", str(path))
    return path.read_bytes()


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step: readers see the old content or the new one, never a part."""
    make_folder(path.parent)
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
    """Yield a temporary folder that becomes `final` in one rename if the block raises no error.

    Parameters
    ----------
    final
        The folder's place once it is whole.
    replace
        Whether a folder that stands there already (a damaged one, or one to be made again) gives
        way. Otherwise it stays and ours goes: two runs that made the same key at the same time made
        the same thing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     final = Path(parent) / "output"
    ...     with new_folder(final) as folder:
    ...         write_text(folder / "a.txt", "whole")
    ...         before = final.exists()
    ...     before, (final / "a.txt").read_text()
    (False, 'whole')
    """
    make_folder(final.parent)
    sweep(final.parent)
    partial = final.parent / f"{_ours()}{secrets.token_hex(8)}"
    with alive.held(_lock_of(partial)):
        partial.mkdir()
        try:
            yield partial
            for path in [*partial.rglob("*"), partial]:
                flush(path)
            _move(partial, final, replace=replace)
            flush(final.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _ours() -> str:
    """Return how the names of this machine's temporary folders begin."""
    return f"{TEMPORARY}{platform.node()}-"


def _lock_of(partial: Path) -> Path:
    """Return the lock file that is held while a temporary folder is written."""
    return partial.with_name(partial.name + LOCK)


def _aside(partial: Path) -> Path:
    """Return where a folder goes that gives way to a temporary one."""
    return partial.with_name(partial.name + ASIDE)


def _move(partial: Path, final: Path, *, replace: bool) -> None:
    aside = _aside(partial)
    if replace and final.exists():
        os.rename(final, aside)
    try:
        os.rename(partial, final)
    except OSError:
        if not final.is_dir():
            if aside.exists():
                os.rename(aside, final)
            raise
    shutil.rmtree(aside, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove temporary folders in `folder` whose writer is gone.

    Its lock tells. A folder without one, or of another machine (on a drive that perhaps keeps no
    locks between machines), has to be a day old as well.
    """
    for lock in folder.glob(f"{TEMPORARY}*{LOCK}"):
        partial = lock.with_name(lock.name.removesuffix(LOCK))
        if partial.name.startswith(_ours()) or _old(partial):
            _sweep(partial, lock)
    for path in folder.glob(f"{TEMPORARY}*"):
        partial = path.with_name(path.name.removesuffix(ASIDE))
        if path.is_dir() and _old(path) and not _lock_of(partial).exists():
            shutil.rmtree(path, ignore_errors=True)


def _sweep(partial: Path, lock: Path) -> None:
    """Remove a temporary folder and its lock, unless the lock is held.

    While we hold the lock, no other process starts writing the folder.
    """
    with alive.taken(lock) as gone:
        if gone:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(_aside(partial), ignore_errors=True)
            alive.remove(lock)


def _old(folder: Path) -> bool:
    """Say whether nothing in a folder was written for a day; one that is gone is old."""
    try:
        written = [path.stat().st_mtime for path in (folder, *folder.rglob("*"))]
    except FileNotFoundError:
        return not folder.exists()
    return time.time() - max(written) > DAY
