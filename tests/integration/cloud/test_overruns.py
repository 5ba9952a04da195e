"""Devices that say too much, and a database that is too slow: who else is served, what is kept, what is told."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from broker.contract.messages import Stored
from broker.contract.topics import Up, up_topic
from cloud.intake import CHUNK_BYTES
from cloud.registry import service as registry
from cloud.twin import overruns
from cloud.twin import service as twin
from cloud.twin.overruns import Overrun
from tests.integration.cloud.streams import stored
from tests.integration.cloud.workshop import Workshop, workshop
from tests.integration.cloud.world import Device, World
from tests.services import ManualClock, Postgres
from tests.system import until


@pytest.fixture
def shop(tmp_path: Path, postgres_server: Postgres, postgres_template: str) -> Iterator[Workshop]:
    with workshop(tmp_path, postgres_server, postgres_template, workers=1) as made:
        yield made


def told(world: World, product_id: str, clock: ManualClock | None = None) -> Stored:
    (found,) = stored(world, product_id, clock)
    return found


def rejected(world: World, product_id: str) -> dict[str, int]:
    found: dict[str, int] = world.read(lambda tx: twin.transport_figures(tx, product_id))["rejected"]
    return found


def overrun(topic: str, number: int, *, begins: bool = True) -> Overrun:
    return Overrun(topic, b"head", begins, number)


def test_what_is_refused_is_counted_noted_once_and_told_and_moves_no_watermark(world: World) -> None:
    loud, retired = world.unit(), world.unit()
    device = Device(world, loud.id)
    world.take(device.birth(), device.telemetry())
    world.run(lambda tx: registry.retire(tx, retired.id))
    refused = {
        loud.id: overrun(up_topic(loud.id, Up.TELEMETRY), 7),
        retired.id: overrun(up_topic(retired.id, Up.TELEMETRY), 2),
        "01jd0000000000000000000000": overrun("tl/v1/01jd0000000000000000000000/up/status", 3),
        "?": overrun("nonsense", 4),
    }
    assert world.run(lambda tx: overruns.note(tx, refused, "10 messages")) == 16
    again = {loud.id: overrun(up_topic(loud.id, Up.TELEMETRY), 5, begins=False)}
    assert world.run(lambda tx: overruns.note(tx, again, "10 messages")) == 5
    assert (rejected(world, loud.id), rejected(world, retired.id)) == ({"over_limit": 12}, {"over_limit": 2})
    assert rejected(world, "") == {"over_limit": 7}
    (kept,) = world.read(lambda tx: twin.quarantine(tx, loud.id))
    assert (kept.reason, kept.detail, kept.head) == ("over_limit", "more than 10 messages in a minute", b"head")
    assert told(world, loud.id) == Stored(boot=1, seq=2, wait_s=60 - world.clock().second)
    assert stored(world, retired.id) == []
    world.take(device.telemetry())
    assert told(world, loud.id) == Stored(boot=1, seq=3), "who is heard again need not wait"


@pytest.mark.mosquitto
@pytest.mark.postgres
def test_one_loud_device_is_held_to_its_limit_and_everybody_else_is_stored(shop: Workshop) -> None:
    clock = ManualClock()
    loud, *quiet = (Device(shop.world, shop.world.unit().id) for _ in range(6))
    flood = [loud.birth(), *(loud.telemetry() for _ in range(299))]
    shop.thread(clock, device_messages_per_minute=50, device_bytes_per_minute=0)
    polite = [message for device in quiet for message in [device.birth(), *(device.telemetry() for _ in range(9))]]
    shop.publish([*flood, *polite, loud.presence("online"), loud.presence("offline")])
    for device in quiet:
        until(lambda device=device: shop.stored(device.product_id) == 10, "the polite ones")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        assert rejected(shop.world, device.product_id) == {}
    until(lambda: rejected(shop.world, loud.product_id) == {"over_limit": 250}, "the count of what was refused")
    assert shop.stored(loud.product_id) == 50
    assert told(shop.world, loud.product_id, clock) == Stored(boot=1, seq=50, wait_s=overruns.rest_s(clock.now))
    assert shop.world.rows("twin", product_id=loud.product_id)[0].offline, "its last will passes"
    clock.advance(minutes=1)
    shop.publish(flood[50:90])
    until(lambda: shop.stored(loud.product_id) == 90, "what it sends again in the next minute")
    assert len(shop.world.rows("telemetry", product_id=loud.product_id)) == 89
    assert rejected(shop.world, loud.product_id) == {"over_limit": 250}


@pytest.mark.mosquitto
@pytest.mark.postgres
def test_while_the_database_is_held_up_the_worker_keeps_a_bounded_part_and_acknowledges_nothing(
    shop: Workshop,
) -> None:
    window, batch, piece = 300, 100, CHUNK_BYTES // 1_000
    devices = [Device(shop.world, shop.world.unit().id) for _ in range(10)]
    worker = shop.thread(ingest_window=window, ingest_batch=batch)
    with shop.world.db.engine.connect() as other:
        other.execute(sa.text("LOCK TABLE stream IN ACCESS EXCLUSIVE MODE"))
        shop.publish([device.event("note", {"text": "x" * 1_000}) for device in devices for _ in range(200)])
        until(lambda: worker.work.waiting() >= window, "the window to be full")
        rest = threading.Event()
        for _ in range(20):
            assert worker.work.waiting() <= window + piece, "one piece of the stream may go beyond the window"
            assert worker.work.waiting_bytes() <= (window + piece) * 1_200
            rest.wait(0.02)
        assert shop.world.rows("telemetry") == []
        (session,) = worker.work._sessions()  # noqa: SLF001 - to look at what it leaves at the broker
        session.intake.close()
        assert shop.unacknowledged("work-1", 2_000) == 2_000, "the broker has all of it still"
        other.rollback()
    worker.stop.set()
    worker.join()
    shop.thread()
    for device in devices:
        until(lambda device=device: shop.stored(device.product_id) == 200, "everything, once it is free again")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
