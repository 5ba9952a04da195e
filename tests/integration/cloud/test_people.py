"""Who is with a unit: what each may see and do, removal, leaving, and the end of a guest's time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from cloud.care import service as care
from cloud.choices import ACTIONS, WISHES
from cloud.ownership import invitations, members
from cloud.ownership.rules import GUEST_LASTS
from mobile_menu.ownership_ports import LinkRefusedError, NotYoursError
from mobile_menu.ports import ChosenItem, ItemUnavailableError
from tests.integration.cloud.homes import Home, Homes, code_of
from tests.integration.cloud.world import Phone, World


def do_due(world: World) -> None:
    """What the scheduler does with guests whose time is up."""
    for row in world.rows("timer", kind=members.TIMER):
        if row.due_at <= world.clock():
            world.run(lambda tx, subject=row.subject: members.expire(tx, subject))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable


def test_everybody_sees_roles_and_dates_as_far_as_is_theirs_and_nobody_is_named(homes: Homes) -> None:
    home = homes.home()
    pending = homes.invite(home.owner, home.unit, "guest")
    seen = {
        name: homes.people.people(phone.caller, home.unit.id)
        for name, phone in (("owner", home.owner), ("household", home.household), ("guest", home.guest))
    }
    assert [one.role for one in seen["owner"].people] == [Role.OWNER, Role.HOUSEHOLD, Role.GUEST]
    assert [one.you for one in seen["owner"].people] == [True, False, False]
    assert [one.id for one in seen["owner"].invitations] == [pending.id]
    assert [one.role for one in seen["household"].people] == [Role.OWNER, Role.HOUSEHOLD, Role.GUEST]
    assert [one.role for one in seen["guest"].people] == [Role.OWNER, Role.GUEST]
    assert seen["household"].invitations == seen["guest"].invitations == ()
    guest = seen["guest"].people[1]
    assert guest.you
    assert guest.expires_at is not None
    for one in (home.owner, home.household, home.guest):
        assert all(one.person_id not in repr(found) for found in seen.values())
    with pytest.raises(NotYoursError):
        homes.people.people(home.onlooker.caller, home.unit.id)


ACTIONS_OF = {
    "owner": {"command", "step", "coupon", "share", "survey", "wait", "note", "call", "cancel_order", "return"},
    "household": {"command", "step", "coupon", "share", "survey", "wait", "note", "call", "cancel_order"},
    "guest": {"step", "coupon", "share", "survey", "wait", "note", "call", "cancel_order"},
    "onlooker": {"step", "coupon", "share", "survey", "wait", "note", "call", "cancel_order"},
}
"""Written by hand: what choosing each action of a menu's item may lead to, whatever the menu offered."""


def have_been_helped(world: World, phone: Phone) -> None:
    case_id = world.menus.open_case(phone.caller, world.journey(phone).id, "It hums", b"", None).id
    world.run(lambda tx: care.close(tx, case_id))


def test_each_role_can_choose_exactly_what_is_promised_whatever_a_menu_offered(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    assert set(ACTIONS) | set(WISHES) == ACTIONS_OF["owner"]
    for name, allowed in ACTIONS_OF.items():
        phone: Phone = getattr(home, name)
        have_been_helped(world, phone)  # whoever had a case is asked about it
        # By `role` each command is another than the others', and joins none of them.
        arguments: dict[str, Json] = {"name": "identify", "role": name, "step": "unpack", "survey": "csat"}
        for action in (*ACTIONS, *WISHES):
            item = ChosenItem(id=f"x-{action}", kind="note", action=action, arguments=arguments, choice="5")
            if action in allowed:
                world.menus.choose(phone.caller, world.journey(phone).id, item, None)
            else:
                with pytest.raises(ItemUnavailableError):
                    world.menus.choose(phone.caller, world.journey(phone).id, item, None)
    assert sorted(row.arguments["role"] for row in world.rows("command")) == ["household", "owner"]
    assert len(world.rows("journal", type="survey.answered")) == len(ACTIONS_OF)


CALLS: dict[str, Callable[[Homes, Phone, Home, dict[str, str]], object]] = {
    "invite": lambda homes, who, home, _ids: homes.people.invite(who.caller, home.unit.id, "guest", None, None),
    "withdraw": lambda homes, who, home, ids: homes.people.withdraw(who.caller, home.unit.id, ids["invitation"]),
    "remove": lambda homes, who, home, ids: homes.people.remove(who.caller, home.unit.id, ids["member"]),
    "start": lambda homes, who, home, _ids: homes.people.start_transfer(who.caller, home.unit.id, None),
    "read": lambda homes, who, _home, ids: homes.people.transfer(who.caller, ids["transfer"]),
    "confirm": lambda homes, who, _home, ids: homes.people.confirm_transfer(who.caller, ids["transfer"], None),
    "cancel": lambda homes, who, _home, ids: homes.people.cancel_transfer(who.caller, ids["transfer"]),
    "return": lambda homes, who, home, _ids: homes.people.ask_return(who.caller, home.unit.id, None),
    "end onlookers": lambda homes, who, home, _ids: homes.people.end_onlookers(who.caller, home.unit.id),
    "wipe": lambda homes, who, home, _ids: homes.people.wipe(who.caller, home.unit.id, None),
    "code": lambda homes, who, home, _ids: homes.people.new_claim_code(who.caller, home.unit.id, None),
}


@pytest.mark.parametrize("call", CALLS)
def test_nobody_but_the_owner_can_do_what_is_the_owners_and_ids_of_others_are_as_unknown_as_none(
    homes: Homes, call: str
) -> None:
    world, home = homes.world, homes.home()
    stranger, neighbour = world.phone(), world.phone()
    world.claim(neighbour, world.unit())
    ids = {
        "invitation": homes.invite(home.owner, home.unit).id,
        "member": world.rows("member", role="guest")[0].id,
        "transfer": homes.offer(home.owner, home.unit).id,
    }
    before = [world.rows(name) for name in ("member", "invitation", "transfer", "product", "journal")]
    said = set()
    for who in (home.household, home.onlooker, stranger, neighbour, *(() if call == "remove" else (home.guest,))):
        with pytest.raises(NotYoursError) as refusal:
            CALLS[call](homes, who, home, ids)
        said.add(repr(refusal.value))
    nowhere = dict.fromkeys(ids, "01m819eke0m2ah3dbbwabwn898")
    if call not in {"invite", "start", "return", "code", "wipe", "end onlookers"}:
        for who in (home.owner, stranger):
            for wrong in (nowhere, dict.fromkeys(ids, "no id"), dict.fromkeys(ids, "'; --")):
                with pytest.raises(NotYoursError) as refusal:
                    CALLS[call](homes, who, home, wrong)
                said.add(repr(refusal.value))
    assert len(said) == 1
    assert [world.rows(name) for name in ("member", "invitation", "transfer", "product", "journal")] == before


def test_ids_of_ones_own_other_unit_open_nothing_here(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    second = world.unit()
    world.claim(home.owner, second)
    pending = homes.invite(home.owner, home.unit)
    member = world.rows("member", role="guest")[0].id
    for call in (homes.people.withdraw, homes.people.remove):
        with pytest.raises(NotYoursError):
            call(home.owner.caller, second.id, pending.id if call == homes.people.withdraw else member)
    assert len(world.rows("invitation")) == 1
    assert len(world.rows("member")) == 2


def test_a_removed_member_sees_nothing_of_the_unit_any_more_and_an_open_phone_is_told_at_once(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.household)
    heard: list[Any] = []
    world.db.listeners.append(lambda changes: heard.append(set(changes.journeys)))
    homes.people.remove(home.owner.caller, home.unit.id, world.rows("member", role="household")[0].id)
    assert any(journey.id in one for one in heard)
    shown = world.menus.situation(home.household.caller, journey.id)
    assert (shown.stage, shown.closed_reason, shown.product_id) == (Stage.CLOSED, "ended", "")
    assert (shown.device.level, shown.device.supplies, shown.serial) == ("unknown", (), "")
    item = ChosenItem(id="x", kind="command", action="command", arguments={"name": "identify"})
    with pytest.raises(ItemUnavailableError):
        world.menus.choose(home.household.caller, journey.id, item, None)
    with pytest.raises(NotYoursError):
        homes.people.people(home.household.caller, home.unit.id)
    assert [one.role for one in homes.people.people(home.owner.caller, home.unit.id).people] == [Role.OWNER, Role.GUEST]


IDENTIFY = ChosenItem(id="x", kind="command", action="command", arguments={"name": "identify"})
FLASH = ChosenItem(id="y", kind="command", action="command", arguments={"name": "identify", "seconds": 3})


def ask(world: World, phone: Phone, item: ChosenItem = IDENTIFY) -> str:
    chosen = world.menus.choose(phone.caller, world.journey(phone).id, item, None)
    return str(chosen.command_id)


def standing_of(world: World, command_id: str) -> tuple[str, bool]:
    """How far a command is, and whether it waits to leave."""
    return world.rows("command", id=command_id)[0].status, bool(world.rows("outbox", command_id=command_id))


def test_what_a_removed_member_asked_of_the_device_does_not_leave_any_more(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    theirs, owners = ask(world, home.household, FLASH), ask(world, home.owner)
    (row,) = world.rows("member", person_id=home.household.person_id)
    homes.people.remove(home.owner.caller, home.unit.id, row.id)
    assert standing_of(world, theirs) == ("failed", False)
    assert standing_of(world, owners) == ("queued", True)


@pytest.mark.parametrize("gone_by", ["removal", "opt-out"])
@pytest.mark.parametrize("first", ["household", "owner"])
def test_what_the_owner_asked_for_too_still_leaves_and_who_has_gone_hears_of_it_no_more(
    homes: Homes, first: str, gone_by: str
) -> None:
    world, home = homes.world, homes.home()
    both = (home.household, home.owner) if first == "household" else (home.owner, home.household)
    asked = {ask(world, phone) for phone in both}
    alone = ask(world, home.household, FLASH)
    (command_id,) = asked
    if gone_by == "removal":
        (row,) = world.rows("member", person_id=home.household.person_id)
        homes.people.remove(home.owner.caller, home.unit.id, row.id)
    else:
        world.menus.opt_out(home.household.token)
    assert standing_of(world, command_id) == ("queued", True)
    assert world.rows("outbox", command_id=alone) == []
    owners = world.journey(home.owner)
    (said,) = world.rows("outbox", command_id=command_id)
    (command,) = world.rows("command", id=command_id)
    assert (said.person_id, command.person_id, command.journey_id) == (owners.person_id, owners.person_id, owners.id)
    assert [one.journey_id for one in world.rows("command_ask")] == [owners.id]


def test_a_member_may_leave_and_be_invited_again_and_the_owner_cannot_leave_so(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    homes.people.remove(home.household.caller, home.unit.id, world.rows("member", role="household")[0].id)
    assert world.journey(home.household).closed
    again = homes.join(home.owner, home.household, home.unit, "household")
    assert world.journey(home.household).id == again.journey_id
    assert world.journey(home.household).role == "household"
    with pytest.raises(NotYoursError):
        homes.people.remove(home.owner.caller, home.unit.id, "")


def test_a_guests_time_runs_out_by_itself_and_counts_at_once_even_before_the_timer(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    world.clock.now += GUEST_LASTS
    with pytest.raises(NotYoursError):
        homes.people.people(home.guest.caller, home.unit.id)
    do_due(world)
    assert world.journey(home.guest).closed
    assert not world.journey(home.household).closed
    assert [row.role for row in world.rows("member")] == ["household"]
    assert world.rows("timer", kind=members.TIMER) == []


def test_a_guest_stays_as_long_as_the_owner_says(homes: Homes) -> None:
    world, unit, owner, guest = homes.world, homes.world.unit(), homes.world.phone(), homes.world.phone()
    world.claim(owner, unit)
    link = homes.people.invite(owner.caller, unit.id, "guest", timedelta(hours=3), None)
    assert homes.people.look(guest.caller, code_of(link), "").stays_s == 3 * 3600
    homes.accept(guest, link)
    (row,) = world.rows("member")
    assert row.expires_at == world.clock() + timedelta(hours=3)


def test_when_the_owner_leaves_those_they_let_in_are_onlookers_and_the_code_makes_one_the_owner(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    case = world.menus.open_case(home.household.caller, world.journey(home.household).id, "mine", b"{}", None)
    homes.invite(home.owner, home.unit)
    homes.offer(home.owner, home.unit)
    world.menus.opt_out(home.owner.token)
    assert [world.rows(name) for name in ("member", "invitation", "transfer")] == [[], [], []]
    for phone in (home.household, home.guest):
        assert world.journey(phone).role == "visitor"
        assert not world.journey(phone).closed
        with pytest.raises(NotYoursError):
            homes.people.people(phone.caller, home.unit.id)
        item = ChosenItem(id="x", kind="command", action="command", arguments={"name": "identify"})
        with pytest.raises(ItemUnavailableError):
            world.menus.choose(phone.caller, world.journey(phone).id, item, None)
    assert world.menus.cases(home.household.caller, case.journey_id)[0].messages[0].text == "mine"
    assert world.claim(home.household, home.unit).role is Role.OWNER
    assert homes.join(home.household, home.guest, home.unit, "guest").role is Role.GUEST
    assert world.journey(home.guest).role == "guest"


def test_a_member_who_leaves_altogether_is_gone_from_the_unit_and_takes_nothing_from_the_owner(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    with pytest.raises(LinkRefusedError):
        homes.accept(home.household, "tli_wrong", source="192.0.2.7")
    receipt = world.menus.opt_out(home.household.token)
    assert receipt["wiped"]["member"] == 1
    assert [row.role for row in world.rows("member")] == ["guest"]
    assert homes.owner_of(home.unit) == home.owner.person_id
    assert [row.person_id for row in world.rows("claim_failure")] == [None]


def test_an_export_holds_what_one_is_to_a_unit_and_nothing_of_others(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    homes.invite(home.owner, home.unit)
    homes.accept(world.phone(), homes.offer(home.owner, home.unit))
    mine, theirs = (world.menus.export(phone.caller) for phone in (home.owner, home.household))
    assert [one["role"] for one in theirs["memberships"]] == ["household"]
    assert [one["role"] for one in mine["invitations"]] == ["household"]
    assert [one["state"] for one in mine["transfers"]] == ["accepted"]
    assert not any("hash" in key or "person" in key for one in mine["invitations"] + mine["transfers"] for key in one)


def test_an_onlooker_takes_along_nothing_of_the_machine_or_of_its_owner(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    world.order("secret-order-4711", serial=home.unit.serial, journey=world.journey(home.owner).id)
    for phone in (home.onlooker, home.guest, home.household, home.owner):
        world.menus.open_case(phone.caller, world.journey(phone).id, "help", b"{}", None)
    took = {name: world.menus.export(getattr(home, name).caller) for name in home._fields if name != "unit"}
    assert all("secret-order" not in repr(took[name]) for name in ("onlooker", "guest", "household"))
    assert all("twin" not in took[name]["cases"][0]["attached"] for name in ("onlooker", "guest"))
    assert all(took[name]["cases"][0]["attached"]["twin"] for name in ("household", "owner"))


def test_the_ends_of_timers_that_nobody_waits_for_are_harmless(homes: Homes) -> None:
    world = homes.world
    world.run(lambda tx: members.expire(tx, "01m819eke0m2ah3dbbwabwn898"))
    world.run(invitations.forget_expired)
    home = homes.home()
    guest = world.rows("member", role="guest")[0]
    world.run(lambda tx: members.expire(tx, guest.id))  # before its time: it waits on
    assert len(world.rows("member")) == 2
    assert world.rows("timer", kind=members.TIMER)[0].due_at == guest.expires_at
    assert home
