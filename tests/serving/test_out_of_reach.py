"""A folder of models that is out of reach stops no answer, and is reported.

A pointer that was removed withdraws its model.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving.registry import Registry

Away = Callable[[Path], object]
NOBODY = 65534  # the user whom nothing belongs to
WEIGHT = {"instances": [{"Weight": 3000.0}]}


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def answers(client: FlaskClient) -> bool:
    return client.post("/v1/models/mpg:predict", json=WEIGHT).status_code == 200


WAYS: dict[str, tuple[Away, str]] = {
    "gone": (shutil.rmtree, "models can't be read"),
    "an_empty_folder": (emptied, "models is empty"),
    "a_file": (
        lambda folder: (shutil.rmtree(folder), folder.write_text("")),
        "models can't be read",
    ),
    "a_case_that_is_empty": (lambda folder: emptied(folder / "mpg"), "mpg is empty"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_loaded_goes_on_serving(
    client: FlaskClient,
    models: Registry,
    way: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    away, why = WAYS[way]
    shutil.copytree(paths.models(), tmp_path / "kept")
    away(paths.models())
    for _ in range(3):
        models.look()
    assert answers(client)
    ready = client.get("/health/ready")
    assert ready.status_code == 200 and why in ready.get_json()["notes"][0]
    said = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 1 and "what is loaded goes on serving" in said[0].getMessage()
    if paths.models().is_dir():
        shutil.rmtree(paths.models())
    else:
        paths.models().unlink(missing_ok=True)
    shutil.copytree(tmp_path / "kept", paths.models())
    models.look()
    assert answers(client)
    assert "notes" not in client.get("/health/ready").get_json()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up an administrator's rights, who may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_lost_rights_take_nothing_away(client: FlaskClient, models: Registry) -> None:
    paths.models().chmod(0)
    try:
        with as_nobody():
            models.look()
        assert answers(client)
        assert "can't be read" in client.get("/health/ready").get_json()["notes"][0]
    finally:
        paths.models().chmod(0o755)


def test_a_version_that_vanishes_with_all_else_is_no_failure(
    client: FlaskClient, models: Registry
) -> None:
    (paths.models("mpg") / "4" / "card.md").unlink()
    models.look()
    assert client.get("/health/ready").status_code == 503
    shutil.rmtree(paths.models())
    models.look()
    assert answers(client)
    assert client.get("/health/ready").status_code == 200


def test_a_pointer_that_is_removed_withdraws(
    client: FlaskClient, models: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    (paths.models("mpg") / "production").unlink()
    models.look()
    assert not answers(client)
    assert "mpg is withdrawn" in caplog.text
    assert client.get("/v1/models/fraud").status_code == 200


def test_a_case_that_is_removed_withdraws(client: FlaskClient, models: Registry) -> None:
    shutil.rmtree(paths.models("mpg"))
    models.look()
    assert not answers(client)


def test_odd_things_beside_the_cases_are_passed_over(client: FlaskClient, models: Registry) -> None:
    (paths.models() / "notes.txt").write_text("mine")
    (paths.models() / "loop").symlink_to(paths.models())
    (paths.models() / "nowhere").symlink_to(paths.models() / "nothing")
    strange = paths.models() / os.fsdecode(b"\xff")
    strange.mkdir()
    (strange / "production").write_text("1")
    models.look()
    assert answers(client)
    assert client.get("/health/ready").get_json()["models"] == {"fraud": 1, "mpg": 4}
