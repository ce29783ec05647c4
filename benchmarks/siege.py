"""A siege: all attacks at once for ten minutes, beside valid requests.

The valid requests must be answered, and answered correctly. Where a process is killed, the answer
it was just sending is cut off; a valid client then asks again, as any does.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from statistics import quantiles

from benchmarks.attacks import ATTACKS, Place, check_predictions
from benchmarks.figures import Figure, Options
from benchmarks.models import in_production, service
from benchmarks.processes import Failed
from benchmarks.storm import memory

SECONDS, QUICK = 600.0, 20.0
SOUND = 2  # clients
TRIES = 30

Going = Callable[[int], bool]  # tells by the number of rounds done whether there is another


def measure_siege(options: Options) -> Iterator[Figure]:
    """Besiege the service of what is published here.

    Raises
    ------
    Failed
        An answer was wrong, or did not come.
    """
    model = next(model for model in in_production() if model.takes == "columns")
    with service("--processes", "2") as (port, pid):
        end = time.monotonic() + (QUICK if options.quick else SECONDS)
        before = memory(pid)
        counts, seconds = siege(Place(port, pid, model), lambda _: time.monotonic() < end)
        yield Figure("siege", "memory before", "MB", (before,))
        yield Figure("siege", "memory after", "MB", (memory(pid),))
    for name, count in sorted(counts.items()):
        yield Figure("siege", name, "", (count,))
    middle, late = (
        quantiles(seconds, n=100, method="inclusive")[place] * 1e3 for place in (49, 94)
    )
    yield Figure("siege", "sound requests: p50", "ms", (middle,))
    yield Figure("siege", "sound requests: p95", "ms", (late,))


def siege(place: Place, going: Going) -> tuple[Counter[str], list[float]]:
    """Attack in every way for as long as `going` allows.

    Return the counts of what was done, and the seconds that valid requests took.

    Raises
    ------
    Failed
        An answer was wrong, or did not come.
    """
    counts: Counter[str] = Counter()
    seconds: list[float] = []
    with closing(_connect(place)) as connection:
        expected = _ask(place, connection)["predictions"]
    over = threading.Event()
    with ThreadPoolExecutor(len(ATTACKS) + SOUND) as pool:
        sound = [pool.submit(_ask_on, place, expected, over, counts, seconds) for _ in range(SOUND)]
        attacks = [pool.submit(_attack, place, attack, going, counts) for attack in ATTACKS]
        _wait(attacks, sound)
        over.set()
        for future in (*attacks, *sound):
            future.result()
    return counts, seconds


def _wait(attacks: list[Future[None]], sound: list[Future[None]]) -> None:
    while any(not future.done() for future in attacks) and not any(
        future.done() for future in sound
    ):
        time.sleep(0.1)


def _attack(
    place: Place, attack: Callable[[Place, random.Random], None], going: Going, counts: Counter[str]
) -> None:
    rng, done = random.Random(attack.__name__), 0
    while going(done):
        done += 1
        try:
            attack(place, rng)
            counts[f"{attack.__name__}: rounds"] += 1
        except OSError:  # its process was killed, or it was refused by a cut
            counts[f"{attack.__name__}: cut off"] += 1


def _ask_on(
    place: Place,
    predictions: object,
    over: threading.Event,
    counts: Counter[str],
    seconds: list[float],
) -> None:
    """Send one row after the other on a kept connection.

    Where the connection is cut, or there is no room, the request is sent again.
    """
    with closing(_connect(place)) as connection:
        while not over.is_set():
            began = time.perf_counter()
            check_predictions(_ask_again(place, connection, counts), predictions)
            counts["sound requests: answered"] += 1
            seconds.append(time.perf_counter() - began)


def _ask_again(
    place: Place, connection: http.client.HTTPConnection, counts: Counter[str]
) -> dict[str, object]:
    """Ask until there is an answer."""
    for _ in range(TRIES):
        try:
            return _ask(place, connection)
        except (OSError, http.client.HTTPException):
            counts["sound requests: asked again"] += 1
            connection.close()
            time.sleep(0.1)
    raise Failed(f"A sound request was not answered in {TRIES} tries")


def _connect(place: Place) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)


def _ask(place: Place, connection: http.client.HTTPConnection) -> dict[str, object]:
    """Ask for one row.

    Raises
    ------
    OSError
        There was no room for it.
    Failed
        It was answered with another code.
    """
    target = place.model.target(place.port)
    connection.request("POST", target.path, target.body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status == 503:
        raise ConnectionError("there was no room")
    if response.status != 200:
        raise Failed(f"A sound request was answered with {response.status}: {body[:300]!r}")
    answer: dict[str, object] = json.loads(body)
    return answer
