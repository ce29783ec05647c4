"""Which versions serve where machines share their artifacts: the local copy follows what is said there."""

import logging
import time
from pathlib import Path

from casebook import places, share
from casebook.errors import CasebookError
from casebook.versions import number

PAUSE = 5.0  # seconds until the shared storage is asked again, by whichever of this machine's processes comes first


def follow(models: Path, pause: float = 0.0) -> None:
    """Bring the pointers from the shared storage, if there is one, and before each the version that it names.

    What can't be had is told in the log and asked for again; meanwhile what is here goes on serving.

    Parameters
    ----------
    models
        The folder of all published models.
    pause
        How many seconds must have passed since a process of this machine asked.
    """
    if places.shared() is None or not _due(models / ".asked", pause):
        return
    try:
        for case in share.names(models):
            _follow(models / case)
    except CasebookError as error:
        logging.getLogger(__name__).error("%s", error)


def _due(asked: Path, pause: float) -> bool:
    """Say whether the pause is over, and begin the next."""
    if asked.is_file() and 0 <= time.time() - asked.stat().st_mtime < pause:
        return False
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.touch()
    return True


def _follow(folder: Path) -> None:
    pointer = folder / "production"
    version = (share.read(pointer) or b"").decode(errors="replace").strip()
    if number(version) and not (folder / version / share.MANIFEST).is_file():
        try:
            share.pull(folder / version)
        except share.Altered as altered:
            logging.getLogger(__name__).error("%s version %s is not taken up: %s", folder.name, version, altered)
    share.get(pointer)
