"""How far a device is told that it is stored: holes, what it gives up itself, and when it is told."""

import pytest

from broker.contract.messages import Json, Stored
from broker.contract.watermark import MAX_RANGES
from tests.integration.cloud.streams import figures, stored
from tests.integration.cloud.world import Device, World


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
