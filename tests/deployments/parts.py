"""A Prefect server, a worker and a receiver of alerts, each for itself, as in operation.

Any of them may be killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil
from prefect import exceptions

from casebook import paths, prefect_runtime
from deployments import policies

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

POOL, NOBODY = "local", "nobody"  # a pool with a worker, and one without
PATIENT = '''"""A case whose second stage waits until a file is there."""

import os
import time
from pathlib import Path

from pydantic import Field

from casebook.case import case
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Summary, current
from casebook.stage import uncached_task, stage


class PatientParams(CaseParams):
    go: str = Field("", description="the file")


@case
def patient(params: PatientParams = PatientParams()) -> Summary:
    """Wait for a file."""
    if not params.go:
        raise CasebookError("--go: name a file.")
    return finish(wait(begin(params.go), params.go))


@stage
def begin(out, go):
    (out / "begun.txt").write_text(go)
    return {}


@stage
def wait(out, begun, go):
    Path(f"{go}.waiting").touch()
    while not Path(go).exists():
        time.sleep(0.1)
    return {}


@uncached_task
def finish(waited):
    return Summary(case="patient", run_id=current().run_id, report="-", headline="It is there.", \
next_command="-")
'''
DOOMED = '''"""A case that is killed whenever it is run, as where memory does not suffice."""

import os
import signal

from casebook.case import case
from casebook.params import CaseParams
from casebook.run import Summary


@case
def doomed(params: CaseParams = CaseParams()) -> Summary:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)
'''


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/json"
        self.server.posted.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextmanager
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Take alerts on the loopback address; give the address, and the list that they end up in."""
    posted: list[dict[str, Any]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.posted = posted  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", posted
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Stand:
    """What is started in a folder, and the server's address."""

    folder: Path
    environment: dict[str, str]
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.environment["PREFECT_API_URL"]

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a module in a group of its own; its output goes into a file."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.started[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment,
                cwd=paths.project(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.started[name]

    def serve(self) -> None:
        """Start the server, and wait until it answers."""
        port = self.url.removesuffix("/api").rsplit(":", 1)[1]
        process = self.start(
            "server", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port
        )
        until(lambda: prefect_runtime.answers(self.url) or process.poll() is not None)
        assert process.poll() is None, (self.folder / "server.log").read_text()

    def work(self) -> None:
        """Start a worker, and wait until the server knows it."""
        before = workers()
        process = self.start(
            "worker", "prefect", "worker", "start", "--pool", POOL, "--type", "process"
        )
        until(lambda: workers() - before or process.poll() is not None)
        assert process.poll() is None, (self.folder / "worker.log").read_text()

    def kill(self, name: str) -> None:
        """Kill a process and all that it started, as a machine does that loses its power."""

        process = self.started.pop(name)
        children = psutil.Process(process.pid).children(recursive=True)
        for member in [process, *children]:
            member.send_signal(signal.SIGKILL)
        process.wait()
        psutil.wait_procs(children)

    def close(self) -> None:
        """Kill what still runs."""
        for name in reversed(
            [name for name, process in self.started.items() if process.poll() is None]
        ):
            self.kill(name)

    def runs(self, case: str) -> list[Any]:
        """Return the records that a case's runs left."""
        file_paths = sorted((self.folder / "artifacts" / "runs" / case).glob("*/run.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in file_paths]


def stand_in(folder: Path, database: Path, **more: str) -> Stand:
    """Return a stand with the two cases above beside ours, and nothing started yet.

    Its server begins with a copy of a database.
    """
    (folder / "prefect").mkdir()
    shutil.copy(database, folder / "prefect")
    (folder / "theirs" / "flows").mkdir(parents=True)
    for name, text in (("patient", PATIENT), ("doomed", DOOMED)):
        (folder / "theirs" / "flows" / f"{name}.py").write_text(text, encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CASEBOOK_", "PREFECT_"))
    }
    own = {
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect_runtime.free_port()}/api",
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "CASEBOOK_ARTIFACTS": str(folder / "artifacts"),
        "CASEBOOK_RAW": str(folder / "raw"),
        "CASEBOOK_CASES": str(folder / "theirs"),
    }
    return Stand(
        folder,
        {
            **kept,
            **prefect_runtime.SETTINGS,
            **policies.SERVER,
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            **own,
            **more,
        },
    )


def workers() -> set[str]:
    """Return the names of all workers that the server ever knew."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if POOL not in {pool.name for pool in client.read_work_pools()}:
            return set()  # the first worker makes it
        return {worker.name for worker in client.read_workers_for_work_pool(POOL)}


def deploy(flow: str, pool: str = POOL) -> UUID:
    """Make a deployment of a case, with one run at a time, on a pool."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    steps = [
        {"prefect.deployments.steps.set_working_directory": {"directory": str(paths.project())}}
    ]
    with get_client(sync_client=True) as client:
        with suppress(exceptions.ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        return client.create_deployment(
            flow_id=client.create_flow_from_name(flow),
            name=flow,
            entrypoint=f"flows.{flow}:{flow}.flow",
            work_pool_name=pool,
            pull_steps=steps,
            concurrency_limit=1,
        )


def trigger(deployment: UUID, **params: object) -> UUID:
    """Start a run of a deployment."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.create_flow_run_from_deployment(deployment, parameters={"params": params}).id


def read(run: UUID) -> FlowRun:
    """Return a run as the server knows it."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_flow_run(run)


def states(run: UUID) -> list[str | None]:
    """Return the names of all states that a run was in."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return [state.name for state in client.read_flow_run_states(run)]


def until(true: Callable[[], object], limit: float = 900.0) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + limit
    while not (result := true()):
        assert time.monotonic() < end, f"waited {limit} seconds in vain"
        time.sleep(0.2)
    return result


def until_in(run: UUID, *names: str) -> None:
    """Wait until a run is in one of these states."""
    until(lambda: read(run).state_name in names)
