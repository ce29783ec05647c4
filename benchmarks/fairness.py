"""How long others wait beside clients that take all they can: busy, pipelining, or silent ones."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks.client import Bound, Target, latencies
from benchmarks.figures import Figure, Options
from benchmarks.models import in_production
from benchmarks.processes import environment, python
from benchmarks.servers import served
from casebook import paths
from casebook.prefect_runtime import free_port

BUSY, SILENT = 32, 2200
SERVERS = ("casebook", "waitress")
PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
LIMIT = 5.0  # seconds after which a request counts as not answered

Load = Callable[[Target], Iterator[None]]


def measure_fairness(options: Options) -> Iterator[Figure]:
    """Measure health checks on new connections, beside other clients of each kind."""
    model = next(model for model in in_production() if model.takes == "columns")
    count = 20 if options.quick else 200
    for name in SERVERS:
        port = free_port()
        command = python("-m", "benchmarks.wsgi_servers", name, str(port))
        variables = environment(CASEBOOK_ARTIFACTS=str(paths.artifacts()))
        for load in (busy, pipelining, silent):
            with served(command, variables, f"http://127.0.0.1:{port}/health/ready"):
                with contextmanager(load)(model.target(port)):
                    new = [waited(port) for _ in range(count)]
                late = sum(seconds is None for seconds in new)
                yield Figure(
                    "fairness",
                    f"{name}, beside {load.__name__}: not answered, of {count}",
                    "",
                    (late,),
                )
                times = [seconds * 1e3 for seconds in new if seconds is not None]
                if times:
                    yield Figure(
                        "fairness", f"{name}, beside {load.__name__}: p50", "ms", (median(times),)
                    )
                    yield Figure(
                        "fairness", f"{name}, beside {load.__name__}: longest", "ms", (max(times),)
                    )


def busy(target: Target) -> Iterator[None]:
    """Clients that ask for one row after the other on kept connections."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            latencies(target, Bound(50, 5.0))

    threads = [threading.Thread(target=ask) for _ in range(BUSY)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    yield
    over.set()
    for thread in threads:
        thread.join()


def pipelining(target: Target) -> Iterator[None]:
    """Request hundreds of pages in one packet, again and again, and read the answers."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with socket.create_connection(("127.0.0.1", target.port), timeout=60) as connection:
                connection.sendall(
                    PAGE * 500 + PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                )
                while connection.recv(2**20):
                    pass

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    yield
    over.set()
    for thread in threads:
        thread.join()


def silent(target: Target) -> Iterator[None]:
    """Clients that connect and say nothing."""
    with ExitStack() as held:
        for _ in range(SILENT):
            try:
                held.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=1))
            except OSError:
                break  # the queue is full as well
        time.sleep(1.0)
        yield


def waited(port: int) -> float | None:
    """Return the seconds until an answer on a new connection, or None if there was none in time."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("GET", "/health/live")
        if connection.getresponse().status != 200:
            return None
        return time.perf_counter() - began
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
