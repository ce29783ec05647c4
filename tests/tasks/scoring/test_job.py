"""A scoring that is killed and goes on ends with the same output as an undisturbed one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pyarrow import csv as csv
from pyarrow import parquet as pq

from casebook import paths
from tasks.scoring import score as scoring
from tasks.scoring.job import Job
from tasks.scoring.score import Scored
from tests.tasks.scoring.published import payments, publish, refuses


def test_an_output_is_replaced_only_if_asked_for(home: Path, fraud: Callable[..., Scored]) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    fraud("in.parquet", "out.parquet")
    refuses(lambda: fraud("in.parquet", "out.parquet"), "is there already", "--overwrite")
    fraud("in.parquet", "out.parquet", prefix="model_", overwrite=True)
    assert pq.read_schema(home / "out.parquet").names[-3:] == [
        "model_probability",
        "model_label",
        "model_fault",
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.scoring import score
from tasks.scoring import plan as score_plan
score_plan.MANY, score.THREADS = 64, 1
ask = score.answer
def answer(*given, **more):
    if len(list(Path(sys.argv[2]).parent.glob(".*.scoring/*.arrow"))) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask(*given, **more)
score.answer = answer
score.score("fraud", Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_killed_scoring_goes_on_and_ends_with_the_same_bytes(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    pq.write_table(payments(500), home / "in.parquet")
    fraud("in.parquet", "whole.parquet")
    given, output = str(home / "in.parquet"), str(home / "out.parquet")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, given, output], cwd=paths.project(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (home / "out.parquet").exists()
    assert len(list(home.glob(".out.parquet.scoring/*.arrow"))) == 3
    scored = fraud("in.parquet", "out.parquet")
    assert scored.tally.kept == 3 * 64
    assert (home / "out.parquet").read_bytes() == (home / "whole.parquet").read_bytes()
    assert not list(home.glob(".*"))


class Killed(BaseException):
    """Ends a scoring as a kill does: nothing is put in order afterwards."""


def stopped(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    work: Callable[[], object],
    after: int,
) -> None:
    """Do the work until a function is called one more time than `after`."""
    real, calls = getattr(owner, name), []

    def dying(*given: Any, **more: Any) -> Any:
        calls.append(name)
        if len(calls) > after:
            raise Killed
        return real(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        with pytest.raises(Killed):
            work()


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (scoring, "answer", 3),
        (os, "replace", 9),
        (Job, "file", 1),
        (Job, "place", 0),
        (shutil, "rmtree", 0),
    ],
)
def test_wherever_it_stops_a_folder_ends_the_same(
    home: Path,
    fraud: Callable[..., Scored],
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    after: int,
) -> None:
    (home / "in").mkdir()
    for seed in range(3):
        pq.write_table(payments(150, seed), home / "in" / f"{seed}.parquet")
    fraud("in", "whole")
    stopped(monkeypatch, owner, name, lambda: fraud("in", "out"), after)
    assert fraud("in", "out").tally.rows == 450
    for seed in range(3):
        assert (home / "out" / f"{seed}.parquet").read_bytes() == (
            home / "whole" / f"{seed}.parquet"
        ).read_bytes()
    assert not list(home.glob(".*"))


@pytest.mark.parametrize("changed", ["input", "model", "prefix"])
def test_what_was_answered_for_something_else_is_not_used(
    home: Path, fraud: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    pq.write_table(payments(300), home / "in.parquet")
    stopped(monkeypatch, Job, "place", lambda: fraud("in.parquet", "out.parquet"), 0)
    if changed == "input":
        pq.write_table(payments(300, seed=1), home / "in.parquet")
    if changed == "model":
        publish("fraud", 2, bias=1.0)
    more = {"prefix": "their_"} if changed == "prefix" else {}
    assert fraud("in.parquet", "out.parquet", **more).tally.kept == 0
    fraud("in.parquet", "fresh.parquet", **more)
    assert (home / "out.parquet").read_bytes() == (home / "fresh.parquet").read_bytes()


def test_two_do_not_score_into_one_output(home: Path, fraud: Callable[..., Scored]) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    (home / ".out.parquet.scoring").mkdir()
    with FileLock(home / ".out.parquet.scoring" / "lock"):
        refuses(lambda: fraud("in.parquet", "out.parquet"), "another process is scoring into it")
    assert fraud("in.parquet", "out.parquet").tally.rows == 10


def test_an_input_that_changes_meanwhile_is_noticed(
    home: Path, fraud: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    real = Job.file

    def file(*given: Any) -> Any:
        tally = real(*given)
        os.utime(home / "in.parquet", ns=(1, 1))
        return tally

    monkeypatch.setattr(Job, "file", file)
    refuses(lambda: fraud("in.parquet", "out.parquet"), "changed while it was scored")
    assert not (home / "out.parquet").exists()
