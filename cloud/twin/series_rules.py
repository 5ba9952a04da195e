"""Series: what a unit measured in a minute, an hour, a day: of each field the count, lowest, highest, sum, last. Pure.

Joining is commutative and associative, so a message may come as late as it likes and in any company; it must come once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from sys import float_info
from typing import Final, NamedTuple

import msgspec

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


class Measured(msgspec.Struct, frozen=True, gc=False):
    """A measurement as it is stored: `Measurement`, which was checked when it came."""

    name: str
    value: float
    unit: str = ""
    at: datetime | None = None


class Reading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A telemetry message, as the table has it. time_us, received_us: microseconds since 1970, UTC."""

    product_id: str
    boot: int
    seq: int
    time_us: int
    received_us: int
    measurements: tuple[Measured, ...]


readings_of: Final = msgspec.json.Decoder(tuple[Reading, ...]).decode
"""Readings from JSON, an array for each: many at once, which costs less than to decode the measurements of each."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MINUTE_US: Final = 60_000_000


def microseconds(at: datetime) -> int:
    """Since 1970, UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _at(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)


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
    """One field of one minute while it is counted. key: (time in µs, boot, seq) of the last value."""

    __slots__ = ("key", "last", "values")

    def __init__(self, value: float, key: tuple[int, int, int]) -> None:
        self.values = [value]
        self.key, self.last = key, value

    def sums(self, name: str, unit: str) -> Sums:
        values, (time_us, boot, seq) = self.values, self.key
        low, high, total = min(values), max(values), _finite(sum(values))
        return Sums(name, unit, len(values), low, high, total, self.last, _at(time_us), boot, seq)


class Tallies:
    """Minutes while they are counted. Readings are added in any order and in any parts; each once."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, int], dict[Field, _Tally]] = {}

    def add(self, readings: Iterable[Reading]) -> None:
        """A measurement with a time of its own lies there, if that can be right."""
        minutes = self._minutes
        for one in readings:
            product_id, time_us = one.product_id, one.time_us
            key = time_us, one.boot, one.seq
            place = product_id, time_us // _MINUTE_US
            for measured in one.measurements:
                if measured.at is None:
                    fields = minutes.get(place)
                    if fields is None:
                        fields = minutes[place] = {}
                    _add(fields, measured, key)
                else:
                    own_us = microseconds(believed(measured.at, _at(one.received_us)))
                    own = minutes.setdefault((product_id, own_us // _MINUTE_US), {})
                    _add(own, measured, (own_us, one.boot, one.seq))

    def buckets(self) -> Buckets:
        """What was counted."""
        return {
            (product_id, _at(minute * _MINUTE_US)): _bounded(fields)
            for (product_id, minute), fields in self._minutes.items()
        }


def _add(fields: dict[Field, _Tally], measured: Measured, key: tuple[int, int, int]) -> None:
    field = measured.name, measured.unit
    tally = fields.get(field)
    if tally is None:
        fields[field] = _Tally(measured.value, key)
        return
    tally.values.append(measured.value)
    if key >= tally.key:
        tally.key, tally.last = key, measured.value


def minutes(readings: Iterable[Reading]) -> Buckets:
    """The minutes of these messages."""
    tallies = Tallies()
    tallies.add(readings)
    return tallies.buckets()


def _bounded(tallies: dict[Field, _Tally]) -> Bucket:
    """The first of them, and a count of the rest."""
    fields = {field: tally.sums(*field) for field, tally in islice(tallies.items(), MAX_FIELDS)}
    return Bucket(fields, sum(len(tally.values) for tally in islice(tallies.values(), MAX_FIELDS, None)))


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


def no_heavier(taken: tuple[Batch, ...], weight: Callable[[tuple[Batch, ...]], int], at_most: int) -> tuple[Batch, ...]:
    """The first of these batches: at least one, and together no heavier than `at_most` if it can be. weight: of some
    together. It is asked once where they are light, and seldom more than twice where the heavy lie among the light.
    """
    while len(taken) > 1 and (heavy := weight(taken)) > at_most:
        fewer = min(len(taken) * at_most // heavy, len(taken) * 3 // 4)
        taken = taken[: max(fewer, 1)]
    return taken


MOST_MEASURED: Final = 20_000
"""Measurements of one batch. A batch is taken into the series as a whole, so it must not be larger than a round."""


def in_batches(measured: Sequence[int]) -> list[int]:
    """How many messages are in each batch, in their order. measured: measurements of each message."""
    if sum(measured) <= MOST_MEASURED:
        return [len(measured)]  # as nearly always
    sizes, size, full = [], 0, 0
    for count in measured:
        if size and full + count > MOST_MEASURED:
            sizes.append(size)
            size = full = 0
        size, full = size + 1, full + count
    return [*sizes, size]
