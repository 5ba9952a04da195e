"""Traces by OpenTelemetry, from a device's message to the push of a menu. Loaded only where somebody wants them.

A message's span begins when it is received. The batch that stores it has a trace of its own, linked with its messages'.
The word that something changed bears the trace on to the HTTP service, and the push to a phone ends it. Spans say
kinds, numbers and times: no device, no person, no content, since they go to whoever keeps traces.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from broker.contract.topics import parse_up
from cloud.mqtt import Delivery
from cloud.tracing import Tracing
from cloud.twin.tally import sampled
from mobile_menu.live import Push

TRACED: Final = 8
"""So many messages of a batch have a span of their own: all of a small one, and a sample of a large one."""
EXPORT_S: Final = 5
"""A collector that is away holds up no stop for longer."""
PATH: Final = "/v1/traces"
_HEADER: Final = "traceparent"
_carried = TraceContextTextMapPropagator()


def exporting_to(url: str, service: str, instance: str) -> TracerProvider:
    """Spans for OTLP over HTTP. url: of the collector, without the path; empty: as OTEL_* says, which also wins for the
    service's name, its attributes, the sampler, and how spans are batched.
    """
    resource = Resource.create({"service.instance.id": instance})
    if "service.name" not in resource.attributes or str(resource.attributes["service.name"]).startswith("unknown"):
        resource = resource.merge(Resource({"service.name": service}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    endpoint = url.rstrip("/") + PATH if url else None
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)))
    return provider


class _Now(NamedTuple):
    """What a thread is at: a batch, and of its traced messages each unit's newest."""

    batch: Span
    messages: Mapping[str, Span]


class Spans(Tracing):
    """See `Tracing`. provider: where spans go."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("throughline")
        self._local = threading.local()

    @contextlib.contextmanager
    def batch(self, batch: Sequence[Delivery]) -> Iterator[None]:
        spans, units = [], {}
        for delivery, _ in sampled(batch, TRACED):
            address = parse_up(delivery.topic)
            span = self._tracer.start_span(
                f"receive {address.kind.value if address else 'message'}",
                context=trace.set_span_in_context(trace.INVALID_SPAN),
                kind=SpanKind.CONSUMER,
                attributes={"messaging.system": "mqtt", "messaging.operation.type": "receive"},
                start_time=_wall(delivery.received),
            )
            spans.append(span)
            if address is not None:
                units[str(address.product_id)] = span
        stored = self._tracer.start_span(
            "store batch",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            kind=SpanKind.CONSUMER,
            links=[Link(span.get_span_context()) for span in spans],
            attributes={
                "messaging.system": "mqtt",
                "messaging.operation.type": "process",
                "messaging.batch.message_count": len(batch),
            },
        )
        for span in spans:
            span.add_link(stored.get_span_context())
        self._local.now = _Now(stored, units)
        try:
            # An error's message could quote what somebody wrote: that there was one is enough.
            with trace.use_span(stored, end_on_exit=False, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as error:
            stored.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            self._local.now = None
            for span in (*spans, stored):
                span.end()

    def word(self, product_ids: Sequence[str]) -> str | None:
        now: _Now | None = getattr(self._local, "now", None)
        if now is None:
            return None
        parent = now.messages.get(product_ids[0], now.batch) if len(product_ids) == 1 else now.batch
        carrier: dict[str, str] = {}
        with self._tracer.start_as_current_span(
            "say changed", context=trace.set_span_in_context(parent), kind=SpanKind.PRODUCER
        ) as span:
            span.set_attribute("messaging.batch.message_count", len(product_ids))
            _carried.inject(carrier)
        return carrier.get(_HEADER)

    @contextlib.contextmanager
    def push(self, push: Push) -> Iterator[None]:
        if not push.cause:
            yield
            return
        context = _carried.extract({_HEADER: push.cause})
        with self._tracer.start_as_current_span(
            "push menu",
            context=context,
            kind=SpanKind.CONSUMER,
            start_time=_wall(push.since),
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield

    def ids(self) -> tuple[str, str]:
        """Of the present trace and span, in hexadecimal; empty outside of one."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return "", ""
        return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)

    def close(self) -> None:
        self._provider.shutdown()


def _wall(monotonic_s: float) -> int:
    """A moment by `time.monotonic`, in nanoseconds since 1970."""
    return time.time_ns() - int((time.monotonic() - monotonic_s) * 1e9)
