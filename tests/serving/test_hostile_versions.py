"""An odd version is refused alone, with a reason.

Other cases still answer, and so does the version before it.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving import bundle
from serving.app import create_app
from serving.registry import Registry
from tests.serving.hostile import (
    ODD,
    SEALED,
    add_endless_loop,
    bound,
    first_input,
    graph_of,
    in_place_of,
)

Publish = Callable[..., Path]
Reseal = Callable[[Path], None]
PAGES = (
    "/",
    "/v1/models",
    "/openapi.json",
    "/metrics",
    "/health/ready",
    "/models/fraud",
    "/v1/models/fraud",
)
WEIGHT = {"instances": [{"Weight": 3000.0}]}


def check(folder: Path, why: str) -> None:
    """Look as at a start: the odd version is refused, and the rest serves."""
    models = Registry(paths.models())
    models.look()
    assert list(models.serving) == ["mpg"]
    assert why in models.failures["fraud"].why
    client = create_app(models).test_client()
    client.application.testing = True
    assert client.post("/v1/models/mpg:predict", json=WEIGHT).status_code == 200
    assert [client.get(page).status_code for page in PAGES] == [200, 200, 200, 200, 503, 404, 404]


@pytest.mark.parametrize("name", SEALED)
def test_an_odd_version_is_refused_alone(publish: Publish, reseal: Reseal, name: str) -> None:
    change, why = SEALED[name]
    publish("mpg", 1, 0.01)
    folder = publish("fraud", 1, -1.0)
    change(folder)
    reseal(folder)
    check(folder, why)


@pytest.mark.skipif(os.name == "nt", reason="pipes, sockets and devices in folders are POSIX")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_folder_is_refused_alone(publish: Publish, name: str) -> None:
    change, why = ODD[name]
    publish("mpg", 1, 0.01)
    folder = publish("fraud", 1, -1.0)
    change(folder)
    check(folder, why)


@pytest.mark.parametrize("name", ["minimum_of_400_digits", "signature_deep", "graph_of_text"])
def test_an_odd_version_does_not_replace_the_one_that_serves(
    client: FlaskClient,
    models: Registry,
    publish: Publish,
    reseal: Reseal,
    promote: Callable[..., None],
    name: str,
) -> None:
    folder = publish("fraud", 2, 0.5, promote=False)
    SEALED[name][0](folder)
    reseal(folder)
    promote("fraud", "2")
    models.look()
    (failure,) = client.get("/health/ready").get_json()["failures"]
    assert (failure["case"], failure["version"]) == ("fraud", "2") and SEALED[name][1] in failure[
        "why"
    ]
    assert client.get("/v1/models/fraud").get_json()["version"] == 1
    publish("mpg", 5, 0.02)
    models.look()
    assert models.serving["mpg"].version == 5


def test_a_graph_that_never_ends_is_stopped(
    publish: Publish, reseal: Reseal, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mpg", 1, 0.01)
    folder = publish("fraud", 1, -1.0)
    graph_of(add_endless_loop)(folder)
    reseal(folder)
    monkeypatch.setattr(bundle, "PATIENCE", 0.5)
    check(folder, "model.onnx did not answer within 0.5 seconds")


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\xff\xfe1", "١".encode(), b"007", b"1" * 5000, b"../1"],
    ids=range(7),
)
def test_an_odd_pointer_is_told(publish: Publish, content: bytes) -> None:
    publish("mpg", 1, 0.01)
    pointer = publish("fraud", 1, -1.0).parent / "production"
    pointer.write_bytes(content)
    check(pointer, "")


@pytest.mark.skipif(os.name == "nt", reason="pipes in folders are POSIX")
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, bound], ids=["pipe", "folder", "socket"])
def test_a_pointer_that_is_no_file_is_told(
    publish: Publish, make: Callable[[Path], object]
) -> None:
    publish("mpg", 1, 0.01)
    pointer = publish("fraud", 1, -1.0).parent / "production"
    in_place_of(pointer.name, make)(pointer.parent)
    check(pointer, "production is no regular file")


@pytest.mark.parametrize(
    "facts", [{"maximum": None}, {"minimum": None}, {"minimum": 9.0, "maximum": 1.0}], ids=range(3)
)
def test_a_range_of_one_end_is_shown_on_every_page(
    publish: Publish, reseal: Reseal, facts: dict[str, object]
) -> None:
    folder = publish("fraud", 1, -1.0)
    first_input(**facts)(folder)
    reseal(folder)
    models = Registry(paths.models())
    models.look()
    client = create_app(models).test_client()
    client.application.testing = True
    assert [client.get(page).status_code for page in PAGES] == [200] * len(PAGES)
