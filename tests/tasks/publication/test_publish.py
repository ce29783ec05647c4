"""Versions are numbered, the pointer remembers, and a run that fails leaves both alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from casebook import files, paths, share
from casebook.errors import CasebookError
from casebook.registry import point, production, promote, rollback
from casebook.run import Run
from casebook.store import Ref
from casebook.versions import versions
from tasks.publication.publish import publish
from tasks.tables.inputs import Rows
from tests.tasks.publication.shop import (
    JUDGED,
    PROBLEM,
    graph,
    judge,
    release,
)


def history() -> list[list[str]]:
    lines = (paths.models("shop") / "history").read_text(encoding="utf-8").splitlines()
    return [line.split()[1:] for line in lines]


def test_versions_are_whole_numbers_in_order_and_nothing_else() -> None:
    assert versions("shop") == []
    for version in (10, 2, 1):
        release(version)
    (paths.models("shop") / "3.bak").mkdir()
    (paths.models("shop") / ".tmp-1-aa").mkdir()
    assert versions("shop") == [1, 2, 10]


def test_the_pointer_names_the_version_that_serves_and_the_history_the_one_before() -> None:
    assert production("shop") is None
    release(1)
    release(2)
    point("shop", 1)
    point("shop", 2)
    point("shop", 2)
    assert production("shop") == 2
    assert history() == [["-", "1"], ["1", "2"]]


def test_pointing_to_no_version_is_refused_with_those_there_are() -> None:
    release(1)
    release(4)
    with pytest.raises(CasebookError, match="no version 3; published are: 1, 4"):
        point("shop", 3)
    assert production("shop") is None


def test_a_rollback_goes_back_step_by_step_and_no_further_than_the_first() -> None:
    for version in (1, 2, 3):
        release(version)
        promote("shop", version)
    assert (rollback("shop"), production("shop")) == (2, 2)
    assert (rollback("shop"), production("shop")) == (1, 1)
    with pytest.raises(CasebookError, match="no version to roll back to"):
        rollback("shop")
    assert production("shop") == 1


def test_a_sample_model_is_promoted_by_hand_but_never_over_a_real_one() -> None:
    promote("shop", release(1, trained_on="sample"))
    assert production("shop") == 1
    promote("shop", release(2, trained_on="real"))
    with pytest.raises(CasebookError, match="must not replace version 2"):
        promote("shop", release(3, trained_on="sample"))
    assert production("shop") == 2


def test_nothing_published_is_said_plainly() -> None:
    with pytest.raises(CasebookError, match="No model of 'shop' was published"):
        rollback("shop")


def test_what_another_machine_published_is_compared_with_promoted_and_rolled_back(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def become(machine: str) -> None:
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / machine))

    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    become("first")
    point("shop", release(1, graph(1.0)))
    become("second")
    assert (versions("shop"), production("shop")) == ([1], 1)
    serves, why = judge(release(2, graph(1.0, 0.02)), request.getfixturevalue("parts"))
    assert serves and "no worse" in why
    promote("shop", 2)
    become("first")
    assert (versions("shop"), production("shop")) == ([1, 2], 2)
    assert rollback("shop") == 1
    become("second")
    assert production("shop") == 1
    with pytest.raises(CasebookError, match="no version to roll back to"):
        rollback("shop")


def test_a_version_altered_on_shared_storage_is_not_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    folder = paths.models("shop") / str(release(1, graph(1.0)))
    share.push(folder)
    (tmp_path / "disk" / "models" / "shop" / "1" / "model.onnx").write_bytes(b"altered")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "second"))
    with pytest.raises(CasebookError, match=r"model\.onnx was altered at .* Restore that file"):
        promote("shop", 1)
    assert production("shop") is None


def exported(out: Path) -> dict[str, object]:
    """Write what `export` writes."""
    (out / "model.onnx").write_bytes(graph(1.0))
    output = {"name": "probability", "threshold": 0.5, "labels": ["no", "yes"]}
    signature = {
        "case": "shop",
        "kind": "binary",
        "trained_on": "real",
        "inputs": [{"name": "x", "dtype": "float"}],
    }
    files.write_json(out / "signature.json", signature | {"output": output})
    return {"dataset": "shop", "parameters": 1, "inputs": 2, "champion": "ours"}


METRICS = {
    "data": {"source": "real", "origin": "here", "rows": 200, "sha256": "0"},
    "primary_metric": "auprc",
    "run_id": "1",
    "protocol": "one split",
    "test": {"rows": 40},
    "leaks": [],
    **JUDGED,
}


def published_by(run: Run, bundle: Ref, parts: Ref, last: Callable[[], None]) -> None:
    """Publish as a case does, with a last step that perhaps fails."""
    from prefect import flow  # not before the fixture has told Prefect where it lives

    with run.ending:
        flow(publish.fn, name="shop", validate_parameters=False)(
            bundle, [parts], parts, METRICS, PROBLEM, Rows()
        )
        assert versions("shop") == [1]
        assert production("shop") == 1
        for step in run.last:
            step()
        last()


def fail() -> None:
    raise OSError("the disk is gone")


@pytest.mark.parametrize("shared", [False, True], ids=["here", "shared"])
@pytest.mark.parametrize("where", ["gate", "card", "_release", "point", "last"])
def test_a_run_that_fails_leaves_versions_pointer_and_history_as_they_were(
    where: str,
    shared: bool,
    keep: Callable[..., Ref],
    request: pytest.FixtureRequest,
    run: Run,
    prefect_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shared:
        monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "machine"))
    bundle, parts = keep(exported), request.getfixturevalue("parts")
    promote("shop", release(1, graph(1.0, 2.0)))
    before = whole(paths.models("shop")), whole(tmp_path / "disk" / "models")
    if where != "last":
        monkeypatch.setattr(f"tasks.publication.publish.{where}", lambda *_, **__: fail())
    with pytest.raises(OSError, match="the disk is gone"):
        published_by(run, bundle, parts, fail)
    assert (versions("shop"), production("shop")) == ([1], 1)
    assert (whole(paths.models("shop")), whole(tmp_path / "disk" / "models")) == before
    assert "published" not in run.details


def whole(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder but the lock."""
    file_paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in file_paths}


def test_a_version_appears_and_serves_at_the_end_of_its_run(
    keep: Callable[..., Ref], parts: Ref, run: Run, prefect_server: str
) -> None:
    promote("shop", release(1, graph(1.0, 2.0)))
    published_by(run, keep(exported), parts, lambda: None)
    assert (versions("shop"), production("shop")) == ([1, 2], 2)
    assert history() == [["-", "1"], ["1", "2"]]
    assert run.details["published"]["version"] == 2  # type: ignore[index]
