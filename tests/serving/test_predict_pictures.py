"""Pictures asked about over HTTP, in each way they can be sent."""

import base64
import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

ASK = "/v1/models/mnist:predict"


def encoded(
    colour: object, mode: str = "L", size: tuple[int, int] = (6, 8), kind: str = "PNG"
) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, kind)
    return stream.getvalue()


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def form(
    client: FlaskClient, parts: list[tuple[str, str | None, bytes]], url: str = ASK
) -> TestResponse:
    """Post a form of parts: field name, file name, content."""
    body = b""
    for field, file, content in parts:
        named = "" if file is None else f'; filename="{file}"'
        body += (
            f'--frontier\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    return client.post(
        url, data=body + b"--frontier--\r\n", content_type="multipart/form-data; boundary=frontier"
    )


def labels(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [prediction["label"] for prediction in response.get_json()["predictions"]]


def faults(response: TestResponse) -> list[tuple[object, object]]:
    assert response.status_code == 422, response.text
    return [(detail["row"], detail["field"]) for detail in response.get_json()["details"]]


def test_pictures_in_json_are_answered_in_order(
    pictures: FlaskClient, digit_prediction: Callable[[float], object]
) -> None:
    greys = [200, 0, 255, 100]
    response = pictures.post(
        ASK, json={"instances": [{"picture": {"b64": text(encoded(grey))}} for grey in greys]}
    )
    assert labels(response) == ["7", "0", "9", "4"]
    answer = response.get_json()
    assert answer["model"] == {"case": "mnist", "version": 1, "trained_on": "real"}
    for prediction, grey in zip(answer["predictions"], greys, strict=True):
        expected = digit_prediction(grey)
        assert [entry["label"] for entry in prediction["top"]] == [
            entry["label"] for entry in expected["top"]
        ]
        shown = [entry["probability"] for entry in prediction["top"]]
        assert shown == pytest.approx([entry["probability"] for entry in expected["top"]], abs=1e-6)
        assert {**prediction["top"][0], "top": prediction["top"]} == prediction


def test_one_picture_is_sent_as_it_is(pictures: FlaskClient) -> None:
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        content = encoded(255, kind=kind)
        assert labels(pictures.post(ASK, data=content, content_type=f"image/{kind.lower()}")) == [
            "9"
        ]
    assert labels(pictures.post(ASK, data=encoded(0), content_type="image/anything")) == ["0"]


def test_the_files_of_a_form_are_answered_in_the_order_they_were_sent(
    pictures: FlaskClient,
) -> None:
    parts = [("b", "1.png", encoded(255)), ("a", "2.png", encoded(0)), ("b", "3.png", encoded(200))]
    assert labels(form(pictures, parts)) == ["9", "0", "7"]


def test_a_colour_model_tells_its_three_classes(pictures: FlaskClient) -> None:
    content = encoded((10, 200, 30), "RGB", (300, 200), "JPEG")
    response = pictures.post("/v1/models/colours:predict", data=content, content_type="image/jpeg")
    assert labels(response) == ["green"]
    assert [entry["label"] for entry in response.get_json()["predictions"][0]["top"]] == [
        "green",
        "blue",
        "red",
    ]


def test_more_pictures_than_one_block_are_answered(pictures: FlaskClient) -> None:
    instances = [{"picture": text(encoded(255 * (number % 2)))} for number in range(40)]
    assert labels(pictures.post(ASK, json={"instances": instances})) == ["0", "9"] * 20
    assert pictures.post(ASK, json={"instances": [*instances, instances[0]]}).status_code == 413
    parts = [("a", "1.png", encoded(0))] * 41
    assert form(pictures, parts).status_code == 413
    assert labels(form(pictures, parts[:40])) == ["0"] * 40


def test_every_fault_names_its_row_and_field(pictures: FlaskClient) -> None:
    sound, cut = {"picture": text(encoded(1))}, {"picture": {"b64": text(encoded(1)[:-30])}}
    response = pictures.post(
        ASK, json={"instances": [cut, sound, {"picture": "!"}, {"Amount": 1}, 3]}
    )
    assert faults(response) == [
        (0, "picture"),
        (2, "picture"),
        (3, "Amount"),
        (3, "picture"),
        (4, None),
    ]
    assert faults(pictures.post(ASK, data=b"", content_type="image/png")) == [(0, "picture")]
    assert faults(pictures.post(ASK, data=b"<svg/>", content_type="image/svg+xml")) == [
        (0, "picture")
    ]
    parts = [("a", "1.png", encoded(0)), ("a", "", b""), ("a", "3.txt", b"text")]
    assert faults(form(pictures, parts)) == [(1, "picture"), (2, "picture")]


def test_a_form_holds_files_alone(pictures: FlaskClient) -> None:
    for parts in ([], [("a", None, b"text")], [("a", "1.png", encoded(0)), ("b", None, b"text")]):
        response = form(pictures, parts)
        assert response.status_code == 400
        assert "must be a file" in response.get_json()["error"]
    for kind in ("multipart/form-data", "multipart/form-data; boundary=other"):
        response = pictures.post(ASK, data=b"--frontier\r\n", content_type=kind)
        assert response.status_code == 400
        assert response.get_json()["error"]


def test_other_bodies_are_refused(pictures: FlaskClient) -> None:
    body = json.dumps({"instances": [{"picture": text(encoded(1))}]})
    for kind in ("text/plain", "application/octet-stream", "multipart/mixed; boundary=a", ""):
        response = pictures.post(ASK, data=body, headers={"Content-Type": kind})
        assert response.status_code == 415
        assert "image/png" in response.get_json()["error"]
    packed = pictures.post(
        ASK, data=encoded(1), content_type="image/png", headers={"Content-Encoding": "gzip"}
    )
    assert packed.status_code == 415
    assert pictures.post(ASK, data=bytes(200_001), content_type="image/png").status_code == 413
    assert form(pictures, [("a", "1.png", bytes(200_001))]).status_code == 413
    assert pictures.post(ASK, data=b"{}", content_type="application/json").status_code == 400


def test_a_row_model_takes_json_alone(pictures: FlaskClient) -> None:
    url = "/v1/models/mpg:predict"
    assert pictures.post(url, data=encoded(1), content_type="image/png").status_code == 415
    assert form(pictures, [("a", "1.png", encoded(0))], url).status_code == 415
    assert pictures.post(url, json={"instances": [{"Weight": 2000}] * 50}).status_code == 200


def test_pictures_of_too_many_pixels_together_are_refused_by_row(pictures: FlaskClient) -> None:
    stream = io.BytesIO()
    Image.new("L", (5000, 4000)).save(stream, "PNG")
    large = {"picture": base64.b64encode(stream.getvalue()).decode()}
    answer = pictures.post("/v1/models/mnist:predict", json={"instances": [large] * 4})
    assert answer.status_code == 422
    assert [(detail["row"], detail["field"]) for detail in answer.get_json()["details"]] == [
        (2, "picture"),
        (3, "picture"),
    ]
    assert "50,000,000 pixels together" in answer.get_json()["details"][0]["problem"]
