"""The service as a process: real sockets, real signals."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from casebook import paths
from casebook.registry import promote, rollback

ROW = {"Amount": 10.0, "Hour": 5, "Age": 40, "Sex": "female"}
Service = tuple[subprocess.Popen[str], int]


def start(*arguments: str, code: str = "") -> subprocess.Popen[str]:
    """Start the service as its command does, or by a line of code."""
    command = [
        sys.executable,
        "-W",
        "error",
        *(["-c", code] if code else ["-m", "serving", *arguments]),
    ]
    return subprocess.Popen(
        command,
        cwd=paths.project(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


@pytest.fixture
def service(publish: Callable[..., Path]) -> Iterator[Service]:
    publish("fraud", 1, -1.0)
    with start("--port", "0") as process:
        yield process, port_of(process)
        process.kill()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    match = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
    assert match, process.communicate()[1]
    return int(match[1])


def ask(port: int, body: bytes, chunked: bool = False) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    pieces = iter([body[: len(body) // 2], body[len(body) // 2 :]]) if chunked else body
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/v1/models/fraud:predict", pieces, headers, encode_chunked=chunked)
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_requests_over_real_http_and_a_graceful_end(service: Service) -> None:
    process, port = service
    body = json.dumps({"instances": [ROW]}).encode()
    for chunked in (False, True):
        status, content = ask(port, body, chunked)
        assert (status, content["model"]) == (
            200,
            {"case": "fraud", "version": 1, "trained_on": "real"},
        )
        status, content = ask(port, b" " * 10_000_000, chunked)
        assert (status, content["details"]) == (413, [])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    logged = [json.loads(line) for line in process.communicate()[1].splitlines()]
    assert [(record["level"], record["status"], record["case"]) for record in logged] == [
        ("INFO", code, "fraud") for code in (200, 413, 200, 413)
    ]


def test_no_library_notes_who_uses_it(
    publish: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    publish("fraud", 1, -1.0)
    with start("--port", "0", "--processes", "1") as process:
        status, _ = ask(port_of(process), json.dumps({"instances": [ROW]}).encode())
        process.kill()
    assert status == 200
    # ONNX Runtime keeps a number of this machine there and sends it home
    assert not (tmp_path / "home").exists()


def test_requests_in_flight_are_answered_before_the_end(service: Service) -> None:
    process, port = service
    body = json.dumps({"instances": [ROW] * 10_000}).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = (
            "POST /v1/models/fraud:predict HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\n"
        )
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:1000])
        # a later request is answered, so the first one's start was read
        assert ask(port, b"")[0] == 400
        process.send_signal(signal.SIGTERM)
        connection.sendall(body[1000:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert len(json.loads(answer.read())["predictions"]) == 10_000
    assert process.wait(timeout=60) == 0


def test_requests_that_break_the_protocol_get_json_with_a_4xx(service: Service) -> None:
    _, port = service
    for head in (
        "Transfer-Encoding: gzip",
        "Content-Length: 99999999999",
        "Content-Length: x",
        "No header",
    ):
        answer = raw(port, f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        assert re.match(rb"HTTP/1\.[01] 4\d\d ", answer), answer[:100]
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]


def test_a_request_that_does_not_arrive_is_given_up(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    impatient = (
        "import serving.limits as l, serving.__main__ as m; l.ARRIVAL = 0.5; "
        "m.main(['--port=0', '--processes=1'])"
    )
    with start(code=impatient) as process:
        port = port_of(process)
        head = (
            b"POST /v1/models/fraud:predict HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\n"
        )
        for part in (head, head + b"Content-Length: 100\r\n\r\n{"):
            answer = raw(port, part)  # the connection is kept open until the service closes it
            assert answer.startswith((b"HTTP/1.1 408 ", b"HTTP/1.0 408 ")), answer[:100]
            assert "did not arrive" in json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]
        assert ask(port, json.dumps({"instances": [ROW]}).encode())[0] == 200
        process.kill()


def test_a_promotion_reaches_the_running_process(
    service: Service, publish: Callable[..., Path]
) -> None:
    _, port = service
    publish("fraud", 2, 0.5)
    seen = threading.Event()
    body = json.dumps({"instances": [ROW]}).encode()
    for _ in range(600):
        status, content = ask(port, body)
        assert status == 200
        if content["model"]["version"] == 2:
            break
        seen.wait(0.05)
    assert content["model"]["version"] == 2


def test_an_occupied_port_ends_in_one_paragraph(publish: Callable[..., Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start("--port", str(port)) as process:
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"Cannot listen on 127.0.0.1 port {port}") and err.count("\n") == 1


def test_bad_arguments_end_with_2(publish: Callable[..., Path]) -> None:
    for arguments in (("--port", "70000"), ("--port", "x"), ("--processes", "0"), ("--nonsense",)):
        with start(*arguments) as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "--help` lists all" in err and "Traceback" not in err


def test_fifty_promotions_and_rollbacks_under_load(
    publish: Callable[..., Path], expected: Callable[..., float]
) -> None:
    """No request fails, and what each answers is what the version it names computes."""
    bias = {1: -1.0, 2: 0.5, 3: 1.5}
    for version, value in bias.items():
        publish("fraud", version, value, promote=version == 1)
    body = json.dumps({"instances": [ROW]}).encode()
    answers: list[tuple[int, int, float]] = []
    done = threading.Event()

    def ask_on(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not done.is_set():
            connection.request(
                "POST", "/v1/models/fraud:predict", body, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            content = json.loads(response.read())
            answers.append(
                (
                    response.status,
                    content["model"]["version"],
                    content["predictions"][0]["probability"],
                )
            )
        connection.close()

    with start("--port", "0", "--processes", "2", "--log", "warning") as process:
        port = port_of(process)
        clients = [threading.Thread(target=ask_on, args=(port,)) for _ in range(3)]
        for client in clients:
            client.start()
        for move in range(25):
            wanted = 2 + move % 2
            promote("fraud", wanted)
            assert seen(answers, wanted)
            before = rollback("fraud")
            assert seen(answers, before)
        done.set()
        for client in clients:
            client.join(timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert {code for code, _, _ in answers} == {200}
    assert {version for _, version, _ in answers} == set(bias)
    for _, version, value in answers:
        assert value == pytest.approx(expected(ROW, bias[version]), abs=1e-6)


def seen(answers: list[tuple[int, int, float]], version: int) -> bool:
    """Wait until every worker's last answers name a version."""
    pause = threading.Event()
    for _ in range(600):
        last = answers[-30:]
        if len(last) == 30 and {answer[1] for answer in last} == {version}:
            return True
        pause.wait(0.02)
    return False


def test_without_memory_for_any_model_the_service_does_not_begin(
    publish: Callable[..., Path],
) -> None:
    publish("fraud", 1, -1.0)
    starved = (
        "import onnxruntime, serving.bundle as b\n"
        "def read(*_): raise MemoryError\n"
        "b.read_manifest = read\n"
        "import sys; from serving.__main__ import main\n"
        "sys.exit(main(['--port=0', '--processes=1']))"
    )
    command = [sys.executable, "-c", starved]
    done = subprocess.run(command, cwd=paths.project(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not enough memory to load any published model (fraud)" in done.stderr
