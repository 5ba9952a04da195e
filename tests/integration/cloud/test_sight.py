"""Somebody's unit shows its state to who was let in; to others by proof that they stand at it, and by no side door."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from broker.contract.eid import ids_around
from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from cloud import situations
from cloud.care import service as care
from cloud.commerce import partners
from cloud.lifecycle import service as lifecycle
from cloud.record.events import ParcelStatus
from cloud.zones import PROOF_LASTS
from mobile_menu.content_loader import load_content
from mobile_menu.ports import ChosenItem, ItemUnavailableError, ZoneState
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.situation import Device as Shown
from mobile_menu.rules.situation import Onlooker, Zone
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.sight import PERIOD, beacon_of, items, leave_it_jammed, prove, service_of
from tests.integration.cloud.world import JAMMED, Device, Phone, World

LOW = {"state": "idle", "reasons": ["toner-low-warning"], "supplies": [{"name": "black", "level_percent": 4}]}


def everything(world: World, phone: Phone, journey_id: str) -> dict[str, Any]:
    """What every reading call of a phone says of a journey, without what only says when it was asked."""
    service = service_of(world)
    menu = service.menu(phone.caller, journey_id)
    placed = service.report_context(phone.caller, journey_id, (), None)
    taken = world.menus.export(phone.caller)
    del taken["exported_at"]
    return {
        "menu": menu,
        "placed": placed,
        "journeys": world.menus.journeys(phone.caller),
        "situation": world.menus.situation(phone.caller, journey_id),
        "cases": world.menus.cases(phone.caller, journey_id),
        "export": msgspec.json.encode(taken),
    }


def jam(world: World, device: Device) -> None:
    world.take(device.status(JAMMED))


def reset(world: World, device: Device) -> None:
    world.take(device.event("factory_reset"), device.birth())


SAID: dict[str, Callable[[World, Device], object]] = {
    "a jam": jam,
    "little toner": lambda world, device: world.take(device.status(LOW)),
    "a page count": lambda world, device: world.take(device.status({"pages_total": 4711})),
    "firmware": lambda world, device: world.take(device.birth(firmware="9.9")),
    "that it is away": lambda world, device: world.take(device.presence("offline")),
    "that it has been reset": reset,
    "nothing for a month, jammed": leave_it_jammed,
}


@pytest.mark.parametrize("said", SAID)
def test_whatever_somebodys_unit_says_changes_nothing_that_any_call_tells_an_onlooker(homes: Homes, said: str) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.onlooker).id
    second = world.unit()
    world.claim(world.phone(), second)
    world.clock.advance(seconds=1)
    homes.scan(home.onlooker, second)  # in the list of journeys the first could move up past it
    world.menus.open_case(home.onlooker.caller, journey, "help", b"", None)
    before = everything(world, home.onlooker, journey)
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth())
    SAID[said](world, device)
    after = everything(world, home.onlooker, journey)
    for name, told in before.items():
        assert after[name] == told, name
    assert world.read(lambda tx: lifecycle.read(tx, journey)).product_id == home.unit.id


def test_an_onlooker_from_elsewhere_gets_the_model_and_is_told_why(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    world.take(Device(world, home.unit.id, boot=2).birth(), Device(world, home.unit.id, boot=3).status(JAMMED))
    journey = world.journey(home.onlooker)
    assert journey.stage == Stage.SUPPORT, "the record knows; the phone is not told"
    situation = world.menus.situation(home.onlooker.caller, journey.id)
    assert (situation.device, situation.stage, situation.steps) == (Shown(), Stage.INTERESTED, ())
    assert (situation.onlooker, situation.serial) == (Onlooker.ELSEWHERE, home.unit.serial)
    shown = items(service_of(world).menu(home.onlooker.caller, journey.id).body)
    for item in ("is-it-yours", "ask-for-an-invitation", "stand-beside-it", "first-aid"):
        assert "onlooker=elsewhere" in shown[item]
    assert {"what-it-can-do", "expert", "export", "opt-out"} <= set(shown)
    assert not any(item.startswith(("supply", "offline", "clear-jam", "usage", "fix")) for item in shown)
    (summary,) = world.menus.journeys(home.onlooker.caller)
    assert (summary.stage, summary.role, summary.serial) == (Stage.INTERESTED, Role.GUEST, home.unit.serial)


def test_who_was_let_in_sees_it_always_and_needs_no_proof(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth(), device.status(JAMMED))
    for phone in (home.owner, home.household, home.guest):
        situation = world.menus.situation(phone.caller, world.journey(phone).id)
        assert (situation.device.state, situation.onlooker) == ("stopped", Onlooker.NO)
        assert "clear-jam" in items(service_of(world).menu(phone.caller, situation.journey_id).body)


def test_a_guest_whose_time_is_over_sees_nothing_before_anybody_has_noticed(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.guest).id
    world.clock.advance(hours=24 * 30 - 1)
    assert world.menus.situation(home.guest.caller, journey).device.state == "idle"
    world.clock.advance(hours=1)
    assert world.menus.situation(home.guest.caller, journey).onlooker is Onlooker.ELSEWHERE


def test_fresh_proof_shows_the_state_for_its_time_and_a_kept_menu_does_not_outlive_it(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey, key, service = world.journey(home.onlooker).id, beacon_of(world, home.unit), service_of(world)
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth(), device.status(JAMMED))
    caller, token = service.caller(home.onlooker.token, "en"), home.onlooker.token
    plain = service.menu(caller, journey)
    prove(world, home.onlooker, journey, ids_around(key, world.clock()))
    service.changed([journey])
    beside = service.menu(caller, journey)
    assert {"clear-jam", "seen-from-beside"} <= set(items(beside.body))
    assert beside.until == world.clock() + PROOF_LASTS
    assert msgspec.json.decode(beside.body)["until"] is not None
    world.clock.advance(seconds=PROOF_LASTS.total_seconds() - 1)
    world.take(device.status({"reasons": ["media-empty-error"]}))
    service.changed([journey])
    caller = service.caller(token, "en")
    live = service.menu(caller, journey)
    assert "load-paper" in items(live.body)
    assert service.warm_menu(token, "en", journey) == live
    world.clock.advance(seconds=1)
    assert service.warm_menu(token, "en", journey) is None
    assert service.menu(caller, journey) == plain, "the proof is over, and nobody has said that anything changed"


@pytest.mark.parametrize("wrong", ["another unit's", "an old one", "one made up"])
def test_an_id_that_is_not_this_units_and_of_now_proves_nothing(homes: Homes, wrong: str) -> None:
    world, home = homes.world, homes.home()
    journey, key = world.journey(home.onlooker).id, beacon_of(world, home.unit)
    heard = {
        "another unit's": ids_around(beacon_of(world, world.unit()), world.clock()),
        "an old one": ids_around(key, world.clock() - 3 * PERIOD),
        "one made up": frozenset({"0" * 16}),
    }[wrong]
    prove(world, home.onlooker, journey, heard)
    assert world.menus.situation(home.onlooker.caller, journey).onlooker is Onlooker.ELSEWHERE


def test_where_there_is_no_unit_nothing_that_is_heard_proves_a_place(homes: Homes) -> None:
    world, phone = homes.world, homes.world.phone()
    journey = world.begin(phone).id
    prove(world, phone, journey, ids_around(beacon_of(world, world.unit()), world.clock()))
    assert not world.menus.situation(phone.caller, journey).place.proven
    assert [row.proven_until for row in world.rows("journey", id=journey)] == [None]


def test_a_unit_of_nobody_shows_itself_until_somebody_claims_it_and_again_when_they_have_left(homes: Homes) -> None:
    world = homes.world
    unit, visitor, owner = world.unit(), world.phone(), world.phone()
    world.set_up(unit)
    journey = homes.scan(visitor, unit)
    service = service_of(world)

    def looks() -> tuple[Onlooker, str]:
        found = world.menus.situation(visitor.caller, journey)
        return found.onlooker, found.device.state

    assert looks() == (Onlooker.NO, "idle")
    version = world.menus.version(journey)
    world.claim(owner, unit)
    assert looks() == (Onlooker.ELSEWHERE, "")
    assert world.menus.version(journey) > version, "a process that heard no word of it finds out"
    assert "make-it-yours" not in items(service.menu(visitor.caller, journey).body)
    world.menus.opt_out(owner.token)
    assert looks() == (Onlooker.NO, "idle")


def test_a_demo_unit_in_a_shop_shows_itself_to_everybody(homes: Homes) -> None:
    world, unit, visitor = homes.world, homes.world.unit(), homes.world.phone()
    world.set_up(unit)
    shop = world.shop()
    world.run(lambda tx: partners.place_in_shop(tx, unit.id, shop.id))
    journey = homes.scan(visitor, unit)
    zone = ZoneState(zone=Zone.HERE, subject_id=unit.id, since=world.clock(), heard_at=world.clock())
    world.menus.enter_zone(visitor.caller, journey, zone, ())
    situation = world.menus.situation(visitor.caller, journey)
    assert (situation.device.state, situation.onlooker) == ("idle", Onlooker.NO)


def test_proof_of_a_demo_unit_proves_nothing_of_the_unit_that_the_journey_is_with_later(homes: Homes) -> None:
    world = homes.world
    demo, bought, buyer, owner = world.unit(), world.unit(), world.phone(), world.phone()
    shop = world.shop()
    world.run(lambda tx: partners.place_in_shop(tx, demo.id, shop.id))
    world.claim(owner, bought)
    world.set_up(bought)
    journey = homes.scan(buyer, demo)
    zone = ZoneState(zone=Zone.HERE, subject_id=demo.id, since=world.clock(), heard_at=world.clock())
    world.menus.enter_zone(buyer.caller, journey, zone, tuple(ids_around(beacon_of(world, demo), world.clock())))
    assert world.menus.situation(buyer.caller, journey).place.proven
    world.order("A-9", journey=journey, serial=bought.serial)
    situation = world.menus.situation(buyer.caller, journey)
    assert (situation.product_id, situation.onlooker) == (bought.id, Onlooker.ELSEWHERE)


def test_a_command_that_shows_beside_is_still_not_an_onlookers_to_give(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.onlooker).id
    prove(world, home.onlooker, journey, ids_around(beacon_of(world, home.unit), world.clock()))
    item = ChosenItem(id="x", kind="command", action="command", arguments={"name": "identify"})
    with pytest.raises(ItemUnavailableError):
        world.menus.choose(home.onlooker.caller, journey, item, None)
    assert world.rows("command", product_id=home.unit.id) == []


def attached(world: World, phone: Phone) -> Json:
    """What the expert got, by what the operator's page reads."""
    (row,) = world.rows("support_case", person_id=phone.person_id)
    return world.read(lambda tx: care.snapshot(tx, world.keys, care.read(tx, row.id)))


def test_a_step_that_an_onlooker_did_does_not_tell_them_in_which_of_its_lives_the_unit_was(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    reset(world, Device(world, home.unit.id, boot=2))
    item = ChosenItem(id="x", kind="step", action="step", arguments={"step": "unpack"})
    for phone in (home.onlooker, home.owner):
        world.menus.choose(phone.caller, world.journey(phone).id, item, None)
        (done,) = [one for one in world.menus.export(phone.caller)["touchpoints"] if one["type"] == "install.step_done"]
        assert ("epoch" in done["data"]) is (phone is home.owner)


def test_the_expert_of_an_onlooker_gets_nothing_of_the_machine_and_is_told_that_there_is_one(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth())
    leave_it_jammed(world, device)
    for phone in (home.onlooker, home.owner):
        world.menus.open_case(phone.caller, world.journey(phone).id, "help", b"", None)
    wished = world.phone()
    homes.scan(wished, home.unit)
    item = ChosenItem(id="x", kind="expert", action="call", arguments={})
    world.menus.choose(wished.caller, world.journey(wished).id, item, None)
    for phone in (home.onlooker, wished):
        got = attached(world, phone)
        assert (got["twin"], got["withheld"], got["stage"], got["stalls"]) == (None, True, Stage.INTERESTED, [])
        told = {one["type"] for one in got["timeline"]}
        assert not {"device.status", "device.birth", "journey.stalled"} & told
        (case,) = world.rows("support_case", person_id=phone.person_id)
        assert (case.product_id, case.stage) == (home.unit.id, Stage.INTERESTED)
    own = attached(world, home.owner)
    assert "stopped" in repr(own["twin"])
    assert not own["withheld"]


def test_who_bought_a_unit_that_somebody_else_has_claimed_sees_their_own_order_alone(homes: Homes) -> None:
    world = homes.world
    unit, buyer, owner = world.unit(), world.phone(), world.phone()
    journey = world.begin(buyer).id
    world.order("A-9", journey=journey, serial=unit.serial, tracking_code="T-9", carrier="post")
    world.parcel("T-9", ParcelStatus.IN_TRANSIT)
    world.claim(owner, unit)
    world.set_up(unit)
    situation = world.menus.situation(buyer.caller, journey)
    assert (situation.stage, situation.parcel.state, situation.device) == (Stage.DELIVERY, "moving", Shown())
    assert situation.onlooker is Onlooker.ELSEWHERE
    world.parcel("T-9", ParcelStatus.DELIVERED)
    (taken,) = world.menus.export(buyer.caller)["journeys"]
    assert (taken["stage"], [(one["from"], one["to"]) for one in taken["moves"]]) == (
        Stage.INSTALL,
        [("interested", "delivery")],
    )
    assert "contact" not in repr(taken["facts"])


def test_operators_see_what_this_customer_sees(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.onlooker).id
    situation = world.read(lambda tx: situations.situation_of(tx, journey, "en", "https://id.example"))
    assert compose_menu(situation, load_content("printer")).menu.status.level == "none"


def test_a_removed_member_who_scans_again_sees_the_model(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    homes.people.remove(home.owner.caller, home.unit.id, world.rows("member", role="household")[0].id)
    journey = homes.scan(home.household, home.unit)
    assert world.menus.situation(home.household.caller, journey).onlooker is Onlooker.ELSEWHERE
