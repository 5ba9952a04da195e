"""The live values of metrics: as Prometheus reads them, and nothing that has no bound."""

import re
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from cloud.metrics import catalogue
from cloud.metrics.catalogue import METRICS, Kind, Metric
from cloud.metrics.meters import Meters, Page

PROCESSES = ("api", "work")


def samples(meters: Meters) -> dict[tuple[str, str], float]:
    """By name and label, or bound."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(Page(meters)().decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("process", PROCESSES)
def test_counters_and_histograms_are_there_before_anything_happens(process: str) -> None:
    found = samples(Meters(process))
    for metric in catalogue.of_process(process):
        if metric.kind is Kind.COUNTER:
            assert all(found[metric.full_name, value] == 0 for value in metric.values or ("",))
        elif metric.kind is Kind.HISTOGRAM:
            assert found[f"{metric.full_name}_count", ""] == 0


def test_a_gauge_that_nobody_knows_is_not_said_to_be_nothing() -> None:
    meters = Meters("api")
    assert (catalogue.OUTBOX.full_name, "") not in samples(meters)
    meters.put(catalogue.OUTBOX, 7)
    assert samples(meters)[catalogue.OUTBOX.full_name, ""] == 7
    meters.put(catalogue.OUTBOX, None)
    assert (catalogue.OUTBOX.full_name, "") not in samples(meters)


@given(values=st.lists(st.tuples(st.floats(0, 100), st.integers(1, 2_000)), max_size=30))
def test_a_histogram_holds_every_value_as_often_as_it_stands_for(values: list[tuple[float, int]]) -> None:
    meters, metric = Meters("work"), catalogue.RECEIPT_LAG
    for value, weight in values:
        meters.observe(metric, value, weight)
    found = samples(meters)
    for bound in metric.buckets:
        expected = sum(weight for value, weight in values if value <= bound)
        assert found[f"{metric.full_name}_bucket", repr(bound)] == expected
    assert found[f"{metric.full_name}_bucket", "+Inf"] == sum(weight for _, weight in values)
    assert found[f"{metric.full_name}_sum", ""] == pytest.approx(sum(value * weight for value, weight in values))


def test_a_label_that_the_catalogue_does_not_name_is_refused() -> None:
    with pytest.raises(KeyError):
        Meters("work").add(catalogue.MESSAGES, label="01JD0000000000000000000000")


def test_nothing_is_lost_between_threads() -> None:
    meters = Meters("work")

    def work() -> None:
        for _ in range(5_000):
            meters.add(catalogue.STORED)
            meters.observe(catalogue.BATCH, 3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = samples(meters)
    assert found[catalogue.STORED.full_name, ""] == 20_000
    assert found[f"{catalogue.BATCH.full_name}_count", ""] == 20_000


def faults(metric: Metric) -> Iterator[str]:
    """What of it is not as Prometheus's naming has it, or could grow without bound."""
    if not re.fullmatch(r"[a-z][a-z_]*[a-z]", metric.name):
        yield "its name"
    if (metric.kind is Kind.COUNTER) != metric.name.endswith("_total"):
        yield "a counter, and nothing else, ends with _total"
    if metric.kind is Kind.HISTOGRAM and not (metric.buckets and list(metric.buckets) == sorted(set(metric.buckets))):
        yield "its buckets"
    if "_second" in metric.name and not re.search(r"_seconds(_total)?$", metric.name):
        yield "its unit comes last"
    if bool(metric.label) != bool(metric.values) or len(metric.values) > 12:
        yield "its label"
    if not metric.what.endswith("."):
        yield "its sentence"


def test_every_metric_is_named_as_prometheus_asks_and_has_few_values() -> None:
    assert {metric.name: found for metric in METRICS if (found := list(faults(metric)))} == {}
    assert len({metric.name for metric in METRICS}) == len(METRICS)
