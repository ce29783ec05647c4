"""The registry of versions: which one of each case serves, and which ones did before.

The file `production` names the version that serves, `best` the best one that ever served, and
`history` has a line for each change: when, from which version, to which. These functions are also
the tools that a damaged registry is mended with: they tell what can't be read, and go around it.
"""

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import filelock

from casebook import files, paths, share
from casebook.errors import CasebookError
from casebook.versions import NAME, Damaged, check, folder_of, number, published

POINTER = "production"
HISTORY = "history"
BEST = "best"
CHANGE = re.compile(rf"[0-9]{{4}}-\S+ (-|{NAME.pattern}) ({NAME.pattern})")

log = logging.getLogger("casebook")


def production(case: str) -> int | None:
    """Return the version that serves, or None.

    Raises
    ------
    Damaged
        The pointer can't be read, or names no version.
    """
    path = paths.models(case) / POINTER
    content = _content(path)
    if content is None:
        return None
    version = number(content.decode("ascii", errors="replace").strip())
    if version is None:
        shown = content[:20].strip().decode("latin-1").encode("unicode_escape").decode()
        problem = f"holds '{shown}', which is no version" if shown else "is empty"
        raise Damaged(
            f"{path} {problem}, so nobody can tell which version of {case} serves. "
            f"`python -m flows.promote {case} N` lets version N serve, and mends the file"
        )
    return version


def present(case: str) -> int | None:
    """Return the version that serves.

    Where the pointer can't be read, return the last version in the history.
    """
    try:
        return production(case)
    except Damaged as fault:
        changes = [change for line in _history(case) if (change := _change(line))]
        last = changes[-1][1] if changes else None
        hint = f"By {HISTORY} it is version {last}." if last else f"Nor does {HISTORY} tell."
        log.warning("%s. %s", fault, hint)
        return last


def point(case: str, version: int) -> None:
    """Make a version the one that serves; the one before is remembered for a rollback.

    Raises
    ------
    CasebookError
        There is no such version, or its manifest can't be read.
    """
    _point(case, version, present(case))


def best(case: str) -> int | None:
    """Return the best version that ever served, or None if nobody can tell or it is gone.

    A later version must not be worse than it either: else each could be a little worse than the one
    before. A user's choice is the new measure.
    """
    try:
        content = _content(paths.models(case) / BEST)
    except Damaged as fault:
        log.warning("%s.", fault)
        return None
    version = number((content or b"").decode("ascii", errors="replace").strip())
    return version if version in published(case) else None


def note_best(case: str, version: int) -> None:
    """Note that a version is the best one that ever served."""
    _replace(paths.models(case) / BEST, f"{version}\n".encode())


def promote(case: str, version: int) -> None:
    """Make a version serve on a user's request.

    Raises
    ------
    CasebookError
        There is no such version, or it was trained on sample data and would replace one trained on
        real data.
    """
    with alone(case):
        before = present(case)
        manifests = published(case)
        kinds = [
            manifests.get(candidate or 0, {}).get("trained_on") for candidate in (version, before)
        ]
        if kinds == ["sample", "real"]:
            raise CasebookError(
                f"{case} version {version} was trained on sample data and must not replace version "
                f"{before}, which was trained on real data. Run the case with --source real and "
                "promote what it publishes."
            )
        _point(case, version, before)
        note_best(case, version)


def rollback(case: str) -> int:
    """Let the version serve again that served before the present one, and return it.

    Raises
    ------
    CasebookError
        No version served before, as far as the history can be read, or it is gone.
    """
    with alone(case):
        lines = _history(case)
        before, rest = _before(lines, present(case))
        unreadable = [str(i) for i, line in enumerate(lines, 1) if _change(line) is None]
        warning = (
            f"Lines of {paths.models(case) / HISTORY} that can't be read: {', '.join(unreadable)}."
        )
        if before is None:
            why = (
                f"{warning} The others name none"
                if unreadable
                else "None served before the present one"
            )
            raise CasebookError(
                f"{case} has no version to roll back to. {why}: `python -m flows.promote {case} N` "
                "lets version N serve."
            )
        check(case, before)
        if unreadable:
            log.warning("%s The last of the others says version %d.", warning, before)
        folder_of(case, before)
        _set(case, before)
        note_best(case, before)
        _write_history(case, rest)
    return before


@contextmanager
def alone(case: str) -> Iterator[None]:
    """Let one process at a time publish or promote this case."""
    if not paths.models(case).is_dir() and not share.names(paths.models(case)):
        raise CasebookError(
            f"No model of '{case}' was published. `python -m flows` lists the cases to run."
        )
    files.make_folder(paths.models(case))
    with filelock.FileLock(paths.models(case) / ".lock"):
        yield


def _point(case: str, version: int, before: int | None) -> None:
    check(case, version)
    folder_of(case, version)
    if before != version:
        change = f"{datetime.now(UTC).isoformat(timespec='seconds')} {before or '-'} {version}"
        _write_history(case, [*_history(case), change.encode()])
    _set(case, version)


def _before(lines: list[bytes], now: int | None) -> tuple[int | None, list[bytes]]:
    """Return the version that served before `now`, and the history up to when it began to serve.

    A line about a change that a killed process did not come to make is passed over. Behind lines
    that can't be read, the last one that can tells who served before them.
    """
    lost = False
    for i in reversed(range(len(lines))):
        change = _change(lines[i])
        if change is None:
            lost = True
        elif change[1] == now:
            return change[0], lines[:i]
        elif lost or change[0] != now:
            return change[1], lines[: i + 1]
    return None, lines


def _change(line: bytes) -> tuple[int | None, int] | None:
    """Return the old and the new version that a line of the history names.

    Return None where the line can't be read.
    """
    match = CHANGE.fullmatch(line.decode("ascii", errors="replace").strip())
    return (number(match[1]), int(match[2])) if match else None


def _history(case: str) -> list[bytes]:
    """Return the lines of the history; none where it is no file."""
    try:
        content = _content(paths.models(case) / HISTORY)
    except Damaged as fault:
        log.warning("%s", fault)
        return []
    return (content or b"").removesuffix(b"\n").split(b"\n") if content else []


def _write_history(case: str, lines: list[bytes]) -> None:
    _replace(paths.models(case) / HISTORY, b"".join(line + b"\n" for line in lines))


def _set(case: str, version: int) -> None:
    """Write the pointer, unless it is already set to that value.

    A service reloads a pointer that is written.
    """
    content = f"{version}\n".encode()
    path = paths.models(case) / POINTER
    try:
        if _content(path) == content:
            return
    except Damaged:  # `present` has told it, and here it is mended
        pass
    _replace(path, content)


def _content(path: Path) -> bytes | None:
    """Return what a small file holds, here and on the shared storage; None where there is none.

    Raises
    ------
    Damaged
        It is a folder, or anything else that can't be read as a file.
    """
    if path.is_dir():
        raise Damaged(f"{path} is a folder, and must be a file")
    try:
        share.get(path)
        return files.read(path)
    except OSError as error:
        raise Damaged(f"{path} can't be read ({error.strerror})") from error


def _replace(path: Path, content: bytes) -> None:
    """Replace a small file: first where machines share it, as what is there counts.

    A folder that stands in its place is moved aside.
    """
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}"))
    share.write(path, content)
    files.write_bytes(path, content)
