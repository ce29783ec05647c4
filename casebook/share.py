"""Share artifacts between machines.

With a URL in `CASEBOOK_ARTIFACTS`, what is made here is uploaded there, and vice versa.

Everything works on local folders: `paths.artifacts()` is then a local copy of what lies at the
URL. An object store has no rename, so a finished folder goes there file by file with its manifest
last, and without its manifest it counts as not there. Without a URL nothing here does anything, and
no library is imported.
"""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from casebook import files, paths, remote, untrusted
from casebook.errors import CasebookError

MANIFEST = "manifest.json"
CLAIM = "claim"
LARGEST = 2**26  # bytes of a manifest, and of whatever else is read whole


class Altered(CasebookError):
    """A shared folder is not what its manifest says."""


def push(folder: Path) -> None:
    """Share a finished folder, its manifest last.

    A folder without a manifest is given one once all files are there.
    """
    if paths.shared() is None:
        return
    there, manifest = remote.at(folder), folder / MANIFEST
    content = manifest.read_bytes() if manifest.is_file() else _described(folder)
    names = list(_hashes(content))
    remote.none_if_missing(
        lambda: there.fs.rm_file((there / MANIFEST).path)
    )  # what was there before is whole no longer
    with remote.reaching():
        there.fs.put(
            [str(folder / name) for name in names], [(there / name).path for name in names]
        )
    write(manifest, content)
    if not manifest.is_file():
        files.write_bytes(manifest, content)


def pull(folder: Path) -> None:
    """Bring a folder here if it is whole on the shared storage and another one than here.

    Raises
    ------
    Altered
        A file is gone or not what the manifest says; what is here stays.
    """
    content = read(folder / MANIFEST)
    if content is not None:
        _download(folder, content)


def sync(folder: Path) -> None:
    """Have a folder both here and on the shared storage if it is whole in one; what is there wins.

    Raises
    ------
    Altered
        As in `pull`.
    """
    if paths.shared() is None:
        return
    content = read(folder / MANIFEST)
    if content is not None:
        _download(folder, content)
    elif (folder / MANIFEST).is_file():
        push(folder)


def read(path: Path) -> bytes | None:
    """Return what a file holds on the shared storage, or None where there is none."""
    if paths.shared() is None:
        return None
    there = remote.at(path)
    return remote.none_if_missing(lambda: remote.content(there, LARGEST))


def write(path: Path, content: bytes) -> None:
    """Replace a small file on the shared storage in one step."""
    if paths.shared() is None:
        return
    there = remote.at(path)
    with remote.reaching():
        if there.protocol in remote.OWN_DISK:
            files.write_bytes(Path(there.path), content)
        else:
            there.fs.pipe_file(there.path, content)


def get(path: Path) -> None:
    """Make a small file here what it is on the shared storage, also if it is gone there."""
    if paths.shared() is None:
        return
    content = read(path)
    if content is None:
        path.unlink(missing_ok=True)
    elif not path.is_file() or path.read_bytes() != content:
        files.write_bytes(path, content)


def names(folder: Path) -> list[str]:
    """Return the names of what lies in a folder of the shared storage, whole or not."""
    if paths.shared() is None:
        return []
    there = remote.at(folder)
    entries = remote.none_if_missing(lambda: list(there.fs.ls(there.path, detail=False))) or []
    listed = (entry.rstrip("/").rsplit("/", 1)[-1] for entry in entries)
    return sorted(name for name in listed if not name.startswith(".") and untrusted.is_part(name))


def manifests(folder: Path) -> dict[str, bytes]:
    """Return the manifests, by name, of the complete folders in a folder of the shared storage."""
    folder_names = names(folder)
    with ThreadPoolExecutor(16) as pool:
        contents = pool.map(read, [folder / name / MANIFEST for name in folder_names])
        return {
            name: content
            for name, content in zip(folder_names, contents, strict=True)
            if content is not None
        }


def drop(path: Path) -> int:
    """Remove a file or folder from the shared storage, and return the number of bytes removed.

    The manifest is removed first, and its bytes are not counted.
    """
    if paths.shared() is None:
        return 0
    there = remote.at(path)
    remote.none_if_missing(lambda: there.fs.rm_file((there / MANIFEST).path))
    entries = remote.none_if_missing(lambda: there.fs.find(there.path, detail=True)) or {}
    remote.none_if_missing(lambda: there.fs.rm(there.path, recursive=True))
    return sum(entry["size"] for entry in entries.values())


def claim(folder: Path, first: int) -> int:
    """Take the first number from `first` on that no machine has taken for a folder in `folder`.

    It holds where the storage can write a file only if there is none, as S3 and folders can.
    """
    if paths.shared() is None:
        return first
    mine = secrets.token_hex(16).encode()
    return next(number for number in count(first) if _claimed(folder / str(number) / CLAIM, mine))


def _claimed(path: Path, mine: bytes) -> bool:
    there = remote.at(path)
    with remote.reaching():
        try:
            with there.fs.open(there.path, "xb") as file:
                file.write(mine)
        except OSError:  # it is another's, or ours and the answer was lost on its way
            holder = read(path)
            if holder is None:
                raise
            return holder == mine
    return True


def _download(folder: Path, content: bytes) -> None:
    """Bring a folder with this manifest here, unless it is here."""
    manifest = folder / MANIFEST
    if manifest.is_file() and manifest.read_bytes() == content:
        return
    there, hashes = remote.at(folder), _hashes(content)
    with files.new_folder(folder, replace=folder.exists()) as out:
        for parent in {(out / name).parent for name in hashes}:
            parent.mkdir(parents=True, exist_ok=True)
        file_paths = [(there / name).path for name in hashes]
        remote.check_regular(there, file_paths)
        remote.none_if_missing(
            lambda: there.fs.get(file_paths, [str(out / name) for name in hashes])
        )
        for name, expected in hashes.items():
            if not (out / name).is_file():
                raise Altered(f"{name} is gone from {there}")
            if files.sha256(out / name) != expected:
                raise Altered(f"{name} was altered at {there}")
        (out / MANIFEST).write_bytes(content)


def _described(folder: Path) -> bytes:
    """Return a manifest of a folder that has none: the hash of every file."""
    file_paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    hashes = {path.relative_to(folder).as_posix(): files.sha256(path) for path in file_paths}
    return json.dumps({"files": hashes}, indent=2).encode()


def _hashes(manifest: bytes) -> dict[str, str]:
    """Return the files that a manifest names with their hashes.

    A version's manifest also has their sizes.
    """
    try:
        named = json.loads(manifest)["files"]
        hashes = {
            name: entry if isinstance(entry, str) else entry["sha256"]
            for name, entry in named.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Altered(f"{MANIFEST} was altered: {error!r:.200}") from error
    for name in hashes:
        if not untrusted.is_safe(name):
            raise Altered(
                f"{MANIFEST} was altered: it names {name!r:.80}, which is not a file inside the "
                "folder"
            )
    return hashes
