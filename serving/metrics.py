"""What the service counts about itself, summed over its processes, in Prometheus' text format."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from serving.counts import Summed
from serving.counts_file import BUCKETS, LOAD_FAILURES, REQUESTS
from serving.registry import Registry

ENDS = [*map(str, BUCKETS), "+Inf"]


class Metrics:
    """Counts of answered requests and a histogram of their durations, by case.

    What `models` counts is included. What any process of a service shows is the sum over all of
    them, also over those that have ended.
    """

    def __init__(self, models: Registry) -> None:
        self._counts = models.counts
        self._shown = CollectorRegistry()
        self._shown.register(_Shown(models))

    def observe(self, case: str, code: int, seconds: float) -> None:
        """Count one answered request; `case` is empty where no model was asked."""
        self._counts.add((REQUESTS, case, str(code)), bisect_left(BUCKETS, seconds), seconds)

    def text(self) -> str:
        """Return everything counted so far, and which models serve."""
        return generate_latest(self._shown).decode()


class _Shown(Collector):
    """What is told when it is asked for."""

    def __init__(self, models: Registry) -> None:
        self.models = models

    def collect(self) -> Iterator[Metric]:
        summed = self.models.counts.summed()
        yield _requests(summed)
        yield _seconds(summed)
        failures = CounterMetricFamily(
            "casebook_load_failures", "Refused production versions.", labels=["case"]
        )
        for name, *labels in summed.counts:
            if name == LOAD_FAILURES:
                failures.add_metric(labels, sum(summed.counts[(name, *labels)].bins))
        yield failures
        if self.models.counts.shared:
            description = (
                "Files of other processes' counts that can't be read: what they hold is missing."
            )
            yield GaugeMetricFamily(
                "casebook_counts_unreadable", description, value=summed.unreadable
            )
        yield self._info()

    def _info(self) -> GaugeMetricFamily:
        names = ["case", "version", "trained_on"]
        family = GaugeMetricFamily("casebook_model_info", "Models that serve.", labels=names)
        for case, model in self.models.serving.items():
            family.add_metric([case, str(model.version), model.signature.trained_on], 1)
        return family


def _requests(summed: Summed) -> CounterMetricFamily:
    family = CounterMetricFamily("casebook_requests", "Answered requests.", labels=["case", "code"])
    for name, *labels in summed.counts:
        if name == REQUESTS:
            family.add_metric(labels, sum(summed.counts[(name, *labels)].bins))
    return family


def _seconds(summed: Summed) -> HistogramMetricFamily:
    """Return how long requests took by case, whatever they were answered."""
    bins: dict[str, list[int]] = defaultdict(lambda: [0] * len(ENDS))
    totals: dict[str, float] = defaultdict(float)
    for (name, case, *_), count in summed.counts.items():
        if name == REQUESTS and case:
            bins[case] = [sum(pair) for pair in zip(bins[case], count.bins, strict=True)]
            totals[case] += count.total
    family = HistogramMetricFamily(
        "casebook_predict_seconds", "Time in the service.", labels=["case"]
    )
    for case, counts in bins.items():
        family.add_metric([case], [*zip(ENDS, accumulate(counts), strict=True)], totals[case])
    return family
