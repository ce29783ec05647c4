"""The service follows what is promoted on shared storage, and outlives its loss."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from casebook import paths, prefect_runtime, share
from serving.app import create_app
from serving.registry import Registry
from serving.sync_production import sync_production
from tests.fresh_python import printed_by
from tests.serving.versions import publish_rows

ROW = {"Amount": 10.0, "Hour": 5, "Age": 40, "Sex": "female"}
BIAS = {1: -1.0, 2: 0.5}


@pytest.fixture
def other(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function by which another machine publishes and promotes a version of `fraud`.

    This machine has only the service.
    """

    def promote(version: int) -> None:
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "other"))
        folder = paths.models("fraud") / str(version)
        if not folder.exists():
            share.push(publish_rows("fraud", version, BIAS[version], promote=False))
        share.write(folder.parent / "production", f"{version}\n".encode())
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "here"))

    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}/team")
    promote(1)
    return promote


@pytest.fixture
def models(other: Callable[[int], None]) -> Registry:
    registry = Registry(paths.models())
    registry.look()
    return registry


@pytest.fixture
def client(models: Registry) -> FlaskClient:
    app = create_app(models)
    app.testing = True
    return app.test_client()


def ask(client: FlaskClient) -> tuple[int, float]:
    content = client.post("/v1/models/fraud:predict", json={"instances": [ROW]}).get_json()
    return content["model"]["version"], content["predictions"][0]["probability"]


def look(models: Registry) -> None:
    """Look as after the pause."""
    sync_production(paths.models())
    models.look()


def test_what_another_machine_promotes_serves(
    other: Callable[[int], None],
    models: Registry,
    client: FlaskClient,
    expected: Callable[..., float],
) -> None:
    for version in (1, 2, 1):
        other(version)
        look(models)
        assert ask(client) == (version, pytest.approx(expected(ROW, BIAS[version]), abs=1e-6))
        assert (paths.models("fraud") / "production").read_text() == f"{version}\n"


def test_the_storage_is_left_in_peace_during_the_pause(
    other: Callable[[int], None], models: Registry, client: FlaskClient
) -> None:
    other(2)
    models.look()
    assert ask(client)[0] == 1
    os.utime(paths.models() / ".asked", (0, 0))
    models.look()
    assert ask(client)[0] == 2


def test_a_withdrawn_case_goes(models: Registry, client: FlaskClient) -> None:
    share.drop(paths.models("fraud") / "production")
    look(models)
    assert client.get("/v1/models/fraud").status_code == 404


def test_an_altered_version_is_refused_until_it_is_sound(
    other: Callable[[int], None],
    models: Registry,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other(2)
    graph = paths.models("fraud") / "2" / "model.onnx"
    sound = share.read(graph)
    assert sound
    share.write(graph, sound[:-1])
    look(models)
    assert ask(client)[0] == 1
    assert client.get("/health/ready").get_json()["failures"][0]["version"] == "2"
    assert "model.onnx was altered at s3://" in caplog.text
    share.write(graph, sound)
    look(models)
    assert ask(client)[0] == 2
    assert client.get("/health/ready").status_code == 200


def test_a_half_pushed_version_is_not_served(
    other: Callable[[int], None], models: Registry, client: FlaskClient
) -> None:
    other(2)
    share.drop(paths.models("fraud") / "2" / "manifest.json")
    look(models)
    assert ask(client)[0] == 1


def test_a_service_outlives_the_loss_of_the_storage_and_starts_without_it(
    models: Registry,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from s3fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{prefect_runtime.free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    S3FileSystem.clear_instance_cache()
    look(models)
    assert ask(client)[0] == 1
    assert "can't be used" in caplog.text
    again = Registry(paths.models())
    again.look()
    assert again.serving["fraud"].version == 1
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that machines share, in which `fraud` and `mpg` serve."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path / "there"))
    publish_rows("fraud", 1, -1.0)
    publish_rows("mpg", 4, 0.01)
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/there")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "here"))
    return tmp_path / "there"


def names_above(fraud: Path) -> None:
    manifest = json.loads((fraud / "1" / "manifest.json").read_text())
    manifest["files"]["../../../../victim.txt"] = {"sha256": "0" * 64, "bytes": 0}
    (fraud / "1" / "manifest.json").write_text(json.dumps(manifest))


def pipe_for_a_pointer(fraud: Path) -> None:
    (fraud / "production").unlink()
    os.mkfifo(fraud / "production")


def pipe_for_a_graph(fraud: Path) -> None:
    (fraud / "1" / "model.onnx").unlink()
    os.mkfifo(fraud / "1" / "model.onnx")


@pytest.mark.skipif(os.name == "nt", reason="pipes in folders are POSIX")
@pytest.mark.parametrize("change", [names_above, pipe_for_a_pointer, pipe_for_a_graph])
def test_an_odd_case_on_shared_storage_is_said_once_and_stops_no_other(
    shared: Path, change: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    change(shared / "models" / "fraud")
    models = Registry(paths.models())
    for _ in range(3):
        look(models)
    assert list(models.serving) == ["mpg"]
    notes = create_app(models).test_client().get("/health/ready").get_json()["notes"]
    assert [note.startswith("fraud is not taken up: ") for note in notes] == [True]
    assert caplog.text.count("fraud is not taken up") == 1


@pytest.mark.usefixtures("shared")
def test_a_local_copy_that_cannot_be_written_takes_nothing_away() -> None:
    models = Registry(paths.models())
    models.look()
    (paths.models() / ".asked").unlink()
    (paths.models() / ".asked").mkdir()
    os.utime(paths.models() / ".asked", (0, 0))
    models.look()
    ready = create_app(models).test_client().get("/health/ready").get_json()
    assert ready["models"] == {"fraud": 1, "mpg": 4}
    assert "the local copy of the shared storage can't be written" in ready["notes"][0]


@pytest.mark.usefixtures("other")
def test_following_imports_neither_prefect_nor_tensorflow() -> None:
    code = (
        "from casebook import lazy, paths; from serving.registry import Registry;"
        "models = Registry(paths.models()); models.look(); print(list(models.serving),"
        "[name for name in ('prefect', 'tensorflow', 'pandas', 'fastapi') if lazy.is_loaded(name)])"
    )
    assert printed_by(code, "-W", "error") == "['fraud'] []\n"
