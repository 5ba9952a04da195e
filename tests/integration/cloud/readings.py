"""What tests of series share: readings, what the series tell of them, and what one who has them all counts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from broker.contract.topics import Up
from cloud.twin import series
from cloud.twin.series_rules import Bucket, Every, start_of
from tests.integration.cloud.world import Device, Message, World

Readings = Sequence[tuple[datetime, str, float]]


def rolled(world: World, at_most: int = series.AT_ONCE) -> int:
    """Takes all that waits into the series."""
    total = 0
    while count := world.run(lambda tx: series.roll(tx, at_most)):
        total += count
    return total


def read(world: World, product_id: str, every: Every) -> dict[datetime, Bucket]:
    start, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    return dict(world.read(lambda tx: series.read(tx, product_id, every, start, end, 10_000)))


def told(world: World, product_id: str, every: Every) -> dict[tuple[datetime, str], tuple[float, ...]]:
    """(start, name) -> count, lowest, highest, mean, last."""
    return {
        (start, one.name): (one.count, one.low, one.high, one.mean, one.last)
        for start, bucket in read(world, product_id, every).items()
        for one in bucket.fields.values()
    }


def counted(readings: Readings, every: Every) -> dict[tuple[datetime, str], tuple[float, ...]]:
    """The same by one who has all readings before them, in the order of their time."""
    by_bucket: dict[tuple[datetime, str], list[float]] = defaultdict(list)
    for at, name, value in sorted(readings):
        by_bucket[start_of(at, every), name].append(value)
    return {
        key: (len(values), min(values), max(values), sum(values) / len(values), values[-1])
        for key, values in by_bucket.items()
    }


def hour_of_readings(world: World, device: Device) -> tuple[list[Message], Readings]:
    """Two hours before now, one message a half minute, two fields."""
    messages, readings = [], []
    start = start_of(world.clock(), Every.HOUR) - timedelta(hours=2)
    for number in range(240):
        at = start + timedelta(seconds=30 * number)
        values = {"temp": float(number % 17), "power": float(1_000 - number)}
        found = [{"name": name, "value": value} for name, value in values.items()]
        messages.append(device.say(Up.TELEMETRY, at=at, measurements=found))
        readings += [(at, name, value) for name, value in values.items()]
    return messages, readings
