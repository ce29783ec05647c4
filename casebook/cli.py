"""The command line of a case.

Its flags are made from the case's parameters. An error is printed as one clear paragraph.
"""

import argparse
import errno
import importlib
import inspect
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from casebook import prefect_runtime, worker_process
from casebook.arguments import ArgumentParser
from casebook.case import Case
from casebook.errors import CasebookError
from casebook.params import CaseParams, add_flags, parse
from casebook.quiet import separate_stderr
from casebook.run import Run, Summary

DONE, FAILED = 0, 1
EXAMPLES = """examples:
  {command} --profile smoke      a first run, in seconds
  {command} --source PATH        on your own file with the same columns
  {command} --plan --seed 1      what would run again, and why
"""
FULL = {errno.ENOSPC, errno.EDQUOT}
REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}
LOST = {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN}
MANY = {errno.EMFILE, errno.ENFILE}


def main(module: str, argv: Sequence[str] | None = None) -> int:
    """Run the case that lives in `module` (such as `flows.fraud`) with the flags in `argv`.

    Returns
    -------
    0 done, 1 failed, 2 bad arguments.
    """
    case = named(module)
    parser = ArgumentParser(
        prog=f"python -m {module}",
        usage=f"python -m {module} [options]",
        description=inspect.getdoc(case),
        epilog=EXAMPLES.format(command=f"python -m {module}"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_flags(parser, case.params)
    running = parser.add_argument_group("this command")
    running.add_argument(
        "--params",
        type=Path,
        metavar="FILE",
        help="TOML or JSON file of parameters; flags win over it",
    )
    running.add_argument(
        "--plan", action="store_true", help="say what would be run or reused, and why; run nothing"
    )
    running.add_argument(
        "--debug", action="store_true", help="show the traceback and Prefect's log of a failure"
    )
    flags = vars(parser.parse_args(argv))
    plan, debug, file = flags.pop("plan"), flags.pop("debug"), flags.pop("params")
    try:
        params = parse(case.params, flags, file)
    except ValueError as error:
        parser.error(str(error))
    assert isinstance(params, CaseParams)
    return guarded(
        lambda: show_plan(case.plan(params)) if plan else show_summary(run(case, params)),
        debug=debug,
    )


def named(module: str) -> Case[CaseParams]:
    """Return the case that lives in a module."""
    case: Case[CaseParams] = getattr(importlib.import_module(module), module.rsplit(".", 1)[-1])
    return case


def guarded(work: Callable[[], None], *, debug: bool = False) -> int:
    """Do the work and turn whatever goes wrong into one paragraph on stderr and exit code 1."""
    speak(debug=debug)
    try:
        work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again: finished stages are kept.", file=sys.stderr)
        return FAILED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return FAILED
        if debug:
            traceback.print_exc()
        print(f"\n{paragraph(error)}", file=sys.stderr)
        return FAILED
    return DONE


def _nobody_reads() -> bool:
    """Return whether the reader of our output has left, such as `head`; then say nothing more."""
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return True
    return False


def speak(*, debug: bool) -> None:
    """Send our own log lines to stderr, and with `debug` everybody else's warnings too."""
    if not debug:
        separate_stderr()
    log = logging.getLogger("casebook")
    log.setLevel(logging.INFO)
    log.handlers = [logging.StreamHandler()]
    log.propagate = False
    logging.lastResort = logging.lastResort if debug else None


def run(case: Case[CaseParams], params: CaseParams) -> Summary:
    """Run the case.

    Its server, its heavy imports and its own look at the data start side by side.
    """
    prefect_runtime.prepare()
    with prefect_runtime.server() as starting:
        planned = case.plan(params)
        with preloading(planned):
            starting.wait()
            return case(params)


@contextmanager
def preloading(planned: Run) -> Iterator[None]:
    """Import in the background what the coming stages need.

    A run that reuses everything imports none of it.
    """
    thread = threading.Thread(
        target=worker_process.load, args=(tuple(sorted(planned.libraries)),), daemon=True
    )
    thread.start()
    yield
    thread.join()


def show_plan(planned: Run) -> None:
    """Print a line per stage: run or reuse, why, and what it cost the last time."""
    print(f"{'stage':28} {'':6} {'last time':>10} {'size':>9}  why")
    for stage in planned.stages:
        seconds = f"{stage.seconds:.1f} s" if stage.seconds is not None else "-"
        size = f"{stage.bytes / 1e6:.1f} MB" if stage.bytes is not None else "-"
        print(f"{stage.stage:28} {stage.status:6} {seconds:>10} {size:>9}  {stage.why}")


def show_summary(summary: Summary) -> None:
    """Print the outcome of the run.

    The last two lines are the report's path and the next command to try; a person is told which is
    which, and a program gets them as they are.
    """
    report, following = ("Report: ", "Next:   ") if sys.stdout.isatty() else ("", "")
    print(summary.headline)
    print(f"{report}{summary.report}")
    print(f"{following}{summary.next_command}")


def paragraph(error: BaseException) -> str:
    """Return what went wrong and what to do about it, in a few plain sentences."""
    if isinstance(error, CasebookError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL:
        return (
            f"No space is left on the disk{_where(error)}. Free some (`python -m flows.clean_up` "
            "drops old stages)."
        )
    if isinstance(error, OSError) and error.errno in REFUSED:
        return (
            f"No permission to write or read{_where(error)} ({error.strerror}). Change the "
            "folder's rights, or set CASEBOOK_ARTIFACTS."
        )
    if isinstance(error, OSError) and error.errno in LOST:
        return (
            f"The disk fails{_where(error)} ({error.strerror}). Check it and its mount, and run "
            "the same command again: finished stages are kept."
        )
    if isinstance(error, OSError) and error.errno in MANY:
        return (
            "Too many files are open at once. Raise the limit (`ulimit -n 4096`), and run the same "
            "command again."
        )
    return (
        f"{type(error).__name__}: {error}. This was not foreseen: --debug shows where it happened."
    )


def _where(error: OSError) -> str:
    return f" at {error.filename}" if isinstance(error.filename, str) else ""
