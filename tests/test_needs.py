"""Where something is missing, tests are skipped, and the end says so; CI takes it for a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook import paths

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TESTS = """
import pytest
from tests.rehearsal import postgres
from tests import needs

def test_in_a_browser():
    needs.chromium()

def test_in_another_browser():
    needs.chromium()

def test_with_a_database(monkeypatch):
    monkeypatch.setattr(postgres, "PLACES", ())
    needs.postgresql()

@pytest.mark.realdata
def test_with_data():
    raise AssertionError("there are none")

def test_that_needs_nothing():
    pass
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run those tests on a machine with nothing on its PATH, and without real data."""
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    environment = os.environ | {"PATH": str(tmp_path)}
    for name in ("CASEBOOK_DATA_MIRROR", "PYTEST_ADDOPTS", "CI"):  # of a CI, pytest prints more
        environment.pop(name, None)

    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", str(tmp_path), *flags]
        caught = {"capture_output": True, "text": True}
        return subprocess.run(command, cwd=paths.project(), env=environment, **caught)

    return run


def test_the_end_of_the_output_tells_how_many_were_skipped_why_and_the_remedy(run: Run) -> None:
    done = run()
    assert done.returncode == 0, done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "2 skipped: Chromium is not installed. Remedy: apt-get install chromium" in lines
    assert "1 skipped: PostgreSQL is not installed. Remedy: apt-get install postgresql" in lines
    remedy = "export CASEBOOK_DATA_MIRROR=<their folder>"
    assert f"1 skipped: The real data are not here. Remedy: {remedy}" in lines
    assert "1 passed, 4 skipped" in lines[-1]


def test_two_processes_tell_it_too(run: Run) -> None:
    done = run("-n", "2")
    assert done.returncode == 0, done.stdout
    assert "2 skipped: Chromium is not installed. Remedy: apt-get install chromium" in done.stdout


def test_nothing_is_skipped_where_everything_is_demanded(run: Run) -> None:
    done = run("--demand-everything")
    assert done.returncode == 1, done.stdout
    assert "4 skipped" not in done.stdout
    assert done.stdout.count("--demand-everything was given, but this test was skipped.") == 4


def test_what_is_left_out_by_its_mark_is_not_demanded(run: Run) -> None:
    done = run("--demand-everything", "-m", "not realdata", "-k", "with_data or nothing")
    assert done.returncode == 0, done.stdout
