"""Sync which versions serve, where machines share their artifacts.

The local copy is kept up with the shared storage.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from casebook import paths, share, untrusted
from casebook.errors import CasebookError
from casebook.versions import number

# seconds until the shared storage is asked again, by whichever of this machine's processes comes
# first
PAUSE = 5.0
LAST_SYNC = ".asked"  # when it was asked is this file's time, and what went wrong is in it


def sync_production(models: Path, pause: float = 0.0) -> None:
    """Download the pointers from any shared storage, each after the version that it names.

    What can't be downloaded is kept for `problems` and requested again; meanwhile the local
    versions go on serving.

    Parameters
    ----------
    models
        The folder of all published models.
    pause
        How many seconds must have passed since a process of this machine asked.
    """
    if paths.shared() is None or not _is_due(models / LAST_SYNC, pause):
        return
    failures = list(_sync_cases(models))
    (models / LAST_SYNC).write_text(
        "".join(f"{line}\n" for line in failures), encoding="utf-8", errors="replace"
    )


def problems(models: Path) -> list[str]:
    """Return what the last request to the shared storage failed to download.

    Any process of this machine may have made that request.
    """
    path = models / LAST_SYNC
    if paths.shared() is None or not path.is_file():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _is_due(last_sync: Path, pause: float) -> bool:
    """Say whether the pause is over, and begin the next."""
    if last_sync.is_file() and 0 <= time.time() - last_sync.stat().st_mtime < pause:
        return False
    last_sync.parent.mkdir(parents=True, exist_ok=True)
    last_sync.touch()
    return True


def _sync_cases(models: Path) -> Iterator[str]:
    """Sync case by case, and yield one line per problem.

    One case's problem doesn't affect the others.
    """
    try:
        for case in share.names(models):
            try:
                _sync_case(models / case)
            except (share.Altered, untrusted.Untrusted) as error:
                yield _line(f"{case} is not taken up: {error}")
    except (CasebookError, OSError) as error:
        yield _line(str(error))


def _line(text: str) -> str:
    return " ".join(text.split())


def _sync_case(folder: Path) -> None:
    pointer = folder / "production"
    version = (share.read(pointer) or b"").decode(errors="replace").strip()
    try:
        if number(version) and not (folder / version / share.MANIFEST).is_file():
            share.pull(folder / version)
    finally:
        share.get(pointer)
