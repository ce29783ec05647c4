"""A run that somebody holds ends once, and whatever happens to it is on record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casebook import paths
from casebook.interactive import InteractiveRun, give_up
from casebook.run import Summary, current
from flows.mpg import MpgParams, mpg

PARAMS = MpgParams(profile="smoke", source="sample")


@pytest.fixture(autouse=True)
def nothing_under_way(
    artifacts: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    yield
    give_up()


def records() -> list[dict[str, Any]]:
    files = sorted(paths.runs("mpg").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def summary() -> Summary:
    return Summary(case="mpg", run_id="1", report="", headline="done", next_command="")


def test_a_run_goes_on_until_it_is_ended() -> None:
    run = InteractiveRun(mpg, PARAMS)
    assert current().case == "mpg"
    assert records()[0]["status"] == "running"
    run.end(summary())
    assert (records()[0]["status"], records()[0]["headline"]) == ("completed", "done")
    with pytest.raises(LookupError):
        current()


def test_a_run_that_is_begun_again_fails_and_the_next_one_goes_on() -> None:
    run = InteractiveRun(mpg, PARAMS)
    run = InteractiveRun(mpg, PARAMS)
    assert current().folder == run.folder
    assert sorted(record["status"] for record in records()) == ["failed", "running"]
    run.end(summary())
    assert sorted(record["status"] for record in records()) == ["completed", "failed"]


def test_a_run_whose_end_fails_is_on_record_as_failed_and_takes_back_what_it_did() -> None:
    taken_back: list[str] = []

    def fail() -> None:
        raise OSError("disk full")

    run = InteractiveRun(mpg, PARAMS)
    current().last.append(fail)
    current().ending.push(lambda kind, *_: taken_back.append(kind.__name__) if kind else None)
    with pytest.raises(OSError, match="disk full"):
        run.end(summary())
    assert taken_back == ["OSError"]
    assert records()[0]["error"] == "OSError: disk full"
    with pytest.raises(LookupError):
        current()
