"""Which version of each case serves, and the watch over the `production` pointers."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Counter

from casebook.versions import number
from serving.bundle import BrokenBundle, Predictor, load
from serving.follow import PAUSE, follow

Stamp = tuple[object, ...]


@dataclass(frozen=True)
class Failure:
    """A production version that was refused; an older one may go on serving in its place."""

    case: str
    version: str
    why: str


class Registry:
    """The models that serve, kept up with the published folder.

    `serving` and `failures` are replaced, never changed, so a request that took a reference keeps one consistent
    view of it without a lock.

    Parameters
    ----------
    folder
        The folder of all published models.
    """

    def __init__(self, folder: Path) -> None:
        self.serving: Mapping[str, Predictor] = {}
        self.failures: Mapping[str, Failure] = {}
        self.failed_loads = Counter("casebook_load_failures", "Refused production versions.", ["case"], registry=None)
        self._folder = folder
        self._stamps: dict[str, Stamp] = {}
        self._stop = threading.Event()

    def look(self) -> None:
        """Load what changed since the last look; a version that fails is remembered and tried again once it changes."""
        follow(self._folder, PAUSE)
        if not self._folder.is_dir():
            return  # not published to yet, or out of reach: what is loaded goes on serving
        pointers = {pointer.parent.name: pointer for pointer in sorted(self._folder.glob("*/production"))}
        for case in (self.serving.keys() | self.failures.keys()) - pointers.keys():
            self._withdraw(case)
        for case, pointer in pointers.items():
            stamp = _stamp(pointer)
            if stamp != self._stamps.get(case):
                self._stamps[case] = stamp
                self._load(case, pointer)

    def watch(self, seconds: float = 0.25) -> None:
        """Look again every `seconds` in a background thread until `close`."""
        threading.Thread(target=self._watch, args=(seconds,), name="watch models", daemon=True).start()

    def close(self) -> None:
        """End the watch; what is loaded stays."""
        self._stop.set()

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                self.look()
            except Exception:  # the watch must outlive whatever a disk can do
                logging.getLogger(__name__).exception("could not look for newly promoted models")

    def _load(self, case: str, pointer: Path) -> None:
        version = ""
        try:
            version = pointer.read_text(encoding="utf-8").strip()
            predictor = _production(pointer, version)
        except (BrokenBundle, OSError, UnicodeDecodeError) as error:
            self.failed_loads.labels(case).inc()
            self.failures = {**self.failures, case: Failure(case, version[:20], str(error))}
            logging.getLogger(__name__).error("%s version %s is refused: %s", case, version[:20], error)
        else:
            self.serving = dict(sorted({**self.serving, case: predictor}.items()))
            self.failures = {name: each for name, each in self.failures.items() if name != case}

    def _withdraw(self, case: str) -> None:
        self._stamps.pop(case, None)
        self.serving = {name: each for name, each in self.serving.items() if name != case}
        self.failures = {name: each for name, each in self.failures.items() if name != case}


def _production(pointer: Path, version: str) -> Predictor:
    if number(version) is None:
        raise BrokenBundle(f"the production pointer must name a version, a positive integer, not {version[:20]!r}")
    predictor = load(pointer.parent / version)
    if predictor.signature.case != pointer.parent.name:
        raise BrokenBundle(f"{version}: signature.json is of the case {predictor.signature.case}")
    return predictor


def _stamp(pointer: Path) -> Stamp:
    """Return what tells one state of a pointer and its version's files from another."""
    try:
        folder = pointer.parent / pointer.read_text(encoding="utf-8").strip()
        facts = [(path.name, path.stat()) for path in (pointer, *sorted(folder.iterdir()))]
    except (OSError, ValueError) as error:
        return (str(error),)
    return tuple((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in facts)
