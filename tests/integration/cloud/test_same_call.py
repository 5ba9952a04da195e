"""The same call of a phone twice, by its key: one answer and one effect, and nobody else's."""

import pytest

from broker.contract.stages import Stage
from cloud.errors import KeyReusedError
from cloud.record import service as record
from mobile_menu.ports import CaseThread, Chosen, ChosenItem
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import World, at_once

PRINT = ChosenItem(id="print", kind="action", action="command", arguments={"name": "print_test_page"})


def test_the_same_key_gives_the_same_answer_and_has_its_effect_once(world: World) -> None:
    phone, _device = owner_of_a_running_unit(world)
    journey_id = world.journey(phone).id
    first = world.menus.choose(phone.caller, journey_id, PRINT, "k")
    assert world.menus.choose(phone.caller, journey_id, PRINT, "k") == first
    assert world.menus.answered(phone.caller, journey_id, "print", "k") == first
    assert world.menus.answered(phone.caller, journey_id, "print", "other") is None
    assert len(world.rows("command")) == 1
    with pytest.raises(KeyReusedError):
        world.menus.choose(phone.caller, journey_id, ChosenItem(id="call", kind="a", action="call"), "k")
    world.clock.advance(hours=25)
    assert world.menus.choose(phone.caller, journey_id, PRINT, "k") != first


def test_the_same_key_at_once_has_one_effect(world: World) -> None:
    phone, _device = owner_of_a_running_unit(world)
    journey_id = world.journey(phone).id
    found = at_once([lambda: world.menus.choose(phone.caller, journey_id, PRINT, "k")] * 5)
    assert [one for one in found if not isinstance(one, Chosen)] == []
    assert len({repr(one) for one in found}) == 1
    assert len(world.rows("command")) == 1


def test_a_key_belongs_to_its_person(world: World) -> None:
    threads = []
    for _ in range(2):
        phone = world.phone()
        threads.append(world.menus.open_case(phone.caller, world.begin(phone).id, "help", b"{}", "k"))
    assert all(isinstance(one, CaseThread) for one in threads)
    assert threads[0].id != threads[1].id
    world.clock.advance(hours=25)
    world.run(record.forget_old_answers)
    assert world.rows("idempotency") == []


def test_a_stored_answer_cannot_be_read_from_the_database(world: World) -> None:
    phone = world.phone()
    world.menus.open_case(phone.caller, world.begin(phone).id, "my secret", b"{}", "k")
    assert all(b"secret" not in row.body for row in world.rows("idempotency"))
    assert world.journey(phone).stage == Stage.INTERESTED
