"""One spare process beside the main one, for work that needs no TensorFlow.

Great Expectations takes seconds to import and so does TensorFlow: in two processes they load side by side. The same
process draws figures and fits the plain peers while the main one trains.
"""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Spare:
    """A process that starts at its first use, or by `warm` before it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None

    def warm(self, *modules: str) -> None:
        """Start the process and let it import `modules` now, without waiting for it."""
        self._started().submit(load, modules)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the spare process and wait for what it returns or raises."""
        return self._started().submit(function, *args, **kwargs).result()

    def close(self) -> None:
        """End the process once its work is done."""
        with self._lock:
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
    for name in modules:
        import_module(name)
