"""A unit changes hands: who has it then, what the device hears of it, and what shows to whom."""

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import Command, Desired, StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down
from cloud.control import service as control
from cloud.errors import ConflictError
from cloud.lifecycle import service as lifecycle
from cloud.ownership import transfers
from cloud.ownership.rules import TRANSFER_LASTS, WIPE
from cloud.twin import service as twin
from mobile_menu.ownership_ports import LinkRefusedError, NotYoursError, TransferRefusedError
from mobile_menu.ports import ClaimRefusedError
from tests.integration.cloud.homes import Homes, code_of, commands
from tests.integration.cloud.test_replay import check
from tests.integration.cloud.world import JAMMED, READY, Device, World


def wish(world: World, unit_id: str, name: str, value: object) -> None:
    world.run(lambda tx: twin.desire(tx, unit_id, {name: value}, None, f"wish-{name}-{value}"))


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


def test_a_device_at_the_last_epoch_of_all_can_still_change_hands(homes: Homes) -> None:
    world, home, heir = homes.world, homes.home(), homes.world.phone()
    last = 2**53 - 1
    device = Device(world, home.unit.id, boot=2)
    world.take(device.event("factory_reset", epoch=last), device.birth(epoch=last))
    homes.hand_over(home.owner, heir, home.unit)
    assert homes.owner_of(home.unit) == heir.person_id
    assert (world.journey(heir).role, world.journey(heir).facts.epoch) == ("owner", last)
