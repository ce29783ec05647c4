"""Record the hashes of files without a catalog hash, to notice changes in the cache.

A hash is recorded only after the file was read completely and its columns and rows fitted. A file
that is fetched anew is not compared with any hash. Files that the user named, or that a mirror's
folder holds, belong to their owner and are not checked.
"""

from pathlib import Path
from typing import Any

from casebook import files, outside, paths
from casebook.catalog import DataFile, DataSet
from casebook.errors import CasebookError


def book() -> Path:
    """Return the file that keeps the hashes."""
    return paths.raw() / "first_seen.json"


def seen(entry: DataSet, file: DataFile) -> str | None:
    """Return the hash that a file of the cache had when it was read, or None.

    Raises
    ------
    CasebookError
        The file of hashes is damaged.
    """
    return _hashes().get(_name(entry, file.name))


def keep(entry: DataSet, path: Path, digest: str) -> None:
    """Record the hash of a completely read file, if it was fetched without a known hash.

    Only files that were fetched into the cache are recorded.
    """
    data_file = next((file for file in entry.files if file.name == path.name), None)
    ours = path == paths.raw() / entry.folder / path.name
    if data_file is None or data_file.sha256 or not data_file.url or not ours:
        return
    hashes = _hashes()
    if hashes.get(_name(entry, data_file.name)) != digest:
        files.write_json(book(), {**hashes, _name(entry, data_file.name): digest})


def forget(entry: DataSet, file: DataFile) -> None:
    """Drop the hash of a file that is no longer there."""
    hashes = _hashes()
    if hashes.pop(_name(entry, file.name), None):
        files.write_json(book(), hashes)


def _name(entry: DataSet, file: str) -> str:
    return f"{entry.folder}/{file}"


def _hashes() -> dict[str, str]:
    path = book()
    if not path.is_file():
        return {}
    remedy = "Delete it: hashes are noted anew when files are read."
    try:
        hashes: Any = outside.parse_json(outside.read_text(path), path)
    except CasebookError as error:
        raise CasebookError(f"{str(error).removesuffix(' Mend it there.')} {remedy}") from error
    if not isinstance(hashes, dict) or not all(
        isinstance(digest, str) for digest in hashes.values()
    ):
        raise CasebookError(f"{path} holds no names with their hashes. {remedy}")
    return hashes
