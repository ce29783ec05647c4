"""Which published versions may serve."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.bundle import BrokenBundle, load
from serving.check import Refused
from tests.fresh_python import printed_by

PICTURE = {"name": "picture", "dtype": "picture", "height": 8, "width": 6, "channels": 1}


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_loaded_version_answers_rows(
    publish: Callable[..., Path], expected: Callable[..., float]
) -> None:
    row = {"Amount": 2.0, "Hour": 3, "Sex": "male"}
    predictor = load(publish("fraud", 2, 0.5))
    assert predictor.version == 2
    (answer,) = predictor.predict([row])
    assert answer == {"probability": pytest.approx(expected(row, 0.5), abs=1e-6), "label": "fraud"}
    with pytest.raises(Refused, match="Amount: must be finite"):
        predictor.predict([{**row, "Amount": float("nan")}])


def test_a_folder_without_a_number_is_version_0(publish: Callable[..., Path]) -> None:
    folder = publish("mpg", 1, 0.1)
    assert load(folder.rename(folder.with_name("staging"))).version == 0


@pytest.mark.parametrize(
    "name", ["model.onnx", "model.keras", "metrics.json", "sample_response.json"]
)
def test_a_changed_file_is_refused(publish: Callable[..., Path], name: str) -> None:
    folder = publish("fraud", 1, -1.0)
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(BrokenBundle, match=f"{name} differs"):
        load(folder)


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "signature.json", "card.md"])
def test_a_missing_file_is_refused(publish: Callable[..., Path], name: str) -> None:
    folder = publish("fraud", 1, -1.0)
    (folder / name).unlink()
    with pytest.raises(BrokenBundle, match=name):
        load(folder)


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        (
            "sample_response.json",
            {"predictions": [{"probability": 0.9, "label": "fraud"}]},
            "is answered",
        ),
        ("sample_response.json", {"predictions": []}, "predictions must be a list"),
        ("sample_request.json", {"instances": [{"Amount": "x"}]}, "must be a number"),
        ("signature.json", {"kind": "picture"}, "kind 'picture'"),
        ("signature.json", {"inputs": [{"name": "Amount", "dtype": "float"}]}, "model.onnx takes"),
        ("signature.json", {"inputs": 3}, "inputs must be a list"),
        ("signature.json", {"output": {"name": "probability"}}, "threshold and two labels"),
        (
            "signature.json",
            {"output": {"name": "p", "threshold": 0.5, "labels": ["a", "b"]}},
            "no output p",
        ),
    ],
)
def test_a_version_that_contradicts_itself_is_refused(
    publish: Callable[..., Path],
    reseal: Callable[[Path], None],
    name: str,
    changes: dict[str, object],
    why: str,
) -> None:
    folder = publish("fraud", 1, -1.0)
    edit(folder / name, **changes)
    reseal(folder)
    with pytest.raises(BrokenBundle, match=why):
        load(folder)


def test_a_graph_that_is_none_is_refused(
    publish: Callable[..., Path], reseal: Callable[[Path], None]
) -> None:
    folder = publish("fraud", 1, -1.0)
    (folder / "model.onnx").write_bytes(b"no graph")
    reseal(folder)
    with pytest.raises(BrokenBundle, match=r"model\.onnx does not load"):
        load(folder)


def test_a_loaded_picture_version_answers(
    publish_pictures: Callable[..., Path], digit_prediction: Callable[..., object]
) -> None:
    folder = publish_pictures("mnist", 3)
    predictor = load(folder)
    (sample,) = json.loads((folder / "sample_request.json").read_text())["instances"]
    (answer,) = predictor.predict([sample])
    assert answer["label"] == "0" and answer["probability"] == pytest.approx(
        digit_prediction(0)["probability"], abs=1e-6
    )
    with pytest.raises(Refused, match="row 1, picture: is not base64"):
        predictor.predict([sample, {"picture": "-"}])


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("signature.json", {"inputs": [PICTURE | {"channels": 2}]}, "1 or 3 channels"),
        ("signature.json", {"inputs": [PICTURE | {"optional": True}]}, "cannot be optional"),
        ("signature.json", {"inputs": [PICTURE | {"height": 0}]}, "height must be a positive"),
        ("signature.json", {"inputs": [PICTURE | {"width": 9}]}, "cannot work with these values"),
        (
            "signature.json",
            {"inputs": [PICTURE, {"name": "x", "dtype": "float"}]},
            "the only input",
        ),
        ("signature.json", {"inputs": [PICTURE | {"name": "photo"}]}, "model.onnx takes"),
        ("signature.json", {"output": {"name": "probabilities"}}, "needs the labels"),
        (
            "signature.json",
            {"output": {"name": "probabilities", "labels": ["a", "b"]}},
            "each of 2 labels",
        ),
        ("sample_request.json", {"instances": [{"picture": {"b64": "bm8="}}]}, "is no JPEG"),
        ("sample_response.json", {"predictions": [{"label": "0"}]}, "top must be a list"),
        (
            "sample_response.json",
            {"predictions": [{"label": "0", "probability": 1.0, "top": [{}]}]},
            "KeyError",
        ),
    ],
)
def test_a_picture_version_that_contradicts_itself_is_refused(
    publish_pictures: Callable[..., Path],
    reseal: Callable[[Path], None],
    name: str,
    changes: dict[str, object],
    why: str,
) -> None:
    folder = publish_pictures()
    edit(folder / name, **changes)
    reseal(folder)
    with pytest.raises(BrokenBundle, match=why):
        load(folder)


def test_the_service_imports_no_training_library() -> None:
    code = (
        "import serving.__main__, serving.service, serving.supervisor, onnxruntime\n"
        "from casebook import lazy\n"
        "print([name for name in ('tensorflow', 'keras', 'prefect', 'pandas', 'sklearn') "
        "if lazy.is_loaded(name)])"
    )
    assert printed_by(code) == "[]\n"
