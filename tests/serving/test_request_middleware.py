"""Every request has an id, a line in the log, and safe headers."""

import json
import logging

import pytest
from flask.testing import FlaskClient

from serving.logs import write_logs

ROW = {"instances": [{"Weight": 3000.0}]}


@pytest.mark.parametrize("given", ["abc-1.2_Z", "x" * 64])
def test_a_clients_id_is_taken_over(client: FlaskClient, given: str) -> None:
    assert (
        client.get("/v1/models", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    )


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", 'a"b', "é"])
def test_other_ids_are_made(client: FlaskClient, given: str) -> None:
    ids = {
        client.get("/nothing", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        for _ in range(2)
    }
    assert len(ids) == 2 and all(len(request_id) == 32 for request_id in ids)


def test_requests_are_logged_without_what_they_hold(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="serving.requests")
    answer = client.post("/v1/models/mpg:predict?secret=1", json=ROW)
    client.get("/nothing\nelse")
    logged, lost = [vars(record) for record in caplog.records]
    assert (logged["method"], logged["path"], logged["status"]) == (
        "POST",
        "/v1/models/mpg:predict",
        200,
    )
    assert (logged["case"], logged["version"], logged["client"]) == ("mpg", 4, "127.0.0.1")
    assert logged["request_id"] == answer.headers["X-Request-ID"] and logged["ms"] > 0
    assert (lost["status"], lost["case"]) == (404, None)
    assert "3000" not in str(logged) and "secret" not in str(logged)


def test_nothing_is_logged_where_nobody_listens(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    client.get("/v1/models")
    assert not caplog.records


def test_a_line_of_the_log_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.Logger("root")
    monkeypatch.setattr(logging, "root", root)
    monkeypatch.setattr(
        logging, "basicConfig", lambda level, handlers: root.addHandler(handlers[0])
    )
    write_logs("info")
    root.info("two\nlines", extra={"case": "가"})
    try:
        raise ValueError("broken")
    except ValueError:
        root.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["message"], first["level"], first["case"]) == ("two\nlines", "INFO", "가")
    assert first["time"].endswith("Z") and "ValueError: broken" in second["exc_info"]
