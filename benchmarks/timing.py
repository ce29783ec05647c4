"""Commands run to their end: timed, and watched for memory."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from benchmarks.processes import Failed, child, family

RUN_LIMIT = 3600.0


@dataclass(frozen=True)
class Cost:
    """The cost of one run of a command.

    It consists of the wall time, and the peak memory of all its processes and of the largest one.
    """

    seconds: float
    tree_mb: float
    largest_mb: float


def timed(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """Run a command and return its wall time in seconds, from its start to its end as a process.

    Raises
    ------
    Failed
        It cannot be started, ends with another code than 0, or takes more than an hour.
    """
    try:
        started = time.perf_counter()
        with child(command, variables) as running:
            try:
                code = running.process.wait(RUN_LIMIT)
            except subprocess.TimeoutExpired:
                raise running.failure(f"not done after {RUN_LIMIT:.0f} s") from None
            seconds = time.perf_counter() - started
            if code:
                raise running.failure(f"exit code {code}")
    except OSError as error:
        raise Failed(f"{' '.join(command)}: cannot be started: {error}") from error
    return seconds


def watched(command: Sequence[str], variables: Mapping[str, str]) -> Cost:
    """Run a command and return its cost.

    Memory is sampled ten times a second, so a short peak may be missed. Memory that processes share
    counts in equal parts for each of them (PSS) where the system reports it.

    Raises
    ------
    Failed
        It ends with another code than 0, or takes more than an hour.
    """
    started = time.perf_counter()
    tree, largest = 0, 0
    with child(command, variables) as running:
        while running.process.poll() is None:
            usage = sizes(running.process.pid)
            tree, largest = max(tree, sum(usage)), max([largest, *usage])
            if time.perf_counter() - started > RUN_LIMIT:
                raise running.failure(f"not done after {RUN_LIMIT:.0f} s")
            time.sleep(0.1)
        if running.process.returncode:
            raise running.failure(f"exit code {running.process.returncode}")
    return Cost(time.perf_counter() - started, tree / 1e6, largest / 1e6)


def sizes(pid: int) -> list[int]:
    """Return the bytes in memory of a process and of each of its descendants that still run."""
    usage = []
    for process in family(pid):
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_full_info()
            usage.append(getattr(memory, "pss", memory.rss))
    return usage
