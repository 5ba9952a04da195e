"""Series of telemetry: whatever comes late, twice or out of order, they are what one who had it all would count."""

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up
from cloud.db import Transaction
from cloud.twin import ingest, series
from cloud.twin.series_rules import Batch, Buckets, Every, Reading, Tallies, readings_of, start_of
from tests.integration.cloud.readings import Readings, counted, hour_of_readings, read, rolled, told
from tests.integration.cloud.world import Device, Message, World, at_once

Wild = tuple[str, datetime, int, int, dict[str, object]]
"""Unit, time, number, place in its message, measurement."""


def test_the_series_are_what_one_who_has_all_readings_counts(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    world.take(*messages)
    assert rolled(world) == 240
    for every in Every:
        assert told(world, device.product_id, every) == counted(readings, every)
    assert len(read(world, device.product_id, Every.MINUTE)) == 120


def wild_readings(world: World, devices: Sequence[Device], random: Random) -> tuple[list[Message], list[Wild]]:
    """Any times to the microsecond, in any order; units and values that are awkward as text; times of their own."""
    messages, readings = [], []
    now, seqs = world.clock(), dict.fromkeys((one.product_id for one in devices), 0)
    for _ in range(300):
        device = random.choice(devices)
        seqs[device.product_id] += 1
        at = now - timedelta(microseconds=random.randrange(3 * 86_400 * 10**6))
        if random.random() < 0.2:
            at = at.replace(second=59, microsecond=999_999)
        found: list[dict[str, object]] = []
        for place in range(random.randrange(1, 4)):
            one: dict[str, object] = {
                "name": random.choice(["temp", "power"]),
                "value": random.choice([random.uniform(-1e6, 1e6), 1e-300, -7, 5e300, 0.1]),
            }
            one |= random.choice([{}, {"unit": "\"µ'\\\t\n"}, {"unit": "W"}])
            own = at
            if random.random() < 0.2:
                own = now - timedelta(microseconds=random.randrange(-(10**9), 86_400 * 10**6))
                one["at"] = own
            found.append(one)
            own = min(own, now)
            readings.append((device.product_id, own, seqs[device.product_id], place, one))
        messages.append(device.say(Up.TELEMETRY, at=at, measurements=found))
    return messages, readings


def folded(readings: list[Wild], product_id: str, every: Every) -> dict[tuple[datetime, str, str], tuple[float, ...]]:
    """(start, name, unit) -> count, lowest, highest, last: a fold over all readings, in the order of their time."""
    found: dict[tuple[datetime, str, str], list[float]] = defaultdict(list)
    own = [one for one in readings if one[0] == product_id]
    for _, at, _, _, one in sorted(own, key=lambda reading: reading[1:4]):
        found[start_of(at, every), str(one["name"]), str(one.get("unit", ""))].append(float(str(one["value"])))
    return {key: (len(values), min(values), max(values), values[-1]) for key, values in found.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_devices_say_comes_through_the_databases_own_text_as_it_was_said(world: World, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - awkward values, and no secret
    devices = [Device(world, world.unit().id) for _ in range(2)]
    messages, readings = wild_readings(world, devices, random)
    random.shuffle(messages)
    for at in range(0, len(messages), 70):
        world.take(*messages[at : at + 70])
    assert rolled(world, at_most=100) == 300
    for every in Every:
        for device in devices:
            told = {
                (start, one.name, one.unit): (one.count, one.low, one.high, one.last)
                for start, bucket in read(world, device.product_id, every).items()
                for one in bucket.fields.values()
            }
            assert told == folded(readings, device.product_id, every)


def test_what_comes_late_and_out_of_order_ends_in_the_same_series(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    for part in (messages[100:140], messages[:40], messages[200:], messages[40:100], messages[140:200]):
        world.take(*part)
        rolled(world)
        world.clock.advance(minutes=7)
    for every in Every:
        assert told(world, device.product_id, every) == counted(readings, every)


def test_what_comes_twice_is_counted_once(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    world.take(*messages[:150])
    rolled(world)
    world.take(*messages[100:], *messages[:10])
    rolled(world)
    rolled(world)
    for every in Every:
        assert told(world, device.product_id, every) == counted(readings, every)


def test_many_batches_are_taken_a_few_at_a_time_and_every_one_once(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    for number in range(0, 240, 8):
        world.take(*messages[number : number + 8])
    assert rolled(world, at_most=20) == 240
    assert world.rows("telemetry_batch") == []
    assert told(world, device.product_id, Every.HOUR) == counted(readings, Every.HOUR)


def heavy_readings(world: World, device: Device, count: int) -> tuple[list[Message], Readings]:
    """Messages of five hundred measurements each, 25 KB."""
    messages, readings = [], []
    start = start_of(world.clock(), Every.HOUR) - timedelta(hours=2)
    for number in range(count):
        at = start + timedelta(seconds=30 * number)
        own = [(f"temperature-{place % 200:03}", float(number * place)) for place in range(500)]
        found = [{"name": name, "value": value} for name, value in own]
        messages.append(device.say(Up.TELEMETRY, at=at, measurements=found))
        readings += [(at + timedelta(microseconds=place), name, value) for place, (name, value) in enumerate(own)]
    return messages, readings


def test_a_round_takes_no_more_into_memory_than_it_may_however_much_each_message_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, texts = 100_000, list[str]()

    def read_and_note(text: str) -> tuple[Reading, ...]:
        texts.append(text)
        return readings_of(text)

    monkeypatch.setattr(series, "AT_ONCE_BYTES", most)
    monkeypatch.setattr(series, "readings_of", read_and_note)
    device = Device(world, world.unit().id)
    messages, readings = heavy_readings(world, device, 20)
    light, light_readings = hour_of_readings(world, device)
    for message in (*messages[:10], *light[:40], *messages[10:]):
        world.take(message)
    counts = []
    while count := world.run(series.roll):
        counts.append(count)
        assert sum(map(len, texts)) < most + 200 * len(texts), "what was measured, and the heads of the messages"
        texts.clear()
    assert sum(counts) == 60
    assert max(counts) > 10, "what is light comes together"
    every = Every.HOUR
    assert told(world, device.product_id, every) == counted([*readings, *light_readings[:80]], every)


def test_what_comes_at_once_and_is_much_is_noted_in_parts_that_a_round_can_take(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = heavy_readings(world, device, 90)
    world.take(*messages)
    assert [one.messages for one in world.rows("telemetry_batch")] == [40, 40, 10]
    assert rolled(world, at_most=1) == 90
    for every in Every:
        assert told(world, device.product_id, every) == counted(readings, every)


def test_what_is_known_is_read_a_thousand_buckets_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, read_them = list[int](), series._known  # noqa: SLF001 - what is in memory is seen nowhere else

    def read_and_note(tx: Transaction, table: sa.Table, keys: Sequence[tuple[str, datetime]]) -> Buckets:
        sizes.append(len(keys))
        return read_them(tx, table, keys)

    monkeypatch.setattr(series, "_known", read_and_note)
    device, now = Device(world, world.unit().id), world.clock()
    for first in range(0, 1_200, 400):
        own = [now - timedelta(minutes=first + place) for place in range(400)]
        world.take(device.say(Up.TELEMETRY, at=now, measurements=[{"name": "a", "value": 1.0, "at": at} for at in own]))
    assert rolled(world) == 3
    assert sizes[:2] == [1_000, 200]
    assert len(read(world, device.product_id, Every.MINUTE)) == 1_200


@pytest.mark.postgres
def test_a_round_starts_no_processes_that_help_to_read_and_others_may(postgres_world: World) -> None:
    asked = sa.text("SHOW max_parallel_workers_per_gather")

    def roll_and_ask(tx: Transaction) -> str:
        series.roll(tx)
        return str(tx.session.execute(asked).scalar())

    assert postgres_world.run(roll_and_ask) == "0"
    assert postgres_world.run(lambda tx: str(tx.session.execute(asked).scalar())) != "0"


def test_the_number_of_a_batch_is_never_given_again(world: World) -> None:
    device = Device(world, world.unit().id)
    for value in range(5):
        world.take(device.telemetry(float(value)))
        rolled(world)
    assert len({row.batch for row in world.rows("telemetry")}) == 5
    (count,) = [one.count for one in read(world, device.product_id, Every.DAY).popitem()[1].fields.values()]
    assert count == 5


def test_a_roll_that_fails_is_as_if_it_had_not_been(world: World) -> None:
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    world.take(*messages)

    def and_fail(tx: object) -> None:
        series.roll(tx)  # type: ignore[arg-type]  # a transaction
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.run(and_fail)
    assert rolled(world) == 240
    assert told(world, device.product_id, Every.DAY) == counted(readings, Every.DAY)


@pytest.mark.postgres
def test_a_batch_that_commits_after_a_later_one_was_rolled_is_counted_too(postgres_world: World) -> None:
    world = postgres_world
    slow, quick = Device(world, world.unit().id), Device(world, world.unit().id)
    with world.db.transaction() as tx:
        ingest.take(tx, [slow.telemetry(1.0)])
        world.take(quick.telemetry(2.0))
        assert rolled(world) == 1
    assert rolled(world) == 1
    assert [len(read(world, one.product_id, Every.DAY)) for one in (slow, quick)] == [1, 1]


@pytest.mark.postgres
def test_a_batch_that_commits_while_those_beside_it_are_read_is_counted_once(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = postgres_world
    slow, quick = Device(world, world.unit().id), Device(world, world.unit().id)
    world.take(quick.telemetry(1.0))
    late = contextlib.ExitStack()
    tx = late.enter_context(world.db.transaction())
    ingest.take(tx, [slow.telemetry(2.0)])
    world.take(quick.telemetry(3.0))
    read_them = series._tallied  # noqa: SLF001 - between what it asks first and then

    def after_the_late_one(tx: Transaction, taken: tuple[Batch, ...]) -> Tallies:
        late.close()
        return read_them(tx, taken)

    monkeypatch.setattr(series, "_tallied", after_the_late_one)
    assert [world.run(series.roll) for _ in range(3)] == [2, 1, 0]
    assert [one[0] for one in told(world, slow.product_id, Every.DAY).values()] == [1]


@pytest.mark.postgres
def test_many_that_roll_at_once_count_everything_once(postgres_world: World) -> None:
    world = postgres_world
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    for number in range(0, 240, 4):
        world.take(*messages[number : number + 4])
    found = at_once([lambda: rolled(world, at_most=10)] * 4)
    assert sum(one for one in found if isinstance(one, int)) == 240
    assert told(world, device.product_id, Every.HOUR) == counted(readings, Every.HOUR)


def test_a_measurement_with_a_time_of_its_own_lies_there_and_one_that_cannot_be_right_where_it_was_received(
    world: World,
) -> None:
    device, now = Device(world, world.unit().id), world.clock()
    own, absurd = now - timedelta(days=2), now + timedelta(days=400)
    found = [
        {"name": "a", "value": 1.0, "at": own},
        {"name": "b", "value": 2.0, "at": absurd},
        {"name": "c", "value": 3},
    ]
    world.take(device.say(Up.TELEMETRY, at=now - timedelta(days=1), measurements=found))
    rolled(world)
    starts = {name: start for start, name in told(world, device.product_id, Every.DAY)}
    assert starts == {
        "a": start_of(own, Every.DAY),
        "b": start_of(now, Every.DAY),
        "c": start_of(now - timedelta(days=1), Every.DAY),
    }


def test_until_when_the_series_are_complete_is_told(world: World) -> None:
    device, first = Device(world, world.unit().id), world.clock()
    world.take(device.telemetry())
    world.clock.advance(minutes=5)
    assert world.read(series.complete_to) == first
    rolled(world)
    assert world.read(series.complete_to) == world.clock()
