"""Validate names and files that anybody may have written.

They are checked in one place, before a path is made or a byte is read.
"""

import os
import re
import stat
from pathlib import Path

from casebook.errors import CasebookError

PIECE = 2**20  # bytes that are read at once
LONGEST = 255  # bytes of one part of a name, as file systems have it
DEEPEST = 32  # parts of a name
# controls, half characters, paths, and what Windows refuses in a name or drops at its end
FOREIGN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\<>\"|?*]|^[A-Za-z]:|[. ]$")
# which Windows opens as such
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\..*)?", re.IGNORECASE)


class Untrusted(CasebookError):
    """A name that leaves its folder, or a file that can't be read as one.

    The message says which it is and why.
    """


def inside(folder: Path, name: object) -> Path:
    """Return the path of what a manifest, a listing or a record names inside a folder.

    Parameters
    ----------
    folder
        Where it must lie.
    name
        A relative path of plain parts with slashes between them, as all machines write it.

    Raises
    ------
    Untrusted
        It is no such name: empty, absolute, with a part such as `..`, with a backslash or a control
        character, or the name of a device.

    Examples
    --------
    >>> inside(Path("models"), "1/model.onnx").as_posix()
    'models/1/model.onnx'
    >>> inside(Path("models"), "../key")
    Traceback (most recent call last):
    casebook.untrusted.Untrusted: '../key' is not the name of a file inside models.
    """
    if not isinstance(name, str):
        raise Untrusted(f"{name!r:.80} is not the name of a file.")
    if not is_safe(name):
        raise Untrusted(f"{name!r:.80} is not the name of a file inside {folder}.")
    return folder / name


def is_safe(name: str) -> bool:
    """Tell whether a name is that of a file inside a folder, on every system.

    Examples
    --------
    >>> names = ["a/b.txt", "..a", "a/../b", "/a", "a//b", "a/", "C:a", "a/con.txt"]
    >>> [name for name in names if is_safe(name)]
    ['a/b.txt', '..a']
    """
    parts = name.split("/")
    return len(parts) <= DEEPEST and all(map(is_part, parts))


def is_part(part: str) -> bool:
    """Tell whether a name is that of one entry of a folder, on every system.

    Examples
    --------
    >>> is_part("null.txt"), is_part("nul.txt"), is_part("a/b"), is_part("a.")
    (True, False, False, False)
    """
    if part in ("", ".", "..") or FOREIGN.search(part) or DEVICES.fullmatch(part):
        return False
    if os.name == "nt" and ":" in part:
        return False
    return len(part.encode()) <= LONGEST


def opened(path: Path, limit: int) -> int:
    """Open a regular file of at most `limit` bytes for reading and return its descriptor.

    Whatever else lies there (a pipe, a device, a socket, a folder) is refused, and nothing is
    waited for.

    Raises
    ------
    Untrusted
        It is no regular file, or a larger one.
    OSError
        It is not there or may not be read.
    """
    _check(path, path.stat(), limit)  # to open a device can have effects
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        _check(path, os.fstat(descriptor), limit)
    except Untrusted:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path, limit: int) -> bytes:
    """Return what a regular file of at most `limit` bytes holds.

    Raises
    ------
    Untrusted, OSError
        As in `opened`.
    """
    content = bytearray()
    with os.fdopen(opened(path, limit), "rb") as file:
        while piece := file.read(PIECE):  # Python makes room beforehand for all that it may read
            content += piece
            if len(content) > limit:
                raise Untrusted(
                    f"{path} grows while it is read, beyond the {limit:,} bytes it may have."
                )
    return bytes(content)


def _check(path: Path, facts: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise Untrusted(
            f"{path} is no regular file. Put the file back that belongs there, or remove it."
        )
    if facts.st_size > limit:
        raise Untrusted(f"{path} has {facts.st_size:,} bytes, more than the {limit:,} it may have.")
