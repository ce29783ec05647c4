"""Benchmark of every production model on this machine over HTTP.

Each is measured with one instance at a time, and with a thousand rows in one request. Beside them
stands what their runs measured of all candidates, without HTTP.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.client import Bound, Target, latencies
from benchmarks.figures import Figure, Options
from benchmarks.processes import Failed, environment, python
from benchmarks.servers import served
from casebook import paths
from casebook.prefect_runtime import free_port

ROWS = 1000
SPECIAL = ("picture", "series", "text")  # what an input may be besides a column


@dataclass(frozen=True)
class Model:
    """A version in production: its case, what its input is, and its sample's instances."""

    case: str
    takes: str
    instances: list[dict[str, Any]]

    def target(self, port: int, count: int = 1) -> Target:
        """Return the request for so many instances, the sample's over and over."""
        body = {"instances": list(islice(cycle(self.instances), count))}
        return Target(port, f"/v1/models/{self.case}:predict", json.dumps(body).encode())


def measure_models(options: Options) -> Iterator[Figure]:
    """Ask each model one by one for at most eight seconds, the first moments not counted."""
    bound = Bound(2000, 1.0 if options.quick else 8.0)
    with service() as (port, _):
        for model in in_production():
            batch_sizes = {"one instance": 1} | (
                {f"{ROWS:,} rows": ROWS} if model.takes == "columns" else {}
            )
            for name, count in batch_sizes.items():
                target = model.target(port, count)
                latencies(target, Bound(100, 1.0))
                times = latencies(target, bound)
                middle, late = (
                    quantiles(times, n=100, method="inclusive")[place] * 1e3 for place in (49, 94)
                )
                yield Figure(
                    "models", f"{model.case} ({model.takes}): {name}, p50", "ms", (middle,)
                )
                yield Figure("models", f"{model.case} ({model.takes}): {name}, p95", "ms", (late,))
    for model in in_production():
        yield from kept_costs(model.case)


def kept_costs(case: str) -> Iterator[Figure]:
    """Yield what the run that published a model measured of each candidate's graph.

    It is measured of candidates that take the columns of a table; an older version has none of it.
    """
    metrics = json.loads((_in_production(case) / "metrics.json").read_bytes())
    for name, cost in (metrics.get("costs") or {}).items():
        what = f"{case}, {name} as its run measured"
        yield Figure("models", f"{what}: one row", "ms", (cost["one_row_ms"],))
        yield Figure("models", f"{what}: {ROWS:,} rows", "ms", (cost["thousand_rows_ms"],))
        yield Figure("models", f"{what}: size", "MB", (cost["size_mb"],))


def in_production() -> list[Model]:
    """Return the models that serve from this machine's artifacts.

    Raises
    ------
    Failed
        There is none.
    """
    pointers = sorted(paths.models().glob("*/production"))
    models = [_model(pointer.parent.name) for pointer in pointers]
    if not models:
        raise Failed(
            f"No model is published in {paths.models()}: run a case first, for example make fraud."
        )
    return models


@contextmanager
def service(*arguments: str) -> Iterator[tuple[int, int]]:
    """Serve these models inside the block; gives the port and the id of the first process."""
    port = free_port()
    command = python("-m", "serving", "--port", str(port), "--log", "warning", *arguments)
    variables = environment(CASEBOOK_ARTIFACTS=str(paths.artifacts()))
    with served(command, variables, f"http://127.0.0.1:{port}/health/ready") as pid:
        yield port, pid


def _in_production(case: str) -> Path:
    """Return the folder of the version that serves."""
    folder = paths.models(case)
    return folder / (folder / "production").read_text(encoding="utf-8").strip()


def _model(case: str) -> Model:
    folder = _in_production(case)
    dtype = json.loads((folder / "signature.json").read_bytes())["inputs"][0]["dtype"]
    instances = json.loads((folder / "sample_request.json").read_bytes())["instances"]
    return Model(case, dtype if dtype in SPECIAL else "columns", instances)
