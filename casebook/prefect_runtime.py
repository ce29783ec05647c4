"""Prefect's environment for a run from the command line: settings, and a server of our own.

The server is started where none is given. Prefect would start one itself, but only once it is
imported and a flow begins. Started first, the server's start overlaps with our imports. Ours also
ends when this process is killed, which Prefect's does not.
"""

from __future__ import annotations

import _thread
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import filelock
from prefect import settings

from casebook import files, lazy, paths, prefect_disk
from casebook.errors import CasebookError

log = logging.getLogger("casebook")
START_LIMIT = 120.0
LOOK = 1.0  # seconds between two looks at a server of our own
RESTARTS = 3  # what ends for the fourth time does so for a reason
# seconds between two signs of life of a run, the least that Prefect takes; see
# deployments/policies.py
HEARTBEAT = 30
RUN = {  # what a run needs wherever it is started: deployments carry it to their workers
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "casebook",
    # a line outside of a run is none of the server's
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
    # to outlast a server or a database that is away: a request is sent again for two minutes in all
    # (2 + 4 + ... + 64
    # s), then the run would be taken for dead anyway; a server without its database answers 500
    "PREFECT_CLIENT_MAX_RETRIES": "6",
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
    "GX_ANALYTICS_ENABLED": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
SETTINGS = RUN | {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # our own lines and one clear paragraph instead
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLI_PROMPT": "false",
}


def prepare(settings: Mapping[str, str] = SETTINGS) -> None:
    """Set the variables that libraries read at import.

    The libraries are Prefect, Great Expectations, ONNX Runtime and TensorFlow. Variables that
    the user set are kept.
    """
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(paths.prefect_home()))


@contextmanager
def server(port: int | None = None) -> Iterator[Starting]:
    """Begin a Prefect server unless `PREFECT_API_URL` names one, and end it after the block.

    At a port that is given it has its UI and keeps schedules; otherwise it is a bare one for this
    process, and is started again where it ends by itself.

    Raises
    ------
    CasebookError
        A bare server could not go on: whatever else went wrong inside the block came of that.
    """
    starting = Starting(port)
    try:
        yield starting
    except BaseException as error:
        if starting.failure:
            raise starting.failure from error
        raise
    finally:
        starting.stop()


class Starting:
    """A server that is starting up, or nothing where the user runs one already."""

    def __init__(self, port: int | None = None) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.failure: CasebookError | None = None
        if os.environ.get("PREFECT_API_URL"):
            return

        files.make_folder(paths.prefect_home())
        prefect_disk.check()
        # two servers must not create the same new database at the same time
        self._lock = filelock.FileLock(paths.prefect_home() / "starting.lock")
        self._lock.acquire()
        number = port or free_port()
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{number}/api"
        self._bare, self._stopping = port is None, threading.Event()
        self._ignored = False  # whether SIGINT was, before
        self._keeper: threading.Thread | None = None
        # in a group of its own: Ctrl-C is meant for us, and the server is still told how that ended
        self._command = [
            sys.executable,
            "-m",
            "casebook.prefect_server",
            str(number),
            *(["ui"] if port else []),
        ]
        self.process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command, stdin=subprocess.PIPE, cwd=paths.project(), start_new_session=True
        )

    def wait(self) -> None:
        """Wait until the server answers.

        Raises
        ------
        Unfit
            The server ended, or didn't answer within two minutes; what may keep it from that is
            named.
        """
        if self.process is None:
            return
        limit = time.monotonic() + START_LIMIT
        while not answers(os.environ["PREFECT_API_URL"]):
            prefect_disk.check_space()
            if self.process.poll() is not None or time.monotonic() > limit:
                where = prefect_disk.database() or "named in PREFECT_API_DATABASE_CONNECTION_URL"
                raise prefect_disk.Unfit(
                    "Prefect's local server did not start; its messages, if any, are above. Look "
                    f"at its database ({where}), or start a server yourself (`prefect server "
                    "start`) and set PREFECT_API_URL to its address."
                )
            time.sleep(0.05)
        self._lock.release()
        if self._bare:
            self._hear_interrupts()
            self._keeper = threading.Thread(
                target=self._keep, name="keep Prefect's server", daemon=True
            )
            self._keeper.start()

    def _hear_interrupts(self) -> None:
        """Let `_give_up` interrupt even where SIGINT is ignored.

        A shell ignores it in what it runs in the background.
        """
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._interrupted)
            self._ignored = True

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self.failure:
            raise KeyboardInterrupt

    def _keep(self) -> None:
        """Start the server again where it ends by itself; end the run if that is in vain."""
        ends = 0
        while not self._stopping.wait(LOOK):
            try:
                prefect_disk.check_space()
                if self.process and self.process.poll() is not None:
                    ends += 1
                    self._begin_again(ends, self.process.returncode)
            except CasebookError as failure:
                self._give_up(failure)
                return

    def _begin_again(self, ends: int, code: int) -> None:
        if ends > RESTARTS:
            raise CasebookError(
                f"Prefect's local server ended {ends} times by itself, the last time with exit "
                f"code {code} (-9: it was killed, as happens where memory runs out). Run the same "
                "command again: finished stages are kept."
            )
        prefect_disk.check()
        if self.process:
            _end(self.process)
        log.warning(
            "Prefect's local server ended by itself (exit code %d); it is started again.", code
        )
        self.process = self._begin()

    def _give_up(self, failure: CasebookError) -> None:
        """Have the run end now: without a server its requests would be sent again for minutes."""
        self.failure = failure
        if lazy.is_loaded("prefect"):
            settings.get_current_settings().client.max_retries = 0
        main = threading.main_thread().ident
        if os.name == "nt" or main is None:
            _thread.interrupt_main()
        else:
            signal.pthread_kill(main, signal.SIGINT)  # this wakes it from a wait, too

    def stop(self) -> None:
        """End the server if we started it."""
        if self.process is None:
            return
        self._stopping.set()
        if self._keeper:
            self._keeper.join()
        if self._ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._lock.release(force=True)
        if lazy.is_loaded("prefect"):
            from prefect.logging.handlers import APILogWorker

            APILogWorker.drain_all(
                timeout=5
            )  # the last lines of the run's log are still on their way
        _end(self.process)
        del os.environ["PREFECT_API_URL"]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def answers(url: str) -> bool:
    """Say whether a Prefect server answers at this address."""
    try:
        with urlopen(f"{url}/health", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
