"""Run the whole stand on one machine until it is ended.

It consists of a Prefect server with its UI, every deployment, and a worker.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import httpx
import psutil

from casebook import paths, prefect_runtime
from casebook.errors import CasebookError
from deployments import policies, stuck
from deployments.register import register

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

log = logging.getLogger("casebook")
SETTINGS = (
    prefect_runtime.RUN
    | policies.SERVER
    | {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # its pages ask a host of another company, whatever is set
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # a click waits for the worker's next look: ten seconds by default
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
)
GRACE = 15.0  # seconds in which a run or a worker that is told to end does so
LOOK = 60.0  # seconds between two looks for runs that hang
SMOKE = '{"source": "sample", "profile": "smoke"}'


def stand(port: int) -> None:
    """Start what is missing, register everything, and wait; a signal ends all that was started.

    Raises
    ------
    CasebookError
        Something did not start, or ended by itself.
    """
    leave_on_signals()
    prefect_runtime.prepare(SETTINGS)
    find_server(port)
    with ExitStack() as started:
        server = started.enter_context(prefect_runtime.server(port))
        server.wait()
        pages = started.enter_context(reports(port + 1))
        registered = register()
        if server.process:
            with asking() as client:
                stuck.release_slots(client)
        worker = started.enter_context(working())
        tell(registered)
        watch({"server": server.process, "worker": worker, "server of the reports": pages})


def leave_on_signals() -> None:
    """Leave by unwinding, whatever the signal.

    A signal that is ignored from the start, as under nohup, stays ignored. Ctrl-C is handled even
    so: a shell that starts this in the background has it ignored, and a worker that inherits that
    could not be ended.
    """

    def leave(*_: object) -> None:
        raise SystemExit(0)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and (
            name == "SIGINT" or signal.getsignal(number) is not signal.SIG_IGN
        ):
            signal.signal(number, leave)


def find_server(port: int) -> None:
    """Look for a server that runs already: the one in `PREFECT_API_URL`, or one at the port.

    Raises
    ------
    CasebookError
        It does not answer, or the port is another program's.
    """
    url = os.environ.get("PREFECT_API_URL")
    if url and not prefect_runtime.answers(url):
        raise CasebookError(
            f"No Prefect server answers at PREFECT_API_URL ({url}). Start it, or unset the "
            "variable."
        )
    if url:
        return
    own = f"http://127.0.0.1:{port}/api"
    if prefect_runtime.answers(own):
        os.environ["PREFECT_API_URL"] = own
    elif taken(port):
        raise CasebookError(
            f"Port {port} is taken by another program: --port N takes another, and N + 1 for "
            "reports."
        )


def taken(port: int) -> bool:
    """Say whether somebody listens on a port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def reports(port: int) -> Iterator[subprocess.Popen[bytes] | None]:
    """Serve the folder of all runs, so that a run's page in the UI can link its report.

    A page can't link a file. Where `CASEBOOK_REPORTS` says that somebody else serves the folder, or
    the port is taken, nothing is started.
    """
    if os.environ.get("CASEBOOK_REPORTS") or taken(port):
        yield None
        return
    paths.runs("").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--directory", str(paths.runs(""))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.environ["CASEBOOK_REPORTS"] = f"http://127.0.0.1:{port}"
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def working() -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of the pool `local` in a process group of its own.

    So Ctrl-C reaches the worker only through this process, in order.
    """
    command = [
        sys.executable,
        "-m",
        "prefect",
        "worker",
        "start",
        "--pool",
        "local",
        "--type",
        "process",
    ]
    process = subprocess.Popen(command, cwd=paths.project(), start_new_session=True)
    try:
        yield process
    finally:
        end(process)


def end(worker: subprocess.Popen[bytes]) -> None:
    """End the worker's runs, then the worker.

    The worker would kill its runs before they can report to the server that they stop.
    """
    try:
        process = psutil.Process(worker.pid)
        runs, everything = process.children(), process.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for run in runs:
        run.terminate()
    psutil.wait_procs(runs, GRACE)
    worker.terminate()
    try:
        worker.wait(GRACE)
    except subprocess.TimeoutExpired:
        worker.kill()
    for left in psutil.wait_procs(everything, 1.0)[1]:
        left.kill()


def tell(registered: str) -> None:
    """Print where everything is and what to do next."""
    url, pages, python = (
        os.environ["PREFECT_API_URL"],
        os.environ.get("CASEBOOK_REPORTS"),
        sys.executable,
    )
    lines = (
        f"\nThe UI is at   {url.removesuffix('/api')}",
        f"Reports are at {pages or paths.runs('')}",
        registered,
        "Start a run in the UI (Deployments, fraud, Run, Custom run), or by",
        f"  PREFECT_API_URL={url} {python} -m prefect deployment run fraud/fraud --param "
        f"params='{SMOKE}'",
        f"On a machine with a GPU, in a checkout: {python} -m prefect worker start --pool gpu",
        "Ctrl-C ends what was started here.",
    )
    print("\n".join(lines), flush=True)


def watch(started: Mapping[str, subprocess.Popen[bytes] | None]) -> None:
    """Wait until one of the processes ends, which none should.

    Raises
    ------
    CasebookError
        One did.
    """
    looked = time.monotonic()
    while True:
        for name, process in started.items():
            if process is not None and process.poll() is not None:
                raise CasebookError(
                    f"The {name} ended by itself (exit code {process.returncode}), so all is ended."
                )
        if time.monotonic() - looked > LOOK:
            end_unbegun()
            looked = time.monotonic()
        time.sleep(0.5)


def end_unbegun() -> None:
    """Mark runs as crashed that were taken and not begun.

    A server that can't be reached is asked again at the next look.
    """
    try:
        with asking() as client:
            ended = stuck.end_unbegun(client)
    except httpx.HTTPError as error:
        log.warning("Prefect's server was not asked for runs that hang: %s", error)
        return
    if ended:
        log.warning(
            "%d runs were taken by a worker and not begun; they are marked as crashed.", ended
        )


def asking() -> SyncPrefectClient:
    """Return a client of the server."""
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)
