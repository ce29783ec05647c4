"""The one client both services are measured with: JSON posts over connections that are kept alive."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

from benchmarks.processes import Failed

END = b"\r\n\r\n"
LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


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
    """Post over one connection; the request's bytes are made once, so that little of what is measured is the client."""
    head = f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(target.body) + target.body
    limit = perf_counter() + bound.seconds
    try:
        with socket.create_connection(("127.0.0.1", target.port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(bound.requests):
                yield _post(connection, request, target.path)
                if perf_counter() > limit:
                    return
    except OSError as error:
        raise Failed(f"{target.path} was not answered: {type(error).__name__}: {error}") from error


def _post(connection: socket.socket, request: bytes, path: str) -> float:
    started = perf_counter()
    connection.sendall(request)
    head, _, content = _receive(connection, b"").partition(END)
    found = LENGTH.search(head)
    if found is None:
        raise Failed(f"{path} answered without a Content-Length: {head[:200].decode(errors='replace')}")
    length = int(found[1])
    while len(content) < length:
        content += _receive(connection, head)
    seconds = perf_counter() - started
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise Failed(f"{path} answered {head[:200].decode(errors='replace')} {content[:500].decode(errors='replace')}")
    return seconds


def _receive(connection: socket.socket, so_far: bytes) -> bytes:
    """Return what arrives next; at the start of an answer, all of its head."""
    arrived = connection.recv(65536)
    while not so_far and arrived and END not in arrived:
        arrived += connection.recv(65536)
    if not arrived:
        raise ConnectionError("the connection was closed before the answer was whole")
    return arrived
