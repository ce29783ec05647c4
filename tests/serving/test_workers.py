"""The service as several processes: real sockets, real signals."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from casebook import paths
from serving.__main__ import main

PATH = "/v1/models/fraud:predict"
BODY = json.dumps({"instances": [{"Amount": 10.0, "Hour": 5, "Age": 40, "Sex": "female"}]}).encode()
JSON = {"Content-Type": "application/json"}
LIMIT = 60.0  # seconds until what must happen counts as not happening

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="several processes need os.fork")


ARGUMENTS = ("--port=0", "--processes=2", "--log=warning")


def start(changed: str = "") -> subprocess.Popen[str]:
    """Start the service as its command does, or with other limits than its own."""
    code = (
        f"{changed}; import sys; from serving.__main__ import main; "
        f"sys.exit(main({list(ARGUMENTS)}))"
    )
    command = [
        sys.executable,
        "-W",
        "error",
        *(["-c", code] if changed else ["-m", "serving", *ARGUMENTS]),
    ]
    return subprocess.Popen(
        command,
        cwd=paths.project(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def until(holds: Callable[[], bool], seconds: float = LIMIT) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def post(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    connection.request("POST", PATH, BODY, JSON)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@dataclass
class Service:
    process: subprocess.Popen[str]
    port: int
    opened: ExitStack

    def workers(self) -> list[psutil.Process]:
        return [worker for worker in psutil.Process(self.process.pid).children() if alive(worker)]

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        self.opened.enter_context(closing(connection)).connect()
        return connection

    def connections_by_pid(self) -> dict[int, http.client.HTTPConnection]:
        """Connect until every worker holds a connection, which is its own from then on."""
        held: dict[int, http.client.HTTPConnection] = {}
        for _ in range(500):
            connection = self.connect()
            assert post(connection)[0] == 200
            held.setdefault(self._holder(connection.sock.getsockname()), connection)
            if len(held) == 2:
                return held
        raise AssertionError("one worker took every connection")

    def _holder(self, address: tuple[str, int]) -> int:
        return next(
            w.pid for w in self.workers() for c in w.net_connections() if c.raddr == address
        )


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def service(publish: Callable[..., Path]) -> Iterator[Service]:
    publish("fraud", 1, -1.0)
    with started() as running:
        yield running


@pytest.fixture
def watched(publish: Callable[..., Path]) -> Iterator[Service]:
    """A service that takes a process for hung after some seconds."""
    publish("fraud", 1, -1.0)
    with started("import serving.supervisor; serving.supervisor.HUNG = 5") as running:
        yield running


@pytest.fixture
def patient(publish: Callable[..., Path]) -> Iterator[Service]:
    """A service that waits long for the last requests, as a test may be slow to ask."""
    publish("fraud", 1, -1.0)
    with started(
        "import serving.limits, serving.worker as w; w.LAST = serving.limits.PATIENCE = 60.0"
    ) as running:
        yield running


@contextmanager
def started(changed: str = "") -> Iterator[Service]:
    with start(changed) as process, ExitStack() as opened:
        opened.callback(process.kill)
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(
            r"Serving 1 model at http://127\.0\.0\.1:(\d+) \(Ctrl-C stops\)\n", line
        )
        assert match, process.communicate()[1]
        yield Service(process, int(match[1]), opened)


def test_two_workers_answer_and_their_counts_are_summed(service: Service) -> None:
    held = service.connections_by_pid()
    assert set(held) == {worker.pid for worker in service.workers()}
    assert psutil.Process(service.process.pid).num_threads() == 1
    before = {requests_counted(connection) for connection in held.values()}
    assert len(before) == 1
    for connection in held.values():
        for _ in range(5):
            assert post(connection)[0] == 200
    assert {requests_counted(connection) for connection in held.values()} == {before.pop() + 10}


def requests_counted(connection: http.client.HTTPConnection) -> float:
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    assert text.count('casebook_model_info{case="fraud",trained_on="real",version="1"} 1') == 1
    match = re.search(
        r'^casebook_requests_total\{case="fraud",code="200"\} (\S+)$', text, re.MULTILINE
    )
    assert match and f'casebook_predict_seconds_count{{case="fraud"}} {match[1]}' in text
    return float(match[1])


def test_a_killed_worker_is_replaced_and_its_counts_stay(service: Service) -> None:
    killed, other = service.connections_by_pid().items()
    before = requests_counted(other[1])
    os.kill(killed[0], signal.SIGKILL)
    for _ in range(20):
        assert post(service.connect())[0] == 200
    assert until(
        lambda: killed[0] not in {w.pid for w in service.workers()} and len(service.workers()) == 2
    )
    held = service.connections_by_pid()
    assert killed[0] not in held and other[0] in held
    assert all(requests_counted(connection) >= before + 20 for connection in held.values())
    service.process.terminate()
    _, err = service.process.communicate(timeout=LIMIT)
    assert service.process.returncode == 0
    assert f"(pid:{killed[0]}) was sent SIGKILL" in err and err.count("\n") == 1


def test_requests_in_flight_in_both_workers_are_answered_before_the_end(service: Service) -> None:
    held = service.connections_by_pid().values()
    for connection in held:
        connection.putrequest("POST", PATH)
        for name, value in (JSON | {"Content-Length": str(len(BODY))}).items():
            connection.putheader(name, value)
        connection.endheaders(BODY[:10])
    service.process.send_signal(signal.SIGTERM)
    for connection in held:
        connection.send(BODY[10:])
        response = connection.getresponse()
        assert (response.status, len(json.loads(response.read())["predictions"])) == (200, 1)
    out, err = service.process.communicate(timeout=LIMIT)
    assert (service.process.returncode, out, err) == (0, "", "")


def test_a_hung_worker_is_replaced(watched: Service) -> None:
    hung = watched.workers()[0]
    hung.send_signal(signal.SIGSTOP)
    assert until(
        lambda: (
            hung.pid not in {worker.pid for worker in watched.workers()}
            and len(watched.workers()) == 2
        )
    )
    assert len(watched.connections_by_pid()) == 2
    watched.process.terminate()
    _, err = watched.process.communicate(timeout=LIMIT)
    assert (watched.process.returncode, f"WORKER TIMEOUT (pid:{hung.pid})" in err) == (0, True)


HANGS_AT_ONCE = """
import os, signal, serving.supervisor

ready = serving.supervisor.Application.ready

def hang_or_be_ready(app, worker):
    if worker.age == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    ready(app, worker)

serving.supervisor.HUNG = 5
serving.supervisor.Application.ready = hang_or_be_ready"""


def test_a_worker_that_hangs_before_its_first_sign_of_life_is_replaced(
    publish: Callable[..., Path],
) -> None:
    publish("fraud", 1, -1.0)
    with started(HANGS_AT_ONCE) as service:
        assert len(service.connections_by_pid()) == 2
        service.process.terminate()
        _, err = service.process.communicate(timeout=LIMIT)
        assert err.count("WORKER TIMEOUT") == 1


def test_a_hung_worker_does_not_keep_the_service_from_ending(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    with started("import serving.limits; serving.limits.PATIENCE = 0.5") as service:
        hung = service.workers()[0]
        hung.send_signal(signal.SIGSTOP)
        service.process.terminate()
        assert service.process.wait(timeout=LIMIT) == 0
        assert not alive(hung)


def test_a_stop_tells_a_kept_connection_that_its_answer_is_the_last(patient: Service) -> None:
    service = patient
    pid, connection = service.connections_by_pid().popitem()
    os.kill(pid, signal.SIGTERM)
    seen = []
    while not seen or seen[-1] != "close":
        connection.request("POST", PATH, BODY, JSON)
        response = connection.getresponse()
        assert (response.status, len(json.loads(response.read())["predictions"])) == (200, 1)
        seen.append(response.headers["Connection"])
    assert until(
        lambda: (
            pid not in {worker.pid for worker in service.workers()} and len(service.workers()) == 2
        )
    )
    assert post(service.connect())[0] == 200


STOPS_ITSELF = """
import asyncio, os, signal, serving.gateway, serving.worker

answer = serving.gateway.Gateway.__call__

async def answer_and_stop(gateway, scope, receive, send):
    async def send_later(message):
        if message["type"] == "http.response.body":  # its head is under way
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
        await send(message)
    await answer(gateway, scope, receive, send_later)

serving.gateway.Gateway.__call__ = answer_and_stop
serving.worker.LAST = 60.0"""


def test_an_answer_that_promised_to_keep_its_connection_is_not_the_last(
    publish: Callable[..., Path],
) -> None:
    publish("fraud", 1, -1.0)
    with started(STOPS_ITSELF) as service:
        connection = service.connect()
        for said in (None, "close"):
            connection.request("POST", PATH, BODY, JSON)
            response = connection.getresponse()
            assert (response.status, len(json.loads(response.read())["predictions"])) == (200, 1)
            assert response.headers["Connection"] == said


def test_a_stop_in_the_middle_of_the_start_is_heard(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    with start(
        "import time, serving.bundle as b; b.load = lambda folder: time.sleep(600)"
    ) as process:
        assert until(lambda: len(psutil.Process(process.pid).children()) == 2)
        process.terminate()
        assert process.wait(timeout=LIMIT) == 0
        assert process.communicate()[0] == ""


def test_a_killed_parent_leaves_no_orphan(service: Service) -> None:
    workers = service.workers()
    assert len(workers) == 2
    service.process.kill()
    assert until(lambda: not any(map(alive, workers)))


def test_a_promotion_reaches_both_workers_within_two_seconds(
    service: Service, publish: Callable[..., Path]
) -> None:
    held = service.connections_by_pid().values()
    publish("fraud", 2, 0.5)
    assert until(
        lambda: {post(connection)[1]["model"]["version"] for connection in held} == {2}, seconds=2.0
    )


def test_workers_that_cannot_start_end_the_service(
    publish: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flask.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with start() as process:
        out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (1, "")
    assert err.count("exited with code 3") in (5, 6)  # one more may be on its way
    assert "5 processes in a row did not start" in err
    assert all(json.loads(line) for line in err.splitlines())


def test_several_processes_without_fork_are_a_bad_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(SystemExit, match="2"):
        main(["--processes", "2"])
    assert "cannot fork" in capsys.readouterr().err
