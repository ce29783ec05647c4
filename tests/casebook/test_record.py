"""run.json: a damaged one is named, and in nobody's way."""

import json
import logging
from pathlib import Path

import pytest

from casebook import paths, record, run, share
from casebook.errors import CasebookError
from casebook.outcome import outcome
from flows.backfill import records
from tasks.runs import compare as compare_runs

SOUND = {"status": "completed", "stages": [{"stage": "train", "key": "a"}], "run_id": "2"}
BROKEN = {
    "empty": "",
    "half": '{"status": "comp',
    "a list": "[]",
    "zeros": "\0\0\0",
    "another type": '{"status": []}',
    "deep": "[" * 100_000,
}


@pytest.fixture
def runs(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a case's runs, with a sound one."""
    monkeypatch.setattr(logging.getLogger("casebook"), "propagate", True)
    write("2", json.dumps(SOUND))
    return paths.runs("shop")


def write(name: str, content: str) -> None:
    folder = paths.runs("shop") / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content, encoding="utf-8")
    (folder / "metrics.json").write_text("{}", encoding="utf-8")


def test_a_record_tells_what_its_run_used(runs: Path) -> None:
    run_record = record.read(runs / "2")
    assert run_record is not None
    assert [(used.stage, used.key) for used in run_record.stages] == [("train", "a")]
    assert record.read(runs / "3") is None


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_record_is_named_and_passed_over(
    runs: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    write("1", BROKEN[name])
    with pytest.raises(CasebookError, match=r"1/run\.json can't be read .* delete that folder"):
        record.read(runs / "1")
    assert [run_record.run_id for run_record in records("shop")] == ["2"]
    assert "1/run.json can't be read" in caplog.text


@pytest.mark.parametrize("name", ["empty", "half", "a list", "zeros", "deep"])
def test_a_damaged_record_is_named_where_its_run_is_asked_for(runs: Path, name: str) -> None:
    write("1", BROKEN[name])
    for reader in (outcome, compare_runs.read):
        with pytest.raises(CasebookError, match=r"1/run\.json can't be read"):
            reader("shop", "1")


def test_a_damaged_record_keeps_no_other_run_from_being_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("casebook"), "propagate", True)
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "cache"))
    write("1", "{")
    write("2", json.dumps(SOUND))
    run.share_ended("shop")
    assert share.names(paths.runs("shop")) == ["2"]
    assert "1/run.json can't be read" in caplog.text
