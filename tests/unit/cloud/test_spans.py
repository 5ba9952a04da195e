"""Traces: one thread from a device's message to the push of a menu, with nobody's name in it, and nothing while off."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from broker.contract.messages import Changed
from broker.contract.topics import Up, up_topic
from cloud.announcing import Announcer
from cloud.db import Changes
from cloud.errors import SetupError
from cloud.figures import Pushes
from cloud.metrics.meters import Meters
from cloud.mqtt import Delivery
from cloud.settings import load_settings
from cloud.spans import TRACED, Spans
from cloud.tracing import Tracing, tracing_of
from mobile_menu.live import Push

UNITS = tuple(f"01jd00000000000000000000{number:02}" for number in range(40))


class Bus:
    """Hears what is said."""

    def __init__(self) -> None:
        self.said: list[Changed] = []

    def say(self, _topic: str, payload: bytes) -> None:
        self.said.append(msgspec.json.decode(payload, type=Changed))


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[Spans]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    made = Spans(provider)
    yield made
    made.close()


def deliveries(*units: str) -> list[Delivery]:
    now = time.monotonic()
    return [Delivery(up_topic(unit, Up.STATUS), b"{}", 1, 1, 1, now - 0.5) for unit in units]


def announce(spans: Tracing, units: tuple[str, ...]) -> list[Changed]:
    bus = Bus()
    announcer = Announcer(bus, lambda _word: None, lambda: None, tracing=spans)  # type: ignore[arg-type]  # all it needs
    announcer(Changes(products=set(units)))
    return bus.said


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def test_one_trace_leads_from_the_message_to_the_push(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with spans.batch(deliveries(UNITS[0])):
        (word,) = announce(spans, UNITS[:1])
    assert word.traceparent is not None
    with Pushes(Meters("api"), spans)(Push(time.monotonic(), word.traceparent)):
        pass
    (received,), (stored,) = named(exporter, "receive status"), named(exporter, "store batch")
    (said,), (pushed,) = named(exporter, "say changed"), named(exporter, "push menu")
    assert {ids(one)[0] for one in (received, said, pushed)} == {ids(received)[0]}
    assert said.parent is not None
    assert pushed.parent is not None
    assert (said.parent.span_id, pushed.parent.span_id) == (ids(received)[1], ids(said)[1])
    assert [link.context.span_id for link in stored.links] == [ids(received)[1]]
    assert [link.context.span_id for link in received.links] == [ids(stored)[1]]
    assert ids(stored)[0] != ids(received)[0]
    assert received.start_time is not None
    assert stored.start_time is not None
    assert stored.start_time - received.start_time > 0.4e9, "it begins when the message came"


def test_of_a_large_batch_a_few_messages_are_traced_and_every_word_belongs_to_it(
    spans: Spans, exporter: InMemorySpanExporter
) -> None:
    with spans.batch(deliveries(*UNITS)):
        (word,) = announce(spans, UNITS)
    (stored,) = named(exporter, "store batch")
    assert len(named(exporter, "receive status")) == len(stored.links) <= TRACED
    assert stored.attributes is not None
    assert stored.attributes["messaging.batch.message_count"] == len(UNITS)
    assert word.traceparent is not None
    assert f"{ids(stored)[0]:032x}" in word.traceparent


def test_no_span_names_a_unit_or_quotes_an_error(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with contextlib.suppress(ValueError), spans.batch(deliveries(*UNITS)):
        announce(spans, UNITS[:3])
        raise ValueError("her-name")  # noqa: EM101 - an error that quotes somebody
    found = exporter.get_finished_spans()
    assert found
    text = "".join(span.to_json() for span in found)
    assert [unit for unit in UNITS if unit in text] == []
    assert "her-name" not in text
    assert "ValueError" in text


def test_outside_of_a_batch_and_while_nobody_traces_a_word_belongs_to_no_trace(spans: Spans) -> None:
    assert [word.traceparent for word in announce(spans, UNITS[:1])] == [None]
    off = Tracing()
    with off.batch(deliveries(UNITS[0])):
        assert [word.traceparent for word in announce(off, UNITS[:1])] == [None]


def test_a_push_without_a_trace_makes_no_span(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with spans.push(Push(time.monotonic(), "")):
        pass
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize(
    ("url", "environment", "traces"),
    [
        ("", {}, False),
        ("http://127.0.0.1:4318", {}, True),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ("http://127.0.0.1:4318", {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_it_is_off_until_a_setting_or_opentelemetrys_own_name_asks(
    url: str, environment: dict[str, str], traces: bool, tmp_path: Path
) -> None:
    made = tracing_of(load_settings(data_dir=tmp_path, traces_url=url), "work", environment)
    assert isinstance(made, Spans) == traces
    made.close()


def test_a_collector_is_named_without_a_secret_which_would_stand_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        load_settings(data_dir=tmp_path, traces_url="https://user:secret@traces.example.com")


def test_a_service_that_does_not_trace_loads_no_library_of_traces() -> None:
    code = "import sys, cloud.compose; print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout.strip() == "[]"
