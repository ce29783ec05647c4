"""What the service counts about itself, in Prometheus' text format."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator

from serving.registry import Registry

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds


class Metrics:
    """Counts of answered requests and a histogram of how long they took, by case."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, float] = {}

    def observe(self, case: str, code: int, seconds: float) -> None:
        """Count one answered request; `case` is empty where no model was asked."""
        with self._lock:
            self._requests[case, code] += 1
            if case:
                self._buckets[case, bisect_left(BUCKETS, seconds)] += 1
                self._seconds[case] = self._seconds.get(case, 0.0) + seconds

    def text(self, models: Registry) -> str:
        """Return everything counted so far, and which models serve."""
        with self._lock:
            requests, buckets, seconds = dict(self._requests), Counter(self._buckets), dict(self._seconds)
        counts = [("", {"case": case, "code": str(code)}, n) for (case, code), n in sorted(requests.items())]
        info = [
            ("", {"case": case, "version": str(each.version), "trained_on": each.signature.trained_on}, 1)
            for case, each in models.serving.items()
        ]
        failed = [("", {"case": case}, n) for case, n in sorted(models.failed_loads.items())]
        lines = [
            *_family("casebook_requests_total", "counter", "Answered requests.", counts),
            *_family("casebook_predict_seconds", "histogram", "Time in the service.", _histogram(buckets, seconds)),
            *_family("casebook_model_info", "gauge", "Models that serve.", info),
            *_family("casebook_load_failures_total", "counter", "Refused production versions.", failed),
        ]
        return "\n".join(lines) + "\n"


Sample = tuple[str, dict[str, str], float]


def _histogram(buckets: Counter[tuple[str, int]], seconds: dict[str, float]) -> Iterator[Sample]:
    for case, total in sorted(seconds.items()):
        count = 0
        for place, bound in enumerate((*map(str, BUCKETS), "+Inf")):
            count += buckets[case, place]
            yield "_bucket", {"case": case, "le": bound}, count
        yield "_sum", {"case": case}, total
        yield "_count", {"case": case}, count


def _family(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{suffix}{{{inner}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
