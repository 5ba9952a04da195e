"""How long telemetry is kept, and which spans of time there must be. Pure.

A span is a part of a table: so many days, counted from the first of January 1970. It is made ahead of its time, and
goes as a whole when nobody needs anything in it any more.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

FOREVER: Final = 0
AHEAD: Final = timedelta(days=7)
"""Spans are there so long before their time: as long may the scheduler be away before anything is out of its place."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Cut(NamedTuple):
    """How a table is cut: by which column, and how many days make a span."""

    table: str
    column: str
    days: int


MESSAGES: Final = Cut("telemetry", "received_at", 1)
MINUTES: Final = Cut("telemetry_minute", "start", 1)
HOURS: Final = Cut("telemetry_hour", "start", 30)
DAYS: Final = Cut("telemetry_day", "start", 360)
CUTS: Final = (MESSAGES, MINUTES, HOURS, DAYS)


class Span(NamedTuple):
    """From `start` until before `end`."""

    cut: Cut
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """Of the table that holds it: `telemetry_20261122`."""
        return f"{self.cut.table}_{self.start:%Y%m%d}"


class Keeping(NamedTuple):
    """Days that things are kept, 0 for ever: messages and minutes by model (GTIN), hours and days of all models."""

    models: Mapping[str, int]
    hours: int
    days: int

    def of(self, cut: Cut) -> Mapping[str, int]:
        """Days by model for one table."""
        if cut in {MESSAGES, MINUTES}:
            return self.models
        return dict.fromkeys(self.models, self.hours if cut == HOURS else self.days)


class Terms(NamedTuple):
    """Days that the deployment keeps things, 0 for ever. messages: and minutes, of models that do not say otherwise."""

    messages: int
    hours: int
    days: int


FOR_EVER: Final = Terms(FOREVER, FOREVER, FOREVER)


def span_of(cut: Cut, at: datetime) -> Span:
    """The span in which a time lies."""
    whole = (at - _EPOCH).days
    start = _EPOCH + timedelta(days=whole - whole % cut.days)
    return Span(cut, start, start + timedelta(days=cut.days))


def span_named(cut: Cut, name: str) -> Span | None:
    """The span of a table's name; None when the name is not one of ours."""
    text = name.removeprefix(f"{cut.table}_")
    if not (len(text) == 8 and text.isascii() and text.isdecimal()):
        return None
    try:
        span = span_of(cut, datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC))
    except ValueError:
        return None
    return span if span.name == name else None


def wanted(now: datetime) -> tuple[Span, ...]:
    """The spans that must be there: those of now, and those whose time comes soon."""
    found = []
    for cut in CUTS:
        span = span_of(cut, now)
        while span.start <= now + AHEAD:
            found.append(span)
            span = span_of(cut, span.end)
    return tuple(found)


def cutoff(days: int, now: datetime) -> datetime | None:
    """What is older goes; None: nothing goes."""
    return None if days == FOREVER else now - timedelta(days=days)


class Verdict(NamedTuple):
    """What of a span is not kept any more. whole: nobody needs it; gtins: the models that do not, when others do."""

    whole: bool
    gtins: frozenset[str] = frozenset()


def verdict(span: Span, keeping: Keeping, now: datetime) -> Verdict:
    """Judged by the span's end, so that each row is kept for as long as was said, and up to a span longer."""
    days = keeping.of(span.cut)
    gone = frozenset(
        gtin for gtin, kept in days.items() if (oldest := cutoff(kept, now)) is not None and span.end <= oldest
    )
    return Verdict(True) if days and len(gone) == len(days) else Verdict(False, gone)


def kept_from(cut: Cut, days: int, now: datetime, *, by_span: bool) -> datetime | None:
    """What begins before this time is gone, or goes when it is looked for; None: nothing is. by_span: it goes with its
    span, as `verdict` judges; else by itself.
    """
    oldest = cutoff(days, now)
    return span_of(cut, oldest).start if by_span and oldest is not None else oldest


def by_cutoff(days: Mapping[str, int], now: datetime) -> dict[datetime, list[str]]:
    """The models for whom all that is older goes, by that time."""
    found: dict[datetime, list[str]] = {}
    for gtin, kept in sorted(days.items()):
        oldest = cutoff(kept, now)
        if oldest is not None:
            found.setdefault(oldest, []).append(gtin)
    return found


def missing(now: datetime, there: Iterable[str]) -> tuple[Span, ...]:
    """The spans that must be there and are not. there: names of tables."""
    known = set(there)
    return tuple(span for span in wanted(now) if span.name not in known)
