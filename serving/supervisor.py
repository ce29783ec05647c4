"""The parent of the serving processes: Gunicorn's arbiter.

It replaces those that end or hang. It imports nothing heavy and runs no thread, so it can fork at
any time.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from shutil import rmtree
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from serving import limits
from serving.worker import STOPS, Worker

FAILED_STARTS = 5  # in a row, until it is clear that another one would not help either
RETRY = 1.0  # seconds until the next one where others serve
HUNG = 15  # seconds without a sign of life after which a process is replaced
SHARED = (
    "/dev/shm"  # where signs of life are given: no cleaner empties it, and it is never a slow disk
)

Make = Callable[[], Any]


class Log(Logger):  # type: ignore[misc]
    """Gunicorn's messages, among ours and in their form; what is no trouble is left out."""

    def setup(self, cfg: Any) -> None:
        """Have the root's handlers write."""
        self.cfg, self._access_log_enabled = cfg, False
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class Application(BaseApplication):  # type: ignore[misc]
    """What Gunicorn is to run, and how.

    Parameters
    ----------
    make
        Makes what answers in each process: something with a `gateway` and a number of `models`.
    count
        How many processes there are.
    ready
        Called with the number of models when all are ready for the first time.
    """

    def __init__(self, make: Make, count: int, ready: Callable[[int], object]) -> None:
        self.load = make
        self.count, self.announce = count, ready
        self._reports, self._report = os.pipe()
        os.set_blocking(self._reports, False)
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from Gunicorn's own."""
        settings = {
            "workers": self.count,
            "worker_class": "serving.worker.Worker",
            "worker_tmp_dir": SHARED if os.access(SHARED, os.W_OK) else None,
            "logger_class": Log,
            "timeout": int(limits.ARRIVAL)
            + 5,  # for a piece of a body; the gateway's own is shorter
            "graceful_timeout": int(limits.PATIENCE) + 3,
            "keepalive": limits.IDLE,
            "limit_request_line": 2**18,
            "limit_request_field_size": 2**17,
            "limit_request_fields": 200,
            "asgi_lifespan": "off",
            "control_socket_disable": True,
            "child_exit": lambda supervisor, worker: supervisor.ended(worker),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def ready(self, worker: Worker) -> None:
        """Tell the parent that a process answers."""
        os.write(self._report, f"{worker.pid} {worker.service.models}\n".encode())
        with suppress(ProcessLookupError):
            os.kill(worker.ppid, signal.SIGUSR1)

    def reports(self) -> list[tuple[int, int]]:
        """Return ids of processes and their numbers of models, as reported since the last time."""
        try:
            lines = os.read(self._reports, 2**16).decode().splitlines()
        except BlockingIOError:
            return []
        pairs = (line.split() for line in lines)
        return [(int(pid), int(models)) for pid, models in pairs]

    def left(self, parent: int) -> None:
        """Tidy up after a parent that was killed, and so can't."""
        if os.getppid() != parent and limits.COUNTS in os.environ:
            rmtree(os.environ[limits.COUNTS], ignore_errors=True)


class Supervisor(Arbiter):  # type: ignore[misc]
    """Keeps a number of processes serving until it is stopped."""

    SIGNALS = (*STOPS, signal.SIGUSR1)
    WORKER_BOOT_ERROR = APP_LOAD_ERROR = (
        256  # which no process ends with: they are started again, but not for ever
    )

    def __init__(self, app: Application, listening: Sequence[socket]) -> None:
        super().__init__(app)
        self.timeout = HUNG
        self.LISTENERS = [_Listening(sock) for sock in listening]
        self._serving: set[int] = set()
        self._failed_starts = 0
        self._announced = self._stopped = False
        self._counts: TemporaryDirectory[str] | None = None

    def serve(self) -> int:
        """Keep the processes running; return the exit code.

        It is 0 if stopped, 1 if they cannot even start.
        """
        try:
            self.run()
        except SystemExit as end:
            return int(bool(end.code))
        finally:
            if self._counts:
                self._counts.cleanup()
        return 0

    def start(self) -> None:
        """Make ready for signals first: a stop must find either nothing, or what tidies up."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        super().start()
        self._counts = TemporaryDirectory(prefix="casebook-counts-", ignore_cleanup_errors=True)
        os.environ[limits.COUNTS] = (
            self._counts.name
        )  # where the counts of all processes are summed
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def init_signals(self) -> None:
        """Take signals, but for a hang-up that whoever started this (nohup) had ignored."""
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().init_signals()
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def spawn_worker(self) -> int:
        """Fork a worker; the new process never returns here.

        A stop signal reaches it even before it is ready.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            return int(super().spawn_worker())
        except SystemExit as end:
            with suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) and 0 <= end.code < 256 else 1)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def ended(self, worker: Worker) -> None:
        """Note the end of a process; one that was never ready counts as a failed start.

        Raises
        ------
        HaltServer
            Too many in a row failed to start, and none serves.
        """
        if worker.pid in self._serving:
            self._serving.discard(worker.pid)
            return
        self._failed_starts += 1
        if self._failed_starts < FAILED_STARTS or self._stopped:
            return
        if not self._serving:
            raise HaltServer(f"{FAILED_STARTS} processes in a row did not start", 1)
        time.sleep(RETRY)

    def stop(self, graceful: bool = True) -> None:
        """Stop the processes; those that do not end in time are killed."""
        self._stopped = True
        super().stop()

    def handle_usr1(self) -> None:
        """Take reports; once every process is ready, say so."""
        for pid, models in self.app.reports():
            self._serving.add(pid)
            self._failed_starts = 0
            if not self._announced and self._serving >= self.WORKERS.keys():
                self._announced = True
                self.app.announce(models)

    def handle_int(self) -> None:
        """Stop as by SIGTERM: a terminal's Ctrl-C loses no request either."""
        raise StopIteration

    handle_quit = handle_hup = handle_int


class _Listening:
    """A listening socket in the form that Gunicorn keeps them in."""

    def __init__(self, sock: socket) -> None:
        self.sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def serve(
    make: Make, listening: Sequence[socket], count: int, ready: Callable[[int], object]
) -> int:
    """Serve from several processes until stopped; return the exit code."""
    return Supervisor(Application(make, count, ready), listening).serve()
