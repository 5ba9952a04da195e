"""Series: what a unit measured in a minute, an hour, a day: of each field the count, lowest, highest, sum, last. Pure.

Joining is commutative and associative, so a message may come as late as it likes and in any company; it must come once.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from sys import float_info
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Measurement
from cloud.twin.rules import believed

MAX_FIELDS: Final = 256
"""Fields of one bucket. A device that invents a name for each measurement would fill the database."""


class Every(StrEnum):
    """How wide the buckets of a series are."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


WIDTH: Final = {
    Every.MINUTE: timedelta(minutes=1),
    Every.HOUR: timedelta(hours=1),
    Every.DAY: timedelta(days=1),
}


class Sums(msgspec.Struct, frozen=True, array_like=True):
    """One field in one bucket. at, boot, seq: of the last measurement, which is the newest and not the one that came
    last. Kept as an array: a member may be added at the end, and none may be taken out.
    """

    name: str
    unit: str
    count: int
    low: float
    high: float
    total: float
    last: float
    at: datetime
    boot: int
    seq: int

    @property
    def mean(self) -> float:
        """Between the lowest and the highest, whatever the rounding of a long sum says."""
        return min(max(self.total / self.count, self.low), self.high)


Field = tuple[str, str]
"""Name and unit. The same name in two units is two fields: their mean would mean nothing."""


class Bucket(NamedTuple):
    """left_out: measurements of fields for which there was no room."""

    fields: dict[Field, Sums]
    left_out: int = 0


Buckets = dict[tuple[str, datetime], Bucket]
"""By unit and start."""


class Reading(NamedTuple):
    """A telemetry message, as the table has it."""

    product_id: str
    boot: int
    seq: int
    time: datetime
    received_at: datetime
    measurements: Sequence[Measurement]


def start_of(at: datetime, every: Every) -> datetime:
    """The start of the bucket in which a time lies; days are UTC's."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    match every:
        case Every.MINUTE:
            return utc.replace(second=0, microsecond=0)
        case Every.HOUR:
            return utc.replace(minute=0, second=0, microsecond=0)
        case Every.DAY:
            return utc.replace(hour=0, minute=0, second=0, microsecond=0)


def joined(one: Sums, other: Sums) -> Sums:
    """Both as one. Of two that are equally new the other one's last counts: it stood later in the same message."""
    newest = one if (one.at, one.boot, one.seq) > (other.at, other.boot, other.seq) else other
    return Sums(
        one.name,
        one.unit,
        one.count + other.count,
        min(one.low, other.low),
        max(one.high, other.high),
        _finite(one.total + other.total),
        newest.last,
        newest.at,
        newest.boot,
        newest.seq,
    )


def _finite(total: float) -> float:
    """JSON has no infinity."""
    return min(max(total, -float_info.max), float_info.max)


def merged(known: Bucket, new: Bucket) -> Bucket:
    """What was known with what is new. A field for which there is no room any more is counted as left out."""
    fields = dict(known.fields)
    left_out = known.left_out + new.left_out
    for field, sums in new.fields.items():
        before = fields.get(field)
        if before is not None:
            fields[field] = joined(before, sums)
        elif len(fields) < MAX_FIELDS:
            fields[field] = sums
        else:
            left_out += sums.count
    return Bucket(fields, left_out)


class _Tally:
    """One field of one minute while it is counted: what `joined` would make of its measurements, one by one."""

    __slots__ = ("count", "high", "key", "last", "low", "total")

    def __init__(self, value: float, key: tuple[datetime, int, int]) -> None:
        self.count = 1
        self.low = self.high = self.total = self.last = value
        self.key = key

    def add(self, value: float, key: tuple[datetime, int, int]) -> None:
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        if key >= self.key:
            self.key, self.last = key, value

    def sums(self, name: str, unit: str) -> Sums:
        at, boot, seq = self.key
        return Sums(name, unit, self.count, self.low, self.high, _finite(self.total), self.last, at, boot, seq)


def minutes(readings: Iterable[Reading]) -> Buckets:
    """The minutes of these messages. A measurement with a time of its own lies there, if that can be right."""
    tallies: dict[tuple[str, datetime], dict[Field, _Tally]] = {}
    for product_id, boot, seq, time, received_at, measurements in readings:
        own = tallies.setdefault((product_id, start_of(time, Every.MINUTE)), {})
        for one in measurements:
            fields, at = own, time
            if one.at is not None:
                at = believed(one.at, received_at).astimezone(UTC)
                fields = tallies.setdefault((product_id, start_of(at, Every.MINUTE)), {})
            field = one.name, one.unit
            tally = fields.get(field)
            if tally is None:
                fields[field] = _Tally(one.value, (at, boot, seq))
            else:
                tally.add(one.value, (at, boot, seq))
    return {key: _bounded(fields) for key, fields in tallies.items() if fields}


def _bounded(tallies: dict[Field, _Tally]) -> Bucket:
    """The first of them, and a count of the rest."""
    fields = {field: tally.sums(*field) for field, tally in islice(tallies.items(), MAX_FIELDS)}
    return Bucket(fields, sum(tally.count for tally in islice(tallies.values(), MAX_FIELDS, None)))


def wider(buckets: Buckets, every: Every) -> Buckets:
    """The same measurements in wider buckets."""
    found: Buckets = {}
    for (product_id, start), bucket in buckets.items():
        key = product_id, start_of(start, every)
        found[key] = merged(found[key], bucket) if key in found else bucket
    return found


_FIELDS: Final = msgspec.json.Decoder(tuple[Sums, ...])


def to_text(bucket: Bucket) -> str:
    """The fields as they are kept."""
    return msgspec.json.encode(list(bucket.fields.values())).decode()


def from_text(fields: str, left_out: int) -> Bucket:
    """What `to_text` made."""
    return Bucket({(one.name, one.unit): one for one in _FIELDS.decode(fields)}, left_out)


class Batch(NamedTuple):
    """Messages that wait to come into the series. id: the number that their rows have."""

    id: int
    received_at: datetime
    messages: int


MAX_GAP: Final = 1_000
"""Between the numbers of two batches that are fetched together: their rows are found from the first to the last number,
and one late batch must not bring back all that came between.
"""


def next_together(waiting: Sequence[Batch], at_most: int) -> tuple[Batch, ...]:
    """The first of those that wait, in the order of their numbers: at least one, and about `at_most` messages."""
    taken: list[Batch] = []
    messages = 0
    for batch in waiting:
        if taken and (messages + batch.messages > at_most or batch.id - taken[-1].id > MAX_GAP):
            break
        taken.append(batch)
        messages += batch.messages
    return tuple(taken)
