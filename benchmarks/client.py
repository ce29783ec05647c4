"""The one client both services are measured with: JSON posts over connections that are kept alive."""

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

from benchmarks.processes import Failed

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Bound:
    """When to stop: after so many requests, or so many seconds if that comes first."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Target:
    """Where to post, and what."""

    port: int
    path: str
    body: bytes


def latencies(target: Target, bound: Bound) -> list[float]:
    """Post one request after the other on one connection and return the seconds each took."""
    return list(_posts(target, bound))


def throughput(target: Target, bound: Bound, clients: int) -> float:
    """Post from several threads at once, each bounded on its own, and return the requests answered per second."""
    started = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        answered = sum(pool.map(lambda _: len(latencies(target, bound)), range(clients)))
    return answered / (perf_counter() - started)


def _posts(target: Target, bound: Bound) -> Iterator[float]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    limit = perf_counter() + bound.seconds
    try:
        for _ in range(bound.requests):
            yield _post(connection, target)
            if perf_counter() > limit:
                return
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{target.path} was not answered: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _post(connection: http.client.HTTPConnection, target: Target) -> float:
    started = perf_counter()
    connection.request("POST", target.path, target.body, JSON)
    response = connection.getresponse()
    content = response.read()
    seconds = perf_counter() - started
    if response.status != 200:
        raise Failed(f"{target.path} answered {response.status}: {content[:500].decode(errors='replace')}")
    return seconds
