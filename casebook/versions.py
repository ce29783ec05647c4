"""The versions of each case: their folders, their numbers, and what their manifests say."""

import logging
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from casebook import files, paths, share
from casebook.errors import CasebookError

NAME = re.compile(r"[1-9][0-9]{0,8}")

log = logging.getLogger("casebook")


class Damaged(CasebookError):
    """A file of a version, or one that names a version, can't be read."""


class Manifest(BaseModel):
    """What the registry needs to know of a version, from its manifest.json."""

    trained_on: Literal["real", "sample"]
    run_id: str | None = None
    bundle: str | None = None
    date: str | None = None
    created: str = ""


def number(name: str) -> int | None:
    """Return the version that a name means: a positive number of at most nine digits, or None.

    Examples
    --------
    >>> [number(name) for name in ("12", "012", "0", "1.5", "-1")]
    [12, None, None, None, None]
    """
    return int(name) if NAME.fullmatch(name) else None


def versions(case: str) -> list[int]:
    """Return the case's published versions, ascending."""
    return list(published(case))


def published(case: str) -> dict[int, dict[str, Any]]:
    """Return the manifests of the case's versions, ascending: those here and on shared storage."""
    entries = _described(case).items()
    return {version: entry for version, entry in entries if isinstance(entry, dict)}


def damaged(case: str) -> dict[int, str]:
    """Return what is wrong with each version whose manifest can't be read."""
    entries = _described(case).items()
    return {version: str(entry) for version, entry in entries if isinstance(entry, Damaged)}


def free_number(case: str) -> int:
    """Return the number of the next version: no folder has it, nor any higher one."""
    for version, why in damaged(case).items():
        log.warning("%s version %d is passed over: %s.", case, version, why)
    folder = paths.models(case)
    names = [path.name for path in folder.glob("[1-9]*")] + share.names(folder)
    highest = max((taken for name in names if (taken := number(name))), default=0)
    if number(str(highest + 1)) is None:
        raise CasebookError(
            f"No version can follow {folder / str(highest)}. Move that folder away."
        )
    return highest + 1


def folder_of(case: str, version: int) -> Path:
    """Return the folder of a version, after synchronizing it with any shared storage.

    The version is then both here and there.

    Raises
    ------
    CasebookError
        The shared one was altered.
    """
    folder = paths.models(case) / str(version)
    try:
        share.sync(folder)
    except share.Altered as altered:
        raise CasebookError(
            f"{case} version {version} can't be used: {altered}. Restore that file, or run the "
            "case again and promote what it publishes."
        ) from altered
    return folder


def check(case: str, version: int) -> None:
    """Refuse a version that is not there, or whose manifest can't be read.

    Raises
    ------
    CasebookError
        It names the versions that could be meant.
    """
    entries = _described(case)
    there = (
        ", ".join(str(other) for other, entry in entries.items() if isinstance(entry, dict))
        or "none"
    )
    if version not in entries:
        raise CasebookError(
            f"{case} has no version {version}; published are: {there}. Name one of them."
        )
    if isinstance(fault := entries[version], Damaged):
        raise CasebookError(
            f"{case} version {version} can't serve: {fault}. Restore that file, or name another "
            f"version; sound are: {there}."
        )


def _described(case: str) -> dict[int, dict[str, Any] | Damaged]:
    """Return each version's manifest, ascending, or what is wrong with it."""
    folder = paths.models(case)
    entries = {
        name: _parsed(folder / name, content) for name, content in share.manifests(folder).items()
    }
    for path in folder.glob("[1-9]*"):
        if path.is_dir() and not isinstance(entries.get(path.name), dict):
            entries[path.name] = _read_manifest(path)
    by_version = {version: entry for name, entry in entries.items() if (version := number(name))}
    return dict(sorted(by_version.items()))


def _read_manifest(folder: Path) -> dict[str, Any] | Damaged:
    try:
        content = files.read(folder / share.MANIFEST)
    except OSError as error:
        return Damaged(f"{folder / share.MANIFEST} can't be read ({error.strerror})")
    if content is None:
        return Damaged(f"{folder} has no {share.MANIFEST}")
    return _parsed(folder, content)


def _parsed(folder: Path, content: bytes) -> dict[str, Any] | Damaged:
    try:
        return Manifest.model_validate_json(content).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        what = f"its field {field}: {first['msg']}" if field else first["msg"]
        return Damaged(f"{folder / share.MANIFEST} is not a version's manifest ({what})")
