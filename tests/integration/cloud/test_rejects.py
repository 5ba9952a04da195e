"""What no device should say: it is counted by its reason, put aside, and holds up neither its device nor another."""

from broker.contract.messages import MAX_PAYLOAD_BYTES, Json, Stored
from broker.contract.topics import Down, Up, down_topic, up_topic
from cloud.registry import service as registry
from cloud.twin import ingest, rejects
from cloud.twin import service as twin
from cloud.twin.sorting import READ_UP_TO
from tests.integration.cloud.streams import figures, stored
from tests.integration.cloud.world import READY, Device, Message, World


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
