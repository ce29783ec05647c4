"""Benchmarks of the fraud flow as a whole process.

It is compared with a bare script and with its own re-run, and measured at the size of the public
file.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import bare_command, sources
from benchmarks.figures import Figure, Options, ratio
from benchmarks.processes import environment, python
from benchmarks.servers import prefect_server
from benchmarks.timing import timed, watched

COURSE_ONLY = ("--candidates", "course", "--peers")
PUBLIC_ROWS = 284_807


def fraud(*flags: str) -> list[str]:
    """Return the command that runs the fraud flow."""
    return python("-m", "flows.fraud", *flags)


def measure_flow(options: Options) -> Iterator[Figure]:
    """Measure first runs of the flow with the lab's network only against a bare script.

    The script trains the same, and the two run in turn: once with a Prefect server running, and
    once without one, where each run starts its own. Either server finds a database made before; the
    artifacts folder is empty.
    """
    with TemporaryDirectory() as folder:
        home = Path(folder, "prefect")
        with prefect_server(home) as url:
            for source in sources():
                yield from _against_bare(
                    source, "server running", options, {"PREFECT_API_URL": url}
                )
        for source in sources():
            yield from _against_bare(
                source, "no server, warm Prefect home", options, {"PREFECT_HOME": str(home)}
            )


def measure_rerun(options: Options) -> Iterator[Figure]:
    """Measure an unchanged re-run against its first run.

    A Prefect server is running, and the data is the best there is.
    """
    source = sources()[-1]
    with TemporaryDirectory() as folder, prefect_server(Path(folder, "prefect")) as url:
        for name, flags in {"course only": COURSE_ONLY, "all candidates and baselines": ()}.items():
            command = fraud("--source", source, *flags, *profile(options))
            first, again = [], []
            for _ in range(options.repeats):
                with TemporaryDirectory() as artifacts:
                    variables = environment(CASEBOOK_ARTIFACTS=artifacts, PREFECT_API_URL=url)
                    first.append(timed(command, variables))
                    again.append(timed(command, variables))
            yield Figure("rerun", f"{source}, {name}: first run", "s", tuple(first))
            yield Figure("rerun", f"{source}, {name}: unchanged re-run", "s", tuple(again))
            yield ratio("rerun", f"{source}, {name}: re-run / first run", again, first)


def measure_size(options: Options) -> Iterator[Figure]:
    """Measure the whole flow once on a sample as large as the public file.

    A Prefect server is running.
    """
    rows = PUBLIC_ROWS if not options.quick else 6000
    command = fraud("--source", "sample", "--sample-rows", str(rows), *profile(options))
    with TemporaryDirectory() as artifacts, prefect_server(Path(artifacts, "prefect")) as url:
        cost = watched(command, environment(CASEBOOK_ARTIFACTS=artifacts, PREFECT_API_URL=url))
        record = json.loads(next(Path(artifacts).glob("runs/fraud/*/run.json")).read_bytes())
    for stage in record["stages"]:
        yield Figure("size", f"{rows:,} rows, stage {stage['stage']}", "s", (stage["seconds"],))
    yield Figure("size", f"{rows:,} rows, whole process", "s", (cost.seconds,))
    yield Figure(
        "size", f"{rows:,} rows, peak memory, all processes of the run", "MB", (cost.tree_mb,)
    )
    yield Figure("size", f"{rows:,} rows, peak memory, largest process", "MB", (cost.largest_mb,))


def profile(options: Options) -> Sequence[str]:
    """Return the flags that make a run quick, if that was requested."""
    return ("--profile", "smoke") if options.quick else ()


def _against_bare(
    source: str, how: str, options: Options, variables: dict[str, str]
) -> Iterator[Figure]:
    ours, bare = [], []
    command = fraud(*COURSE_ONLY, "--source", source, *profile(options))
    with bare_command(source, options) as other:
        for _ in range(options.repeats):
            with TemporaryDirectory() as artifacts:
                ours.append(timed(command, environment(CASEBOOK_ARTIFACTS=artifacts, **variables)))
            bare.append(timed(other, environment()))
    yield Figure("flow", f"{source}, {how}: casebook", "s", tuple(ours))
    yield Figure("flow", f"{source}, {how}: bare script", "s", tuple(bare))
    yield ratio("flow", f"{source}, {how}: casebook / bare", ours, bare)
