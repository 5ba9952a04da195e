"""The live values of one process's metrics: made to be cheap where a batch is counted, and safe from every thread.

A histogram takes a value with a weight: a batch's few timed messages stand for all of it, and a message costs nothing.
"""

import math
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from cloud.metrics.catalogue import Kind, Metric, of_process

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class _Spread:
    """What a histogram has taken in. counts: of each bucket alone, the last one without a bound."""

    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.total = 0.0


class Meters(Collector):
    """The metrics of one process: counters and histograms are there from the start, and gauges once they have a value.

    process: `api` or `work`.
    """

    def __init__(self, process: str) -> None:
        self.metrics = of_process(process)
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str], float | None] = {
            (one.name, value): 0.0 if one.kind is Kind.COUNTER else None
            for one in self.metrics
            if one.kind is not Kind.HISTOGRAM
            for value in one.values or ("",)
        }
        self._spreads = {one.name: _Spread(len(one.buckets)) for one in self.metrics if one.kind is Kind.HISTOGRAM}
        self._watched: dict[tuple[str, str], Callable[[], float | None]] = {}

    def add(self, metric: Metric, amount: float = 1, label: str = "") -> None:
        """Counts. Raises KeyError for a label that the catalogue does not name."""
        key = (metric.name, label)
        with self._lock:
            self._values[key] = (self._values[key] or 0.0) + amount

    def observe(self, metric: Metric, value: float, weight: int = 1) -> None:
        """Takes a value into a histogram, as if it had come `weight` times."""
        spread = self._spreads[metric.name]
        at = bisect_left(metric.buckets, value)
        with self._lock:
            spread.counts[at] += weight
            spread.total += value * weight

    def put(self, metric: Metric, value: float | None, label: str = "") -> None:
        """The present value of a gauge, or of what somebody else counts; None: nobody knows it now."""
        with self._lock:
            self._values[metric.name, label] = value

    def watch(self, metric: Metric, read: Callable[[], float | None], label: str = "") -> None:
        """A gauge that is read when somebody looks; None: it says nothing now."""
        self._watched[metric.name, label] = read

    def collect(self) -> Iterable[Family]:
        for one in self.metrics:
            yield self._histogram(one) if one.kind is Kind.HISTOGRAM else self._simple(one)

    def _simple(self, one: Metric) -> Family:
        make = CounterMetricFamily if one.kind is Kind.COUNTER else GaugeMetricFamily
        family = make(one.full_name, one.what, labels=[one.label] if one.label else [])
        for value in one.values or ("",):
            watched = self._watched.get((one.name, value))
            amount = self._values[one.name, value] if watched is None else watched()
            if amount is not None:
                family.add_metric([value] if one.label else [], amount)
        return family

    def _histogram(self, one: Metric) -> Family:
        with self._lock:
            counts, total = list(self._spreads[one.name].counts), self._spreads[one.name].total
        bounds = [*one.buckets, math.inf]
        so_far = [sum(counts[: at + 1]) for at in range(len(counts))]
        family = HistogramMetricFamily(one.full_name, one.what)
        family.add_metric([], [(_bound(at), n) for at, n in zip(bounds, so_far, strict=True)], total)
        return family


def _bound(at: float) -> str:
    return "+Inf" if math.isinf(at) else repr(at)


class Page:
    """What a scrape gets: the process's metrics, and what the system knows of the process."""

    def __init__(self, meters: Meters) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(meters)
        ProcessCollector(registry=self._registry)

    def __call__(self) -> bytes:
        """In Prometheus's text format (`TEXT`)."""
        return generate_latest(self._registry)
