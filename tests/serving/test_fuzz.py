"""Nothing a client sends makes a 5xx."""

import json
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ASK = "/v1/models/fraud:predict"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
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
def test_any_finite_rows_of_the_right_fields(
    client: FlaskClient, rows: list[dict[str, object]]
) -> None:
    check(
        client,
        json.dumps({"instances": rows})
        .replace("NaN", "1e999")
        .replace("Infinity", "1e38")
        .encode(),
    )


@FUZZ
@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"]))
def test_any_path(client: FlaskClient, path: str, method: str) -> None:
    assert client.open("/" + quote(path.lstrip("/")), method=method).status_code < 500


@FUZZ
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_content_type(client: FlaskClient, kind: str) -> None:
    response = client.post(ASK, data=b"{}", headers={"Content-Type": kind})
    assert response.status_code in {400, 415}


FAULTS = {
    "half_a_character_in_a_cell": ('{"Sex": "\\ud800"}', 422, "Sex"),
    "half_a_character_in_a_name": ('{"\\ud800": 1}', 422, "\\ud800"),
    "400_digits": (f'{{"Amount": 1{"0" * 400}}}', 422, "Amount"),
    "a_huge_exponent": ('{"Amount": 1e400}', 422, "Amount"),
    "a_name_given_twice": ('{"Amount": 1, "Amount": 2}', 400, "Amount"),
    "a_name_given_twice_by_escape": ('{"Amount": 1, "\\u0041mount": 2}', 400, "Amount"),
    "an_inner_name_given_twice": ('{"Amount": {"x": 1, "x": 1}}', 400, "x"),
    "a_deep_cell": (f'{{"Amount": {"[" * 200}{"]" * 200}}}', 422, "Amount"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_odd_cell_is_named_by_its_field(client: FlaskClient, fault: str) -> None:
    row, code, field = FAULTS[fault]
    response = client.post(ASK, data=f'{{"instances": [{row}]}}', content_type="application/json")
    assert response.status_code == code
    assert field in [detail["field"] for detail in response.get_json()["details"]]


def test_instances_given_twice_are_refused(client: FlaskClient) -> None:
    row = json.dumps({"Amount": 1.0, "Hour": 3, "Age": 4, "Sex": "male"})
    body = f'{{"instances": [{row}], "instances": [{row}]}}'
    response = client.post(ASK, data=body, content_type="application/json")
    assert (response.status_code, response.get_json()["details"][0]["field"]) == (400, "instances")
    assert (
        client.post(
            ASK, data=f'{{"instances": [{row}]}}', content_type="application/json"
        ).status_code
        == 200
    )


@pytest.mark.parametrize("digits", [1_001, 5_000])
def test_a_number_of_thousands_of_digits_is_refused(client: FlaskClient, digits: int) -> None:
    body = f'{{"instances": [{{"Amount": {"1" * digits}}}]}}'
    response = client.post(ASK, data=body, content_type="application/json")
    assert response.status_code == 400
    assert f"a number has {digits:,} digits" in response.get_json()["error"]


@pytest.mark.parametrize("levels", [1_000, 1_025, 100_000])
def test_a_deep_body_is_refused(client: FlaskClient, levels: int) -> None:
    check(client, b'{"instances": ' + b"[" * levels + b"]" * levels + b"}")
