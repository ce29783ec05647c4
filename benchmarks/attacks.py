"""Malicious clients, each of which attacks one round at a time.

Where the service owes an attacker an answer, the answer is checked.
"""

import random
import re
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import psutil

from benchmarks.bad_requests import bad_requests
from benchmarks.client import Target
from benchmarks.models import Model
from benchmarks.processes import Failed, family

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
PAUSE = 0.5  # seconds that a slow client lets pass
MANY, SILENT = 500, 200
OK = frozenset({200})


@dataclass(frozen=True)
class Place:
    """What is attacked: a service's port, the id of its first process, and a model to ask."""

    port: int
    pid: int
    model: Model

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def post(self, count: int, more: str = "") -> bytes:
        """Return the bytes of a sound request of so many rows."""
        return request(self.model.target(self.port, count), more)


def request(target: Target, more: str = "") -> bytes:
    """Return a post's bytes."""
    headers = (
        f"Host: x\r\nContent-Type: application/json\r\n{more}"
        f"Content-Length: {len(target.body)}\r\n\r\n"
    )
    return f"POST {target.path} HTTP/1.1\r\n{headers}".encode() + target.body


def pipeline(place: Place, rng: random.Random) -> None:
    """Ask for hundreds of pages in one packet, and read nothing."""
    with place.connect() as connection:
        connection.setblocking(False)
        with suppress(BlockingIOError):
            connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * MANY)
        time.sleep(PAUSE)


def pipeline_and_read(place: Place, rng: random.Random) -> None:
    """Ask many times in one packet, and count the answers."""
    with place.connect() as connection:
        connection.sendall(place.post(1) * 20 + place.post(1, "Connection: close\r\n"))
        check_statuses(_all(connection), OK, 21)


def smuggle(place: Place, rng: random.Random) -> None:
    """Smuggle in a request by two headers that disagree about where the first one ends.

    At most one answer may come, and it must be a refusal.
    """
    hidden = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
    lines = ["Transfer-Encoding: chunked", f"Content-Length: {len(hidden)}"]
    rng.shuffle(lines)
    head = f"POST {place.model.target(place.port).path} HTTP/1.1\r\nHost: x\r\n"
    with place.connect() as connection:
        connection.sendall((head + "\r\n".join(lines) + "\r\n\r\n").encode() + hidden)
        check_statuses(_all(connection), frozenset({400}), 1)


def read_slowly(place: Place, rng: random.Random) -> None:
    """Ask for much, and take it in sips."""
    with place.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(place.post(1000))
        for _ in range(10):
            connection.recv(100)
            time.sleep(PAUSE / 10)


def write_slowly(place: Place, rng: random.Random) -> None:
    """Send a request in parts; it is owed an answer all the same."""
    sent = place.post(10, "Connection: close\r\n")
    with place.connect() as connection:
        for cut in range(4):
            connection.sendall(sent[len(sent) * cut // 4 : len(sent) * (cut + 1) // 4])
            time.sleep(PAUSE / 4)
        check_statuses(_all(connection), OK | {503}, 1)


def say_nothing(place: Place, rng: random.Random) -> None:
    """Hold connections."""
    with ExitStack() as held:
        for _ in range(SILENT):
            held.enter_context(place.connect())
        time.sleep(PAUSE)


def send_nonsense(place: Place, rng: random.Random) -> None:
    """Send requests of the storm."""
    path = place.model.target(place.port).path
    requests = bad_requests(rng.randrange(2**32), path, place.model.instances, "/predict")
    for _ in range(20):
        with place.connect() as connection:
            connection.sendall(next(requests))
            connection.shutdown(socket.SHUT_WR)
            check_statuses(_all(connection), frozenset(range(200, 500)) | {503})


def kill(place: Place, rng: random.Random) -> None:
    """Kill one of the processes that serve, or stop it so that it hangs."""
    workers = family(place.pid)[1:]
    if len(workers) > 1:
        with suppress(psutil.NoSuchProcess):
            rng.choice(workers).send_signal(
                rng.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
            )
    with place.connect() as connection:  # another one is harmed only when one is sound
        connection.sendall(place.post(1, "Connection: close\r\n"))
        check_statuses(_all(connection), OK | {503}, 1)
    time.sleep(10 * PAUSE)


def fill_disks(place: Place, rng: random.Random) -> None:
    """Keep the processes from writing to any file for a while, as on a full disk.

    No answer of theirs needs a file.
    """
    workers = family(place.pid)[1:]
    _let_write(workers, 0)
    time.sleep(PAUSE)
    _let_write(workers, psutil.RLIM_INFINITY)
    time.sleep(PAUSE)


def check_statuses(answers: bytes, allowed: frozenset[int], count: int | None = None) -> None:
    """See that there are as many answers as there may be, all of an allowed kind.

    Raises
    ------
    ConnectionError
        Some are missing, as where a process was killed.
    Failed
        There are more, or another one.
    """
    codes = [int(code) for code in STATUS.findall(answers) if code != b"100"]
    if not set(codes) <= allowed or (count is not None and len(codes) > count):
        raise Failed(
            f"{sorted(allowed)} was owed {count or 'some'} times, and {codes} came: "
            f"{answers[:300]!r}"
        )
    if count is not None and len(codes) < count:
        raise ConnectionError(f"{len(codes)} answers of {count} came")


def check_predictions(answer: dict[str, object], predictions: object) -> None:
    """See that an answer is the one it should be.

    Raises
    ------
    Failed
        It is another one.
    """
    if answer.get("predictions") != predictions:
        raise Failed(f"{predictions} was owed, and {answer} came")


def _let_write(workers: list[psutil.Process], size: int) -> None:
    """Limit the size of the files that these processes may write.

    Processes that are started in between keep their own limit.
    """
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))


def _all(connection: socket.socket) -> bytes:
    """Read until the service closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


ATTACKS: tuple[Callable[[Place, random.Random], None], ...] = (
    pipeline,
    pipeline_and_read,
    smuggle,
    read_slowly,
    write_slowly,
    say_nothing,
    send_nonsense,
    fill_disks,
    kill,
)
