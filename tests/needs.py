"""What some tests need beyond the checkout; without it they are skipped, and told the remedy.

`pytest --demand-everything` makes each skip a failure; `.ci/run` asks for that.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from casebook.errors import CasebookError
from tests.rehearsal import browse, postgres


def chromium() -> str:
    """Return the path of the system's Chromium."""
    path = next(filter(None, map(shutil.which, browse.BROWSERS)), None)
    return path or pytest.skip("Chromium is not installed. Remedy: apt-get install chromium")


def postgresql() -> Path:
    """Return the folder of PostgreSQL's programs."""
    try:
        return postgres.programs()
    except CasebookError:
        pytest.skip("PostgreSQL is not installed. Remedy: apt-get install postgresql")


def real_data() -> str:
    """Return the folder or URL of the real data."""
    mirror = os.environ.get("CASEBOOK_DATA_MIRROR")
    remedy = "export CASEBOOK_DATA_MIRROR=<their folder>"
    return mirror or pytest.skip(f"The real data are not here. Remedy: {remedy}")


def mounts() -> None:
    """Make sure that this process may mount a file system of its own."""
    if not may_mount():
        remedy = "run as root, a container with SYS_ADMIN"
        pytest.skip(f"This process may not mount a file system. Remedy: {remedy}")


@cache
def may_mount() -> bool:
    """Return whether a file system can be mounted, as tried in a name space of its own."""
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return False
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


BY_MARK: dict[str, Callable[[], object]] = {"realdata": real_data, "mounts": mounts}


def reason(skip: object) -> str:
    """Return why a test was skipped, as a report of pytest has it: with path and line."""
    assert isinstance(skip, tuple), skip
    return str(skip[2]).removeprefix("Skipped: ")


def summary_lines(reasons: Iterable[str]) -> list[str]:
    """Return a line for each reason why tests were skipped, with their number."""
    return [f"{number:5,} skipped: {reason}" for reason, number in Counter(reasons).most_common()]
