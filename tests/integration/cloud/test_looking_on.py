"""Who looks on: the owner sees how many and ends them all; and what they then still have of it."""

from typing import Any

import pytest

from broker.contract.eid import ids_around
from broker.contract.stages import Role, Stage
from cloud.lifecycle import service as lifecycle
from cloud.record.events import OrderStatus
from cloud.zones import PROOF_LASTS
from mobile_menu.ownership_ports import NotYoursError
from mobile_menu.rules.situation import Device as Shown
from mobile_menu.rules.situation import Onlooker
from tests.integration.cloud import joined
from tests.integration.cloud.homes import Home, Homes
from tests.integration.cloud.sight import PERIOD, beacon_of, items, leave_it_jammed, prove, service_of
from tests.integration.cloud.test_replay import check
from tests.integration.cloud.world import JAMMED, Device


def looking(homes: Homes, home: Home) -> Any:
    return homes.people.people(home.owner.caller, home.unit.id).onlookers


def test_the_owner_sees_how_many_look_on_since_when_and_nobody_else_does(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    first = world.clock()
    world.clock.advance(hours=1)
    second = world.phone()
    journey = homes.scan(second, home.unit)
    found = looking(homes, home)
    assert (found.count, found.seeing, found.since, found.ended_at) == (2, 0, first, None)
    prove(world, second, journey, ids_around(beacon_of(world, home.unit), world.clock()))
    found = looking(homes, home)
    assert (found.count, found.seeing) == (2, 1)
    assert second.person_id not in repr(found)
    world.clock.advance(seconds=PROOF_LASTS.total_seconds())
    assert looking(homes, home).seeing == 0
    for phone in (home.household, home.guest):
        assert homes.people.people(phone.caller, home.unit.id).onlookers is None


def test_the_owner_ends_all_who_look_on_and_nobody_whom_they_let_in(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey, device = world.journey(home.onlooker).id, Device(world, home.unit.id, boot=2)
    prove(world, home.onlooker, journey, ids_around(beacon_of(world, home.unit), world.clock()))
    assert world.menus.situation(home.onlooker.caller, journey).onlooker is Onlooker.BESIDE
    world.menus.open_case(home.onlooker.caller, journey, "mine", b"", None)
    heard: list[str] = []
    world.db.listeners.append(lambda changes: heard.extend(changes.journeys))
    world.clock.advance(seconds=5)
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    assert journey in heard, "an open phone is told"
    ended = world.menus.situation(home.onlooker.caller, journey)
    assert (ended.device, ended.stage, ended.product_id, ended.role) == (Shown(), Stage.INTERESTED, "", Role.VISITOR)
    assert (ended.onlooker, ended.place.proven, ended.until) == (Onlooker.NO, False, None)
    assert "is-it-yours" not in items(service_of(world).menu(home.onlooker.caller, journey).body)
    assert world.menus.cases(home.onlooker.caller, journey)[0].messages[0].text == "mine"
    world.take(device.birth(), device.status(JAMMED))
    assert world.menus.situation(home.onlooker.caller, journey).device == Shown()
    found = looking(homes, home)
    assert (found.count, found.seeing, found.since, found.ended_at) == (0, 0, None, world.clock())
    for phone in (home.owner, home.household, home.guest):
        assert world.menus.situation(phone.caller, world.journey(phone).id).device.state == "stopped"
    (said,) = world.rows("journal", type="product.onlookers_ended")
    assert (said.product_id, said.person_id, said.data) == (home.unit.id, None, {"count": 1})
    check(world)


def test_who_was_ended_and_then_became_one_with_another_goes_on_in_one_journey_when_they_scan_again(
    homes: Homes,
) -> None:
    world, second = homes.world, homes.world.phone()
    older = world.begin(second).id
    world.clock.advance(seconds=1)
    home = homes.home()
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    for phone in (home.onlooker, second):
        joined.prove(world, phone)
    assert [row.id for row in world.rows("journey", person_id=home.onlooker.person_id)] == [older]
    assert not world.rows("journal", type="journey.parted", journey_id=older), "it stands under the other's old id"
    assert homes.scan(home.onlooker, home.unit) == older
    assert [row.id for row in world.rows("journey", person_id=home.onlooker.person_id)] == [older]
    check(world)


def test_of_two_onlookers_who_became_one_the_first_scan_counts(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    second = world.phone()
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    world.clock.advance(hours=1)
    homes.scan(second, home.unit)
    first = world.clock()
    world.clock.advance(hours=1)
    kept = homes.scan(home.onlooker, home.unit)
    assert looking(homes, home).since == first
    for phone in (home.onlooker, second):
        joined.prove(world, phone)
    assert [row.id for row in world.rows("journey", person_id=home.onlooker.person_id)] == [kept]
    found = looking(homes, home)
    assert (found.count, found.since) == (1, first)


def test_who_was_ended_takes_nothing_along_of_the_time_when_they_looked_on(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    leave_it_jammed(world, Device(world, home.unit.id, boot=2))
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    taken = world.menus.export(home.onlooker.caller)
    (journey,) = taken["journeys"]
    assert (journey["stage"], journey["moves"], journey["stalls"]) == (Stage.INTERESTED, [], [])
    assert not {"contact", "steps"} & set(repr(journey["facts"]).replace("'", " ").split())
    assert "journey.stalled" not in [one["type"] for one in taken["touchpoints"]]


def test_whose_time_with_a_unit_is_over_takes_along_how_it_was_if_they_lived_with_it_and_else_nothing(
    homes: Homes,
) -> None:
    world, home = homes.world, homes.home()
    leave_it_jammed(world, Device(world, home.unit.id, boot=2))
    homes.hand_over(home.owner, world.phone(), home.unit)
    for phone, lived_with_it in (
        (home.owner, True),
        (home.household, True),
        (home.guest, False),
        (home.onlooker, False),
    ):
        taken = world.menus.export(phone.caller)
        (journey,) = taken["journeys"]
        assert journey["stage"] == Stage.CLOSED
        assert (Stage.SUPPORT in {move["to"] for move in journey["moves"]}) is lived_with_it
        assert ("journey.stalled" in {one["type"] for one in taken["touchpoints"]}) is lived_with_it


def test_of_two_onlookers_who_became_one_neither_takes_along_how_the_unit_was(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    second = world.phone()
    homes.scan(second, home.unit)
    leave_it_jammed(world, Device(world, home.unit.id, boot=2))
    assert world.rows("journal", type="journey.stalled", person_id=second.person_id)
    for phone in (home.onlooker, second):
        joined.prove(world, phone)
    taken = world.menus.export(home.onlooker.caller)["touchpoints"]
    assert "journey.joined" in {one["type"] for one in taken}
    assert not {"journey.stalled", "journey.resumed"} & {one["type"] for one in taken}


def test_who_scans_again_after_the_end_is_counted_again_and_what_was_heard_before_proves_nothing(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey, key = world.journey(home.onlooker).id, beacon_of(world, home.unit)
    before = ids_around(key, world.clock())
    prove(world, home.onlooker, journey, before)
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    world.clock.advance(seconds=60)
    again = world.clock()
    assert homes.scan(home.onlooker, home.unit) == journey, "their journey goes on with the unit"
    found = looking(homes, home)
    assert (found.count, found.since) == (1, again)
    assert world.menus.situation(home.onlooker.caller, journey).onlooker is Onlooker.ELSEWHERE
    for heard in (before, ids_around(key, world.clock())):
        prove(world, home.onlooker, journey, heard - (ids_around(key, world.clock()) - before))
        assert world.menus.situation(home.onlooker.caller, journey).onlooker is Onlooker.ELSEWHERE
    prove(world, home.owner, world.journey(home.owner).id, ids_around(key, world.clock()))
    assert world.menus.situation(home.owner.caller, world.journey(home.owner).id).place.proven, "the owner's counts"
    world.clock.advance(seconds=3 * PERIOD.total_seconds())
    prove(world, home.onlooker, journey, ids_around(key, world.clock()))
    assert world.menus.situation(home.onlooker.caller, journey).device.state == "idle"
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    assert looking(homes, home).count == 0
    check(world)


def test_what_an_ended_onlooker_ordered_stays_theirs(homes: Homes) -> None:
    world = homes.world
    unit, buyer, owner = world.unit(), world.phone(), world.phone()
    journey = world.begin(buyer).id
    world.order("A-9", journey=journey, serial=unit.serial, status=OrderStatus.PLACED)
    world.claim(owner, unit)
    world.set_up(unit)
    homes.people.end_onlookers(owner.caller, unit.id)
    found = world.read(lambda tx: lifecycle.read(tx, journey))
    assert (found.product_id, found.stage, set(found.facts.orders)) == (None, Stage.DELIVERY, {"A-9"})
    check(world)


def test_a_new_owner_begins_with_no_onlookers_and_no_word_of_those_before(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    homes.people.end_onlookers(home.owner.caller, home.unit.id)
    homes.scan(home.onlooker, home.unit)
    heir = world.phone()
    homes.hand_over(home.owner, heir, home.unit)
    found = homes.people.people(heir.caller, home.unit.id).onlookers
    assert found is not None
    assert (found.count, found.since, found.ended_at) == (0, None, None)
    with pytest.raises(NotYoursError):
        homes.people.end_onlookers(home.owner.caller, home.unit.id)
