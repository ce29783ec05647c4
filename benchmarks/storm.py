"""A storm of bad requests.

None of them may cause a failure, memory may not grow, and other requests are to be answered as
before.
"""

import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from statistics import quantiles
from threading import Event

from benchmarks.bad_requests import bad_requests
from benchmarks.client import Bound, Target, latencies
from benchmarks.figures import Figure, Options
from benchmarks.models import Model, in_production, service
from benchmarks.processes import Failed
from benchmarks.timing import sizes

REQUESTS, CLIENTS = 20_000, 2
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
CUT = "cut"  # what becomes of a request that ends early, or is far too long


def measure_storm(options: Options) -> Iterator[Figure]:
    """Send bad requests over two connections at a time, and valid requests beside them.

    About a tenth of the requests on the two connections are valid too.

    Raises
    ------
    Failed
        One was answered with a 5xx, or there is no model of columns and one of pictures to ask.
    """
    models = {model.takes: model for model in in_production()}
    if not models.keys() >= {"columns", "picture"}:
        raise Failed(
            "A storm needs a model of columns and one of pictures: run make fraud and make mnist, "
            "and promote."
        )
    with service() as (port, pid):
        yield from storm(
            port, pid, models["columns"], models["picture"], 500 if options.quick else REQUESTS
        )


def storm(port: int, pid: int, columns: Model, pictures: Model, count: int) -> Iterator[Figure]:
    """Send a tenth of `count` requests as a warm-up, then all of them.

    After the warm-up, whatever is kept for good is already in memory.
    """
    send(port, columns, pictures, count // 10, seed=1)
    sound, before = columns.target(port), memory(pid)
    calm = latencies(sound, Bound(3000, 5.0))
    with ThreadPoolExecutor(1) as pool:
        over = Event()
        beside = pool.submit(until, over, sound)
        try:
            statuses = send(port, columns, pictures, count, seed=0)
        finally:
            over.set()
    for status, times in sorted(statuses.items()):
        yield Figure("storm", f"of {count:,} bad requests: {status}", "", (times,))
    yield Figure("storm", "memory before", "MB", (before,))
    yield Figure("storm", "memory after", "MB", (memory(pid),))
    for name, seconds in {"calm": calm, "in the storm": beside.result()}.items():
        middle, late = (
            quantiles(seconds, n=100, method="inclusive")[place] * 1e3 for place in (49, 94)
        )
        yield Figure("storm", f"sound requests {name}: p50", "ms", (middle,))
        yield Figure("storm", f"sound requests {name}: p95", "ms", (late,))


def send(port: int, columns: Model, pictures: Model, count: int, seed: int) -> Counter[str]:
    """Send so many bad requests and return how many were answered with each status.

    Raises
    ------
    Failed
        One was answered with a 5xx.
    """
    row_path, picture_path = (model.target(port).path for model in (columns, pictures))
    requests = islice(bad_requests(seed, row_path, columns.instances, picture_path), count)
    statuses: Counter[str] = Counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        while some := list(islice(requests, 100)):
            statuses.update(pool.map(lambda request: answered(port, request), some))
    failed = [status for status in statuses if status.startswith("5")]
    if failed:
        raise Failed(f"Bad requests were answered with {', '.join(failed)}: {dict(statuses)}")
    return statuses


def answered(port: int, request: bytes) -> str:
    """Send a request on a connection of its own and return the status that came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        arrived = b""
        try:
            connection.sendall(request)
            if not whole(request):
                return CUT
            while some := connection.recv(65536):
                arrived = (arrived + some)[:100]
        except ConnectionError:  # the service hung up on what was too long
            return CUT
    match = STATUS.match(arrived)
    return match[1].decode() if match else CUT


def whole(request: bytes) -> bool:
    """Return whether as many bytes follow a request's head as it announces.

    Whoever sends less hangs up.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return length is None or len(body) >= int(length[1])


def until(over: Event, target: Target) -> list[float]:
    """Ask one after the other until it is over, and return the seconds each answer took."""
    seconds: list[float] = []
    while not over.is_set():
        seconds += latencies(target, Bound(50, 5.0))
    return seconds


def memory(pid: int) -> float:
    """Return the MB in memory of a process and its descendants; what they share counts once."""
    return sum(sizes(pid)) / 1e6
