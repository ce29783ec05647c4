"""What the service counts about itself, summed over its processes, in Prometheus' text format."""

import os
from collections.abc import Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from serving.registry import Registry

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds


class Metrics:
    """Counts of answered requests and a histogram of how long they took, by case; and what `models` counts.

    With `PROMETHEUS_MULTIPROC_DIR` set before this module is first imported, every process counts in files there,
    and what any of them shows is the sum, also of those that have ended.
    """

    def __init__(self, models: Registry) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the times of first increments: nobody asked
        own = CollectorRegistry()
        requests = Counter("casebook_requests", "Answered requests.", ["case", "code"], registry=own)
        seconds = Histogram("casebook_predict_seconds", "Time in the service.", ["case"], buckets=BUCKETS, registry=own)
        # to find a count by its labels costs more than to raise it
        self._requests, self._seconds = cache(requests.labels), cache(seconds.labels)
        own.register(models.failed_loads)
        self._shown = own
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown)  # type: ignore[no-untyped-call]
        self._shown.register(_Serving(models))

    def observe(self, case: str, code: int, seconds: float) -> None:
        """Count one answered request; `case` is empty where no model was asked."""
        self._requests(case, code).inc()
        if case:
            self._seconds(case).observe(seconds)

    def text(self) -> str:
        """Return everything counted so far, and which models serve."""
        return generate_latest(self._shown).decode()


class _Serving(Collector):
    """The models that serve, read when asked for: a gauge kept in a file would outlive a withdrawn version."""

    def __init__(self, models: Registry) -> None:
        self.models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "casebook_model_info", "Models that serve.", labels=["case", "version", "trained_on"]
        )
        for case, each in self.models.serving.items():
            family.add_metric([case, str(each.version), each.signature.trained_on], 1)
        yield family
