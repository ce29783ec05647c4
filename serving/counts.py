"""What one process counts, and beside it what the others of the same service counted, also those that were killed.

Each process counts in its memory, and writes every count that changes into its place in a file of its own, in a folder
that all share. No file is mapped into memory, and none is relied on: where it can't be written the process goes on
counting, says so once, and writes everything as soon as it can again.
"""

import logging
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from casebook import untrusted
from casebook.errors import CasebookError

WIDTH = 1024  # bytes of a count in its file
LARGEST = 2**24  # bytes of a file
SEEN = 1.0  # seconds until it is asked again whether the file is still in its folder
SUM = 8  # digits of the checksum before each count
REQUESTS, LOAD_FAILURES = "requests", "load failures"  # what is counted
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds
SHAPES = {REQUESTS: (2, len(BUCKETS) + 1), LOAD_FAILURES: (1, 1)}  # how many labels and bins each has
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the environment variable that names the shared folder

Key = tuple[str, ...]  # what is counted, and its labels


class Count(BaseModel):
    """How often something happened, by bins, and the total of its values."""

    model_config = ConfigDict(strict=True)

    key: list[str] = Field(min_length=1)
    bins: list[NonNegativeInt]
    total: float = Field(ge=0, allow_inf_nan=False)


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
        self._file = None if folder is None else File(folder / f"{os.getpid()}-{secrets.token_hex(4)}.counts")
        self._known: set[str] = set()  # names of files that were found unreadable

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
            found = {key: count.model_copy(update={"bins": [*count.bins]}) for key, count in self._own.items()}
        unreadable = 0
        for path in self._others():
            counts, whole = _read(path)
            for count in counts:
                _merge(found, count)
            unreadable += not whole
            if not whole and path.name not in self._known:
                self._known.add(path.name)
                logging.getLogger(__name__).warning("%s holds no counts that can be read; they are left out", path)
        return Summed(found, unreadable)

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
            self._file.write({self._places[changed]: _line(self._own[changed])})
        else:
            self._file.write({place: _line(self._own[key]) for key, place in self._places.items()})

    def _others(self) -> Iterator[Path]:
        if self._folder is None or self._file is None:
            return
        try:
            paths = sorted(self._folder.iterdir())
        except OSError:  # removed by a cleaner; the next count of each process brings it back
            return
        yield from (path for path in paths if path != self._file.path and not path.name.startswith("."))


class File:
    """The file that one process writes its counts into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._failed = False
        self._seen = 0.0  # when it was last in its folder

    def is_kept(self) -> bool:
        """Tell whether all that was written before is there; a file that was removed is let go."""
        now = time.monotonic()
        if self._descriptor is not None and now - self._seen > SEEN:
            self._seen = now
            if not os.fstat(self._descriptor).st_nlink:
                os.close(self._descriptor)
                self._descriptor = None
        return self._descriptor is not None and not self._failed

    def write(self, lines: Mapping[int, bytes]) -> None:
        """Write lines at their places; where that fails, it is said once, and nothing else happens."""
        try:
            if self._descriptor is None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            for place, line in lines.items():
                if os.pwrite(self._descriptor, line, place) < len(line):
                    raise OSError("no space is left for the rest")
        except OSError as error:
            if not self._failed:
                logging.getLogger(__name__).error("counts are not written to %s: %s", self.path, error)
            self._failed = True
        else:
            self._failed = False


def shared_folder() -> Path | None:
    """Return the folder that the processes of this service count in, where they are several."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else None


def _line(count: Count) -> bytes:
    content = orjson.dumps({"key": count.key, "bins": count.bins, "total": count.total})
    padded = content.ljust(WIDTH - SUM - 1)
    return b"%08x%b\n" % (zlib.crc32(padded), padded)


def _read(path: Path) -> tuple[list[Count], bool]:
    """Return the counts in a file, and whether it held nothing else."""
    try:
        content = untrusted.read(path, LARGEST)
    except (CasebookError, OSError):
        return [], False
    lines = [content[start : start + WIDTH] for start in range(0, len(content), WIDTH)]
    found = [count for line in lines if (count := _parsed(line))]
    return found, len(found) == len(lines) and path.suffix == ".counts"


def _parsed(line: bytes) -> Count | None:
    """Return a count, or None of a line that was not written in full, or not by us."""
    if len(line) < WIDTH or line[:SUM] != b"%08x" % zlib.crc32(line[SUM:-1]):
        return None
    try:
        count = Count.model_validate_json(line[SUM:])
    except ValidationError:
        return None
    name, *labels = count.key
    return count if SHAPES.get(name) == (len(labels), len(count.bins)) else None


def _merge(found: dict[Key, Count], count: Count) -> None:
    own = found.setdefault((*count.key,), count)
    if own is not count:
        own.bins = [sum(pair) for pair in zip(own.bins, count.bins, strict=True)]
        own.total += count.total
