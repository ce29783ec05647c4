"""Which version of each case serves, and the watch over the `production` pointers."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebook import untrusted
from casebook.errors import CasebookError
from casebook.versions import number
from serving.bundle import BrokenBundle, OutOfMemory, Predictor, load
from serving.counts import Counts, shared_folder
from serving.counts_file import LOAD_FAILURES
from serving.published import Published, find
from serving.sync_production import PAUSE, problems, sync_production

# seconds after which a removal is over: a folder of models that is deleted loses its pointers first
SETTLED = 0.2
POINTER_LIMIT = 1024  # bytes

Stamp = tuple[object, ...]


@dataclass(frozen=True)
class Failure:
    """A production version that was refused; an older one may go on serving in its place."""

    case: str
    version: str
    why: str
    out_of_memory: bool = False


class Registry:
    """The models that serve, kept up with the published folder.

    `serving`, `failures` and `notes` are replaced, never changed, so a request that took a
    reference keeps one consistent view of it without a lock.

    Parameters
    ----------
    folder
        The folder of all published models.
    counts
        What the service counts; by default what all its processes share.
    """

    def __init__(self, folder: Path, counts: Counts | None = None) -> None:
        self.serving: Mapping[str, Predictor] = {}
        self.failures: Mapping[str, Failure] = {}
        # what is out of reach, while what is loaded goes on serving
        self.notes: tuple[str, ...] = ()
        self.counts = counts or Counts(shared_folder())
        self._folder = folder
        self._stamps: dict[str, Stamp] = {}
        self._pause = 0.0  # at first the shared storage is asked at once
        self._trouble = ""  # why the last look was not to its end
        self._stop = threading.Event()

    def look(self) -> None:
        """Load what changed since the last look.

        A version that fails is remembered and tried again once it changes.
        """
        remote = self._sync()
        published = self._find()
        self._note(published, remote)
        cases = self.serving.keys() | self.failures.keys()
        for case in cases:
            if published.is_withdrawn(case):
                self._withdraw(case)
            elif case not in published.pointers:
                self._forget_failure(case)
        for case, pointer in published.pointers.items():
            stamp = _stamp(pointer)
            if stamp != self._stamps.get(case):
                self._stamps[case] = stamp
                self._load(case, pointer)

    def watch(self, seconds: float = 0.25) -> None:
        """Look again every `seconds` in a background thread until `close`."""
        threading.Thread(
            target=self._watch, args=(seconds,), name="watch models", daemon=True
        ).start()

    def close(self) -> None:
        """End the watch; what is loaded stays."""
        self._stop.set()
        self.counts.close()

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                self.look()
                self._trouble = ""
            except Exception as error:  # the watch must outlive whatever a disk can do
                if repr(error) != self._trouble:
                    logging.getLogger(__name__).exception(
                        "could not look for newly promoted models"
                    )
                self._trouble = repr(error)

    def _sync(self) -> list[str]:
        """Sync with the shared storage, and return what could not be had from there."""
        try:
            sync_production(self._folder, self._pause)
            return problems(self._folder)
        except OSError as error:
            return [f"the local copy of the shared storage can't be written: {error}"]
        finally:
            self._pause = PAUSE

    def _find(self) -> Published:
        """Find what is published.

        What seems withdrawn is looked at again, as its folder may just be about to be moved away.
        """
        published = find(self._folder)
        if any(published.is_withdrawn(case) for case in self.serving.keys() | self.failures.keys()):
            time.sleep(SETTLED)
            published = find(self._folder)
        return published

    def _note(self, published: Published, remote: list[str]) -> None:
        """Keep what is out of reach, and say each once in the log."""
        away = [published.away] if published.away else []
        notes = tuple(map(_plain, [*away, *published.unseen.values(), *remote]))
        log = logging.getLogger(__name__)
        for note in notes:
            if note not in self.notes and (self.serving or note != published.away):
                log.error("%s%s", note, "; what is loaded goes on serving" if self.serving else "")
        for note in self.notes:
            if note not in notes:
                log.warning("no longer: %s", note)
        self.notes = notes

    def _load(self, case: str, pointer: Path) -> None:
        version = ""
        try:
            version = _named(pointer)
            predictor = _production(pointer, version)
        except (CasebookError, OSError) as error:
            out_of_memory = isinstance(error, OutOfMemory)
            self._refuse(Failure(case, version[:20], _plain(str(error)), out_of_memory))
        else:
            self.serving = dict(sorted({**self.serving, case: predictor}.items()))
            self.failures = {
                name: failure for name, failure in self.failures.items() if name != case
            }

    def _refuse(self, failure: Failure) -> None:
        """Remember a failure; a version that found no memory is tried again at the next look."""
        if failure.out_of_memory:
            self._stamps.pop(failure.case, None)
            if self.failures.get(failure.case) == failure:
                return  # counted and logged at the first look
        self.counts.add((LOAD_FAILURES, failure.case))
        self.failures = {**self.failures, failure.case: failure}
        logging.getLogger(__name__).error(
            "%s version %s is refused: %s", failure.case, failure.version, failure.why
        )

    def _withdraw(self, case: str) -> None:
        self._stamps.pop(case, None)
        self.serving = {name: model for name, model in self.serving.items() if name != case}
        self.failures = {name: failure for name, failure in self.failures.items() if name != case}
        logging.getLogger(__name__).warning(
            "%s is withdrawn: it has no production pointer any more", case
        )

    def _forget_failure(self, case: str) -> None:
        """Forget why a version that can't be seen any more was not loaded.

        This applies where another version goes on serving.
        """
        if case in self.serving and case in self.failures:
            self._stamps.pop(case, None)
            self.failures = {
                name: failure for name, failure in self.failures.items() if name != case
            }


def _production(pointer: Path, version: str) -> Predictor:
    if number(version) is None:
        raise BrokenBundle(
            f"the production pointer must name a version, a positive integer, not {version[:20]!r}"
        )
    predictor = load(pointer.parent / version)
    if predictor.signature.case != pointer.parent.name:
        raise BrokenBundle(
            f"{version}: signature.json is of the case {predictor.signature.case[:80]}"
        )
    return predictor


def _named(pointer: Path) -> str:
    """Return the version that a pointer names."""
    return untrusted.read(pointer, POINTER_LIMIT).decode(errors="replace").strip()


def _stamp(pointer: Path) -> Stamp:
    """Return what tells one state of a pointer and its version's files from another."""
    try:
        version = _named(pointer)
        folder = pointer.parent / version
        paths = sorted(folder.iterdir()) if number(version) else []
    except (CasebookError, OSError, ValueError) as error:
        return (str(error), _facts(pointer))
    return (version, *map(_facts, [pointer, *paths]))


def _facts(path: Path) -> Stamp:
    """Return what changes with a file, or with a link that leads nowhere."""
    try:
        stat = path.stat()
    except OSError as error:
        return (path.name, error.errno)
    return (path.name, stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _plain(text: str) -> str:
    """Return a text that JSON can hold, whatever the names in it are."""
    return text.encode(errors="replace").decode()
