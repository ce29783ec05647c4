"""Rolling counts of inputs and predictions, by hour and bin, for drift monitoring.

The rows are never stored.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from casebook import paths, share
from casebook.errors import CasebookError
from casebook.files import write_json
from serving.bundle import Predictor
from serving.distribution import Counts, Values, features, score
from serving.graph import Arrays, Scores

KEPT = timedelta(days=30)
WRITTEN = 60.0  # seconds between writings
PENDING = 50_000  # rows that wait to be counted, at most
HOUR = "%Y-%m-%dT%H"
NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}\..+\.json")  # of a file of counts
SCORE = ""  # what the score's counts are kept by; no feature has that name


class PendingRequest(NamedTuple):
    """What is to be counted of one request."""

    model: Predictor
    values: dict[str, Values]


class Key(NamedTuple):
    """What counts are kept for."""

    case: str
    version: int
    hour: str


class RequestHistogram:
    """One process' counts, in `<artifacts>/served/<case>/<version>/<hour>.<process>.json`.

    Answering a request only notes what to count. A thread counts it each second, many requests at
    once, and writes each minute; a process that is killed takes its last minute with it.
    """

    def __init__(self) -> None:
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()
        self._pending: list[PendingRequest] = []
        self._rows = 0
        self._counts: dict[Key, dict[str, Counts]] = {}
        self._changed: set[Key] = set()
        self._failing: set[str] = set()  # what can't be done at present
        self._stop = threading.Event()

    def note(self, model: Predictor, feeds: Arrays, scores: Scores) -> None:
        """Note what a model was asked and answered, if it was published with bins to count it in.

        Whatever goes wrong here is said in the log, and takes no answer away.
        """
        if model.reference is None:
            return
        with self._log_once("count what was asked"):
            values = features(model.signature, feeds) | {SCORE: score(model.signature, scores)}
            with self._lock:
                self._pending.append(PendingRequest(model, values))
                self._rows += len(scores)
                full = self._rows > PENDING
            if full:
                self.count()

    def count(self) -> None:
        """Count what was noted."""
        with self._lock:
            pending, self._pending, self._rows = self._pending, [], 0
            by_model: dict[int, list[PendingRequest]] = defaultdict(list)
            for request in pending:
                by_model[id(request.model)].append(request)
            hour = datetime.now(UTC).strftime(HOUR)
            for requests in by_model.values():
                self._add(requests, hour)

    def write(self) -> None:
        """Write changed counts, forget those of past hours, and remove files older than `KEPT`."""
        with self._lock:
            changed = {key: dict(self._counts[key]) for key in self._changed}
            self._changed = set()
        try:
            for key, counts in changed.items():
                self._write(key, counts)
        except (OSError, CasebookError):
            with self._lock:
                self._changed |= changed.keys()  # they are tried again
            raise
        with self._lock:
            now = datetime.now(UTC).strftime(HOUR)
            self._counts = {
                key: bins
                for key, bins in self._counts.items()
                if key.hour == now or key in self._changed
            }
        for folder in {_folder(key) for key in changed}:
            _forget(folder)

    def _write(self, key: Key, counts: dict[str, Counts]) -> None:
        """Write one file."""
        histograms = {name: bins.tolist() for name, bins in counts.items()}
        content = key._asdict() | {"score": histograms.pop(SCORE), "features": histograms}
        path = _folder(key) / f"{key.hour}.{self._name}.json"
        write_json(path, content)
        share.write(path, path.read_bytes())

    def watch(self) -> None:
        """Count and write in a background thread until `close`."""
        threading.Thread(target=self._watch, name="count what is asked", daemon=True).start()

    def close(self) -> None:
        """End the watch; what was noted is counted and written."""
        self._stop.set()
        self._save()

    def _watch(self) -> None:
        seconds = 0
        while not self._stop.wait(1.0):
            seconds += 1
            if seconds % WRITTEN:
                with self._log_once("count what was asked"):
                    self.count()
            else:
                self._save()

    def _save(self) -> None:
        with self._log_once("write what was counted"):
            self.count()
            self.write()

    @contextmanager
    def _log_once(self, what: str) -> Iterator[None]:
        """Go on where something can't be counted or written.

        The error is logged when it first occurs.
        """
        try:
            yield
        except (
            Exception
        ) as error:  # answering goes on without counts, whatever a disk or a model may do
            if what not in self._failing:
                logging.getLogger(__name__).error("could not %s: %s", what, error, exc_info=error)
            self._failing.add(what)
        else:
            self._failing.discard(what)

    def _add(self, requests: Sequence[PendingRequest], hour: str) -> None:
        """Count requests to one model."""
        model = requests[0].model
        assert model.reference is not None
        key = Key(model.signature.case, model.version, hour)
        counts = self._counts.setdefault(key, {})
        for name, bins in {**model.reference.features, SCORE: model.reference.score}.items():
            added = bins.count(np.concatenate([request.values[name] for request in requests]))
            counts[name] = counts[name] + added if name in counts else added
        self._changed.add(key)


def _folder(key: Key) -> Path:
    return paths.served(key.case) / str(key.version)


def _forget(folder: Path) -> None:
    """Remove the files of hours long past; what else lies there is not ours."""
    oldest = (datetime.now(UTC) - KEPT).strftime(HOUR)
    for name in {*share.names(folder), *(path.name for path in folder.glob("*.json"))}:
        if NAME.fullmatch(name) and name[: len(oldest)] < oldest and not (folder / name).is_dir():
            share.drop(folder / name)
            (folder / name).unlink(missing_ok=True)
