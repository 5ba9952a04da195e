"""Leaving: afterwards no row, no file and no later webhook holds the person, and the product works on."""

from typing import Any

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from broker.contract.codec import decode_down
from broker.contract.messages import StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down
from cloud.campaigns import service as campaigns
from cloud.commerce import coupons
from cloud.consent import service as consent
from cloud.control import service as control
from cloud.errors import NotFoundError
from cloud.identity import phones
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.record.events import ParcelStatus
from cloud.twin import series
from cloud.twin import service as twin
from cloud.vault import canonical_json, verify
from mobile_menu.ports import ClaimRefusedError, JourneyUnknownError, SessionRefusedError
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.lives import (
    NAME,
    ORDER,
    PARCEL,
    QUESTION,
    crowd,
    everything,
    files_of,
    held,
    item,
    live_through_everything,
)
from tests.integration.cloud.test_replay import check, projections
from tests.integration.cloud.world import GTIN, Device, World, at_once


def test_nobody_finds_the_person_in_any_column_of_any_table_afterwards(world: World) -> None:
    left = live_through_everything(world)
    before = everything(world)
    assert held(before, left.visible) == set(left.visible)
    assert held(before, left.hidden) == set()
    world.menus.opt_out(left.phone.token)
    assert held(everything(world), left.visible | left.hidden) == set()


def test_nobody_finds_the_person_in_the_bytes_of_the_files_afterwards(sqlite_world: World) -> None:
    world = sqlite_world
    crowd(world, 12)
    left = live_through_everything(world)
    crowd(world, 12)
    assert held(files_of(world), left.visible) == set(left.visible)
    world.menus.opt_out(left.phone.token)
    assert held(files_of(world), left.visible | left.hidden) == set()
    crowd(world, 3)
    assert held(files_of(world), left.visible | left.hidden) == set()


def test_a_friend_who_followed_the_persons_link_keeps_no_trace_of_them_and_still_counts(world: World) -> None:
    left = live_through_everything(world)
    code = left.visible["referral"].decode()
    friends = [world.phone(), world.phone()]
    for friend in friends:
        world.run(lambda tx, who=friend.person_id: campaigns.follow(tx, world.keys, code, who))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    world.menus.opt_out(left.phone.token)
    assert held(everything(world), left.visible | left.hidden) == set()
    marks = [row.data["referral"] for row in world.rows("journal", type="referral.followed")]
    assert marks == [campaigns.mark_of(world.keys, code)] * 2
    assert [world.journey(friend).stage for friend in friends] == [Stage.ENGAGED] * 2
    touches = [world.journey(friend).facts.first_touch for friend in friends]
    assert [touch and touch.subject_id for touch in touches] == marks


def test_the_product_its_twin_and_its_devices_history_are_still_there(world: World) -> None:
    left = live_through_everything(world)
    world.take(Device(world, left.unit.id, boot=9).telemetry(), Device(world, left.unit.id, boot=10).telemetry())
    world.run(series.roll)
    measured = {table: world.rows(table) for table in ("telemetry", "telemetry_minute", "telemetry_day")}
    assert all(measured.values())
    words = {row.event_id for row in world.rows("journal") if row.source == "device"}
    twins, facts, readings = world.rows("twin"), world.rows("unit_facts"), world.rows("stream")
    (product,) = world.rows("product")
    world.menus.opt_out(left.phone.token)
    assert {row.event_id for row in world.rows("journal") if row.source == "device"} == words
    assert (world.rows("twin"), world.rows("unit_facts"), world.rows("stream")) == (twins, facts, readings)
    assert {table: world.rows(table) for table in measured} == measured
    (after,) = world.rows("product")
    assert after._asdict() == {**product._asdict(), "owner_person_id": None}


def test_the_device_works_on_and_its_next_owner_can_claim_it(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    device = Device(world, left.unit.id, boot=2)
    assert world.take(device.birth(), device.telemetry()).stored == 2
    assert world.read(lambda tx: twin.read(tx, left.unit.id)).presence.boot == 2
    heir = world.phone()
    assert world.claim(heir, left.unit).role is Role.OWNER


def test_the_receipt_verifies_with_the_public_key_alone_and_names_nobody(world: World) -> None:
    left = live_through_everything(world)
    receipt = world.menus.opt_out(left.phone.token)
    text = msgspec.json.encode(receipt)
    public = world.keys.signer.public_key
    assert verify(msgspec.json.decode(text), public)
    assert not verify({**receipt, "wiped": {}}, public)
    assert held(canonical_json(receipt), left.visible | left.hidden) == set()
    counts = receipt["wiped"]
    assert {name: counts[name] for name in ("journey", "support_case", "case_message", "shop_order", "parcel")} == {
        "journey": 1,
        "support_case": 1,
        "case_message": 4,
        "shop_order": 1,
        "parcel": 1,
    }
    assert counts["journal_links"] > 10
    assert counts["person_key"] == counts["ownership"] == counts["coupon"] == counts["referral"] == 1


def test_a_second_call_gets_the_same_receipt_also_by_the_persons_other_phone(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    receipt = world.menus.opt_out(left.phone.token)
    assert world.menus.opt_out(left.phone.token) == receipt
    assert world.menus.opt_out(other.token) == receipt
    assert len(world.rows("erasure_receipt")) == 1
    with pytest.raises(SessionRefusedError):
        world.menus.opt_out("tls_never_one")


def test_two_calls_at_once_are_one_erasure(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    found = at_once([lambda: world.menus.opt_out(left.phone.token), lambda: world.menus.opt_out(other.token)])
    assert found[0] == found[1]
    assert isinstance(found[0], dict)


def test_every_token_of_the_person_ends_at_once(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    world.menus.opt_out(left.phone.token)
    for token in (left.phone.token, other.token):
        with pytest.raises(SessionRefusedError):
            world.menus.caller(token, "en")
    assert world.read(lambda tx: phones.visit_of(tx, left.visit)) is None


def test_webhooks_about_the_order_and_the_parcel_store_nothing_afterwards(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    before = everything(world)
    assert not world.order(ORDER, version=9, tracking_code=PARCEL, journey=left.journey_id, customer={"name": NAME})
    assert not world.parcel(PARCEL, ParcelStatus.DELIVERED)
    assert everything(world) == before


def test_what_was_on_its_way_when_the_person_left_is_refused_and_stores_nothing(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    before = everything(world)
    caller = left.phone.caller
    with pytest.raises(JourneyUnknownError):
        world.menus.choose(caller, left.journey_id, item("note"), None)
    with pytest.raises(JourneyUnknownError):
        world.menus.open_case(caller, left.journey_id, QUESTION, b"{}", "late")
    with pytest.raises(SessionRefusedError):
        world.claim(left.phone, left.unit)
    with pytest.raises(IntegrityError):  # what nobody thought of, the database itself refuses
        world.run(lambda tx: lifecycle.journey_with(tx, left.phone.person_id, GTIN, None, "phone"))
    assert everything(world) == before


def test_a_timer_of_the_persons_journey_goes_also_when_it_is_due(world: World) -> None:
    phone, other = world.phone(), world.phone()
    for one in (phone, other):
        world.claim(one, world.unit())
    gone, stays = world.journey(phone).id, world.journey(other).id
    assert {row.subject for row in world.rows("timer")} == {gone, stays}
    world.clock.advance(hours=49)
    world.menus.opt_out(phone.refresh_token)
    assert [row.subject for row in world.rows("timer")] == [stays]
    assert world.do_due() == [(watch.TIMER, stays)]


def test_a_replay_after_an_erasure_equals_what_is_there(world: World) -> None:
    guest = world.phone()
    left = live_through_everything(world, guest)
    world.menus.opt_out(left.phone.token)
    world.claim(guest, left.unit)
    world.take(Device(world, left.unit.id, boot=2).birth())
    check(world)
    assert [row["person_id"] for row in projections(world)["journey"]] == [guest.person_id]


def test_others_keep_what_is_theirs(world: World) -> None:
    left = live_through_everything(world)
    guest = world.phone()
    journey = world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, left.unit.id, Role.GUEST, "phone"))
    world.menus.open_case(guest.caller, journey.id, "mine", b"{}", None)
    world.order("other", journey=journey.id)
    world.menus.opt_out(left.phone.token)
    assert world.journey(guest).facts.orders.keys() == {"other"}
    assert [case.messages[0].text for case in world.menus.cases(guest.caller, journey.id)] == ["mine"]
    assert [row.id for row in world.rows("shop_order")] == ["other"]
    owned = world.rows("product", id=left.unit.id)
    assert owned[0].owner_person_id is None


def test_a_guest_who_leaves_takes_nothing_from_the_owner(world: World) -> None:
    owner, guest, unit = world.phone(), world.phone(), world.unit()
    world.claim(owner, unit)
    world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, unit.id, Role.GUEST, "phone"))
    world.menus.opt_out(guest.token)
    (row,) = world.rows("outbox", slot=f"stage:{unit.id}")
    assert isinstance(decode_down(Down.STAGE, row.payload), StageNotice)
    assert world.rows("product")[0].owner_person_id == owner.person_id


def test_the_owners_stage_is_taken_off_the_broker(world: World) -> None:
    left = live_through_everything(world)
    heard: list[Any] = []
    world.db.listeners.append(heard.append)
    world.menus.opt_out(left.phone.token)
    (row,) = world.rows("outbox", slot=f"stage:{left.unit.id}")
    assert (row.payload, row.retain) == (b"", True)
    assert [changes.erased for changes in heard] == [{left.journey_id}]


def test_an_owner_of_before_who_leaves_takes_nothing_off_the_display_of_the_owner_of_now(world: World) -> None:
    homes, heir = Homes(world), world.phone()
    home = homes.home()
    homes.hand_over(home.owner, heir, home.unit)
    world.menus.opt_out(home.owner.token)
    notice = decode_down(Down.STAGE, homes.said_to(home.unit, "stage").payload)
    assert isinstance(notice, StageNotice)


def test_whoever_claims_what_an_owner_has_left_begins_anew_with_it_and_nobody_of_before_is_with_it(
    world: World,
) -> None:
    homes, heir = Homes(world), world.phone()
    home = homes.home()
    waiting = world.run(lambda tx: control.queue(tx, home.unit.id, "identify", {})).id
    before = world.journey(home.household).facts.epoch
    world.menus.opt_out(home.owner.token)
    assert world.rows("command", name="wipe_user_data") == []  # who is still there goes on using it
    world.claim(heir, home.unit)
    journey = world.journey(heir)
    assert (journey.facts.epoch, journey.stage) == (before + 1, Stage.INSTALL)
    assert world.rows("command", id=waiting)[0].status == "failed"
    assert [row.status for row in world.rows("command", name="wipe_user_data")] == ["queued"]
    assert all(world.journey(phone).closed for phone in (home.household, home.guest, home.onlooker))
    with pytest.raises(ClaimRefusedError):  # the code of before has ended with it
        world.claim(home.household, home.unit)
    world.claim(heir, home.unit, homes.people.new_claim_code(heir.caller, home.unit.id, None).claim_code)
    assert len(world.rows("command", name="wipe_user_data")) == 1  # that was the owner again, and nothing begins
    check(world)


def test_an_erasure_that_fails_half_way_has_not_happened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left = live_through_everything(world)
    before = everything(world)

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(consent, "_tell", fails)
    with pytest.raises(RuntimeError):
        world.menus.opt_out(left.phone.token)
    assert everything(world) == before


def test_a_coupon_of_somebody_who_left_is_no_coupon_at_the_till(world: World) -> None:
    left, shop = live_through_everything(world), world.shop()
    world.menus.opt_out(left.phone.token)
    with pytest.raises(NotFoundError):
        world.run(lambda tx: coupons.redeem(tx, left.visible["coupon"].decode(), shop.id))
