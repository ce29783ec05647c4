"""A stand that runs: what its API says, and waiting for a run to come to a state."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from casebook import paths, prefect_runtime
from deployments.stand import taken

# seconds until what must happen counts as not happening, on a machine that does much else
PATIENCE = 900.0
SMOKE = {"source": "sample", "profile": "smoke"}
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
Json = dict[str, Any]


@dataclass(frozen=True)
class Stand:
    """A server with its worker, and the folders they use."""

    process: subprocess.Popen[bytes]
    url: str
    reports: str
    folder: Path
    environment: dict[str, str]

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Return the response of the server's API.

        While its database is busy the server responds with 503, and is asked again.
        """
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            f"{self.url}/api{path}", data, {"Content-Type": "application/json"}, method=method
        )
        return until(lambda: answer(request), self.log)[0]

    def deployment(self, name: str) -> Json:
        deployment: Json = self.ask(f"/deployments/name/{name}/{name}")
        return deployment

    def start(self, name: str, parameters: Json, **more: Any) -> str:
        """Start a run as the UI does, and return its id."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        # one that is answered 503 may have begun all the same
        once = {"idempotency_key": uuid4().hex}
        return str(self.ask(path, {"parameters": parameters, **once, **more})["id"])

    def run(self, id: str) -> Json:
        run: Json = self.ask(f"/flow_runs/{id}")
        return run

    def runs(self, name: str, /, **conditions: Any) -> list[Json]:
        query = {
            "deployments": {"name": {"any_": [name]}},
            "flow_runs": conditions,
            "sort": "EXPECTED_START_TIME_ASC",
        }
        runs: list[Json] = self.ask("/flow_runs/filter", query)
        return runs

    def requested_runs(self, name: str) -> set[str]:
        """Return the ids of the runs that no schedule asked for."""
        return {run["id"] for run in self.runs(name) if not run["auto_scheduled"]}

    def until(self, id: str, *states: str) -> Json:
        """Wait until a run is in one of these states, by type or by name, and return the state."""
        return until(
            lambda: state_among(self.run(id)["state"], states),
            lambda: f"{self.run(id)['state']} {self.log()}",
        )

    def ended(self, id: str) -> Json:
        """Wait for the end of a run, which must be a good one."""
        state = self.until(id, *ENDED)
        assert state["type"] == "COMPLETED", (state, self.log())
        return self.run(id)

    def until_said(self, id: str, words: str) -> None:
        """Wait until a run's log in the UI has this text.

        Lines reach the server a little after the run's end.
        """
        query = {"logs": {"flow_run_id": {"any_": [id]}}, "sort": "TIMESTAMP_ASC"}
        until(
            lambda: any(words in line["message"] for line in self.ask("/logs/filter", query)),
            self.log,
        )

    def shown(self, id: str) -> list[Json]:
        """Return the artifacts of a run."""
        artifacts: list[Json] = self.ask(
            "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [id]}}}
        )
        return artifacts

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a module's command against this server."""
        environment = self.environment | {"PREFECT_API_URL": f"{self.url}/api"}
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=paths.project(),
            env=environment,
            capture_output=True,
            text=True,
        )


def started_from(
    process: subprocess.Popen[bytes], port: int, folder: Path, environment: dict[str, str]
) -> Stand:
    """Return the stand once it says that it stands."""
    stand = Stand(
        process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", folder, environment
    )
    until(lambda: "Ctrl-C ends" in stand.log() or process.poll() is not None, stand.log)
    assert process.poll() is None, stand.log()
    return stand


def answer(request: Request) -> tuple[Any] | None:
    """Return the answer, or None where it is to be asked again."""
    try:
        with urlopen(request, timeout=120) as response:
            return (json.loads(response.read() or b"null"),)
    except HTTPError as error:
        if error.code != 503:
            raise AssertionError(error.read()) from None
        return None


def state_among(state: Json, wanted: tuple[str, ...]) -> Json | None:
    return state if {state["type"], state["name"]} & set(wanted) else None


def until(condition: Any, describe: Any) -> Any:
    """Wait until something is found and return it."""
    limit = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < limit, describe()
        time.sleep(0.2)
    return result


def two_ports() -> int:
    """Return a port that nobody listens on, and nobody on the next one."""
    while True:
        port = prefect_runtime.free_port()
        if not taken(port + 1):
            return port
