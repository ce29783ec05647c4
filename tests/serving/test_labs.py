"""The labs' own services, called as the labs' clients call them.

The tests send the bytes of whole requests over a socket.
"""

import io
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import onnx
import pytest
from flask.testing import FlaskClient
from onnx import TensorProto, helper
from PIL import Image
from werkzeug.serving import make_server

from casebook import paths
from serving.app import create_app
from serving.registry import Registry

CAR = (
    b'{"cylinders":8,"displacement":300,"horsepower":78,"weight":3500,"acceleration":20,'
    b'"year":76,"origin":1}'
)
RANGES = {
    "cylinders": (3, 8),
    "displacement": (68, 455),
    "horsepower": (46, 230),
    "weight": (1613, 5140),
    "acceleration": (8, 24.8),
    "year": (70, 82),
    "origin": (1, 3),
}
WHOLE = ("cylinders", "year", "origin")
LABELS = ["banana", "coral fungus", "daisy", "lemon", "crane", "crane"]


def cars() -> dict[str, Any]:
    inputs = [
        {
            "name": name,
            "dtype": "integer" if name in WHOLE else "float",
            "minimum": low,
            "maximum": high,
        }
        | {"optional": name == "horsepower"}
        for name, (low, high) in RANGES.items()
    ]
    output = {"name": "mpg", "unit": "miles per gallon", "description": "fuel economy"}
    return {
        "case": "mpg",
        "kind": "regression",
        "trained_on": "real",
        "inputs": inputs,
        "output": output,
    }


def car_graph() -> onnx.ModelProto:
    """Return the sum of the seven numbers, less 3,975 to make it look like miles per gallon."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in RANGES]
    nodes = [
        helper.make_node("Sum", list(RANGES), ["all"]),
        helper.make_node("Sub", ["all", "less"], ["mpg"]),
    ]
    less = helper.make_tensor("less", TensorProto.FLOAT, [], [3975.0])
    output = helper.make_tensor_value_info("mpg", TensorProto.FLOAT, [None, 1])
    return model(helper.make_graph(nodes, "mpg", inputs, [output], [less]))


def pictures() -> dict[str, Any]:
    field = {"name": "picture", "dtype": "picture", "height": 2, "width": 2, "channels": 3}
    output = {"name": "probabilities", "labels": LABELS}
    return {
        "case": "imagenet",
        "kind": "multiclass",
        "trained_on": "real",
        "inputs": [field],
        "output": output,
    }


def picture_graph() -> onnx.ModelProto:
    """Return the mean of red times a weight per label, as probabilities."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
        helper.make_node("Mul", ["column", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor(
            "weights", TensorProto.FLOAT, [1, 6], [0.02, 0.01, 0.0, -0.01, -0.02, -0.03]
        ),
    ]
    takes = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [None, 2, 2, 3])
    gives = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 6])
    return model(helper.make_graph(nodes, "pictures", [takes], [gives], constants))


def model(graph: onnx.GraphProto) -> onnx.ModelProto:
    onnx_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(onnx_model)
    return onnx_model


def png(red: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), (red, red, red)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def client(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_version: Callable[..., Path],
    in_base64: Callable[..., str],
) -> Iterator[FlaskClient]:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    write_version("mpg", car_graph().SerializeToString(), cars(), json.loads(CAR), {"mpg": 8.0})
    black = {"picture": {"b64": in_base64(png(0))}}
    even = [{"label": label, "probability": 1 / 6} for label in LABELS[:5]]
    write_version(
        "imagenet", picture_graph().SerializeToString(), pictures(), black, {**even[0], "top": even}
    )
    models = Registry(paths.models())
    models.look()
    assert not models.failures
    app = create_app(models)
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def port(client: FlaskClient) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


def raw(port: int, request: bytes) -> tuple[int, bytes]:
    """Send bytes and return the status and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def post(path: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:9000\r\nAccept: */*\r\n"
        f"Content-Type: {content_type}\r\n"
    )
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def upload(name: str, filename: str, content: bytes) -> bytes:
    part = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return f"{part}Content-Type: image/png\r\n\r\n".encode() + content + b"\r\n--b--\r\n"


@pytest.mark.parametrize("path", ["/api/mpg", "/api/mpg/"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_labs_car(port: int, path: str, content_type: str) -> None:
    status, body = raw(port, post(path, content_type, CAR))
    match = re.fullmatch(rb'{"errors":\[\],"id":"([0-9a-f-]{36})","mpg":8\.0}\n', body)
    assert status == 200 and match and UUID(match[1].decode()).version == 4


def test_every_fault_of_a_car_is_told_at_once(client: FlaskClient) -> None:
    car = {
        "cylinders": 8,
        "displacement": 9000,
        "horsepower": None,
        "weight": "heavy",
        "year": 12.5,
        "wheels": 4,
    }
    answer = client.post("/api/mpg", data=json.dumps(car))
    assert answer.status_code == 400 and set(answer.get_json()) == {"id", "errors"}
    assert answer.get_json()["errors"] == [
        "Out of bounds: displacement, has value of: 9000, but should be between 68 and 455.",
        "Wrong value: horsepower must not be empty (null).",
        "Wrong value: weight must be a number, not a text.",
        "Wrong value: year must be a whole number.",
        "Unexpected field: wheels.",
        "Missing value: acceleration.",
        "Missing value: origin.",
    ]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b'"\xff"', b'{"year": NaN}', b"[" * 100_000]
)
def test_what_is_no_car_is_told_as_well(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/mpg", data=body)
    assert answer.status_code == 400
    assert len(answer.get_json()["errors"]) == 1 and UUID(answer.get_json()["id"])


def test_the_labs_picture(port: int) -> None:
    body = upload("image", "banana.png", png(200))
    status, answer = raw(port, post("/api/image", "multipart/form-data; boundary=b", body))
    assert status == 200
    assert re.fullmatch(rb'{"pred":\[({"name":"[a-z_]+","prob":[0-9.e-]+},?){5}\]}\n', answer)
    assert [entry["name"] for entry in json.loads(answer)["pred"]] == [
        *LABELS[:1],
        "coral_fungus",
        *LABELS[2:5],
    ]


def test_the_other_labs_picture(port: int) -> None:
    body = upload("image", "dog.png", png(200))
    status, answer = raw(port, post("/predict", "multipart/form-data; boundary=b", body))
    assert status == 200
    one = rb'{"label":"[a-z_]+","probability":[0-9.e-]+}'
    assert re.fullmatch(rb'{"predictions":\[(' + one + rb',?){5}\],"success":true}\n', answer)


def test_the_labs_services_answer_what_the_models_do(client: FlaskClient) -> None:
    def ask(path: str) -> Any:
        return client.post(path, data={"image": (io.BytesIO(png(90)), "x.png")}).get_json()

    shown = client.post(
        "/v1/models/imagenet:predict", data=png(90), content_type="image/png"
    ).get_json()
    values = [entry["probability"] for entry in shown["predictions"][0]["top"]]
    assert [entry["prob"] for entry in ask("/api/image")["pred"]] == values
    assert [entry["probability"] for entry in ask("/predict")["predictions"]] == values


@pytest.mark.parametrize("path", ["/api/image", "/predict"])
def test_uploads_without_a_picture(client: FlaskClient, path: str) -> None:
    def error(**form: Any) -> str:
        answer = client.post(path, data=form, content_type="multipart/form-data")
        assert answer.status_code == 400
        assert answer.get_json().get("success") is (False if path == "/predict" else None)
        return str(answer.get_json()["error"])

    assert (
        error()
        == error(file=(io.BytesIO(png(1)), "x.png"))
        == "No posted image. Should be attribute named image."
    )
    assert error(image=(io.BytesIO(b""), "")) == error(image="text") == "Empty filename submitted."
    assert "is no JPEG" in error(image=(io.BytesIO(b"GIF89a"), "x.gif"))
    assert "is empty" in error(image=(io.BytesIO(b""), "x.png"))


def test_the_upload_page(client: FlaskClient) -> None:
    page = client.get("/predict")
    assert (
        page.status_code == 200
        and 'enctype="multipart/form-data"' in page.text
        and 'name="image"' in page.text
    )


def test_labs_models_that_are_not_published(tmp_path: Path) -> None:
    client = create_app(Registry(tmp_path)).test_client()
    for path in ("/api/mpg", "/api/image", "/predict"):
        answer = client.post(path, data=CAR)
        assert answer.status_code == 404 and "no model serves" in answer.get_json()["error"]
