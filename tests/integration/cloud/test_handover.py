"""A unit changes hands, comes back, is reset or retired: who has it then, what the device hears, what shows to whom."""

from typing import Any

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import Command, Desired, StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down
from cloud.control import service as control
from cloud.errors import ConflictError
from cloud.lifecycle import service as lifecycle
from cloud.ownership import returns, transfers
from cloud.ownership.rules import TRANSFER_LASTS, WIPE
from cloud.record.events import OrderStatus
from cloud.twin import service as twin
from mobile_menu.ownership_ports import LinkRefusedError, NotYoursError, TransferRefusedError
from mobile_menu.ports import AlreadyClaimedError, Claimed, ClaimRefusedError, SessionRefusedError
from tests.integration.cloud.homes import Homes, code_of
from tests.integration.cloud.test_replay import check
from tests.integration.cloud.world import JAMMED, READY, Device, World, at_once


@pytest.fixture
def homes(world: World) -> Homes:
    return Homes(world)


def wish(world: World, unit_id: str, name: str, value: object) -> None:
    world.run(lambda tx: twin.desire(tx, unit_id, {name: value}, None, f"wish-{name}-{value}"))


def commands(world: World, unit_id: str) -> list[tuple[str, str]]:
    return [(row.name, row.status) for row in world.rows("command", product_id=unit_id)]


def test_a_unit_changes_hands_when_both_sides_have_said_yes(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    assert homes.people.look(heir.caller, code_of(link), "").kind == "transfer"
    accepted = homes.accept(heir, link)
    assert accepted.transfer is not None
    assert (accepted.transfer.side, accepted.transfer.state, accepted.journey_id) == ("receives", "accepted", "")
    assert homes.owner_of(home.unit) == home.owner.person_id
    seen = homes.people.people(home.owner.caller, home.unit.id).transfer
    assert seen is not None
    assert (seen.side, seen.check_code) == ("gives", accepted.transfer.check_code)
    assert len(seen.check_code) == 4
    done = homes.people.confirm_transfer(home.owner.caller, link.id, None)
    assert (done.state, done.journey_id) == ("done", "")
    assert homes.owner_of(home.unit) == heir.person_id
    theirs = homes.people.transfer(heir.caller, link.id)
    assert (theirs.state, theirs.journey_id) == ("done", world.journey(heir).id)
    journey = world.journey(heir)
    assert (journey.role, journey.stage, journey.product_id) == ("owner", Stage.INSTALL, home.unit.id)
    with pytest.raises(NotYoursError):
        homes.people.transfer(home.owner.caller, link.id)


def test_everybodys_access_ends_with_it_and_their_open_phones_are_told(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    homes.invite(home.owner, home.unit)
    ended = {name: world.journey(getattr(home, name)).id for name in home._fields if name != "unit"}
    heard: set[str] = set()
    world.db.listeners.append(lambda changes: heard.update(changes.journeys))
    homes.hand_over(home.owner, heir, home.unit)
    assert set(ended.values()) <= heard
    reasons = {}
    for name, journey_id in ended.items():
        shown = world.menus.situation(getattr(home, name).caller, journey_id)
        assert (shown.stage, shown.product_id, shown.device.level) == (Stage.CLOSED, "", "unknown")
        reasons[name] = shown.closed_reason
    assert reasons == {"owner": "transferred", "household": "ended", "guest": "ended", "onlooker": "ended"}
    assert (world.rows("member"), world.rows("invitation")) == ([], [])
    for name in ended:
        with pytest.raises(NotYoursError):
            homes.people.people(getattr(home, name).caller, home.unit.id)


def test_what_the_machine_does_later_reaches_nobody_who_was_there_before(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    before = world.journey(home.owner)
    homes.hand_over(home.owner, heir, home.unit)
    closed = world.read(lambda tx: lifecycle.read(tx, before.id))
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth(epoch=1), device.status(JAMMED, epoch=1), device.event("page_printed", epoch=1))
    after = world.read(lambda tx: lifecycle.read(tx, before.id))
    assert after == closed
    assert world.journey(heir).facts.life.contact is not None
    world.menus.open_case(home.owner.caller, before.id, "what about it", b"{}", None)
    (case,) = world.menus.export(home.owner.caller)["cases"]
    assert case["attached"]["twin"] is None
    assert "media-jam" not in repr(case)


def test_nothing_that_the_old_owner_left_shows_to_the_new_one(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    wish(world, home.unit.id, "display_language", "marker-language")
    world.menus.open_case(home.owner.caller, world.journey(home.owner).id, "marker question", b"{}", None)
    world.order("marker-order", serial=home.unit.serial, journey=world.journey(home.owner).id)
    world.order("marker-unclaimed", serial=home.unit.serial, customer={"name": "marker name"})
    world.clock.advance(hours=1)
    homes.hand_over(home.owner, heir, home.unit)
    journey = world.journey(heir)
    assert journey.facts.orders == {}
    assert journey.facts.life.contact is None
    world.menus.open_case(heir.caller, journey.id, "mine", b"{}", None)
    shown = [world.menus.situation(heir.caller, journey.id), world.menus.cases(heir.caller, journey.id)]
    shown += [world.menus.export(heir.caller), homes.people.people(heir.caller, home.unit.id)]
    assert "marker" not in repr(shown)
    assert home.owner.person_id not in repr(shown)


def test_the_device_is_told_to_wipe_to_forget_settings_and_whose_it_is_now(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    wish(world, home.unit.id, "quiet_mode", value=True)
    world.run(lambda tx: control.queue(tx, home.unit.id, "identify", {}, person_id=home.owner.person_id))
    homes.hand_over(home.owner, heir, home.unit)
    assert commands(world, home.unit.id) == [("identify", "failed"), (WIPE, "queued")]
    sent = [row for row in world.rows("outbox") if row.command_id]
    (order,) = [decode_down(Down.COMMAND, row.payload) for row in sent]
    assert isinstance(order, Command)
    assert order.name == WIPE
    notice = decode_down(Down.STAGE, homes.said_to(home.unit, "stage").payload)
    assert isinstance(notice, StageNotice)
    assert (notice.stage, notice.epoch) == (Stage.INSTALL, 1)
    wished = decode_down(Down.DESIRED, homes.said_to(home.unit, "desired").payload)
    assert isinstance(wished, Desired)
    assert wished.settings == {}
    assert homes.people.people(heir.caller, home.unit.id).wiped == "waiting"
    device = Device(world, home.unit.id, boot=2)
    world.take(device.birth(), device.result(order.id, "done"))
    assert homes.people.people(heir.caller, home.unit.id).wiped == "done"


def test_an_owner_lets_the_device_forget_what_is_on_it_and_keeps_it(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    first = homes.people.wipe(home.owner.caller, home.unit.id, None)
    assert homes.people.wipe(home.owner.caller, home.unit.id, None) == first  # one is under way
    assert homes.people.people(home.owner.caller, home.unit.id).wiped == "waiting"
    world.take(Device(world, home.unit.id, boot=2).result(first.command_id or "", "done"))
    assert homes.people.people(home.owner.caller, home.unit.id).wiped == "done"
    assert homes.people.wipe(home.owner.caller, home.unit.id, None).command_id != first.command_id
    assert homes.owner_of(home.unit) == home.owner.person_id
    assert not world.journey(home.household).closed


def test_the_devices_credential_stays_and_the_old_claim_code_dies(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    homes.hand_over(home.owner, heir, home.unit)
    made = homes.people.new_claim_code(heir.caller, home.unit.id, "k")
    assert homes.people.new_claim_code(heir.caller, home.unit.id, "k") == made
    world.menus.opt_out(heir.token)
    with pytest.raises(ClaimRefusedError):
        world.claim(home.owner, home.unit)
    next_one = world.phone()
    assert world.claim(next_one, home.unit, made.claim_code).role is Role.OWNER
    fresh = homes.people.new_claim_code(next_one.caller, home.unit.id, None).claim_code
    world.menus.opt_out(next_one.token)
    last = world.phone()
    with pytest.raises(ClaimRefusedError):
        world.claim(last, home.unit, made.claim_code)
    assert world.claim(last, home.unit, fresh).role is Role.OWNER


def test_the_old_claim_code_is_dead_also_when_the_new_owner_never_makes_one(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    homes.hand_over(home.owner, heir, home.unit)
    world.menus.opt_out(heir.token)
    for phone in (home.owner, world.phone()):
        with pytest.raises(ClaimRefusedError):
            world.claim(phone, home.unit)


def test_who_has_given_a_unit_away_leaves_no_trace_in_the_transfer_and_its_receiver_still_hears_of_it(
    homes: Homes,
) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    done = homes.hand_over(home.owner, heir, home.unit)
    assert world.menus.export(home.owner.caller)["transfers"] == []
    assert [row.person_id for row in world.rows("transfer")] == [heir.person_id]
    world.menus.opt_out(home.owner.token)
    assert homes.people.transfer(heir.caller, done.id).state == "done"


def test_one_of_the_household_can_become_the_owner_and_keeps_their_journey_and_their_case(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    journey = world.journey(home.household)
    world.menus.open_case(home.household.caller, journey.id, "mine", b"{}", None)
    homes.hand_over(home.owner, home.household, home.unit)
    after = world.journey(home.household)
    assert (after.id, after.role, after.stage) == (journey.id, "owner", Stage.INSTALL)
    assert world.menus.cases(home.household.caller, journey.id)[0].messages[0].text == "mine"
    assert [one.role for one in homes.people.people(home.household.caller, home.unit.id).people] == [Role.OWNER]


def test_the_old_owner_can_get_it_back_the_same_way_in_a_journey_of_its_own(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    first = world.journey(home.owner).id
    homes.hand_over(home.owner, heir, home.unit)
    homes.hand_over(heir, home.owner, home.unit)
    again = world.journey(home.owner)
    assert again.id != first
    assert (again.role, again.facts.epoch) == ("owner", 2)


@pytest.mark.parametrize("who", ["owner", "receiver"])
def test_either_side_can_call_it_off_and_the_link_opens_nothing_then(homes: Homes, who: str) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    homes.accept(heir, link)
    homes.people.cancel_transfer((home.owner if who == "owner" else heir).caller, link.id)
    for phone in (home.owner, heir):
        with pytest.raises(NotYoursError):
            homes.people.confirm_transfer(phone.caller, link.id, None)
    with pytest.raises(LinkRefusedError):
        homes.accept(world.phone(), link)
    assert homes.owner_of(home.unit) == home.owner.person_id
    assert homes.offer(home.owner, home.unit).id != link.id


def test_it_ends_by_itself_after_two_days(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    homes.accept(heir, link)
    world.clock.now += TRANSFER_LASTS
    with pytest.raises(TransferRefusedError):
        homes.people.confirm_transfer(home.owner.caller, link.id, None)
    world.run(lambda tx: transfers.expire(tx, link.id))
    assert world.rows("transfer") == []
    assert world.rows("timer", kind=transfers.TIMER) == []
    assert homes.owner_of(home.unit) == home.owner.person_id


def test_the_wrong_order_and_the_wrong_hands_change_nothing(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    with pytest.raises(TransferRefusedError):  # nobody has accepted
        homes.people.confirm_transfer(home.owner.caller, link.id, None)
    with pytest.raises(TransferRefusedError):  # not to oneself
        homes.accept(home.owner, link)
    homes.accept(heir, link)
    with pytest.raises(LinkRefusedError):  # one link, one receiver
        homes.accept(world.phone(), link)
    with pytest.raises(NotYoursError):  # the receiver does not confirm
        homes.people.confirm_transfer(heir.caller, link.id, None)
    with pytest.raises(ConflictError):  # one at a time
        homes.offer(home.owner, home.unit)
    assert homes.owner_of(home.unit) == home.owner.person_id
    homes.people.confirm_transfer(home.owner.caller, link.id, None)
    with pytest.raises(NotYoursError):  # not twice
        homes.people.confirm_transfer(home.owner.caller, link.id, None)


def test_a_lost_answer_to_the_confirmation_is_given_again(homes: Homes) -> None:
    home, heir = homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    homes.accept(heir, link)
    first = homes.people.confirm_transfer(home.owner.caller, link.id, "k")
    assert homes.people.confirm_transfer(home.owner.caller, link.id, "k") == first


def test_a_receiver_who_has_left_gets_nothing(homes: Homes) -> None:
    home, heir = homes.home(), homes.world.phone()
    link = homes.offer(home.owner, home.unit)
    homes.accept(heir, link)
    homes.world.menus.opt_out(heir.token)
    with pytest.raises(NotYoursError):
        homes.people.confirm_transfer(home.owner.caller, link.id, None)
    assert homes.owner_of(home.unit) == home.owner.person_id


def test_a_device_that_hears_of_the_new_epoch_goes_through_the_installation_again(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    homes.hand_over(home.owner, heir, home.unit)
    device = Device(world, home.unit.id, boot=2)
    world.take(device.status(READY), device.event("page_printed"))  # it has not heard yet: still of epoch 0
    assert world.journey(heir).stage == Stage.INSTALL
    world.take(device.birth(epoch=1), device.status(READY, epoch=1), device.event("page_printed", epoch=1))
    assert world.journey(heir).stage == Stage.SUPPORT


def test_after_a_change_of_hands_a_replay_equals_what_is_there(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    homes.hand_over(home.owner, home.household, home.unit)
    homes.hand_over(home.household, heir, home.unit)
    world.take(Device(world, home.unit.id, boot=2).birth(epoch=2))
    check(world)
    homes.take_back(home.unit)
    world.claim(heir, world.unit())
    world.menus.opt_out(home.household.token)
    check(world)


# --- it comes back, is reset, is retired ---


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


def test_a_device_at_the_last_epoch_of_all_can_still_change_hands(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    last = 2**53 - 1
    device = Device(world, home.unit.id, boot=2)
    world.take(device.event("factory_reset", epoch=last), device.birth(epoch=last))
    homes.hand_over(home.owner, heir, home.unit)
    assert homes.owner_of(home.unit) == heir.person_id
    assert (world.journey(heir).role, world.journey(heir).facts.epoch) == ("owner", last)


# --- all at once ---

ROUNDS = 20


def test_of_two_claims_at_once_exactly_one_wins_twenty_times_over(world: World) -> None:
    for _ in range(ROUNDS):
        unit, phones = world.unit(), [world.phone(), world.phone()]
        found = at_once([lambda phone=phone, unit=unit: world.claim(phone, unit) for phone in phones])  # type: ignore[misc]  # a loop's lambda
        assert sorted(type(one).__name__ for one in found) == ["AlreadyClaimedError", "Claimed"]
        winner = phones[0] if isinstance(found[0], Claimed) else phones[1]
        assert world.rows("product", id=unit.id)[0].owner_person_id == winner.person_id
        assert len(world.rows("journey", product_id=unit.id, role="owner")) == 1


def test_of_two_transfers_started_at_once_one_is_under_way(homes: Homes) -> None:
    home = homes.home()
    found = at_once([lambda: homes.offer(home.owner, home.unit)] * 4)
    assert sum(not isinstance(one, Exception) for one in found) == 1
    assert sum(isinstance(one, ConflictError) for one in found) == 3
    assert len(homes.world.rows("transfer")) == 1


def test_two_who_accept_at_once_are_one_receiver(homes: Homes) -> None:
    for _ in range(5):
        unit, owner = homes.world.unit(), homes.world.phone()
        homes.world.claim(owner, unit)
        link, phones = homes.offer(owner, unit), [homes.world.phone() for _ in range(3)]
        found = at_once([lambda phone=phone, link=link: homes.accept(phone, link) for phone in phones])  # type: ignore[misc]  # a loop's lambda
        (winner,) = [phone for phone, one in zip(phones, found, strict=True) if not isinstance(one, Exception)]
        assert homes.world.rows("transfer", id=link.id)[0].receiver_id == winner.person_id


def test_a_change_of_hands_a_return_a_claim_and_two_who_leave_at_once_end_in_one_sound_state(
    postgres_world: World,
) -> None:
    world, homes = postgres_world, Homes(postgres_world)
    outcomes = set()
    for round_ in range(ROUNDS // 2):
        home, heir, thief = homes.home(), world.phone(), world.phone()
        link = homes.offer(home.owner, home.unit)
        homes.accept(heir, link)
        acts: list[Any] = [
            lambda: homes.people.confirm_transfer(home.owner.caller, link.id, None),  # noqa: B023 - run within the loop
            lambda: world.claim(thief, home.unit),  # noqa: B023 - likewise
            lambda: world.menus.opt_out((home.owner if round_ % 2 else heir).token),  # noqa: B023 - likewise
            lambda: homes.people.cancel_transfer(heir.caller, link.id),  # noqa: B023 - likewise
            lambda: world.take(Device(world, home.unit.id, boot=round_ + 2).birth()),  # noqa: B023 - likewise
        ]
        if round_ % 2:  # whatever else happens, it is nobody's then
            acts.insert(round_ % 5, lambda: homes.take_back(home.unit))  # noqa: B023 - likewise
        found = at_once(acts)
        refused = [one for one in found if isinstance(one, Exception)]
        expected = (NotYoursError, TransferRefusedError, AlreadyClaimedError, ClaimRefusedError, SessionRefusedError)
        assert all(isinstance(one, expected) for one in refused), refused
        outcomes.add(sound(world, home.unit.id))
    assert outcomes == {"owned", "free"}


def sound(world: World, unit_id: str) -> str:
    """Whose the unit is, and that all that is kept agrees with it; who that is, in a word."""
    owner = world.rows("product", id=unit_id)[0].owner_person_id
    open_ = [row for row in world.rows("journey", product_id=unit_id) if row.stage != "closed"]
    owners = [row.person_id for row in open_ if row.role == "owner"]
    assert owners == ([owner] if owner else [])
    assert world.rows("transfer", open_for=unit_id) == [] or owner is not None
    assert all(row.person_id in {one.person_id for one in open_} for row in world.rows("member", product_id=unit_id))
    return "owned" if owner else "free"
