"""prefect.yaml has every flow, as it is today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from casebook import paths
from deployments import listing
from tests.deployments.flow_files import DEPLOYED

DOGS = '''"""Dogs: a case of somebody else's."""

from casebook.case import case
from casebook.params import CaseParams
from casebook.run import Summary


@case
def dogs(params: CaseParams = CaseParams()) -> Summary:
    """Do nothing."""
    raise NotImplementedError
'''


def committed() -> str:
    return listing.place(paths.project()).read_text(encoding="utf-8")


def test_the_committed_file_is_as_the_flows_are() -> None:
    assert listing.check()


def test_every_flow_file_is_deployed() -> None:
    assert set(DEPLOYED) == set(re.findall(r"entrypoint: flows\.(\w+):", committed()))


def test_nights_are_on_real_data_and_no_two_start_at_once() -> None:
    starts = re.findall(r'cron: "(\d+ \d+) \* \* \*"', committed())
    assert (
        len(starts)
        == len(set(starts))
        == committed().count("parameters: {params: {source: real}}")
        > 10
    )


def test_gpus_have_a_pool_of_their_own() -> None:
    for name, text in listing.entries(paths.project()).items():
        assert name.endswith("-gpu") == ("work_pool: *gpu" in text) == ("{device: gpu}" in text)


@pytest.fixture
def kennel(tmp_path: Path) -> Path:
    """Give a folder with a case of somebody else's."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "dogs.py").write_text(DOGS)
    return tmp_path


def run_python(kennel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=paths.project(),
        env={**os.environ, "CASEBOOK_CASES": str(kennel)},
        capture_output=True,
        text=True,
    )


def test_a_case_without_a_deployment_is_named_with_the_remedy(kennel: Path) -> None:
    done = run_python(kennel, "-m", "deployments", "check")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{listing.place(kennel)} has no deployment of dogs" in done.stderr
    assert "python -m deployments write" in done.stderr


def test_a_deployment_that_was_edited_is_named(kennel: Path) -> None:
    text = run_python(
        kennel,
        "-c",
        f"from deployments import listing; print(listing.listing(listing.Path({str(kennel)!r})))",
    )
    listing.place(kennel).parent.mkdir()
    listing.place(kennel).write_text(text.stdout.removesuffix("\n"))
    assert run_python(kennel, "-m", "deployments", "check").returncode == 0
    listing.place(kennel).write_text(text.stdout.replace("source: real", "source: auto"))
    done = run_python(kennel, "-m", "deployments", "check")
    assert done.returncode == 1 and "is not as the flows are today (dogs)" in done.stderr
