"""A process that runs one command after another, which saves the imports of one for each.

What libraries keep of their runs adds up to gigabytes: a process that has grown is replaced.
"""

import io
import multiprocessing
import os
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from functools import cache, partial
from importlib import import_module
from multiprocessing.util import Finalize
from typing import Any
from unittest.mock import patch

import psutil
from _pytest.config import parse_warning_filter

from casebook import paths, worker_process
from casebook.cli import main

LARGE = 1_500_000_000  # bytes from which the process is replaced
Message = tuple[int, str, str]  # exit code, standard output and error output


class Runner:
    """A process that starts at its first use."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def run(
        self,
        environment: dict[str, str],
        module: str,
        flags: Sequence[str],
        *,
        last_step_fails: bool = False,
    ) -> Message:
        """Run a command in the process, with these variables in its environment and no others."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=begin)
        message, size = self._pool.submit(
            run_command, environment, module, flags, last_step_fails
        ).result()
        if size > LARGE:
            self.close()
        return message

    def close(self) -> None:
        """End the process; the next command starts another."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None


@cache
def runner() -> Runner:
    """Return the one that all tests of this process share."""
    return Runner()


@contextmanager
def another() -> Iterator[Runner]:
    """Give one of the block's own, such as for a second machine, or for cases of one's own."""
    own = Runner()
    try:
        yield own
    finally:
        own.close()


def begin() -> None:
    """End with the process that asks, and take warnings for errors where the tests do."""
    worker_process.die_with_parent()
    # before the worker process is waited for, and while the queue to it is still open
    Finalize(None, kept_worker_process().close, exitpriority=100)
    project = tomllib.loads((paths.project() / "pyproject.toml").read_text(encoding="utf-8"))
    for text in project["tool"]["pytest"]["ini_options"]["filterwarnings"]:
        warnings.filterwarnings(*parse_warning_filter(text, escape=False))


def run_command(
    environment: dict[str, str], module: str, flags: Sequence[str], last_step_fails: bool
) -> tuple[Message, int]:
    """Run a command here; return what it said, and how many bytes this process holds after it."""
    if "s3fs" in sys.modules:  # it keeps to the address of the command before
        from s3fs import S3FileSystem

        S3FileSystem.clear_instance_cache()
    out, err = io.StringIO(), io.StringIO()
    variables = patch.dict(os.environ, environment, clear=True)
    failing = patch("casebook.case.show", fail) if last_step_fails else nullcontext()
    with variables, shared_worker_process(), failing, redirect_stdout(out), redirect_stderr(err):
        try:
            code: Any = command(module)(flags)
        except SystemExit as ended:
            code = ended.code
    return (int(code), out.getvalue(), err.getvalue()), psutil.Process().memory_info().rss


def fail(*_: object) -> None:
    """Fail in place of a run's last step, and name the versions that have appeared by then."""
    there = " ".join(path.parent.name for path in paths.models().glob("*/*/manifest.json"))
    raise OSError(f"the last step failed beside version {there}")


def command(module: str) -> Callable[[Sequence[str]], int]:
    """Return the command line of an operation or a case."""
    operation = getattr(import_module(module), "operation", None)
    return operation.main if operation else partial(main, module)


@contextmanager
def shared_worker_process() -> Iterator[None]:
    """Let all runs in this process work with one worker process, which goes on after them."""
    real = worker_process.WorkerProcess.run

    def run(
        _: worker_process.WorkerProcess, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        return real(kept_worker_process(), in_environment, dict(os.environ), function, args, kwargs)

    with (
        patch.object(worker_process, "IDLE", 3600.0),
        patch.object(worker_process.WorkerProcess, "run", run),
        patch.object(worker_process.WorkerProcess, "close", lambda _: None),
    ):
        yield


@cache
def kept_worker_process() -> worker_process.WorkerProcess:
    """The worker process of all runs here."""
    return worker_process.WorkerProcess()


def in_environment(
    environment: dict[str, str],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call a function in an environment: each run has an artifacts folder of its own."""
    os.environ.clear()
    os.environ.update(environment)
    return function(*args, **kwargs)
