"""A lock table that is too small for a batch: it is stored in parts, nothing is lost, and the next batch is smaller."""

import threading
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up, up_topic
from cloud.lanes import Lane, Refusal, Refused
from cloud.mqtt import Delivery
from cloud.registry.importing import Row
from cloud.registry.service import Registered, register_many
from cloud.secrets import Keys
from cloud.workers.ingest import IngestLoop
from tests.conftest import migrated, postgres_copy
from tests.integration.cloud.world import BASE, GTIN, Device, World, at_once
from tests.services import ManualClock, Postgres, running_postgres

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
DEVICES, LANES = 1_600, 4
SMALL = {"max_connections": "20", "max_locks_per_transaction": "10"}
"""About as small a table as PostgreSQL makes: it has room for some hundred locks."""


@pytest.fixture(scope="module")
def small_server() -> Iterator[tuple[Postgres, str]]:
    """With a database that has all tables: to make them takes more locks than there are."""
    with running_postgres() as server:
        name = server.create()
        migrated(server.url(name))
        server.stop()
        server.settings = SMALL
        server.resume()
        yield server, name


@pytest.fixture
def small_world(small_server: tuple[Postgres, str], keys: Keys, clock: ManualClock) -> Iterator[World]:
    with postgres_copy(*small_server, clock) as db:
        yield World(db, keys, clock)


@pytest.fixture
def devices(small_world: World) -> list[Device]:
    rows = [Row(number, GTIN, None) for number in range(DEVICES)]
    made = small_world.run(lambda tx: list(register_many(tx, small_world.keys, BASE, rows)))
    return [Device(small_world, one.id) for one in made if isinstance(one, Registered)]


class Source:
    """A lane: gives the messages in their order, and writes down how many were asked for."""

    def __init__(self, messages: Sequence[Delivery], stop: threading.Event, refused: Refused | None = None) -> None:
        self._messages = list(messages)
        self._stop = stop
        self._refused = refused
        self.asked: list[int] = []
        self.acknowledged: list[int] = []

    def take(self, limit: int, _wait_s: float) -> list[Delivery]:
        self.asked.append(limit)
        batch, self._messages = self._messages[:limit], self._messages[limit:]
        if not batch:
            self._stop.set()
        return batch

    def refused(self) -> Refused | None:
        found, self._refused = self._refused, None
        return found

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        self.acknowledged += [one.mid for one in batch]


def run(world: World, source: Source, stop: threading.Event) -> None:
    IngestLoop(world.db, cast("Lane", source), batch=DEVICES, wait_s=0, stop=stop, allowed="1 message").run()


def telemetry_of(devices: Sequence[Device], rounds: int) -> list[Delivery]:
    said = [device.telemetry() for _ in range(rounds) for device in devices]
    return [Delivery(*message, mid=mid, qos=1, generation=1) for mid, message in enumerate(said, start=1)]


def test_a_batch_of_more_devices_than_there_are_locks_is_stored_in_parts_and_the_next_are_smaller(
    small_world: World, devices: list[Device]
) -> None:
    stop, messages = threading.Event(), telemetry_of(devices, 3)
    source = Source(messages, stop)
    run(small_world, source, stop)
    stored = {(row.product_id, row.seq) for row in small_world.rows("telemetry")}
    assert len(stored) == len(small_world.rows("telemetry")) == len(messages)
    assert source.acknowledged == [one.mid for one in messages]
    assert source.asked[0] == DEVICES
    assert max(source.asked[1:]) < DEVICES, "one that fails has taken all locks from everybody"
    assert max(source.asked[2:]) > min(source.asked), "it grows again, as there is room"


def test_lanes_that_want_all_locks_at_the_same_time_store_everything_once(
    small_world: World, devices: list[Device]
) -> None:
    sources, jobs = [], []
    for number in range(LANES):
        stop = threading.Event()
        source = Source(telemetry_of(devices[number::LANES], 4), stop)
        sources.append(source)
        jobs.append(lambda source=source, stop=stop: run(small_world, source, stop))
    found = at_once(jobs)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert [source.acknowledged for source in sources] == [list(range(1, DEVICES + 1))] * LANES
    rows = small_world.rows("telemetry")
    assert len({(row.product_id, row.seq) for row in rows}) == len(rows) == DEVICES * LANES


def test_what_more_devices_than_there_are_locks_said_beyond_their_limit_is_counted_in_parts(
    small_world: World, devices: list[Device]
) -> None:
    topics = {device.product_id: up_topic(device.product_id, Up.TELEMETRY) for device in devices}
    refused = Refused(
        {one: Refusal(topic, b"head", begins=True, messages=2) for one, topic in topics.items()},
        [Delivery(topic, b"", mid, 1, 1) for mid, topic in enumerate(topics.values(), start=1)],
    )
    stop = threading.Event()
    source = Source([], stop, refused)
    run(small_world, source, stop)
    counted = small_world.rows("reject_count", reason="over_limit")
    assert {row.product_id: row.count for row in counted} == dict.fromkeys(topics, 2)
    assert len(source.acknowledged) == DEVICES


def test_the_table_is_as_small_as_these_tests_need_it(small_world: World) -> None:
    """Else none of them would show anything."""
    keys = list(range(DEVICES))
    every = sa.text("SELECT count(pg_advisory_xact_lock(key)) FROM unnest(CAST(:keys AS bigint[])) AS key")
    with pytest.raises(sa.exc.OperationalError, match="out of shared memory"):
        small_world.run(lambda tx: tx.session.execute(every, {"keys": keys}))
