"""Serving: one row at a time from the published model, against the lab's own service.

Both run on the same machine.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from benchmarks.client import Bound, Target, latencies, throughput
from benchmarks.figures import Figure, Options, ratio
from benchmarks.flow import fraud
from benchmarks.processes import environment, python
from benchmarks.servers import served
from benchmarks.timing import timed
from casebook import paths
from casebook.prefect_runtime import free_port

WARM_UP, ONE_BY_ONE, TOGETHER = Bound(200, 3.0), Bound(2000, 8.0), Bound(20_000, 8.0)
CLIENTS = 4


@dataclass(frozen=True)
class Speed:
    """The measured speed of a service.

    It consists of the median and 99th percentile latency in ms, and the requests per second of four
    clients.
    """

    p50: float
    p99: float
    rate: float


def measure_serving(options: Options) -> Iterator[Figure]:
    """Measure both services in turn with the same client, at most 20 s each.

    The client is Python on the same cores, so the faster service is the one it holds back more.
    """
    with TemporaryDirectory() as folder:
        version = published(Path(folder))
        ours, lab = [], []
        for _ in range(options.repeats):
            ours.append(our_speed(version, options))
            lab.append(lab_speed(version, options))
    for name, speeds in {"casebook": ours, "lab": lab}.items():
        yield Figure("serving", f"{name}: one row, p50", "ms", tuple(speed.p50 for speed in speeds))
        yield Figure("serving", f"{name}: one row, p99", "ms", tuple(speed.p99 for speed in speeds))
        yield Figure(
            "serving", f"{name}: {CLIENTS} clients", "req/s", tuple(speed.rate for speed in speeds)
        )
    yield ratio("serving", "p50: lab / casebook", [s.p50 for s in lab], [s.p50 for s in ours])
    yield ratio(
        "serving",
        "requests per second: casebook / lab",
        [s.rate for s in ours],
        [s.rate for s in lab],
    )


def published(artifacts: Path) -> Path:
    """Train and publish a model on the sample, let it serve, and return its version's folder."""
    variables = environment(CASEBOOK_ARTIFACTS=str(artifacts))
    timed(
        fraud("--candidates", "course", "--peers", "--source", "sample", "--profile", "smoke"),
        variables,
    )
    models = artifacts / "models" / "fraud"
    if (paths.project() / "flows" / "promote.py").is_file():
        timed(python("-m", "flows.promote", "fraud", "1"), variables)
    else:
        (models / "production").write_text("1\n", encoding="utf-8")
    return models / "1"


def our_speed(version: Path, options: Options) -> Speed:
    """Serve the version with Casebook's service and measure it with a row of raw columns."""
    port = free_port()
    variables = environment(CASEBOOK_ARTIFACTS=str(version.parents[2]))
    row = _sample(version)["instances"][0]
    with served(
        python("-m", "serving", "--port", str(port)),
        variables,
        f"http://127.0.0.1:{port}/health/ready",
    ):
        return speed(Target(port, "/v1/models/fraud:predict", _body(row)), options)


def lab_speed(version: Path, options: Options) -> Speed:
    """Serve the same network the lab's way, and measure its speed.

    The row is made of the network's own inputs.
    """
    port = free_port()
    command = python("-m", "benchmarks.lab_service", str(version / "model.keras"), str(port))
    row = list(_sample(version)["instances"][0].values())
    with served(command, environment(), f"http://127.0.0.1:{port}/"):
        return speed(Target(port, "/predict", _body(row)), options)


def speed(target: Target, options: Options) -> Speed:
    """Warm a service up, then measure it with one client and with four."""
    limit = 1.0 if options.quick else 60.0
    warm_up, one_by_one, together = (
        Bound(b.requests, min(b.seconds, limit)) for b in (WARM_UP, ONE_BY_ONE, TOGETHER)
    )
    latencies(target, warm_up)
    percentiles = quantiles(latencies(target, one_by_one), n=100, method="inclusive")
    return Speed(
        percentiles[49] * 1e3, percentiles[98] * 1e3, throughput(target, together, CLIENTS)
    )


def _sample(version: Path) -> dict[str, list[dict[str, float]]]:
    """Return the published sample rows; their raw columns are as many as the network's inputs."""
    sample: dict[str, list[dict[str, float]]] = json.loads(
        (version / "sample_request.json").read_bytes()
    )
    return sample


def _body(row: object) -> bytes:
    return json.dumps({"instances": [row]}).encode()
