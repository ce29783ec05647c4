"""Run cases as a person does.

The command line runs in a process of its own, against the test run's server.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from casebook import paths
from tests import needs
from tests.flows.runner import Runner, runner

SMOKE = ("--source", "sample", "--profile", "smoke")


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def complains(self, *words: str) -> None:
        """Check that it failed, and that the last line on stderr has all these words.

        That line is the whole message.
        """
        assert self.code == 1, self.err
        assert "Traceback" not in self.err
        paragraph = self.err.strip().splitlines()[-1]
        for word in words:
            assert word in paragraph


@dataclass(frozen=True)
class House:
    """An artifacts folder of its own with the commands that use it."""

    artifacts: Path
    environment: dict[str, str]
    folder: Path = field(default_factory=paths.project)  # the checkout
    runner: Runner = field(default_factory=runner)

    def command(self, module: str, *flags: str) -> list[str]:
        return [sys.executable, "-m", module, *flags]

    def run(self, module: str, *flags: str) -> Finished:
        done = subprocess.run(
            self.command(module, *flags),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def here(self, module: str, *flags: str) -> Finished:
        """Do as `run` does, but in one process for all commands: that saves seconds of imports.

        Each reuses what the other made.
        """
        return Finished(*self.runner.run(self.environment, module, flags))

    def tracked(self, address: str) -> House:
        """Return the same house with its runs tracked at an address, which is tried once."""
        return replace(
            self,
            environment={
                **self.environment,
                "MLFLOW_TRACKING_URI": address,
                "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            },
        )

    def start(self, module: str, *flags: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(module, *flags),
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def runs(self, case: str = "fraud") -> list[Path]:
        return sorted((self.artifacts / "runs" / case).glob("*"))

    def record(self, run: Path, name: str = "run.json") -> Any:
        return json.loads((run / name).read_text(encoding="utf-8"))

    def statuses(self, run: Path) -> dict[str, str]:
        return {
            stage["stage"]: stage["status"] for stage in self.record(run)["stages"] if stage["key"]
        }


def house(folder: Path, server: str, **more: str) -> House:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CASEBOOK_", "MLFLOW_"))
    }
    own = {
        "CASEBOOK_ARTIFACTS": str(folder / "artifacts"),
        "CASEBOOK_RAW": str(folder / "raw"),
        **more,
    }
    return House(folder / "artifacts", {**kept, "PREFECT_API_URL": server, **own})


def with_cases(workspace: House, root: Path, process: Runner) -> House:
    """Return a house that knows the cases in a folder; its process never knew any others."""
    environment = {**workspace.environment, "CASEBOOK_CASES": str(root)}
    return replace(workspace, environment=environment, runner=process)


def house_after(folder: Path, server: str, module: str, *flags: str, **more: str) -> House:
    """Return a house in which one command ran to its end."""
    workspace = house(folder, server, **more)
    done = workspace.here(module, *flags)
    assert done.code == 0, done.err
    return workspace


def real_findings(folder: Path, server: str, case: str) -> dict[str, Any]:
    """Return the findings of a case's run on the real data, or skip the test if there is none."""
    workspace = house_after(
        folder, server, f"flows.{case}", "--source", "real", CASEBOOK_DATA_MIRROR=needs.real_data()
    )
    findings: dict[str, Any] = workspace.record(workspace.runs(case)[0], "metrics.json")["findings"]
    return findings


def fails_at_the_end(workspace: House, case: str, *flags: str) -> None:
    """Check that a run whose very last step fails leaves no version at all.

    The step fails when the version has already appeared.
    """
    models = workspace.artifacts / "models" / case
    kept = models.rename(workspace.artifacts / f"kept-{case}")
    done = Finished(
        *workspace.runner.run(workspace.environment, f"flows.{case}", flags, last_step_fails=True)
    )
    assert done.code == 1
    assert "the last step failed beside version 1" in done.err
    assert [path.name for path in models.rglob("*")] in ([], [".lock"])
    run = max(workspace.runs(case), key=lambda folder: (folder / "run.json").stat().st_mtime_ns)
    record = workspace.record(run)
    assert record["status"] == "failed" and "published" not in record
    assert not (run / "report.html").exists()
    shutil.rmtree(models)
    kept.rename(models)
