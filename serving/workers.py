"""Several processes that serve together, because one Python process computes on one core only.

The parent forks the workers while it has imported nothing heavy and runs no thread, and after that only looks after
them. All accept from the same sockets.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from shutil import rmtree
from tempfile import TemporaryDirectory

FAILED_STARTS = 5  # in a row, until it is clear that another one would not help either
STOPS = (signal.SIGTERM, signal.SIGINT)

Work = Callable[[Callable[[int], object]], None]


class Workers:
    """A number of processes that do the same work until told to stop; one that dies is replaced.

    Parameters
    ----------
    work
        What each does; it calls its argument with the number of models once it is ready, and returns after a SIGTERM.
    count
        How many there are.
    ready
        Called with the number of models when all are ready for the first time.
    stopping
        Called when told to stop, before the workers are.
    """

    def __init__(self, work: Work, count: int, ready: Callable[[int], object], stopping: Callable[[], object]) -> None:
        self._work, self._count, self._ready, self._stopping = work, count, ready, stopping
        self._context = multiprocessing.get_context("fork")
        self._reports, self._report = self._context.Pipe(duplex=False)
        self._running: dict[int, BaseProcess] = {}  # by the sentinel that tells of their end
        self._serving: set[int] = set()  # ids of the processes that are ready
        self._announced = self._stopped = False
        self._failed_starts = self._code = 0

    def run(self) -> int:
        """Keep the workers running until SIGTERM or SIGINT; return the exit code, 1 if they cannot even start."""
        for number in STOPS:
            signal.signal(number, lambda number, frame: self._stop())
        with TemporaryDirectory(prefix="casebook-counts-") as folder:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # where the counts of all workers are summed
            for _ in range(self._count):
                self._start()
            while self._running:
                for source in wait([self._reports, *self._running]):
                    if source is self._reports:
                        self._note(*self._reports.recv())
                    elif isinstance(source, int):
                        self._ended(self._running.pop(source))
        return self._code

    def _start(self) -> None:
        with _signals_held():  # a stop must find either no worker or one that is listed
            if not self._stopped:
                fresh = self._context.Process(target=_worker, args=(self._work, self._report))
                fresh.start()
                self._running[fresh.sentinel] = fresh

    def _note(self, pid: int, models: int) -> None:
        self._serving.add(pid)
        self._failed_starts = 0
        ready = all(each.pid in self._serving for each in self._running.values())
        if ready and not (self._announced or self._stopped):
            self._announced = True
            self._ready(models)

    def _ended(self, worker: BaseProcess) -> None:
        worker.join()
        if self._stopped:
            return
        self._failed_starts += worker.pid not in self._serving
        self._serving -= {worker.pid or 0}
        again = self._failed_starts < FAILED_STARTS
        what = "another one takes its place" if again else f"the last of {FAILED_STARTS} that did not start"
        logging.getLogger(__name__).error("worker %s ended with code %s, %s", worker.pid, worker.exitcode, what)
        if again:
            self._start()
        else:
            self._code = 1
            self._stop()

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._stopping()
        for worker in list(self._running.values()):
            worker.terminate()


def _worker(work: Work, report: Connection) -> None:
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)  # what it inherited would stop the other workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), name="watch parent", daemon=True).start()
    work(lambda models: report.send((os.getpid(), models)))
    if not parent.is_alive():  # and so cannot tidy up itself
        rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def _end_with(parent: BaseProcess) -> None:
    """Wait for the end of a pipe from the parent, so that even its SIGKILL leaves no orphan.

    Workers started later hold the pipe open too, but they notice first, and end.
    """
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _signals_held() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
