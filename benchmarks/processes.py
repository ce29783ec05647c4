"""Child processes: started in the checkout's root with their own settings, and always ended."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import psutil

from casebook import paths

OWN_SETTINGS = ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILE", "CASEBOOK_ARTIFACTS")


class Failed(Exception):
    """A measured process that did not do its work; the message has the end of what it printed."""


@dataclass(frozen=True)
class Child:
    """A process that was started here, with the file that takes all it prints."""

    command: Sequence[str]
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def failure(self, what: str) -> Failed:
        """Return the error that tells what was run and how its output ends."""
        self.output.seek(0)
        tail = self.output.read().decode(errors="replace").strip()[-2000:]
        return Failed(f"{' '.join(self.command)}: {what}. Its output ends:\n{tail}")


def environment(**settings: str) -> dict[str, str]:
    """Return the environment without the user's Prefect and artifacts, and with `settings`."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", **settings}


def python(*arguments: str) -> list[str]:
    """Return the command that runs this Python with `arguments`."""
    return [sys.executable, *arguments]


@contextmanager
def child(command: Sequence[str], variables: Mapping[str, str]) -> Iterator[Child]:
    """Start a process in the checkout's root, and end it and its children after the block."""
    with TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=paths.project(),
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield Child(command, process, output)
        finally:
            _end(process)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants, or nothing if it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, then end by force what is left of it and its descendants."""
    started = family(process.pid) if process.poll() is None else []
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    for left in started:
        with suppress(psutil.NoSuchProcess):
            left.kill()
    process.wait()
