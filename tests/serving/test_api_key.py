"""Where a key is set, asking and counting need it; what says nothing of what was asked does not."""

import pytest
from flask.testing import FlaskClient

from serving.__main__ import main
from serving.api_key import KEY, sound
from serving.app import create_app
from serving.registry import Registry

SECRET = "a-secret-of-some-length"
ROW = {"instances": [{"Weight": 3000.0}]}


@pytest.fixture
def client_with_key(models: Registry) -> FlaskClient:
    app = create_app(models, key=SECRET)
    app.testing = True
    return app.test_client()


@pytest.mark.parametrize(
    "header", [None, "", SECRET, f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer", "Bearer é"]
)
def test_nobody_asks_without_the_key(client_with_key: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in ("/v1/models/mpg:predict", "/api/mpg", "/api/image", "/predict", "/nothing"):
        answer = client_with_key.post(path, json=ROW, headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer" in answer.get_json()["error"] and SECRET not in answer.text
        assert (
            answer.headers["X-Request-ID"] and answer.headers["X-Content-Type-Options"] == "nosniff"
        )
    assert client_with_key.get("/metrics", headers=headers).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
def test_who_has_the_key_is_answered(client_with_key: FlaskClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {SECRET}"}
    assert (
        client_with_key.post("/v1/models/mpg:predict", json=ROW, headers=headers).status_code == 200
    )
    metrics = client_with_key.get("/metrics", headers=headers)
    assert metrics.status_code == 200 and SECRET not in metrics.text


def test_pages_descriptions_and_health_are_open(client_with_key: FlaskClient) -> None:
    for path in (
        "/",
        "/models/mpg",
        "/v1/models",
        "/v1/models/mpg",
        "/health/live",
        "/health/ready",
        "/openapi.json",
    ):
        assert client_with_key.get(path).status_code == 200


def test_openapi_tells_what_needs_the_key(
    client_with_key: FlaskClient, client: FlaskClient
) -> None:
    document = client_with_key.get("/openapi.json").get_json()
    assert document["components"]["securitySchemes"] == {
        "key": {"type": "http", "scheme": "bearer"}
    }
    guarded = {
        (path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "401" in operation["responses"] and operation["security"] == [{"key": []}]
    }
    posts = {(path, "post") for path, methods in document["paths"].items() if "post" in methods}
    assert guarded == posts | {("/metrics", "get")}
    assert "securitySchemes" not in client.get("/openapi.json").get_json()["components"]


@pytest.mark.parametrize(
    "key", ["short", "x" * 15, "with spaces in it", "ключ-ключ-ключ-ключ", "two\nlines-of-text"]
)
def test_a_weak_key_is_refused_at_the_start(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not sound(key) and sound(SECRET)
    monkeypatch.setenv(KEY, key)
    assert main(["--port", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "at least 16" in captured.err and key not in captured.err
