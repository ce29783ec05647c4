"""A search on one worker of a Dask cluster and on two, each with a core of its own.

Both find the same best parameters, the two workers in less time.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.bare import sources
from benchmarks.figures import Figure, Options, ratio
from benchmarks.processes import Failed, child, environment, python
from benchmarks.servers import prefect_server
from benchmarks.timing import timed
from casebook.prefect_runtime import free_port

TRIALS = 16


def measure_cluster(options: Options) -> Iterator[Figure]:
    """Measure a search of 16 trials of the fraud case on one worker and on two.

    The time is that of the whole process from start to end; the workers are already running.

    Raises
    ------
    Failed
        The two searches found different parameters.
    """
    trials = 2 if options.quick else TRIALS
    quick = ("--profile", "smoke") if options.quick else ("--epochs", "30")
    flags = ("--case", "fraud", "--trials", str(trials), "--source", sources()[-1], *quick)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.repeats):
        best_parameters = set()
        for workers, measured in seconds.items():
            with (
                TemporaryDirectory() as artifacts,
                cluster(workers, artifacts) as (runner, variables),
            ):
                command = python("-m", "flows.tune", *flags, "--runner", runner)
                measured.append(timed(command, variables))
                best_parameters.add(
                    next(Path(artifacts).glob("runs/tune/*/best.toml")).read_text(encoding="utf-8")
                )
        if len({re.sub(r"#.*", "", best) for best in best_parameters}) > 1:
            raise Failed(f"One worker and two found different parameters: {best_parameters}")
    yield Figure("cluster", f"search of {trials} trials, one Dask worker", "s", tuple(seconds[1]))
    yield Figure("cluster", f"search of {trials} trials, two Dask workers", "s", tuple(seconds[2]))
    yield ratio("cluster", f"search of {trials} trials: two workers / one", seconds[2], seconds[1])


@contextmanager
def cluster(workers: int, artifacts: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run a scheduler and some workers inside the block.

    Yield the name of the runner and the environment of a run.
    """
    port, cores = free_port(), sorted(os.sched_getaffinity(0))
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        url = stack.enter_context(prefect_server(Path(artifacts, "prefect")))
        variables = environment(CASEBOOK_ARTIFACTS=artifacts, PREFECT_API_URL=url)
        scheduler = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        stack.enter_context(child(python("-m", "dask", *scheduler), variables))
        for number in range(workers):
            worker = ("worker", address, "--nthreads", "1", "--no-dashboard")
            started = stack.enter_context(child(python("-m", "dask", *worker), variables))
            psutil.Process(started.process.pid).cpu_affinity([cores[number % len(cores)]])
        _wait(address, workers)
        yield f"dask://127.0.0.1:{port}", variables


def _wait(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=60) as client:
        client.wait_for_workers(workers, timeout=60)
