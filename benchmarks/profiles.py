"""Profiles: time and memory of the data profile of a large table, pictures included."""

import resource
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figure, Options
from flows.fraud import CASE
from samples.fraud import make_payments
from tasks.tables.explore import profile

ROWS = 284_807  # as many as the public file of card payments has


def measure_profile(options: Options) -> Iterator[Figure]:
    """Profile a made table of that many card payments, each time in a process of its own."""
    rows, seconds, memory = 5000 if options.quick else ROWS, [], []
    for _ in range(options.repeats):
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            took, peak = apart.submit(profiled, rows).result()
        seconds.append(took)
        memory.append(peak)
    yield Figure("profile", f"profile of {rows:,} rows and 31 columns", "s", tuple(seconds))
    yield Figure("profile", "peak memory of its process, the table with it", "MB", tuple(memory))


def profiled(rows: int) -> tuple[float, float]:
    """Return the seconds that a profile took, and the peak memory of this process in MB."""
    table = make_payments(rows, 0)
    started = perf_counter()
    with TemporaryDirectory() as folder:
        profile(Path(folder), table, CASE.dataset, CASE.problem)
        seconds = perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
