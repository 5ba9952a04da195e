"""How devices are told how far they are stored, from the commit to the broker, whoever dies in between."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import cast

import pytest
import sqlalchemy as sa

from broker.contract.codec import decode_down, encode
from broker.contract.messages import Mark, Stored
from broker.contract.topics import Down, down_topic, parse_down
from cloud.courier import Courier, Fate
from cloud.publish_packets import Outgoing
from cloud.record.service import MAX_DELAY, outbox, send
from cloud.registry import service as registry
from cloud.twin import tellings, watermarks
from cloud.workers import telling
from cloud.workers.outbox import OutboxLoop
from cloud.workers.telling import ROWS, Teller
from tests.integration.cloud.world import Device, World


class Broker:
    """Keeps what arrives. fates: what becomes of the next messages, by product; others arrive."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Stored]] = []
        self.fates: dict[str, Fate] = {}

    def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]:
        found = []
        for topic, payload, retain in messages:
            address, said = parse_down(topic), decode_down(Down.STORED, payload)
            assert address is not None
            assert isinstance(said, Stored)
            assert retain
            fate = self.fates.get(address[0], Fate.TAKEN)
            if fate is Fate.TAKEN:
                self.told.append((address[0], said))
            found.append(fate)
        return found

    def of(self, device: Device) -> list[int]:
        return [said.seq for product_id, said in self.told if product_id == device.product_id]


class Sender:
    """One process's teller, with a clock of its own."""

    def __init__(self, world: World, broker: Broker) -> None:
        self.world = world
        self.now = 100.0
        self.teller = Teller(world.db, broker, lambda: self.now)

    def round(self, seconds: float = 1.0) -> tuple[int, int]:
        """A round after so long."""
        self.world.clock.advance(seconds=seconds)
        self.now += seconds
        self.teller.take_in()
        found = self.teller.tell()
        self.teller.tidy()
        return found


def rows(world: World) -> list[int]:
    return [row.id for row in world.rows("outbox", topic=tellings.KIND)]


@pytest.fixture
def devices(world: World) -> list[Device]:
    return [Device(world, world.unit().id) for _ in range(3)]


def test_a_batch_is_one_row_each_device_hears_of_it_and_then_the_row_is_gone(
    world: World, devices: list[Device]
) -> None:
    broker = Broker()
    world.take(*(device.birth() for device in devices))
    assert len(rows(world)) == 1
    sender = Sender(world, broker)
    assert sender.round(0.0) == (0, 0), "it waits a little for others"
    assert sender.round(0.1) == (3, 0)
    assert sorted(broker.told) == sorted((device.product_id, Stored(boot=1, seq=1)) for device in devices)
    assert rows(world) == []


def test_what_is_rolled_back_is_told_to_nobody(world: World, devices: list[Device]) -> None:
    broker = Broker()

    def fail(tx: object) -> None:
        watermarks.tell(tx, watermarks.read(tx, {devices[0].product_id: {1}}), [devices[0].product_id])  # type: ignore[arg-type]  # a transaction
        raise KeyError

    with pytest.raises(KeyError):
        world.run(fail)
    assert Sender(world, broker).round() == (0, 0)


def test_a_device_hears_at_most_once_a_second_and_in_the_end_the_newest(world: World, devices: list[Device]) -> None:
    broker, device = Broker(), devices[0]
    sender = Sender(world, broker)
    world.take(device.birth())
    for _ in range(25):
        sender.round(0.1)
        world.take(device.telemetry())
    assert len(broker.of(device)) == 3
    sender.round()
    assert broker.of(device) == sorted(broker.of(device))
    assert broker.of(device)[-1] == 26
    assert rows(world) == []


def test_whoever_comes_after_a_crash_tells_what_was_committed_and_not_told(world: World, devices: list[Device]) -> None:
    broker = Broker()
    first, others = devices[0], devices[1:]
    world.take(*(device.birth() for device in devices))
    killed = Sender(world, broker)
    broker.fates = {device.product_id: Fate.LOST for device in others}
    assert killed.round() == (1, 0)
    world.take(first.telemetry())
    killed.teller.take_in()
    broker.fates = {}
    assert Sender(world, broker).round() == (3, 0), "nobody had to say anything"
    assert [broker.of(device) for device in devices] == [[1, 2], [1], [1]]
    assert rows(world) == []


def test_whoever_comes_after_a_crash_tells_nobody_less_than_was_told(world: World, devices: list[Device]) -> None:
    broker = Broker()
    first, other = devices[:2]
    killed = Sender(world, broker)
    world.take(other.birth())
    killed.round(0.2)
    world.take(first.birth(), other.telemetry())
    world.take(first.telemetry())
    killed.round(0.2)
    assert (broker.of(first), broker.of(other)) == ([2], [1]), "the other one was told just before"
    Sender(world, broker).round(0.2)
    assert (broker.of(first)[-1], broker.of(other)) == (2, [1, 2])
    assert rows(world) == []


def test_a_device_hears_in_order_also_of_a_worker_whose_clock_is_ahead(world: World, devices: list[Device]) -> None:
    broker, device = Broker(), devices[0]
    sender = Sender(world, broker)
    world.clock.advance(seconds=0.5)
    world.take(device.birth())
    world.clock.advance(seconds=-0.5)
    world.take(device.telemetry())
    for _ in range(8):
        sender.round(0.2)
    assert broker.of(device) == [2]
    assert rows(world) == []


def test_two_workers_store_the_words_of_one_device_and_it_hears_in_order(world: World, devices: list[Device]) -> None:
    """Whichever of them has the turn to send."""
    broker, device = Broker(), devices[0]
    one, other = Sender(world, broker), Sender(world, broker)
    words = [device.birth(), *(device.telemetry() for _ in range(19))]
    dealt = [words[number ^ 1] for number in range(len(words))]  # each pair the other way round
    for number, word in enumerate(dealt):
        world.take(word)
        turn, idle = (one, other) if number % 8 < 4 else (other, one)
        idle.teller.forget()
        turn.round()
    one.round()
    heard = broker.of(device)
    assert heard == sorted(heard)
    assert heard[-1] == len(words)
    assert rows(world) == []


def test_who_is_retired_is_told_nothing_more(world: World, devices: list[Device]) -> None:
    broker = Broker()
    world.take(*(device.birth() for device in devices))
    world.run(lambda tx: registry.retire(tx, devices[0].product_id))
    assert Sender(world, broker).round() == (2, 0)
    assert broker.of(devices[0]) == []
    assert rows(world) == [], "and nothing waits for it"


def test_one_whose_message_is_not_taken_holds_up_nobody_and_hears_later(world: World, devices: list[Device]) -> None:
    broker = Broker()
    sender = Sender(world, broker)
    world.take(*(device.birth() for device in devices))
    broker.fates[devices[0].product_id] = Fate.LEFT
    assert sender.round() == (2, 1)
    assert sender.round() == (0, 0), "it lets the others go first"
    assert len(rows(world)) == 1
    broker.fates.clear()
    assert sender.round(tellings.NOT_TAKEN_S) == (1, 0)
    assert rows(world) == []


def test_while_the_broker_is_away_neither_rows_nor_memory_grow_by_what_is_said_again(
    world: World, devices: list[Device]
) -> None:
    sender = Sender(world, Broker())
    for _ in range(30):
        world.take(*(device.telemetry() for device in devices))
        world.clock.advance(seconds=1)
        sender.teller.take_in()
        sender.teller.tidy()
        assert len(rows(world)) == 1
        assert sender.teller.waiting == len(devices)


def test_beyond_a_number_of_devices_rows_stay_where_they_are(
    world: World, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST_WAITING", 2)
    broker = Broker()
    sender = Sender(world, broker)
    for device in devices:
        world.take(device.birth())
        world.clock.advance(seconds=1)
        assert not sender.teller.take_in()
    assert (sender.teller.waiting, len(rows(world))) == (2, 3)
    assert sender.round() == (2, 0)
    assert sender.round() == (1, 0)
    assert rows(world) == []


def test_at_the_limit_nobody_is_told_less_than_a_row_says_that_was_not_taken_in(
    world: World, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker()
    first, other, third = devices
    killed = Sender(world, broker)
    world.take(other.birth())
    killed.round(0.2)
    world.take(first.birth(), other.telemetry())
    world.take(third.birth())
    world.take(first.telemetry())
    killed.round(0.2)
    assert (broker.of(first), broker.of(other), len(rows(world))) == ([2], [1], 3), "the other one waits"
    monkeypatch.setattr(telling, "MOST_WAITING", 2)
    monkeypatch.setattr(telling, "ROWS", 1)
    after = Sender(world, broker)
    for _ in range(12):
        after.round(0.5)
        assert after.teller.waiting <= 2
    assert set(broker.of(first)) == {2}
    assert [broker.of(device)[-1] for device in devices] == [2, 2, 1]
    assert rows(world) == []


def test_who_has_the_turn_and_a_clock_that_is_behind_tells_nobody_less_than_was_told(
    world: World, devices: list[Device]
) -> None:
    broker = Broker()
    first, other = devices[:2]
    killed = Sender(world, broker)
    world.take(other.birth())
    killed.round(0.2)
    world.take(first.birth(), other.telemetry())
    world.clock.advance(seconds=0.5)
    world.take(first.telemetry())
    killed.now += 0.5
    killed.round(0.2)
    assert (broker.of(first), len(rows(world))) == ([2], 2), "the other one was told just before"
    world.clock.advance(seconds=-0.5)
    Sender(world, broker).round(0.1)
    assert (broker.of(first)[-1], broker.of(other)) == (2, [1, 2])


def test_rows_are_looked_at_again_for_those_who_are_taken_in_later(
    world: World, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker()
    first, other, third = devices
    killed = Sender(world, broker)
    world.take(other.birth(), third.birth())
    killed.round(0.2)
    world.take(third.telemetry())
    world.take(first.birth(), other.telemetry())
    world.take(first.telemetry())
    killed.round(0.2)
    assert (broker.of(first), len(rows(world))) == ([2], 3), "the others wait"
    monkeypatch.setattr(telling, "MOST_WAITING", 1)
    monkeypatch.setattr(telling, "ROWS", 1)
    after = Sender(world, broker)
    for _ in range(16):
        after.round(0.5)
    assert set(broker.of(first)) == {2}
    assert rows(world) == []


def test_who_is_told_hears_also_what_does_not_have_to_leave_yet(world: World, devices: list[Device]) -> None:
    """Whoever had the turn may have told it."""
    broker, device = Broker(), devices[0]
    sender = Sender(world, broker)
    world.take(device.birth())
    sender.round(0.2)
    world.take(device.telemetry())
    sender.round(0.2)
    world.clock.advance(seconds=0.75)
    sender.now += 0.75
    world.take(device.telemetry())
    sender.round(0.0625)
    assert broker.of(device) == [1, 3]


def test_what_an_earlier_version_left_to_tell_is_told_with_the_rest_and_not_after_it(
    world: World, devices: list[Device]
) -> None:
    broker = Broker()
    spoke, _, late = devices
    for device in devices:
        earlier = (Mark(boot=1, seq=7),) if device is late else ()
        said = encode(Stored(boot=1 + len(earlier), seq=0, earlier=earlier))
        topic, slot = down_topic(device.product_id, Down.STORED), f"stored:{device.product_id}"
        second = timedelta(seconds=1)
        world.run(partial(send, topic=topic, payload=said, slot=slot, retain=True, after=second))
    world.take(spoke.birth())
    Sender(world, broker).round(0.2)
    assert [broker.of(device) for device in devices] == [[1], [0], [0]]
    assert dict(broker.told)[late.product_id].earlier == (Mark(boot=1, seq=7),)
    assert world.rows("outbox") == []
    world.run(lambda tx: send(tx, down_topic(spoke.product_id, Down.STORED), encode(Stored(boot=1, seq=0))))
    loop = OutboxLoop(world.db, cast("Courier", broker), threading.Event(), threading.Event())
    assert loop.send_due() == 0, "nor is it sent like other messages"


def test_more_rows_than_are_read_at_once_are_read_one_part_after_the_other(world: World, devices: list[Device]) -> None:
    broker, device = Broker(), devices[0]
    for _ in range(ROWS + 1):
        world.take(device.telemetry())
    world.clock.advance(seconds=1)
    sender = Sender(world, broker)
    assert sender.teller.take_in()
    assert sender.teller.tell() == (0, 0), "an earlier sender may have told what stands in the rest"
    assert not sender.teller.take_in()
    assert sender.round() == (1, 0)
    assert broker.of(device) == [ROWS + 1]
    assert rows(world) == []


def test_a_clock_that_is_set_back_holds_no_watermark_up(world: World, devices: list[Device]) -> None:
    world.take(devices[0].birth())
    world.clock.advance(days=-365)
    assert Sender(world, Broker()).round(0.0) == (1, 0)


def test_a_row_is_due_when_it_has_waited_for_company_and_no_later_than_any_may_be_held_back(
    world: World, devices: list[Device]
) -> None:
    world.take(devices[0].birth())
    (row,) = world.rows("outbox", topic=tellings.KIND)
    assert row.not_before == world.clock() + watermarks.COMPANY
    assert watermarks.COMPANY < MAX_DELAY
    assert world.read(lambda tx: tx.session.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()) == 1
