"""The service where a system cannot fork: one process, the same answers."""

import http.client
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.test_service_process import ROW, port_of, start

pytest.importorskip("uvicorn")


def test_one_process_answers_without_fork(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    forkless = (
        "import os, sys; del os.fork; from serving.__main__ import main; "
        "sys.exit(main(['--port=0']))"
    )
    with start(code=forkless) as process:
        port = port_of(process)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = json.dumps({"instances": [ROW]})
        for _ in range(3):
            connection.request(
                "POST", "/v1/models/fraud:predict", body, {"Content-Type": "application/json"}
            )
            assert len(json.loads(connection.getresponse().read())["predictions"]) == 1
        connection.request(
            "POST",
            "/v1/models/fraud:predict",
            " " * 9_000_000,
            {"Content-Type": "application/json"},
        )
        assert connection.getresponse().status == 413
        connection.close()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)
