"""Picture archives: a picture set in a tar or zip file, with a folder for each class.

Nothing is unpacked to the disk: what an archive calls its files could name any place there.
"""

import logging
import posixpath
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from casebook.errors import CasebookError
from casebook.outside import reading
from tasks.images.picture import Picture, Shape, decoded

log = logging.getLogger("casebook")
ARCHIVES = (".tgz", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip")
PICTURES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
# what systems put beside files, as those with a dot
HIDDEN = ("__macosx", "thumbs.db", "desktop.ini", "@eadir")


class Member(NamedTuple):
    """One file of an archive, and what reads it; a link is none of its pictures."""

    name: str
    read: Callable[[], bytes]
    link: bool = False


class LabelledMember(NamedTuple):
    """A picture's file and the name of its class."""

    member: Member
    kind: str


def in_archive(path: Path, shape: Shape, classes: tuple[str, ...] = ()) -> Iterator[Picture]:
    """Yield the pictures of an archive with a folder for each class.

    Parameters
    ----------
    path
        A tar file, packed or not, or a zip file.
    classes
        The folders' names in the order of their labels: a picture is of the innermost one that it
        lies in. Without them each folder that holds pictures is a class, numbered by the order of
        names.

    Raises
    ------
    CasebookError
        The archive is damaged, or has no pictures of a class.
    """
    kind = "zip" if path.suffix.lower() == ".zip" else "tgz"
    with ExitStack() as opened:
        with reading(path, kind):
            members = _in_zip(path, opened) if kind == "zip" else _in_tar(path, opened)
        entries = sorted_out(members, classes, path)
        names = classes or tuple(sorted({entry.kind for entry in entries}))
        for entry in entries:
            with reading(path, kind):
                content = entry.member.read()
            yield decoded(content, names.index(entry.kind), "train", shape, entry.member.name)


def _in_zip(path: Path, opened: ExitStack) -> list[Member]:

    archive = opened.enter_context(zipfile.ZipFile(path))
    return [
        Member(info.filename, partial(archive.read, info))
        for info in archive.infolist()
        if not info.is_dir()
    ]


def _in_tar(path: Path, opened: ExitStack) -> list[Member]:

    archive = opened.enter_context(tarfile.open(path, "r:*"))  # noqa: SIM115 - closed by the stack

    def content(member: tarfile.TarInfo) -> bytes:
        file = archive.extractfile(member)
        return file.read() if file else b""

    return [
        Member(info.name, partial(content, info), not info.isfile())
        for info in archive
        if not info.isdir()
    ]


def sorted_out(
    members: Sequence[Member], classes: tuple[str, ...], path: Path
) -> list[LabelledMember]:
    """Return the pictures with their classes; what is left out is counted and told.

    Raises
    ------
    CasebookError
        A class has no pictures, or folders of pictures lie in each other and no classes are named.
    """
    entries: list[LabelledMember] = []
    left: Counter[str] = Counter()
    for member in members:
        *folders, name = _parts(member.name)
        if any(part.startswith(".") or part.lower() in HIDDEN for part in (*folders, name)):
            continue
        suffix = PurePosixPath(name).suffix.lower()
        if member.link:
            left["links"] += 1
        elif suffix not in PICTURES:
            left[suffix or "files without an ending"] += 1
        elif (kind := _class_of(folders, classes)) is None:
            left["pictures in no folder of a class"] += 1
        else:
            entries.append(LabelledMember(member, kind))
    if left:
        log.info(
            "%s: left out %s",
            path.name,
            ", ".join(f"{count:,} {what}" for what, count in sorted(left.items())),
        )
    _check(entries, classes, path)
    return entries


def _parts(name: str) -> list[str]:
    """Return a path's folders and its name, without steps up or to a root."""
    normal = posixpath.normpath(name.replace("\\", "/"))
    return [part for part in normal.split("/") if part not in ("", "..")]


def _class_of(folders: Sequence[str], classes: tuple[str, ...]) -> str | None:
    if not classes:
        return folders[-1] if folders else None
    lookup = {name.casefold(): name for name in classes}
    return next(
        (lookup[part.casefold()] for part in reversed(folders) if part.casefold() in lookup), None
    )


def _check(entries: list[LabelledMember], classes: tuple[str, ...], path: Path) -> None:
    if not entries:
        named = f"named {', '.join(classes)}" if classes else "with a name for each class"
        raise CasebookError(f"{path} has no pictures ({', '.join(PICTURES)}) in folders {named}.")
    if lacking := [name for name in classes if name not in {entry.kind for entry in entries}]:
        raise CasebookError(
            f"{path} has no pictures of {', '.join(lacking)}. Put those of each class into a "
            f"folder of its name: {', '.join(classes)}."
        )
    folders = {posixpath.dirname("/".join(_parts(entry.member.name))) for entry in entries}
    inner = [
        folder
        for folder in sorted(folders)
        if any(folder.startswith(f"{outer}/") for outer in folders)
    ]
    if inner and not classes:
        raise CasebookError(
            f"{path}: the folder {inner[0]} lies in another one that has pictures too, so it is "
            "not clear which of them is the class. Put all pictures of a class into one folder."
        )
