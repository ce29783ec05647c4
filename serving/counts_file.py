"""The file that one process writes its counts into, and how others read it.

Each count has a line of fixed width.
"""

import logging
import os
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from casebook import untrusted
from casebook.errors import CasebookError

WIDTH = 1024  # bytes of a count in its file; the name of a case takes 510 at most
TRIES = 3  # of reading a file: a line may just be written
LARGEST = 2**24  # bytes of a file
SEEN = 1.0  # seconds until it is asked again whether the file is still in its folder
SUM = 8  # digits of the checksum before each count
REQUESTS, LOAD_FAILURES = "requests", "load failures"  # what is counted
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds
SHAPES = {
    REQUESTS: (2, len(BUCKETS) + 1),
    LOAD_FAILURES: (1, 1),
}  # how many labels and bins each has


class Count(BaseModel):
    """How often something happened, by bins, and the total of its values."""

    model_config = ConfigDict(strict=True)

    key: list[str] = Field(min_length=1)
    bins: list[NonNegativeInt]
    total: float = Field(ge=0, allow_inf_nan=False)


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
        """Write lines at their places.

        A failure is logged once, and has no other effect.
        """
        try:
            if self._descriptor is None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            for place, content in lines.items():
                if os.pwrite(self._descriptor, content, place) < len(content):
                    raise OSError("no space is left for the rest")
        except OSError as error:
            if not self._failed:
                logging.getLogger(__name__).error(
                    "counts are not written to %s: %s", self.path, error
                )
            self._failed = True
        else:
            self._failed = False


def line(count: Count) -> bytes:
    """Return a count as its file holds it."""
    content = orjson.dumps({"key": count.key, "bins": count.bins, "total": count.total})
    padded = content.ljust(WIDTH - SUM - 1)
    return b"%08x%b\n" % (zlib.crc32(padded), padded)


def read(path: Path) -> tuple[list[Count], bool]:
    """Return the counts in a file, and whether it holds nothing else."""
    counts: list[Count] = []
    for _ in range(TRIES):
        try:
            content = untrusted.read(path, LARGEST)
        except (CasebookError, OSError):
            return [], False
        lines = [content[start : start + WIDTH] for start in range(0, len(content), WIDTH)]
        counts = [count for raw_line in lines if (count := _parsed(raw_line))]
        if len(counts) == len(lines):
            return counts, path.suffix == ".counts"
    return counts, False


def _parsed(content: bytes) -> Count | None:
    """Return a count, or None of a line that was not written in full, or not by us."""
    if len(content) < WIDTH or content[:SUM] != b"%08x" % zlib.crc32(content[SUM:-1]):
        return None
    try:
        count = Count.model_validate_json(content[SUM:])
    except ValidationError:
        return None
    name, *labels = count.key
    return count if SHAPES.get(name) == (len(labels), len(count.bins)) else None
