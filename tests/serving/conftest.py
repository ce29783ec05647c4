"""Small real models, published as the flows publish theirs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import pytest
from flask.testing import FlaskClient
from onnx import checker, helper
from PIL import Image

from casebook import paths
from serving.app import create_app
from serving.instances import Limits
from serving.registry import Registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serving.site import Site, Visit

Row = dict[str, Any]
Publish = Callable[..., Path]

FRAUD: Row = {
    "case": "fraud",
    "kind": "binary",
    "inputs": [
        {
            "name": "Amount",
            "dtype": "float",
            "unit": "EUR",
            "description": "Paid",
            "minimum": 0.0,
            "maximum": 100.0,
        },
        {
            "name": "Hour",
            "dtype": "integer",
            "unit": None,
            "description": "",
            "minimum": 0,
            "maximum": 23,
        },
        {"name": "Age", "dtype": "float", "unit": "y", "description": "", "optional": True},
        {
            "name": "Sex",
            "dtype": "string",
            "unit": None,
            "description": "",
            "allowed": ["male", "female"],
        },
    ],
    "output": {
        "name": "probability",
        "description": "probability of fraud",
        "threshold": 0.31,
        "labels": ["normal", "fraud"],
    },
}
MPG: Row = {
    "case": "mpg",
    "kind": "regression",
    "inputs": [
        {
            "name": "Weight",
            "dtype": "float",
            "unit": "lb",
            "description": "",
            "minimum": 1e3,
            "maximum": 5e3,
        }
    ],
    "output": {"name": "mpg", "unit": "miles per gallon", "description": "fuel economy"},
}
STEPS = [255 * step / 9 for step in range(10)]  # of brightness
DIGITS = [str(digit) for digit in range(10)]
MNIST: Row = {
    "case": "mnist",
    "kind": "multiclass",
    "trained_on": "real",
    "inputs": [
        {
            "name": "picture",
            "dtype": "picture",
            "unit": None,
            "description": "One digit",
            "optional": False,
        }
        | {"height": 8, "width": 6, "channels": 1}
    ],
    "output": {
        "name": "probabilities",
        "unit": None,
        "description": "probability of each digit",
        "labels": DIGITS,
    },
}
COLOURS: Row = MNIST | {
    "case": "colours",
    "inputs": [MNIST["inputs"][0] | {"height": 16, "width": 16, "channels": 3}],
    "output": MNIST["output"] | {"labels": ["red", "green", "blue"]},
}
ROWS: dict[str, list[Row]] = {
    "fraud": [{"Amount": 1.5, "Hour": 3, "Age": None, "Sex": "male"}],
    "mpg": [{"Weight": 3000.0}],
}


def probability(row: Row, bias: float) -> float:
    """Return what the fraud graph with `bias` must answer."""
    age = row.get("Age") or 0.0
    total = 0.01 * row["Amount"] + 0.1 * row["Hour"] + 0.02 * age + (row["Sex"] == "female") + bias
    return float(1 / (1 + math.exp(-total)))


def fraud_graph(bias: float) -> bytes:
    """Return a logistic model over two numbers, an optional number and a text."""

    numbers = ("Amount", "Hour", "Age")
    inputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 1]) for name in numbers
    ]
    inputs.append(helper.make_tensor_value_info("Sex", onnx.TensorProto.STRING, [None, 1]))
    constants = {"w0": 0.01, "w1": 0.1, "w2": 0.02, "bias": bias, "zero": 0.0}
    nodes = [
        helper.make_node("IsNaN", ["Age"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "Age"], ["age"]),
        helper.make_node(
            "LabelEncoder",
            ["Sex"],
            ["sex"],
            domain="ai.onnx.ml",
            keys_strings=["male", "female"],
            values_floats=[0.0, 1.0],
        ),
        helper.make_node("Mul", ["Amount", "w0"], ["a"]),
        helper.make_node("Mul", ["Hour", "w1"], ["b"]),
        helper.make_node("Mul", ["age", "w2"], ["c"]),
        helper.make_node("Sum", ["a", "b", "c", "sex", "bias"], ["total"]),
        helper.make_node("Sigmoid", ["total"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "fraud",
        inputs,
        [helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor(name, onnx.TensorProto.FLOAT, [], [value])
            for name, value in constants.items()
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def mpg_graph(slope: float) -> bytes:
    """Return `slope * Weight`, whose square overflows on purpose for huge weights: w * w / w."""

    nodes = [
        helper.make_node("Mul", ["Weight", "Weight"], ["square"]),
        helper.make_node("Div", ["square", "Weight"], ["same"]),
        helper.make_node("Mul", ["same", "slope"], ["mpg"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mpg",
        [helper.make_tensor_value_info("Weight", onnx.TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("mpg", onnx.TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("slope", onnx.TensorProto.FLOAT, [], [slope])],
    )
    return bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        ).SerializeToString()
    )


def picture_graph(signature: Row, scale: float) -> bytes:
    """Return the graph of a picture classifier.

    It classifies grey pictures by how near the mean is to each of ten steps of brightness, and
    pictures in colour by the strongest colour.
    """

    (field,), classes = signature["inputs"], len(signature["output"]["labels"])
    grey = field["channels"] == 1
    reduced = helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2], keepdims=0)
    ends = [helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    middle = [helper.make_node("Mul", ["mean", "scale"], ["logits"])]
    if grey:
        middle = [
            helper.make_node("Sub", ["mean", "steps"], ["far"]),
            helper.make_node("Mul", ["far", "far"], ["square"]),
            helper.make_node("Mul", ["square", "scale"], ["logits"]),
        ]
    constants = [
        helper.make_tensor("scale", onnx.TensorProto.FLOAT, [], [-scale if grey else scale])
    ]
    if grey:
        constants.append(helper.make_tensor("steps", onnx.TensorProto.FLOAT, [1, classes], STEPS))
    shape = [None, field["height"], field["width"], field["channels"]]
    graph = helper.make_graph(
        [reduced, *middle, *ends],
        "pictures",
        [helper.make_tensor_value_info("picture", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, [None, classes])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def digit(mean: float, scale: float = 0.001) -> Row:
    """Return what the grey classifier must answer for a picture of this mean brightness."""
    return ranking(DIGITS, [-scale * (mean - step) ** 2 for step in STEPS])


def ranking(labels: list[str], logits: list[float]) -> Row:
    """Return the prediction that these logits make."""
    powers = [math.exp(logit - max(logits)) for logit in logits]
    pairs = sorted(zip(labels, powers, strict=True), key=lambda pair: -pair[1])
    top = [{"label": label, "probability": power / sum(powers)} for label, power in pairs[:5]]
    return {**top[0], "top": top}


def png(grey: int, size: tuple[int, int] = (6, 8)) -> bytes:
    """Return an even grey picture as PNG."""
    stream = io.BytesIO()
    Image.new("L", size, grey).save(stream, "PNG")
    return stream.getvalue()


def in_base64(content: bytes) -> str:
    """Return bytes as JSON can hold them."""
    return base64.b64encode(content).decode()


@pytest.fixture(name="in_base64")
def base64_of() -> Callable[[bytes], str]:
    """Return the function that writes bytes as JSON can hold them."""
    return in_base64


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Return the function that publishes and promotes a version into the test's own artifacts."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    return publish_rows


def publish_rows(
    case: str, version: int, parameter: float, promote: bool = True, trained_on: str = "real"
) -> Path:
    """Publish a version of `fraud` or `mpg`; `parameter` is the graph's bias or slope."""
    signature = {"fraud": FRAUD, "mpg": MPG}[case] | {"trained_on": trained_on}
    answer: Row = {"mpg": parameter * 3000}
    graph = mpg_graph(parameter) if case == "mpg" else fraud_graph(parameter)
    if case == "fraud":
        value = probability(ROWS[case][0], parameter)
        answer = {"probability": value, "label": ["normal", "fraud"][value >= 0.31]}
    folder = write(case, version, graph, signature, ROWS[case], [answer])
    if promote:
        point(case, str(version))
    return folder


def write(
    case: str,
    version: int,
    graph: bytes,
    signature: Row,
    instances: list[Row],
    predictions: list[Row],
) -> Path:
    """Write a version's folder as the flows do."""
    metrics = {
        "case": case,
        "primary_metric": "auprc",
        "champion": "wide",
        "candidates": {"wide": {"auprc": {"value": 0.8, "low": 0.7, "high": 0.9}}},
    }
    folder = paths.models(case) / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(graph)
    (folder / "model.keras").write_bytes(b"keras")
    (folder / "card.md").write_text("# Card\n")
    contents: Row = {"signature": signature, "metrics": metrics}
    contents |= {
        "sample_request": {"instances": instances},
        "sample_response": {"predictions": predictions},
    }
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the manifest of a version as it lies there."""
    file_paths = [path for path in folder.iterdir() if path.name != "manifest.json"]
    files = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size}
        for p in file_paths
    }
    content = {
        "case": folder.parent.name,
        "trained_on": "real",
        "primary_metric": "auprc",
        "run_id": "r1",
    }
    (folder / "manifest.json").write_text(
        json.dumps(content | {"created": "2026-01-01T00:00:00Z", "files": files})
    )


def point(case: str, version: str) -> None:
    """Move a production pointer as the promote flow does: atomically."""
    pointer = paths.models(case) / "production"
    fresh = pointer.with_name("production.new")
    fresh.write_text(f"{version}\n")
    fresh.replace(pointer)


@pytest.fixture
def publish_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Return the function that publishes and promotes a picture classifier.

    It does so in the test's own artifacts.
    """
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    return publish_classifier


def publish_classifier(case: str = "mnist", version: int = 1, scale: float = 0.001) -> Path:
    """Publish a version of `mnist` (grey) or `colours`."""
    signature = {"mnist": MNIST, "colours": COLOURS}[case]
    answer = (
        digit(0, scale) if case == "mnist" else ranking(["red", "green", "blue"], [0.0, 0.0, 0.0])
    )
    instances = [{"picture": {"b64": in_base64(png(0))}}]
    folder = write(case, version, picture_graph(signature, scale), signature, instances, [answer])
    point(case, str(version))
    return folder


@pytest.fixture
def promote() -> Callable[[str, str], None]:
    """Return the function that moves a production pointer."""
    return point


@pytest.fixture
def reseal() -> Callable[[Path], None]:
    """Return the function that rewrites a version's manifest."""
    return seal


@pytest.fixture
def expected() -> Callable[[Row, float], float]:
    """Return the function that computes what the fraud graph answers."""
    return probability


@pytest.fixture
def models(publish: Publish) -> Registry:
    """Return a registry that serves two models.

    They are fraud version 1 (bias -1) and mpg version 4 (slope 0.01, on a sample).
    """
    publish("fraud", 1, -1.0)
    publish("mpg", 4, 0.01, trained_on="sample")
    registry = Registry(paths.models())
    registry.look()
    return registry


@pytest.fixture
def client(models: Registry) -> Iterator[FlaskClient]:
    """Return a client of a service whose every unexpected exception fails the test."""
    app = create_app(models, max_body=100_000, limits=Limits(rows=50))
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def pictures(publish: Publish, publish_pictures: Publish) -> Iterator[FlaskClient]:
    """Return a client of a service with two picture models and a row model.

    The picture models are `mnist` and `colours`, and the row model is `mpg`.
    """
    publish_pictures("mnist")
    publish_pictures("colours")
    publish("mpg", 4, 0.01)
    registry = Registry(paths.models())
    registry.look()
    app = create_app(registry, max_body=200_000, limits=Limits(rows=50, pictures=40))
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def digit_prediction() -> Callable[[float], Row]:
    """Return the function that computes what the grey classifier answers."""
    return digit


@pytest.fixture
def write_version() -> Callable[..., Path]:
    """Return a function that publishes and promotes a version of any graph.

    The version has one instance and its answer.
    """

    def one(
        case: str, graph: bytes, signature: Row, instance: Row, answer: Row, version: int = 1
    ) -> Path:
        folder = write(case, version, graph, signature, [instance], [answer])
        point(case, str(version))
        return folder

    return one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running service of a small model of each kind."""
    from tests.serving.site import publish_all, started

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path_factory.mktemp("site")))
        publish_all()
        with started() as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield Chromium, and close it after each test module.

    Asyncio's loop runs for as long as Chromium is open.
    """
    from tests.serving.site import launched

    with launched() as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Return a function that opens a page.

    At the end of the test no page may have reported an error.
    """

    from tests.serving.site import visiting

    with visiting(browser) as visit:
        yield visit
