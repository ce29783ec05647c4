"""New versions are taken up without a lost or a mixed answer; broken ones are not."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving.app import create_app
from serving.registry import Registry

ROW = {"Amount": 10.0, "Hour": 5, "Age": 40, "Sex": "female"}
BIAS = {1: -1.0, 2: 0.5}

Publish = Callable[..., Path]


def ask(client: FlaskClient) -> tuple[int, int, float]:
    response = client.post("/v1/models/fraud:predict", json={"instances": [ROW]})
    return (
        response.status_code,
        response.get_json()["model"]["version"],
        response.get_json()["predictions"][0]["probability"],
    )


def test_promotion_loses_and_mixes_nothing(
    client: FlaskClient, models: Registry, publish: Publish, expected: Callable[..., float]
) -> None:
    models.watch(seconds=0.01)
    answers: list[tuple[int, int, float]] = []
    swapped = threading.Event()

    def flow() -> None:
        own = client.application.test_client()
        rest = 20  # answers after the swap
        while rest:
            answers.append(ask(own))
            if swapped.is_set():
                rest -= 1
            elif answers[-1][1] == 2:
                swapped.set()

    threads = [threading.Thread(target=flow) for _ in range(3)]
    for thread in threads:
        thread.start()
    publish("fraud", 2, BIAS[2])
    for thread in threads:
        thread.join(timeout=60)
    models.close()
    assert swapped.is_set()
    assert {code for code, _, _ in answers} == {200}
    assert {version for _, version, _ in answers} == {1, 2}
    for _, version, value in answers:
        assert value == pytest.approx(expected(ROW, BIAS[version]), abs=1e-6)


def test_a_broken_version_is_refused_and_the_old_one_kept(
    client: FlaskClient, models: Registry, publish: Publish, reseal: Callable[[Path], None]
) -> None:
    folder = publish("fraud", 3, 0.5)
    graph = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(graph[:-1])
    for _ in range(3):
        models.look()
    assert ask(client)[:2] == (200, 1)
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    (failure,) = ready.get_json()["failures"]
    assert (failure["case"], failure["version"]) == ("fraud", "3")
    assert "model.onnx differs" in failure["why"]
    assert 'casebook_load_failures_total{case="fraud"} 1' in client.get("/metrics").text
    assert "was refused" in client.get("/").text
    (folder / "model.onnx").write_bytes(graph)
    models.look()
    assert ask(client)[:2] == (200, 3)
    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("pointer", ["", "../mpg/4", "0", "9" * 5000, "7", "x\0y"])
def test_a_pointer_to_nothing_is_refused(
    client: FlaskClient, models: Registry, promote: Callable[[str, str], None], pointer: str
) -> None:
    promote("fraud", pointer)
    models.look()
    assert ask(client)[:2] == (200, 1)
    assert client.get("/health/ready").get_json()["failures"][0]["case"] == "fraud"


def test_new_cases_appear_and_withdrawn_ones_go(
    publish: Publish, promote: Callable[[str, str], None]
) -> None:
    models = Registry(paths.models())
    models.look()
    client = create_app(models).test_client()
    publish("fraud", 1, -1.0, promote=False)
    models.look()
    assert client.get("/v1/models/fraud").status_code == 404
    promote("fraud", "1")
    models.look()
    assert client.get("/v1/models/fraud").status_code == 200
    (paths.models("fraud") / "production").unlink()
    models.look()
    assert client.get("/v1/models/fraud").status_code == 404


def test_a_version_of_another_case_is_refused(publish: Publish) -> None:
    folder = publish("fraud", 1, -1.0)
    folder.parent.rename(folder.parent.with_name("theft"))
    models = Registry(paths.models())
    models.look()
    client = create_app(models).test_client()
    assert "of the case fraud" in client.get("/health/ready").get_json()["failures"][0]["why"]
    assert "/health/ready" in client.get("/v1/models/theft").get_json()["error"]


def test_models_out_of_reach_go_on_serving(client: FlaskClient, models: Registry) -> None:
    paths.models().rename(paths.artifacts() / "away")
    models.look()
    assert ask(client)[:2] == (200, 1)
