"""Days that last minutes, so that a long run needs no more disk than a deployment that keeps telemetry for a day.

The deployment's clock goes a day on, again and again, and its own retention takes the spans that are over. The journal
is kept for ever by every deployment, so its past is taken away here. All that goes is counted before.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from math import inf
from time import monotonic
from typing import Any, Final, NamedTuple, Self

import sqlalchemy as sa

from cloud.bench.stand import Stand
from cloud.clock import TravelClock
from cloud.errors import SetupError
from cloud.record.events import EventType
from cloud.record.service import journal
from cloud.twin.retention import MESSAGES, Span, span_named, span_of

SETTINGS: Final[Mapping[str, Any]] = {"time_travel": True, "telemetry_days": 1}
"""Of a deployment whose days are short."""
DAY: Final = timedelta(days=1)
OVER: Final = timedelta(minutes=1)
"""After its end, nobody writes into a span any more: a transaction takes its time when it begins."""
RECENT: Final = 200_000
"""Of the journal's newest events, which may not be there yet while others are counted: these, in the end."""


class Gone(NamedTuple):
    """What was stored and is not there any more."""

    readings: int = 0
    statuses: int = 0


class Days:
    """Of a deployment with `SETTINGS`. boot: whose telemetry is counted. every_s: how long a day lasts."""

    def __init__(self, here: Stand, boot: int, every_s: float) -> None:
        clock = here.db.clock
        if not isinstance(clock, TravelClock):
            msg = "this deployment's clock cannot be put forward"
            raise SetupError(msg)
        self._clock, self._here, self._boot, self._every_s = clock, here, boot, every_s
        self._due = monotonic() + every_s
        self._readings: dict[str, int] = {}
        self._statuses = 0
        self._thread = ThreadPoolExecutor(1, "days")
        self._turning: Future[None] | None = None
        self.turned = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown()

    @property
    def ahead(self) -> timedelta:
        """How far the deployment's clock is ahead of the real one."""
        return self._clock.offset

    def look(self) -> None:
        """Lets the next day begin when it is time, beside whoever calls. Raises what went wrong with the last one."""
        if self._turning is not None and self._turning.done():
            self._turning.result()
            self._turning = None
        now = self._clock()
        if self._turning is None and monotonic() >= self._due and now - span_of(MESSAGES, now).start > OVER:
            self._due += self._every_s
            self._turning = self._thread.submit(self.turn)

    def finish(self) -> None:
        """No more days. Raises what went wrong with the last one."""
        if self._turning is not None:
            self._turning.result()
        self._turning, self._due = None, inf

    def gone(self) -> Gone:
        """What is gone by now: retention takes what it could not take before, long after the day began."""
        there = {span.name for span in self._spans()}
        return Gone(sum(count for name, count in self._readings.items() if name not in there), self._statuses)

    def turn(self) -> None:
        """The next day: what its retention will take is counted, and the journal's past taken away."""
        for span in self._spans():
            if span.end <= self._clock() and span.name not in self._readings:
                self._readings[span.name] = self._readings_in(span)
        self._statuses += self._forget_events()
        self._clock.advance(DAY)
        self.turned += 1

    def _spans(self) -> list[Span]:
        query = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:of AS regclass)")
        with self._here.db.engine.connect() as connection:
            names = list(connection.execute(query, {"of": MESSAGES.table}).scalars())
        return [span for name in names if (span := span_named(MESSAGES, name))]

    def _readings_in(self, span: Span) -> int:
        query = sa.text(f"SELECT count(*) FROM {span.name} WHERE boot = :boot")  # noqa: S608 - the name of one of our own tables
        with self._here.db.engine.connect() as connection:
            return int(connection.execute(query, {"boot": self._boot}).scalar_one())

    def _forget_events(self) -> int:
        """Most are counted while others write; those wait only while the newest are, and all of it goes."""
        statuses = sa.select(sa.func.count()).where(journal.c.type == EventType.DEVICE_STATUS.value)
        with self._here.db.engine.connect() as connection:
            newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(journal.c.seq), 0))).scalar_one()
            count = int(connection.execute(statuses.where(journal.c.seq <= newest - RECENT)).scalar_one())
        with self._here.db.engine.begin() as connection:
            connection.execute(sa.text(f"LOCK TABLE {journal.name} IN ACCESS EXCLUSIVE MODE"))
            count += int(connection.execute(statuses.where(journal.c.seq > newest - RECENT)).scalar_one())
            connection.execute(sa.text(f"TRUNCATE {journal.name}"))
        return count
