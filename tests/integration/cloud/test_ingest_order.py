"""A law of ingest: in whatever order and however often messages come, the same is known in the end."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.contract.topics import Up
from cloud.twin import service as twin
from cloud.twin.rules import Twin
from tests.integration.cloud.world import JAMMED, READY, Device, Message, World

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


def test_what_epoch_a_word_is_of_does_not_follow_from_the_telemetry_that_came_with_it(sqlite_world: World) -> None:
    world = sqlite_world
    found = []
    for apart in (False, True):
        device = Device(world, world.unit().id)
        measured = device.say(Up.TELEMETRY, epoch=3, measurements=[{"name": "temp", "value": 1.0}])
        batches = [[measured], [device.status(READY)]] if apart else [[measured, device.status(READY)]]
        found.append(plain(outcome(world, device.product_id, batches), device.product_id))
    assert found[0] == found[1]
