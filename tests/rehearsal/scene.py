"""A scene: what runs in a rehearsal, each part in a process of its own with a log of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import psutil

from casebook import paths
from casebook.errors import CasebookError

T = TypeVar("T")
GRACE = 20.0  # seconds in which a part that is told to end does so


@dataclass
class Scene:
    """A folder for logs, the time at which it all began, and the processes that were started."""

    folder: Path
    began: float = field(default_factory=time.monotonic)
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def tell(self, text: str) -> None:
        """Print what happened, with the time and the seconds since all began."""
        print(
            f"{datetime.now():%H:%M:%S} {time.monotonic() - self.began:6.1f} s  {text}", flush=True
        )

    def start(self, name: str, *arguments: str) -> None:
        """Start Python with arguments, in a group of its own; what it prints goes into its log."""
        with self.log(name).open("ab") as log:
            self.started[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=paths.project(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> str:
        """Run Python with arguments to its end, and return what it prints.

        Raises
        ------
        CasebookError
            It failed.
        """
        done = subprocess.run(
            [sys.executable, *arguments], cwd=paths.project(), capture_output=True, text=True
        )
        if done.returncode:
            raise CasebookError(
                f"`{' '.join(arguments)}` failed: {(done.stderr or done.stdout).strip()[-500:]}"
            )
        return done.stdout.strip()

    def log(self, name: str) -> Path:
        """Return where a part's log is."""
        return self.folder / f"{name}.log"

    def says(self, name: str, pattern: str) -> str | None:
        """Return what the pattern finds in a part's log, if it is there."""
        match = re.search(pattern, self.log(name).read_text(encoding="utf-8", errors="replace"))
        return match[0] if match else None

    def until(self, true: Callable[[], T | None], what: str, limit: float = 600.0) -> T:
        """Wait for something and return it.

        Raises
        ------
        CasebookError
            It did not come about in time, or a part has ended.
        """
        end = time.monotonic() + limit
        while not (result := true()):
            ended = [
                f"{name} ended with {part.returncode}"
                for name, part in self.started.items()
                if part.poll() is not None
            ]
            if ended or time.monotonic() > end:
                raise CasebookError(
                    f"{what}: {', '.join(ended) or f'not within {limit:.0f} s'}. Logs: "
                    f"{self.folder}"
                )
            time.sleep(0.2)
        return result

    def kill(self, name: str) -> list[int]:
        """Kill a part and all that it started, as a power failure of its machine does.

        Return the ids of the killed processes.
        """
        process = self.started.pop(name)
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        for member in family:
            member.send_signal(signal.SIGKILL)
        process.wait()
        psutil.wait_procs(family[1:])
        return [member.pid for member in family]

    def close(self) -> None:
        """End all parts, the last one first."""
        for name in [*self.started][::-1]:
            process = self.started[name]
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.kill(name)
