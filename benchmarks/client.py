"""The HTTP client with which both services are measured.

It posts JSON over connections that are kept alive.
"""

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
    """Post from several threads at once, and return the requests answered per second.

    Each thread is bounded on its own.
    """
    started = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        answered = sum(pool.map(lambda _: len(latencies(target, bound)), range(clients)))
    return answered / (perf_counter() - started)


def _posts(target: Target, bound: Bound) -> Iterator[float]:
    """Post over one connection, and reconnect only where the server closes it.

    The request's bytes are made once and answers are barely parsed, so that little of what is
    measured is the client.
    """
    head = f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(target.body) + target.body
    limit = perf_counter() + bound.seconds
    connection: socket.socket | None = None
    try:
        for _ in range(bound.requests):
            started = perf_counter()
            if connection is None:
                connection = _connect(target.port)
            connection.sendall(request)
            closes = _read(connection, target.path)
            yield perf_counter() - started
            if closes:
                connection.close()
                connection = None
            if perf_counter() > limit:
                return
    except OSError as error:
        raise Failed(f"{target.path} was not answered: {type(error).__name__}: {error}") from error
    finally:
        if connection is not None:
            connection.close()


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _read(connection: socket.socket, path: str) -> bool:
    """Read one whole answer, which must be a success.

    Return whether the server closes the connection after it.
    """
    arrived = b""
    while END not in arrived:
        arrived += _receive(connection)
    head, _, content = arrived.partition(END)
    length = LENGTH.search(head)
    if length is None or b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise Failed(f"{path} answered {arrived[:700].decode(errors='replace')}")
    while len(content) < int(length[1]):
        content += _receive(connection)
    return b"connection: close" in head.lower()


def _receive(connection: socket.socket) -> bytes:
    arrived = connection.recv(65536)
    if not arrived:
        raise ConnectionError("the connection was closed before the answer was whole")
    return arrived
