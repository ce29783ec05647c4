"""Nothing a client sends makes a 5xx."""

import json
from urllib.parse import quote

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ASK = "/v1/models/fraud:predict"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
NUMBERS = st.floats(width=64) | st.integers(-(10**50), 10**50)
ROWS = st.fixed_dictionaries(
    {
        "Amount": NUMBERS | VALUES,
        "Hour": st.integers(0, 23) | VALUES,
        "Sex": st.sampled_from(["male", "female"]) | VALUES,
    },
    optional={"Age": NUMBERS | VALUES, "Other": VALUES},
)
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=CHECKS)


def check(client: FlaskClient, body: bytes) -> None:
    response = client.post(ASK, data=body, content_type="application/json")
    assert response.status_code in {200, 400, 413, 422}
    content = json.loads(response.data, parse_constant=lambda token: 1 / 0)
    assert "predictions" in content if response.status_code == 200 else content["error"]


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes(client: FlaskClient, body: bytes) -> None:
    check(client, body)


@FUZZ
@given(VALUES)
def test_any_json(client: FlaskClient, value: object) -> None:
    check(client, json.dumps(value).encode())


@FUZZ
@given(st.lists(ROWS | VALUES, max_size=4))
def test_any_rows(client: FlaskClient, rows: list[object]) -> None:
    check(client, json.dumps({"instances": rows}).encode())


@FUZZ
@given(st.lists(ROWS, max_size=4))
def test_any_finite_rows_of_the_right_fields(client: FlaskClient, rows: list[dict[str, object]]) -> None:
    check(client, json.dumps({"instances": rows}).replace("NaN", "1e999").replace("Infinity", "1e38").encode())


@FUZZ
@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"]))
def test_any_path(client: FlaskClient, path: str, method: str) -> None:
    assert client.open("/" + quote(path.lstrip("/")), method=method).status_code < 500


@FUZZ
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_content_type(client: FlaskClient, kind: str) -> None:
    response = client.post(ASK, data=b"{}", headers={"Content-Type": kind})
    assert response.status_code in {400, 415}
