"""One worker process beside the main one, for work that needs no TensorFlow.

Great Expectations takes seconds to import and so does TensorFlow: in two processes they load side
by side. The same process draws plots and fits the plain baselines while the main one trains. Left
idle for long it ends, so that its memory is free for a long training; the next call starts another.
"""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Lock, Thread, Timer
from typing import ParamSpec, TypeVar

from casebook import lazy
from casebook.quiet import native_messages_dropped

P = ParamSpec("P")
T = TypeVar("T")
IDLE = 20.0  # seconds; longer than it takes to start another process with its imports


class WorkerProcess:
    """A process that starts at its first use."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._calls = 0
        self._end: Timer | None = None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the worker process and wait for what it returns or raises."""
        with self._lock:
            self._calls += 1
        try:
            return self._started().submit(function, *args, **kwargs).result()
        finally:
            self._called()

    def close(self) -> None:
        """End the process once its work is done."""
        with self._lock:
            self._stop()

    def _called(self) -> None:
        """Note the end of a call; if none has begun when the time is up, the process ends."""
        with self._lock:
            self._calls -= 1
            if self._end:
                self._end.cancel()
            self._end = Timer(IDLE, self._retire)
            self._end.daemon = True
            self._end.start()

    def _retire(self) -> None:
        with self._lock:
            if not self._calls:
                self._stop()

    def _stop(self) -> None:
        if self._end:
            self._end.cancel()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=die_with_parent)
            return self._pool


def die_with_parent() -> None:
    """Watch the main process from a thread, so that killing it leaves no orphan behind."""
    Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def load(modules: tuple[str, ...]) -> None:
    """Import modules by name."""
    with native_messages_dropped():
        for name in modules:
            lazy.load(name)
