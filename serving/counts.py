"""What one process counts, and what the other processes of the same service counted.

Those that were killed are included. Each process counts in its memory, and writes every count that
changes into its place in a file of its own, in a folder that all share. No file is mapped into
memory, and none is relied on: where it can't be written the process goes on counting, logs it once,
and writes everything as soon as it can again.
"""

import logging
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serving import limits
from serving.counts_file import SHAPES, WIDTH, Count, File, line, read

Key = tuple[str, ...]  # what is counted, and its labels


@dataclass(frozen=True)
class Summed:
    """The counts of all processes, and how many files in their folder could not be read."""

    counts: Mapping[Key, Count]
    unreadable: int


class Counts:
    """The counts of this process; any number of threads may add to them.

    Parameters
    ----------
    folder
        What all processes of the service share; None where there is one process only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._own: dict[Key, Count] = {}
        self._places: dict[Key, int] = {}
        self._lock = threading.Lock()
        self.shared = folder is not None
        self._folder = folder
        self._file = (
            None
            if folder is None
            else File(folder / f"{os.getpid()}-{secrets.token_hex(4)}.counts")
        )
        self._reported: set[str] = set()  # names of files that were found unreadable

    def add(self, key: Key, place: int = 0, value: float = 0.0) -> None:
        """Count once in the bin at `place`, and add `value` to the total."""
        with self._lock:
            count = self._own.get(key)
            if count is None:
                count = self._own[key] = Count(key=[*key], bins=[0] * SHAPES[key[0]][1], total=0.0)
                self._places[key] = WIDTH * len(self._places)
            count.bins[place] += 1
            count.total += value
            self._write(key)

    def summed(self) -> Summed:
        """Return what all processes counted."""
        with self._lock:
            totals = {
                key: count.model_copy(update={"bins": [*count.bins]})
                for key, count in self._own.items()
            }
        unreadable = 0
        for path in self._others():
            counts, whole = read(path)
            for count in counts:
                _merge(totals, count)
            if not whole:
                unreadable += 1
                self._say(path)
        return Summed(totals, unreadable)

    def close(self) -> None:
        """Write what could not be written before, if it can be now."""
        with self._lock:
            if self._file and self._own:
                self._write(next(iter(self._own)))

    def _write(self, changed: Key) -> None:
        """Write one count, or all where the file has lost them."""
        if self._file is None:
            return
        if self._file.is_kept():
            self._file.write({self._places[changed]: line(self._own[changed])})
        else:
            self._file.write({place: line(self._own[key]) for key, place in self._places.items()})

    def _others(self) -> list[Path]:
        """Return the files of the other processes, or the folder itself if it can't be listed."""
        if self._folder is None or self._file is None:
            return []
        try:
            paths = sorted(self._folder.iterdir())
        except (
            FileNotFoundError
        ):  # removed by a cleaner: the next count of each process brings it back
            return []
        except OSError:
            return [self._folder]
        return [path for path in paths if path != self._file.path and not path.name.startswith(".")]

    def _say(self, path: Path) -> None:
        """Say once that a file can't be read."""
        if path.name not in self._reported:
            self._reported.add(path.name)
            logging.getLogger(__name__).warning(
                "%s has no counts that can be read; they are left out", path
            )


def shared_folder() -> Path | None:
    """Return the folder that the processes of this service count in, where they are several."""
    named = os.environ.get(limits.COUNTS)
    return Path(named) if named else None


def _merge(totals: dict[Key, Count], count: Count) -> None:
    own = totals.setdefault((*count.key,), count)
    if own is not count:
        own.bins = [sum(pair) for pair in zip(own.bins, count.bins, strict=True)]
        own.total += count.total
