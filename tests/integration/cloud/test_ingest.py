"""Batches from devices: what is new is stored once, what is known is a duplicate, and the state is the newest."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from broker.contract.messages import Stored
from broker.contract.topics import Up
from cloud.lifecycle import watch
from cloud.record import service as record
from cloud.record.events import Event
from cloud.twin import ingest, telemetry
from cloud.twin import service as twin
from tests.integration.cloud.streams import figures, stored
from tests.integration.cloud.world import JAMMED, READY, Device, World, at_once


def test_an_event_with_a_known_id_enters_the_journal_once(world: World) -> None:
    unit = world.unit()
    wish = Event(
        id="wish-1", type="twin.desired", at=world.clock(), source="operator", product_id=unit.id, data={"settings": {}}
    )
    assert world.run(lambda tx: record.append(tx, [wish, wish])) == [wish]
    assert world.run(lambda tx: record.append(tx, [wish])) == []
    assert len(world.rows("journal", event_id="wish-1")) == 1


def test_a_batch_is_stored_and_the_same_batch_again_is_all_duplicates(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    batch = [device.birth(), device.status(READY), device.telemetry(), device.event("page_printed")]
    assert world.take(*batch) == ingest.Taken(stored=4, duplicates=0, rejected=0)
    before = world.rows("journal"), world.rows("twin"), world.rows("telemetry")
    assert world.take(*batch) == ingest.Taken(stored=0, duplicates=4, rejected=0)
    assert (world.rows("journal"), world.rows("twin"), world.rows("telemetry")) == before
    assert figures(world, unit.id)["streams"] == [
        {"boot": 1, "stored_to": 4, "missing": 0, "duplicates": 4, "given_up": 0}
    ]


def test_a_message_that_names_no_epoch_is_of_the_one_that_its_device_told_of_just_before_it_in_the_batch(
    world: World,
) -> None:
    device = Device(world, world.unit().id)
    world.take(device.birth(epoch=0), device.status(READY))
    world.take(device.event("factory_reset", epoch=1), device.birth(epoch=1), device.status(READY))
    assert [row.data["epoch"] for row in world.rows("journal", type="device.status")] == [0, 1]


def test_a_message_twice_in_one_batch_counts_once(world: World) -> None:
    device = Device(world, world.unit().id)
    message = device.telemetry()
    assert world.take(message, message) == ingest.Taken(stored=1, duplicates=1, rejected=0)
    assert len(world.rows("telemetry")) == 1


def test_the_largest_numbers_of_the_contract_fit_into_the_database(world: World) -> None:
    unit, most = world.unit(), 2**53 - 1
    device = Device(world, unit.id, boot=most)
    world.take(device.raw(Up.STATUS, boot=most, seq=1, at=world.clock(), epoch=most, reported=READY))
    world.take(device.raw(Up.PRESENCE, boot=most, connection=most, status="online"))
    gone = {"boot": 1, "ranges": [[1, most]]}
    world.take(device.raw(Up.EVENT, boot=most, seq=2, at=world.clock(), name="messages_given_up", data=gone))
    assert world.read(lambda tx: twin.read(tx, unit.id)).epoch == most
    assert {(row.boot, row.low, row.given_up) for row in world.rows("stream")} == {(most, 2, 0), (1, most, most)}


def test_text_that_only_looks_dangerous_is_kept_as_it_is(world: World) -> None:
    unit = world.unit()
    strange = {"note": "\0 \u2028 '; DROP TABLE twin; -- 🖨", "list": [None, {"a": 1.5}]}
    world.take(Device(world, unit.id).status(strange))
    assert world.read(lambda tx: twin.read(tx, unit.id)).values == strange


def test_a_field_set_to_null_is_gone_and_a_late_message_does_not_revive_it(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    old = device.status({"tray": "a4", "ink": 3})
    world.take(device.status({"tray": None, "state": "idle"}))
    world.take(old)
    assert world.read(lambda tx: twin.read(tx, unit.id)).values == {"state": "idle", "ink": 3}


def test_a_newer_boot_wins_over_an_older_one_that_comes_after_it(world: World) -> None:
    unit = world.unit()
    before, after = Device(world, unit.id, boot=3), Device(world, unit.id, boot=4)
    world.take(after.birth(firmware="2.0"), after.status(READY))
    world.take(before.birth(firmware="1.0"), before.status(JAMMED))
    known = world.read(lambda tx: twin.read(tx, unit.id))
    assert (known.firmware, known.values["state"], known.presence.boot) == ("2.0", "idle", 4)
    assert Stored(boot=4, seq=2, earlier=stored(world, unit.id)[-1].earlier) in stored(world, unit.id)
    assert {mark.boot: mark.seq for mark in stored(world, unit.id)[-1].earlier} == {3: 2}


def test_the_will_of_an_old_connection_that_comes_late_does_not_take_the_device_offline(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    world.take(device.birth(connection=1), device.presence("online", connection=1))
    world.take(device.presence("online", connection=2))
    world.take(device.presence("offline", connection=1))
    assert world.read(lambda tx: twin.read(tx, unit.id)).online is True
    world.take(device.presence("offline", connection=2))
    assert world.read(lambda tx: twin.read(tx, unit.id)).online is False
    restarted = Device(world, unit.id, boot=2)
    world.take(restarted.birth())
    world.take(device.presence("offline", connection=99))
    assert world.read(lambda tx: twin.read(tx, unit.id)).online is True


def test_telemetry_is_read_back_by_its_own_time(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    start = world.clock()
    for value in (1.0, 2.0, 3.0):
        world.take(device.telemetry(value))
        world.clock.advance(minutes=1)
    rows = world.read(lambda tx: telemetry.messages(tx, unit.id, start, start + timedelta(minutes=2), 10))
    assert [row.measurements[0]["value"] for row in rows] == [1.0, 2.0]


def test_two_workers_with_the_same_messages_store_them_once(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    batch = [device.birth(), *(device.telemetry() for _ in range(20)), device.status(READY)]
    taken = at_once([lambda: world.take(*batch)] * 4)
    assert [one for one in taken if isinstance(one, Exception)] == []
    assert len(world.rows("telemetry")) == 20
    assert len(world.rows("journal")) == 2
    (stream,) = world.rows("stream")
    assert (stream.low, stream.duplicates) == (22, 66)


def test_a_unit_that_speaks_after_a_long_silence_is_looked_at_whatever_it_says(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.claim(phone, unit)
    device = Device(world, unit.id)
    world.take(device.birth(), device.status(READY))
    world.clock.advance(days=3)
    world.run(lambda tx: watch.look_again(tx, world.journey(phone).id))
    silent = [kind for kind, _ in world.journey(phone).stalls]
    world.take(device.status(READY))
    assert "silent" not in [kind for kind, _ in world.journey(phone).stalls]
    assert silent


def test_an_event_that_is_in_the_journal_after_all_is_refused_as_the_database_refuses_everything(world: World) -> None:
    unit = world.unit()
    wish = Event(
        id="wish-1", type="twin.desired", at=world.clock(), source="operator", product_id=unit.id, data={"settings": {}}
    )
    world.run(lambda tx: record.append(tx, [wish]))
    with pytest.raises(IntegrityError), world.db.transaction() as tx:
        record.append(tx, [wish], is_new=lambda _event: True)
