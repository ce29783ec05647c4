"""Every case one after another: what becomes of one is told, and keeps no other from running."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.all import available_cases
from tests.flows.house import House

FLOW = '''"""A case that {does}."""

import os
import signal

from casebook.case import case
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Summary, current


@case
def {name}(params: CaseParams = CaseParams()) -> Summary:
    """A case that {does}."""
    if not current().planning:
        {does}
'''


@pytest.fixture
def theirs(empty: House, tmp_path: Path) -> House:
    """A house with a case that fails and one whose process is killed.

    It is killed as the system does where memory runs out.
    """
    (tmp_path / "theirs" / "flows").mkdir(parents=True)
    fatal = {
        "doomed": "os.kill(os.getpid(), signal.SIGKILL)",
        "wrong": 'raise CasebookError("Mend the price.")',
    }
    for name, does in fatal.items():
        (tmp_path / "theirs" / "flows" / f"{name}.py").write_text(FLOW.format(name=name, does=does))
    return House(empty.artifacts, {**empty.environment, "CASEBOOK_CASES": str(tmp_path / "theirs")})


def test_one_that_fails_or_is_killed_stops_no_other_and_one_without_a_sample_is_told(
    theirs: House, artifacts_of: Callable[[str], Any]
) -> None:
    cases = ("wrong", "doomed", "imagenet", "word_encoding")
    done = theirs.run("flows.all", "--profile", "smoke", "--source", "sample", "--cases", *cases)
    done.complains(
        "1 completed",
        "1 no sample",
        "2 failed",
        "wrong: Mend the price.",
        "doomed: Its process was killed",
    )
    rows = [line.split()[:3] for line in done.out.splitlines()]
    assert [row[0] for row in rows] == [*cases]
    assert [row[1] for row in rows] == ["failed", "failed", "no", "completed"]
    assert theirs.record(theirs.runs("word_encoding")[0])["parameters"]["profile"] == "smoke"
    table = artifacts_of("all-cases")
    assert [(row["what"], row["status"]) for row in table] == [
        ("wrong", "failed"),
        ("doomed", "failed"),
        ("imagenet", "no sample"),
        ("word_encoding", "completed"),
    ]
    assert "there is no sample of it" in table[2]["why"]


def test_a_case_without_a_sample_fails_nothing(theirs: House) -> None:
    done = theirs.run("flows.all", "--source", "sample", "--cases", "imagenet")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1 no sample.")


def test_an_unknown_case_is_refused_before_any_is_run(theirs: House) -> None:
    theirs.here("flows.all", "--cases", "word_encoding", "dogs").complains(
        "--cases dogs", "word_encoding"
    )
    assert not theirs.runs("word_encoding")


def test_every_case_is_known_and_nothing_else() -> None:
    assert {"fraud", "imagenet", "word_encoding"} <= available_cases().keys()
    assert not {"all", "backfill", "monitor", "promote", "tune"} & available_cases().keys()
