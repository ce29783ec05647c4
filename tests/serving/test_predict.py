"""Answers to good requests and to bad ones."""

import json
from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ASK = "/v1/models/fraud:predict"
SOUND = {"Amount": 10.0, "Hour": 5, "Age": 40, "Sex": "female"}


def ask(client: FlaskClient, *rows: object) -> TestResponse:
    return client.post(ASK, json={"instances": list(rows)})


def problems(response: TestResponse) -> list[tuple[object, object, str]]:
    assert response.status_code == 422, response.text
    return [
        (detail["row"], detail["field"], detail["problem"])
        for detail in response.get_json()["details"]
    ]


def test_rows_are_answered_in_order(client: FlaskClient, expected: Callable[..., float]) -> None:
    rows = [SOUND, {**SOUND, "Sex": "male", "Age": None}, {"Amount": 0, "Hour": 0, "Sex": "male"}]
    response = ask(client, *rows)
    assert response.status_code == 200
    assert response.get_json()["model"] == {"case": "fraud", "version": 1, "trained_on": "real"}
    answers = response.get_json()["predictions"]
    assert [prediction["probability"] for prediction in answers] == pytest.approx(
        [expected(row, -1.0) for row in rows], abs=1e-6
    )
    assert [prediction["label"] for prediction in answers] == ["fraud", "fraud", "normal"]
    assert "warnings" not in response.get_json()


def test_regression_gives_a_number_and_says_sample(client: FlaskClient) -> None:
    response = client.post("/v1/models/mpg:predict", json={"instances": [{"Weight": 2000}]})
    assert response.get_json()["predictions"] == [{"mpg": pytest.approx(20.0)}]
    assert response.get_json()["model"]["trained_on"] == "sample"


def test_numbers_outside_the_training_range_are_answered_with_a_warning(
    client: FlaskClient,
) -> None:
    response = ask(client, SOUND, {**SOUND, "Amount": 101, "Hour": -1})
    assert response.status_code == 200
    warnings = [
        (warning["row"], warning["field"], warning["value"])
        for warning in response.get_json()["warnings"]
    ]
    assert warnings == [(1, "Amount", 101.0), (1, "Hour", -1.0)]
    assert response.get_json()["warnings"][0]["maximum"] == 100.0


def test_warnings_are_capped_and_counted(client: FlaskClient) -> None:
    response = ask(
        client,
        *[{**SOUND, "Amount": -5, "Hour": 99, "Age": 1}] * 50,
    )
    assert len(response.get_json()["warnings"]) == 100
    assert "more_warnings" not in response.get_json()


def test_every_fault_is_listed_at_once(client: FlaskClient) -> None:
    faults = problems(
        ask(
            client,
            {"Amount": True, "Hour": 1.5, "Sex": "male", "Extra": 1},
            {"Amount": "10", "Hour": None, "Age": [], "Sex": "x"},
            SOUND,
            7,
            {"Amount": 1e39, "Hour": 10**400, "Sex": 3},
        )
    )
    assert faults == [
        (0, "Extra", "is no field of this model"),
        (0, "Amount", "must be a number, not a boolean"),
        (0, "Hour", "must be a whole number"),
        (1, "Amount", "must be a number, not a text"),
        (1, "Hour", "must not be empty (null)"),
        (1, "Age", "must be a number, not a list"),
        (1, "Sex", "must be one of 'male', 'female'"),
        (3, None, "a row must be an object, not a number"),
        (4, "Amount", "is beyond what a 32-bit float can hold"),
        (4, "Hour", "is beyond what a 32-bit float can hold"),
        (4, "Sex", "must be a text, not a number"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("Amount", 10**400, "32-bit float"),
        ("Amount", {}, "an object"),
        ("Hour", 0.5, "whole"),
        ("Hour", False, "boolean"),
        ("Age", -4e38, "32-bit float"),
        ("Sex", None, "null"),
        ("Sex", "a" * 20_001, "longer than"),
        ("Sex", "\ud800", "surrogate"),
        ("Sex", ["male"], "a list"),
    ],
)
def test_one_wrong_cell_is_named(
    client: FlaskClient, field: str, value: object, problem: str
) -> None:
    faults = problems(ask(client, SOUND, {**SOUND, field: value}))
    assert [(row, name) for row, name, _ in faults] == [(1, field)]
    assert problem in faults[0][2]


def test_infinity_written_as_a_huge_exponent_is_a_fault(client: FlaskClient) -> None:
    body = '{"instances":[{"Amount":1e999,"Hour":1,"Sex":"male"}]}'
    response = client.post(ASK, data=body, content_type="application/json")
    assert problems(response) == [(0, "Amount", "must be finite")]


def test_faults_are_capped_and_counted(client: FlaskClient) -> None:
    response = ask(client, *[{}] * 50)
    assert len(problems(response)) == 100
    assert response.get_json()["more"] == 50
    assert response.get_json()["error"].startswith("150 faults")


def test_an_answer_that_is_no_number_is_a_fault_of_that_row(client: FlaskClient) -> None:
    response = client.post(
        "/v1/models/mpg:predict", json={"instances": [{"Weight": 2000}, {"Weight": 1e30}]}
    )
    assert problems(response) == [(1, None, "the model has no finite answer for these values")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"instances":[]}',
        b'{"instances":{}}',
        b'{"instances":[{"Amount":NaN}]}',
        b'{"instances":[{"Amount":-Infinity}]}',
        b'{"instances":' + b"[" * 40_000,
        b'{"instances":[' + b"9" * 5000 + b"]}",
        b"\xff\xfe\xfd",
        b'{"a":"\xff"}',
    ],
)
def test_bodies_that_hold_no_instances_are_400(client: FlaskClient, body: bytes) -> None:
    response = client.post(ASK, data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.get_json()["error"] and response.get_json()["details"] == []


def test_the_other_client_errors_are_json(client: FlaskClient) -> None:
    text = json.dumps({"instances": [SOUND]})
    responses = {
        404: client.post("/v1/models/nobody:predict", json={"instances": [SOUND]}),
        405: client.get(ASK),
        415: client.post(ASK, data=text, content_type="text/plain"),
        413: client.post(ASK, json={"instances": [SOUND] * 51}),
    }
    for code, response in responses.items():
        assert response.status_code == code
        assert response.get_json()["error"]
    assert "known models: fraud, mpg" in responses[404].get_json()["error"]
    assert "POST" in responses[405].headers["Allow"]
    assert client.get("/nothing").get_json()["error"].startswith("Not Found")
    assert client.get("/models/nobody").status_code == client.get("/v1//models").status_code == 404
    assert client.post(ASK, data=text).status_code == 415
    packed = client.post(
        ASK, data=text, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert packed.status_code == 415


def test_large_bodies_are_refused_unparsed_whether_or_not_they_tell_their_length(
    client: FlaskClient,
) -> None:
    body = b" " * 100_001
    sized = client.post(ASK, data=body, content_type="application/json")
    chunked = client.post(
        ASK,
        input_stream=BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert sized.status_code == chunked.status_code == 413
    assert sized.get_json()["error"] and chunked.get_json()["error"]
