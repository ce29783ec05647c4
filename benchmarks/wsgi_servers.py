"""Servers compared: each serves the same application, asked by the same client, in turn.

`python -m benchmarks.wsgi_servers SERVER PORT` runs one of them in two processes where it can.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.client import Bound, Target, latencies, throughput
from benchmarks.figures import Figure, Options
from benchmarks.models import in_production
from benchmarks.processes import environment, python
from benchmarks.servers import served
from casebook import paths
from casebook.prefect_runtime import free_port
from serving.__main__ import main
from serving.app import create_app
from serving.gateway import Gateway
from serving.registry import Registry
from serving.service import Service

if TYPE_CHECKING:
    from flask import Flask

PROCESSES, THREADS, CLIENTS = 2, 4, 4


def measure_servers(options: Options) -> Iterator[Figure]:
    """Measure one row of the first published model of columns, with one client and with four."""
    model = next(model for model in in_production() if model.takes == "columns")
    seconds = 1.0 if options.quick else 4.0
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    for _ in range(options.repeats):
        for name, measured in figures.items():
            port = free_port()
            command = python("-m", "benchmarks.wsgi_servers", name, str(port))
            variables = environment(CASEBOOK_ARTIFACTS=str(paths.artifacts()))
            with served(command, variables, f"http://127.0.0.1:{port}/health/ready"):
                measured.append(speed(model.target(port), seconds))
    for name, pairs in figures.items():
        yield Figure("servers", f"{name}: one row, p50", "ms", tuple(pair[0] for pair in pairs))
        yield Figure(
            "servers", f"{name}: {CLIENTS} clients", "req/s", tuple(pair[1] for pair in pairs)
        )


def speed(target: Target, seconds: float) -> tuple[float, float]:
    """Return the median latency in ms and the requests per second of four clients.

    The service is warmed up first.
    """
    latencies(target, Bound(300, seconds))
    times = latencies(target, Bound(3000, seconds))
    return quantiles(times, n=2)[0] * 1e3, throughput(target, Bound(20_000, seconds), CLIENTS)


def application() -> Flask:
    """Return the service over what is published here."""
    models = Registry(paths.models())
    models.look()
    return create_app(models)


def gateway() -> Gateway:
    """Return the service as the application of an ASGI server."""
    return Service().gateway


def casebook(port: int) -> None:
    """Run Gunicorn with its ASGI worker, as the service does.

    Brief requests are answered in the event loop.
    """
    main(["--port", str(port), "--processes", str(PROCESSES), "--log", "warning"])


def waitress(port: int) -> None:
    """Waitress as it comes; it has one process."""
    from waitress import serve

    serve(application(), host="127.0.0.1", port=port, threads=THREADS)


def gunicorn(port: int) -> None:
    """Gunicorn with threads."""
    from gunicorn.app.wsgiapp import run

    options = [
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        str(PROCESSES),
        "--threads",
        str(THREADS),
        "--keep-alive",
        "75",
    ]
    sys.argv = [
        "gunicorn",
        *options,
        "--log-level",
        "error",
        "benchmarks.wsgi_servers:application()",
    ]
    run()


def cheroot(port: int) -> None:
    """CherryPy's server; it has one process."""
    from cheroot.wsgi import Server

    Server(("127.0.0.1", port), application(), numthreads=THREADS).start()


def granian(port: int) -> None:
    """Granian, whose input and output are in Rust, with the service's own gateway."""
    from granian import Granian
    from granian.constants import Interfaces

    target, kind = "benchmarks.wsgi_servers:gateway", Interfaces.ASGINL
    Granian(
        target, port=port, interface=kind, workers=PROCESSES, log_enabled=False, factory=True
    ).serve()


SERVERS: Mapping[str, Callable[[int], None]] = {
    server.__name__: server for server in (casebook, waitress, gunicorn, cheroot, granian)
}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](int(sys.argv[2]))
