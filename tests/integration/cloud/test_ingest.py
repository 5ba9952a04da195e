"""Batches from devices: what is new, known, missing, bad; and what is told back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from broker.contract.codec import decode_down
from broker.contract.messages import MAX_PAYLOAD_BYTES, Json, Stored
from broker.contract.topics import Down, Up, down_topic, up_topic
from broker.contract.watermark import MAX_RANGES
from cloud.lifecycle import watch
from cloud.record import service as record
from cloud.record.events import Event
from cloud.registry import service as registry
from cloud.twin import ingest, rejects, telemetry, watermarks
from cloud.twin import service as twin
from cloud.twin.memory import Memory
from cloud.twin.rules import Twin
from cloud.twin.sorting import READ_UP_TO
from tests.integration.cloud.world import JAMMED, READY, Device, Message, World, at_once


def figures(world: World, product_id: str) -> dict[str, Any]:
    return world.read(lambda tx: twin.transport_figures(tx, product_id))


def stored(world: World, product_id: str) -> list[Stored]:
    """The watermarks that wait to be sent."""
    rows = world.rows("outbox", topic=down_topic(product_id, Down.STORED))
    found = [decode_down(Down.STORED, row.payload) for row in rows]
    return [one for one in found if isinstance(one, Stored)]


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


def test_a_hole_holds_the_watermark_until_it_is_filled(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    first, second, third = device.birth(), device.telemetry(), device.telemetry()
    world.take(first, third)
    assert (
        figures(world, unit.id)["streams"][0] | {"stored_to": 1, "missing": 1} == figures(world, unit.id)["streams"][0]
    )
    assert stored(world, unit.id) == [Stored(boot=1, seq=1)]
    world.take(second)
    assert stored(world, unit.id) == [Stored(boot=1, seq=3)]


def test_what_a_device_gives_up_lets_the_watermark_pass_and_is_counted(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    world.take(device.birth())
    lost = [device.telemetry() for _ in range(3)]
    world.take(device.event("messages_given_up", {"boot": 1, "ranges": [[2, 4]]}))
    assert figures(world, unit.id)["streams"] == [
        {"boot": 1, "stored_to": 5, "missing": 0, "duplicates": 0, "given_up": 3}
    ]
    assert world.take(*lost).duplicates == 3


@pytest.mark.parametrize(
    "data",
    [
        {"boot": -1, "ranges": [[1, 2]]},
        {"boot": 2**53, "ranges": [[1, 2]]},
        {"boot": True, "ranges": [[1, 2]]},
        {"boot": 1, "ranges": [[0, 2]]},
        {"boot": 1, "ranges": [[5, 2]]},
        {"boot": 1, "ranges": [[1, 2**53]]},
        {"boot": 1, "ranges": [[1]]},
        {"boot": 1, "ranges": "all"},
        {"ranges": [[1, 2]]},
        {},
    ],
)
def test_what_a_device_gives_up_wrongly_is_passed_over(world: World, data: dict[str, Json]) -> None:
    unit = world.unit()
    assert world.take(Device(world, unit.id).event("messages_given_up", data)).stored == 1
    (stream,) = world.rows("stream")
    assert (stream.boot, stream.low, stream.given_up) == (1, 1, 0)


def test_the_largest_numbers_of_the_contract_fit_into_the_database(world: World) -> None:
    unit, most = world.unit(), 2**53 - 1
    device = Device(world, unit.id, boot=most)
    world.take(device.raw(Up.STATUS, boot=most, seq=1, at=world.clock(), epoch=most, reported=READY))
    world.take(device.raw(Up.PRESENCE, boot=most, connection=most, status="online"))
    gone = {"boot": 1, "ranges": [[1, most]]}
    world.take(device.raw(Up.EVENT, boot=most, seq=2, at=world.clock(), name="messages_given_up", data=gone))
    assert world.read(lambda tx: twin.read(tx, unit.id)).epoch == most
    assert {(row.boot, row.low, row.given_up) for row in world.rows("stream")} == {(most, 2, 0), (1, most, most)}


def bad_messages(world: World, product_id: str) -> dict[str, list[Message]]:
    """By reason, what no device should say."""
    device = Device(world, product_id)
    topic = up_topic(product_id, Up.STATUS)
    at = world.clock()
    common: dict[str, Json] = {"boot": 9, "seq": 1, "at": at}
    return {
        "too_large": [(topic, b"x" * (MAX_PAYLOAD_BYTES + 1))],
        "not_json": [(topic, b"{"), (topic, b"\xff\xfe")],
        "too_deep": [(topic, b'{"schema":1,"a":' + b"[" * 5000 + b"]" * 5000 + b"}")],
        "unknown_schema": [(topic, b'{"schema":99,"boot":1}')],
        "wrong_type": [device.raw(Up.STATUS, **{**common, "reported": 7}), device.raw(Up.BIRTH, boot="one")],
        "unstorable": [
            device.raw(Up.BIRTH, **common, firmware="a\0b", profile="printer"),
            device.raw(Up.RESULT, **common, command_id="x", status="done", detail="\0"),
            device.raw(Up.STATUS, **{**common, "at": "0001-01-01T00:00:00+14:00"}, reported={}),
            device.raw(
                Up.TELEMETRY, **{**common, "at": "9999-12-31T23:59:59Z"}, measurements=[{"name": "t", "value": 1}]
            ),
            device.raw(Up.PRESENCE, boot=1, connection=1, status="offline", at="0001-01-01T00:00:00+14:00"),
        ],
    }


def test_bad_messages_are_counted_by_reason_and_kept_and_do_not_disturb_others(world: World) -> None:
    bad, good = world.unit(), world.unit()
    device = Device(world, good.id)
    made = bad_messages(world, bad.id)
    flood = [message for messages in made.values() for message in messages]
    taken = world.take(device.birth(), *flood, device.status(READY))
    assert taken == ingest.Taken(stored=2, duplicates=0, rejected=len(flood))
    assert figures(world, bad.id)["rejected"] == {reason: len(messages) for reason, messages in made.items()}
    assert figures(world, good.id)["rejected"] == {}
    kept = world.read(lambda tx: twin.quarantine(tx, bad.id))
    assert len(kept) == len(flood)
    assert all(len(row.head) <= 256 for row in kept)
    assert world.read(lambda tx: twin.read(tx, good.id)).values["state"] == "idle"


def test_a_message_that_will_never_get_better_does_not_hold_the_watermark(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    said = [
        device.birth(),
        device.say(Up.STATUS, reported=7),
        device.birth(firmware="a\0b"),
        device.event("x", {"deep": [[[[[[[[[1]]]]]]]]]}),
        device.event("x", {"long": "x" * MAX_PAYLOAD_BYTES}),
        device.telemetry(),
    ]
    assert world.take(*said) == ingest.Taken(stored=2, duplicates=0, rejected=4)
    assert figures(world, unit.id)["rejected"] == {"wrong_type": 1, "unstorable": 1, "too_deep": 1, "too_large": 1}
    assert stored(world, unit.id) == [Stored(boot=1, seq=6)]
    assert world.take(said[1]) == ingest.Taken(stored=0, duplicates=0, rejected=1), "counted each time it comes"
    (stream,) = figures(world, unit.id)["streams"]
    assert stream == {"boot": 1, "stored_to": 6, "missing": 0, "duplicates": 0, "given_up": 0}


def test_what_is_rejected_and_does_not_say_which_message_it_is_moves_no_watermark(world: World) -> None:
    unit = world.unit()
    device, common = Device(world, unit.id), {"at": world.clock(), "reported": 7}
    topic = up_topic(unit.id, Up.STATUS)
    bad = [
        device.raw(Up.STATUS, boot=1, seq=0, **common),
        device.raw(Up.STATUS, boot=-1, seq=1, **common),
        device.raw(Up.STATUS, boot=1, seq=2**53, **common),
        device.raw(Up.STATUS, boot="1", seq=1, **common),
        device.raw(Up.STATUS, boot=1, seq=True, **common),
        device.raw(Up.STATUS, boot=1, **common),
        device.raw(Up.PRESENCE, boot=1, seq=1, connection="x", status="online"),
        (topic, b'{"schema":2,"boot":1,"seq":1,"reported":7}'),
        (topic, b'{"boot":1,"seq":1,"reported":7}'),
        (topic, b'{"schema":1,"boot":1,"seq":1,"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        (topic, b'{"schema":1,"boot":1,"seq":1,"reported":7'),
        (topic, b'{"schema":1,"boot":1,"seq":1,"a":"' + b"x" * READ_UP_TO + b'"}'),
    ]
    assert world.take(*bad).rejected == len(bad)
    assert world.rows("stream") == []


def test_what_the_database_refused_does_not_hold_the_watermark(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    first, (topic, payload), third = device.birth(), device.telemetry(), device.telemetry()
    world.take(first, third)
    world.run(lambda tx: ingest.put_aside(tx, topic, payload, "IntegrityError"))
    assert stored(world, unit.id) == [Stored(boot=1, seq=3)]
    assert figures(world, unit.id)["rejected"] == {"unstorable": 1}


def test_a_stranger_and_a_retired_unit_are_rejected_as_unknown_and_the_unit_shows_it(world: World) -> None:
    unit, stranger = world.unit(), "01jd0000000000000000000000"
    world.run(lambda tx: registry.retire(tx, unit.id))
    retired = Device(world, unit.id)
    taken = world.take(
        retired.birth(),
        retired.say(Up.STATUS, reported=7),
        Device(world, stranger).birth(),
        ("tl/v1/x/up/birth", b"{}"),
    )
    assert taken == ingest.Taken(stored=0, duplicates=0, rejected=4)
    assert figures(world, unit.id)["rejected"] == {"unknown_device": 1, "wrong_type": 1}
    assert [row.detail for row in world.read(lambda tx: twin.quarantine(tx, unit.id))][1] == "this product is retired"
    assert figures(world, "")["rejected"] == {"unknown_device": 1, "unknown_topic": 1}
    assert (
        world.rows("twin") == world.rows("stream") == world.rows("outbox", topic=down_topic(unit.id, Down.STORED)) == []
    )


def test_quarantine_keeps_the_newest_of_a_device_that_sends_rubbish(world: World) -> None:
    loud, quiet = world.unit(), world.unit()
    world.take((up_topic(quiet.id, Up.BIRTH), b"quiet"))
    rubbish = [(up_topic(loud.id, Up.STATUS), f"no {number}".encode()) for number in range(130)]
    world.take(*rubbish[:60])
    world.take(*rubbish[60:])
    kept = [row.head for row in world.read(lambda tx: twin.quarantine(tx, loud.id, limit=1000))]
    assert kept == [payload for _, payload in reversed(rubbish[-rejects.QUARANTINE_KEPT :])]
    assert figures(world, loud.id)["rejected"] == {"not_json": 130}
    assert len(world.read(lambda tx: twin.quarantine(tx, quiet.id))) == 1


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


def test_watermarks_of_a_busy_device_are_one_message_with_the_first_ones_time(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    world.take(device.birth())
    (first,) = world.rows("outbox", slot=f"stored:{unit.id}")
    for _ in range(5):
        world.clock.advance(milliseconds=100)
        world.take(device.telemetry())
    (row,) = world.rows("outbox", slot=f"stored:{unit.id}")
    assert (row.id, row.not_before) == (first.id, first.not_before)
    assert stored(world, unit.id) == [Stored(boot=1, seq=6)]
    assert row.retain


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


JOINED = ("reported", "epoch", "presence", "firmware", "profile", "birth", "level")
"""What of a twin does not depend on the order of arrival. Since when, and from which refill, is told by arrival."""
STREAMED = ("boot", "low", "above", "given_up")


def outcome(world: World, product_id: str, batches: Sequence[Sequence[Message]]) -> tuple[Any, ...]:
    for batch in batches:
        world.take(*batch)
    known = world.read(lambda tx: twin.read_many(tx, [product_id])).get(product_id, Twin(product_id=product_id))
    streams = [tuple(getattr(row, name) for name in STREAMED) for row in world.rows("stream", product_id=product_id)]
    readings = sorted((row.boot, row.seq) for row in world.rows("telemetry", product_id=product_id))
    events = sorted(row.event_id for row in world.rows("journal", product_id=product_id))
    return tuple(getattr(known, name) for name in JOINED), streams, readings, events


words = st.sampled_from(["birth", "ready", "jammed", "cleared", "telemetry", "printed", "on", "off"])


def said(world: World, product_id: str, boot: int, what: Sequence[str]) -> list[Message]:
    device = Device(world, product_id, boot)
    connection = 0
    found = []
    for word in what:
        match word:
            case "birth":
                found.append(device.birth(epoch=boot // 2, firmware=f"{boot}.{device.seq}"))
            case "ready":
                found.append(device.status(READY, epoch=boot // 2))
            case "jammed":
                found.append(device.status(JAMMED, epoch=boot // 2))
            case "cleared":
                found.append(device.status({"reasons": None, "state": "idle"}, epoch=boot // 2))
            case "telemetry":
                found.append(device.telemetry())
            case "printed":
                found.append(device.event("page_printed", epoch=boot // 2))
            case "on":
                connection += 1
                found.append(device.presence("online", connection))
            case _:
                found.append(device.presence("offline", connection))
    return found


@given(st.lists(st.lists(words, min_size=1, max_size=6), min_size=1, max_size=3), st.randoms(use_true_random=False))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_order_of_batches_with_any_repetition_ends_in_the_same_twin_and_streams(
    sqlite_world: World, boots: list[list[str]], chance: Any
) -> None:
    world = sqlite_world
    unit, twin_unit = world.unit(), world.unit()
    messages = [one for boot, what in enumerate(boots) for one in said(world, unit.id, boot, what)]
    elsewhere = [(topic.replace(unit.id, twin_unit.id), payload) for topic, payload in messages]
    mixed = elsewhere + chance.sample(elsewhere, chance.randint(0, len(elsewhere)))
    chance.shuffle(mixed)
    cut = chance.randint(0, len(mixed))
    one = outcome(world, unit.id, [messages])
    other = outcome(world, twin_unit.id, [batch for batch in (mixed[:cut], mixed[cut:]) if batch])
    assert plain(one, unit.id) == plain(other, twin_unit.id)


def plain(found: tuple[Any, ...], product_id: str) -> bytes:
    return msgspec.json.encode(found, order="deterministic").replace(product_id.encode(), b"")


def test_a_worker_with_a_memory_tells_each_device_in_the_end_how_far_it_is_stored(world: World) -> None:
    memory = Memory()
    devices = [Device(world, world.unit().id) for _ in range(3)]

    def take(*said: Message) -> None:
        world.run(lambda tx: ingest.take(tx, list(said), memory))
        memory.commit()

    take(*(device.birth() for device in devices))
    world.clock.advance(milliseconds=300)
    take(*(device.telemetry() for device in devices))
    assert {one.seq for device in devices for one in stored(world, device.product_id)} == {1}
    assert memory.overdue(world.clock(), 10) == []
    world.clock.advance(seconds=1)
    take(devices[0].telemetry())
    waiting = memory.overdue(world.clock(), 10)
    assert sorted(waiting) == sorted(device.product_id for device in devices[1:])
    world.run(lambda tx: watermarks.tell_pending(tx, waiting, memory))
    memory.commit()
    told = [stored(world, device.product_id) for device in devices]
    assert told == [[Stored(boot=1, seq=3)], [Stored(boot=1, seq=2)], [Stored(boot=1, seq=2)]]
    assert memory.pending() == []


def test_a_pending_watermark_is_told_as_it_is_by_then_and_not_as_it_was(world: World) -> None:
    memory, device = Memory(), Device(world, world.unit().id)
    world.run(lambda tx: ingest.take(tx, [device.birth()], memory))
    memory.commit()
    world.run(lambda tx: ingest.take(tx, [device.telemetry()], memory))
    memory.commit()
    world.take(device.telemetry(), device.telemetry())  # by another worker
    world.run(lambda tx: watermarks.tell_pending(tx, memory.pending(), memory))
    assert stored(world, device.product_id) == [Stored(boot=1, seq=4)]


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


def test_a_device_that_invents_ever_more_fields_is_refused_and_costs_the_others_nothing(world: World) -> None:
    unit, other = world.unit(), world.unit()
    flood, polite = Device(world, unit.id), Device(world, other.id)
    said = [flood.status({f"x{number}.{part}": 1 for part in range(60)}) for number in range(6)]
    taken = world.take(*said, polite.status(READY))
    assert (taken.stored, taken.rejected) == (5, 2), "four fill the state, two are beyond it; the neighbour's is stored"
    assert len(world.read(lambda tx: twin.read(tx, unit.id)).reported) == 240
    assert figures(world, unit.id)["rejected"] == {"unstorable": 2}
    assert figures(world, unit.id)["streams"][0]["stored_to"] == 6, "it will never get better, so it holds nothing up"
    assert world.take(flood.status({"x0.0": 2})).stored == 1, "what it has it can still change"


def test_a_device_whose_state_would_be_too_large_is_refused(world: World) -> None:
    device = Device(world, world.unit().id)
    first, second, third = ({f"{letter}{number}": "x" * 900 for number in range(60)} for letter in "fgh")
    again = [device.status(first) for _ in range(4)]
    assert world.take(*again).stored == 4, "what takes the place of the same costs nothing"
    assert world.take(device.status(second), device.status(third)) == ingest.Taken(stored=1, duplicates=0, rejected=1)
    assert world.take(device.status(third)).rejected == 1


def test_more_ranges_than_the_store_keeps_are_passed_over(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    ranges = [[2 * number, 2 * number] for number in range(2, 300)]
    assert world.take(device.event("messages_given_up", {"boot": 1, "ranges": ranges})).stored == 1
    assert figures(world, unit.id)["streams"][0]["given_up"] == 0


def test_the_hole_that_is_one_too_many_is_given_up_and_counted_as_that(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    every = [device.telemetry() for _ in range(2 * MAX_RANGES + 6)]
    world.take(*every[1::2])  # each second one: a hole before each
    (figure,) = figures(world, unit.id)["streams"]
    assert figure["given_up"] == 3
    assert figure["missing"] + figure["given_up"] + len(every[1::2]) == len(every)
    world.take(*every[0::2])
    (figure,) = figures(world, unit.id)["streams"]
    assert (figure["missing"], figure["duplicates"], figure["given_up"]) == (0, 3, 3)
