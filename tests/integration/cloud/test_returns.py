"""A unit comes back, is sold anew, retired or reset: whose it is then, and whose order and journey it is."""

import pytest

from broker.contract.stages import Role, Stage
from cloud.errors import ConflictError
from cloud.ownership import returns
from cloud.ownership.rules import WIPE
from cloud.record.events import OrderStatus
from mobile_menu.ownership_ports import NotYoursError
from mobile_menu.ports import AlreadyClaimedError, ClaimRefusedError
from tests.integration.cloud.homes import Homes, commands
from tests.integration.cloud.world import READY, Device


def test_a_return_is_asked_for_by_the_owner_and_confirmed_by_the_operator(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.owner)
    assert homes.people.ask_return(home.owner.caller, home.unit.id, "k").outcome == "return_requested"
    assert homes.people.people(home.owner.caller, home.unit.id).return_requested
    assert homes.owner_of(home.unit) == home.owner.person_id  # until it has come in
    taken = homes.take_back(home.unit)
    assert homes.owner_of(home.unit) is None
    assert world.menus.situation(home.owner.caller, journey.id).closed_reason == "returned"
    assert world.journey(home.household).closed
    assert commands(world, home.unit.id) == [(WIPE, "queued")]
    assert homes.said_to(home.unit, "stage").payload == b""
    with pytest.raises(ClaimRefusedError):
        world.claim(home.owner, home.unit)
    buyer = world.phone()
    assert world.claim(buyer, home.unit, taken.claim_code).role is Role.OWNER
    assert world.journey(buyer).stage == Stage.INSTALL


def test_a_return_without_an_owner_gives_a_new_code_all_the_same_and_a_retired_unit_cannot_come_back(
    homes: Homes,
) -> None:
    world, unit = homes.world, homes.world.unit()
    taken = homes.take_back(unit)
    with pytest.raises(ClaimRefusedError):
        world.claim(world.phone(), unit)
    assert world.claim(world.phone(), unit, taken.claim_code).role is Role.OWNER
    world.run(lambda tx: returns.retire(tx, unit.id))
    with pytest.raises(ConflictError):
        homes.take_back(unit)
    with pytest.raises(ConflictError):
        world.run(lambda tx: returns.retire(tx, unit.id))


def test_an_order_of_the_first_sale_is_not_adopted_by_the_next_buyer(homes: Homes) -> None:
    world, unit = homes.world, homes.world.unit()
    world.order("first-sale", serial=unit.serial, customer={"name": "first buyer"})
    taken = homes.take_back(unit)
    buyer = world.phone()
    world.claim(buyer, unit, taken.claim_code)
    assert world.journey(buyer).facts.orders == {}
    world.order("second-sale", serial=unit.serial, status=OrderStatus.FULFILLED)
    assert world.rows("shop_order", id="first-sale")[0].journey_id is None


def test_whom_the_owner_invites_does_not_adopt_an_order_that_names_the_unit(homes: Homes) -> None:
    world, unit, owner, member = homes.world, homes.world.unit(), homes.world.phone(), homes.world.phone()
    world.claim(owner, unit)
    world.order("late", serial=unit.serial)
    homes.join(owner, member, unit, "household")
    assert world.journey(member).facts.orders == {}


def test_a_retired_unit_is_nobodys_and_everybodys_journey_with_it_ends(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    world.run(lambda tx: returns.retire(tx, home.unit.id))
    assert homes.owner_of(home.unit) is None
    for phone in (home.owner, home.household, home.guest, home.onlooker):
        assert world.menus.situation(phone.caller, world.journey(phone).id).closed_reason == "retired"
        with pytest.raises(NotYoursError):
            homes.people.people(phone.caller, home.unit.id)
    with pytest.raises(ClaimRefusedError):
        world.claim(home.owner, home.unit)


def test_a_factory_reset_begins_the_installation_again_and_takes_the_unit_from_nobody(homes: Homes) -> None:
    world, home, thief = homes.world, homes.home(), homes.world.phone()
    device = Device(world, home.unit.id, boot=2)
    world.take(device.event("factory_reset", epoch=1), device.birth(epoch=1))
    assert world.journey(home.owner).stage == Stage.INSTALL
    assert homes.owner_of(home.unit) == home.owner.person_id
    assert [row.role for row in world.rows("member")] == ["household", "guest"]
    with pytest.raises(AlreadyClaimedError):  # who has stolen the box, with the leaflet in it
        world.claim(thief, home.unit)
    homes.scan(thief, home.unit)
    with pytest.raises(NotYoursError):
        homes.people.people(thief.caller, home.unit.id)
    device = Device(world, home.unit.id, boot=3)
    world.take(device.status(READY, epoch=1), device.event("page_printed", epoch=1))
    assert world.journey(home.owner).stage == Stage.SUPPORT
