"""Two processes collect the same tests: pytest-xdist refuses to run others.

They differ in hash seed, time zone, clock, language, and in all folders.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from casebook import paths

COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider")


def copied(into: Path) -> Path:
    """Copy the checkout, but for what git leaves out."""
    ignored = (paths.project() / ".gitignore").read_text(encoding="utf-8").split()
    left_out = shutil.ignore_patterns(".git", *(Path(line).name for line in ignored))
    return Path(shutil.copytree(paths.project(), into, ignore=left_out))


def collecting(project: Path, *flags: str, **environment: str) -> subprocess.Popen[str]:
    ours = ("CASEBOOK_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*COLLECT, *flags], cwd=project, env=kept | environment, **pipes)


def ids(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return [line for line in output.splitlines() if "::" in line]


def test_no_id_depends_on_where_and_when_it_is_collected(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    west = {"TZ": "Etc/GMT+12", "LC_ALL": "C.UTF-8"}
    here = collecting(paths.project(), PYTHONHASHSEED="1", **west)
    there = collecting(
        copied(tmp_path / "copy"),
        *("-p", "tests.elsewhen"),
        PYTHONHASHSEED="2",
        TZ="Pacific/Kiritimati",
        LC_ALL="C",
        TMPDIR=str(other),
        HOME=str(other),
    )
    collected = ids(here)
    assert len(collected) > 2_000
    assert collected == ids(there)
