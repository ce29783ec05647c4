"""What is published, as far as it can be seen.

An unreachable folder is not the same as an empty one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebook import untrusted

POINTER = "production"


@dataclass(frozen=True)
class Published:
    """The cases that have a pointer, and what can't be seen.

    Attributes
    ----------
    pointers
        By case, where the version that serves is named.
    unseen
        By case, why its folder can't be seen.
    away
        Why nothing can be seen; empty where something can.
    """

    pointers: Mapping[str, Path]
    unseen: Mapping[str, str]
    away: str = ""

    def is_withdrawn(self, case: str) -> bool:
        """Tell whether a case's pointer was removed, rather than that it can't be seen."""
        return not (self.away or case in self.pointers or case in self.unseen)


def find(folder: Path) -> Published:
    """Look for the pointers in the folder of all models.

    A pointer was removed where its case's folder holds other things, or is gone while others are
    there. A mount that is gone leaves an empty folder or none.
    """
    try:
        names = _entries(folder)
    except OSError as error:
        return Published({}, {}, f"{folder} can't be read: {error.strerror}")
    if not names:
        return Published({}, {}, f"{folder} is empty")
    pointers, unseen = {}, {}
    for case in filter(untrusted.is_part, names):
        try:
            entries = _entries(folder / case)
        except NotADirectoryError:
            continue
        except OSError as error:
            unseen[case] = f"{folder / case} can't be read: {error.strerror}"
            continue
        if POINTER in entries:
            pointers[case] = folder / case / POINTER
        elif not entries:
            unseen[case] = f"{folder / case} is empty"
    return Published(pointers, unseen)


def _entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
