"""What a device is told, commands and desired settings, and what it answers; and what it tells of its use."""

from typing import Any

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import Command, Desired
from broker.contract.topics import Down
from cloud.control import service as control
from cloud.errors import NotFoundError, StaleError
from cloud.twin import service as twin
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import Device, Phone, World, at_once


def shown(world: World, phone: Phone) -> dict[str, str]:
    situation = world.menus.situation(phone.caller, world.journey(phone).id)
    menu = compose_menu(situation, load_content("printer")).menu
    return {item.id: item.detail for section in menu.sections for item in section.items}


def test_tips_speak_of_the_use_as_soon_as_the_machine_has_told_of_it(world: World) -> None:
    phone, device = owner_of_a_running_unit(world)
    assert {"tips", "usage"} & shown(world, phone).keys() == {"tips"}
    world.take(device.status({"pages_total": 1204}))
    found = shown(world, phone)
    assert {"tips", "usage"} & found.keys() == {"usage"}
    assert found["usage"] == "1,204 pages so far"


def test_a_command_goes_from_queued_over_sent_and_accepted_to_done(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {"seconds": 3}))
    (out,) = world.rows("outbox", command_id=row.id)
    said = decode_down(Down.COMMAND, out.payload)
    assert isinstance(said, Command)
    assert (said.id, said.name, said.arguments, said.expires_at) == (row.id, "identify", {"seconds": 3}, row.expires_at)
    states = [row.status]
    world.run(lambda tx: control.note_sent(tx, [row.id]))
    states.append(world.read(lambda tx: control.read(tx, row.id)).status)
    for answer in ("accepted", "done"):
        world.take(device.result(row.id, answer, data={"took": 1}))
        states.append(world.read(lambda tx: control.read(tx, row.id)).status)
    assert states == ["queued", "sent", "accepted", "done"]
    assert world.rows("timer") == []
    world.take(device.result(row.id, "failed"))
    assert world.read(lambda tx: control.read(tx, row.id)).status == "done"


def test_a_command_that_nobody_answers_expires_and_a_late_answer_changes_nothing(world: World) -> None:
    unit = world.unit()
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}))
    world.clock.now += control.DEFAULT_LIFE
    assert world.do_due() == [("command", row.id)]
    world.take(Device(world, unit.id).result(row.id, "done"))
    ended = world.read(lambda tx: control.read(tx, row.id))
    assert (ended.status, ended.ended_at) == ("expired", row.expires_at)
    assert world.do_due() == []


def test_an_answer_to_somebody_elses_command_or_to_none_is_history_and_nothing_more(world: World) -> None:
    unit, other = world.unit(), world.unit()
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}))
    device = Device(world, other.id)
    assert world.take(*(device.result(name, "done") for name in (row.id, "x\0y", "", "z" * 128))).stored == 4
    assert world.read(lambda tx: control.read(tx, row.id)).status == "queued"
    with pytest.raises(NotFoundError):
        world.run(lambda tx: control.queue(tx, "01jd0000000000000000000000", "identify", {}))


def test_wishes_are_merged_versioned_and_told_as_a_whole(world: World) -> None:
    unit = world.unit()
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": 5, "tray": "a4"}, 0, "w1"))
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": None, "duplex": True}, 1, "w2"))
    (row,) = world.rows("outbox", slot=f"desired:{unit.id}")
    assert decode_down(Down.DESIRED, row.payload) == Desired(version=2, settings={"tray": "a4", "duplex": True})
    assert row.retain


def test_a_wish_on_an_old_version_is_told_so_at_once_and_changes_nothing(world: World) -> None:
    unit, tries = world.unit(), []
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": 5}, None, "w1"))

    def late(tx: Any) -> Desired:
        tries.append(1)
        return twin.desire(tx, unit.id, {"sleep": 9}, 0, "w2")

    with pytest.raises(StaleError):
        world.run(late)
    assert tries == [1]
    assert world.read(lambda tx: twin.read(tx, unit.id)).desired == {"sleep": 5}
    with pytest.raises(NotFoundError):
        world.run(lambda tx: twin.desire(tx, "01jd0000000000000000000000", {}, None, "w3"))


def test_of_wishes_at_once_on_one_version_one_wins(world: World) -> None:
    unit = world.unit()
    works = [
        lambda name=name: world.run(lambda tx: twin.desire(tx, unit.id, {name: 1}, 0, name)) for name in ("a", "b", "c")
    ]
    found = at_once(works)
    assert sum(isinstance(one, Desired) for one in found) == 1
    assert sum(isinstance(one, StaleError) for one in found) == 2
    assert world.read(lambda tx: twin.read(tx, unit.id)).desired_version == 1
