"""A customer's whole way, through the real services: each move, and what proves it."""

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down
from cloud.campaigns import service as campaigns
from cloud.errors import NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.record.events import Channel, ParcelStatus
from mobile_menu.ports import ChosenItem
from tests.integration.cloud.world import CLEARED, GTIN, JAMMED, READY, Device, Phone, World


def click(world: World, phone: Phone) -> lifecycle.Journey:
    campaign = world.run(
        lambda tx: campaigns.create_campaign(
            tx, name="Spring", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.SOCIAL, target="", allowed_hosts=()
        )
    )
    return world.run(lambda tx: campaigns.click(tx, campaign.id, phone.person_id))[1]


def way(world: World, journey_id: str) -> list[tuple[str, str, str]]:
    moves = world.read(lambda tx: lifecycle.moves_of(tx, journey_id))
    return [(move.from_stage, move.to_stage, move.reason) for move in moves]


def test_a_click_on_a_campaign_moves_interested_to_engaged_with_the_click_as_evidence(world: World) -> None:
    phone = world.phone()
    assert world.begin(phone).stage == Stage.INTERESTED
    journey = click(world, phone)
    assert journey.stage == Stage.ENGAGED
    (move,) = world.read(lambda tx: lifecycle.moves_of(tx, journey.id))
    (event,) = world.rows("journal", type="campaign.clicked")
    assert (move.from_stage, move.to_stage, move.line) == ("interested", "engaged", 5)
    assert move.event_id == event.event_id
    assert (event.channel, event.journey_id) == ("social", journey.id)


def test_the_whole_way_from_a_click_to_support_keeps_every_move_and_its_evidence(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    journey = click(world, phone)
    world.clock.advance(hours=1)
    world.order(journey=journey.id, serial=unit.serial, tracking_code="T-9", carrier="post")
    world.clock.advance(days=1)
    world.parcel("T-9", ParcelStatus.IN_TRANSIT)
    world.clock.advance(days=1)
    delivered_at = world.clock.advance(hours=1)
    world.parcel("T-9", ParcelStatus.DELIVERED)
    assert world.journey(phone).stage == Stage.INSTALL
    world.clock.advance(hours=3)
    claimed = world.claim(phone, unit)
    assert (claimed.journey_id, claimed.role) == (journey.id, Role.OWNER)
    device = Device(world, unit.id)
    world.take(device.birth())
    world.take(device.status(READY))
    assert world.journey(phone).stage == Stage.INSTALL
    world.clock.advance(minutes=5)
    world.take(device.event("page_printed"))
    assert way(world, journey.id) == [
        ("interested", "engaged", "campaign.clicked"),
        ("engaged", "delivery", "ordered"),
        ("delivery", "install", "parcel_delivered"),
        ("install", "support", "installed"),
    ]
    moves = world.read(lambda tx: lifecycle.moves_of(tx, journey.id))
    assert moves[2].happened_at == delivered_at
    assert moves[3].event_id == f"{unit.id}:1:3"
    known = {row.event_id for row in world.rows("journal")}
    assert all(move.event_id in known for move in moves)


def test_a_claim_of_a_unit_that_was_set_up_before_goes_straight_to_support(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    claimed = world.claim(phone, unit)
    assert world.journey(phone).stage == Stage.SUPPORT
    assert way(world, claimed.journey_id) == [("interested", "support", "installed")]


def test_a_factory_reset_sends_the_owner_back_to_install_and_the_new_installation_to_support(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    claimed = world.claim(phone, unit)
    device = Device(world, unit.id, boot=2)
    world.take(device.event("factory_reset", epoch=1))
    assert world.journey(phone).stage == Stage.INSTALL
    assert world.journey(phone).facts.epoch == 1
    world.take(device.birth(epoch=1), device.status(READY, epoch=1), device.event("page_printed", epoch=1))
    assert world.journey(phone).stage == Stage.SUPPORT
    assert [line[1] for line in way(world, claimed.journey_id)] == ["support", "install", "support"]


def test_a_message_of_the_life_before_the_reset_that_comes_late_moves_nothing(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    old = Device(world, unit.id, boot=1)
    late = [old.birth(epoch=0), old.status(READY, epoch=0), old.event("page_printed", epoch=0)]
    world.claim(phone, unit)
    new = Device(world, unit.id, boot=2)
    world.take(new.event("factory_reset", epoch=1))
    world.take(*late)
    assert world.journey(phone).stage == Stage.INSTALL


def test_the_customers_own_word_does_not_do_a_step_that_the_device_can_witness(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    journey_id = world.claim(phone, unit).journey_id
    for step in ("unpack", "power_on", "load_paper", "install_supplies", "connect_network", "print_test_page"):
        item = ChosenItem(id=f"step_{step}", kind="step", action="step", arguments={"step": step})
        world.menus.choose(phone.caller, journey_id, item, None)
    situation = world.menus.situation(phone.caller, journey_id)
    assert {step.id for step in situation.steps if step.done} == {"unpack"}
    assert situation.stage == Stage.INSTALL


def test_a_status_that_completes_the_installation_is_told_to_the_display(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.claim(phone, unit)
    device = Device(world, unit.id)
    world.take(device.birth())
    world.take(device.event("page_printed"))
    world.take(device.status(READY))
    assert world.journey(phone).stage == Stage.SUPPORT
    (row,) = world.rows("outbox", slot=f"stage:{unit.id}")
    notice = decode_down(Down.STAGE, row.payload)
    assert isinstance(notice, StageNotice)
    assert (notice.stage, row.retain) == (Stage.SUPPORT, True)


def test_two_people_with_one_unit_each_move_by_what_the_unit_says(world: World) -> None:
    owner, guest, unit = world.phone(), world.phone(), world.unit()
    world.claim(owner, unit)
    world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, unit.id, Role.GUEST, "phone"))
    world.set_up(unit)
    assert {world.journey(one).stage for one in (owner, guest)} == {Stage.SUPPORT}


def test_a_referral_engages_the_friend_and_not_the_one_who_sent_it(world: World) -> None:
    sender, friend = world.phone(), world.phone()
    journey = world.begin(sender)
    code = world.run(lambda tx: campaigns.referral_of(tx, journey)).code
    assert world.run(lambda tx: campaigns.referral_of(tx, journey)).code == code
    world.run(lambda tx: campaigns.follow(tx, world.keys, code, friend.person_id))
    world.run(lambda tx: campaigns.follow(tx, world.keys, code, sender.person_id))
    assert world.journey(friend).stage == Stage.ENGAGED
    assert world.journey(sender).stage == Stage.INTERESTED
    with pytest.raises(NotFoundError):
        world.run(lambda tx: campaigns.follow(tx, world.keys, "nobodyslink1", friend.person_id))


def test_a_fault_of_the_own_machine_is_distress_until_it_is_mended(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    world.claim(phone, unit)
    device = Device(world, unit.id, boot=2)
    world.take(device.birth(), device.status(JAMMED))
    assert world.read(lambda tx: lifecycle.causes_of_distress(tx, world.journey(phone))) == ("fault",)
    world.take(device.status(CLEARED))
    assert world.read(lambda tx: lifecycle.causes_of_distress(tx, world.journey(phone))) == ()
