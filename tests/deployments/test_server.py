"""Where a stand looks for its server."""

import socket

import pytest

from casebook.errors import CasebookError
from deployments.register import register
from deployments.stand import find_server


def test_a_port_of_another_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            CasebookError, match=f"Port {port} is taken by another program: --port N"
        ):
            find_server(port)


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(
        CasebookError, match=r"http://127\.0\.0\.1:1/api.* Start it, or unset the variable"
    ):
        find_server(4200)
    with pytest.raises(
        CasebookError, match=r"http://127\.0\.0\.1:1/api.*`python -m deployments ui` starts one"
    ):
        register()


def test_a_server_that_answers_is_used(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    find_server(1)
