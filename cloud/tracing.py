"""The seam of traces: what the services call around a batch, a word and a push, whether anybody traces or not.

While it is off, which is the default, each of these calls does nothing, and no library of traces is loaded.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from cloud.logs import mark_lines
from cloud.mqtt import Delivery
from cloud.settings import Settings
from mobile_menu.live import Push

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own names; who sets one wants traces."""


class Tracing:
    """This one traces nothing, and has no state."""

    def batch(self, batch: Sequence[Delivery]) -> AbstractContextManager[object]:  # noqa: ARG002 - see `spans.py`
        """Around the storing of a batch, until what changed has been said."""
        return contextlib.nullcontext()

    def word(self, product_ids: Sequence[str]) -> str | None:  # noqa: ARG002 - see `spans.py`
        """The trace of a word that is said of these units now, as `traceparent` (W3C Trace Context); None: of none."""
        return None

    def push(self, push: Push) -> AbstractContextManager[object]:  # noqa: ARG002 - see `spans.py`
        """Around the push of news to a phone."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Sends what has not been sent."""


UNTRACED: Final = Tracing()
"""For whoever is given no other."""


def tracing_of(settings: Settings, service: str, environment: Mapping[str, str] = os.environ) -> Tracing:
    """For a process of this name: `api` or `work`. Traces go to `traces_url`, or to where OTEL_* says; else nowhere."""
    asked = settings.traces_url or any(environment.get(name) for name in ENDPOINTS)
    if not asked or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return UNTRACED
    from cloud.spans import Spans, exporting_to  # noqa: PLC0415 - half the memory of a worker that does not trace

    made = Spans(exporting_to(settings.traces_url, f"throughline-{service}", settings.worker_name or str(os.getpid())))
    mark_lines(made.ids)
    return made
