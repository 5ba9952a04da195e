"""Web push: what matters reaches a phone whose page is closed, sealed for it alone; and nothing else ever does."""

from datetime import timedelta
from typing import Any

import pytest

from broker.contract.stages import Role
from cloud.care import service as care
from cloud.lifecycle import service as lifecycle
from cloud.push import service as push
from cloud.push.rules import A_DAY, LISTENS_FOR
from cloud.record.events import ParcelStatus
from cloud.subscriptions import Listening
from mobile_menu.ports import ZoneState
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.pushing import CONTACT, Told, answered, cert, said, told, words
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import JAMMED, READY, Device, World
from tests.push_service import verified

__all__ = ["cert", "told"]
MINUTE = timedelta(minutes=1)


# --- what leaves ---


def test_an_experts_answer_reaches_the_browser_sealed_and_signed_and_tells_nothing_of_whose_it_is(told: Told) -> None:
    phone = told.world.phone()
    browser = told.subscribe(phone)
    journey = answered(told.world, phone)
    assert told.send() == 1
    (got,) = told.service.got
    message = said(browser, got.body)
    assert (message["title"], message["lang"], message["dir"]) == ("An expert has answered", "en", "ltr")
    assert message["url"] == f"/app/?journey={journey}"
    assert "Ada" not in str(message)
    claims, key = verified(got.headers["authorization"])
    assert key == told.subscriptions.state(phone.caller).public_key
    assert (claims["aud"], claims["sub"]) == (f"https://{told.service.known}", CONTACT)
    assert (got.path, got.headers["content-encoding"], got.headers["urgency"]) == ("/push/a", "aes128gcm", "high")
    assert 0 < int(got.headers["ttl"]) <= 2 * 86_400
    assert 0 < len(got.headers["topic"]) <= 32
    assert told.send() == 0


def test_nothing_leaves_when_the_transaction_is_rolled_back(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    journey = told.world.begin(phone).id
    case_id = told.world.menus.open_case(phone.caller, journey, "Help", b"", None).id

    def fails(tx: Any) -> None:
        care.reply(tx, told.world.keys, case_id, "expert", "Open the door")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        told.world.run(fails)
    assert told.send() == 0


def test_a_parcel_that_is_out_and_one_that_is_late_are_told_and_the_newer_word_takes_the_older_ones_place(
    told: Told,
) -> None:
    world, phone = told.world, told.world.phone()
    browser = told.subscribe(phone)
    journey = world.begin(phone)
    world.order(journey=journey.id, tracking_code="T-1", carrier="post")
    world.parcel(status=ParcelStatus.IN_TRANSIT)
    assert words(told) == []
    world.parcel(status=ParcelStatus.OUT_FOR_DELIVERY, status_at=world.clock())
    assert words(told) == ["parcel_out"]
    world.clock.advance(seconds=1)
    world.parcel(status=ParcelStatus.FAILED, status_at=world.clock())
    assert words(told) == ["parcel_late"]
    assert told.send() == 1
    assert said(browser, told.service.got[0].body)["title"] == "Your parcel is late"


def faulty(world: World, device: Device) -> None:
    """A jam that nobody has cleared for half an hour."""
    world.take(device.status(JAMMED))
    world.clock.advance(minutes=31)
    world.do_due()


def test_a_fault_is_told_to_an_owner_who_is_away_and_not_to_who_stands_beside_it(told: Told) -> None:
    phone, device = owner_of_a_running_unit(told.world)
    told.subscribe(phone)
    faulty(told.world, device)
    assert words(told) == ["fault"]
    other, its = owner_of_a_running_unit(told.world)
    told.subscribe(other, name="b")
    journey = told.world.journey(other).id
    zone = ZoneState(zone=Zone.HERE, subject_id=its.product_id, since=told.world.clock(), heard_at=told.world.clock())
    told.world.menus.enter_zone(other.caller, journey, zone, ())
    faulty(told.world, its)
    assert words(told) == ["fault"]


def test_a_guest_is_not_told_of_the_owners_fault(told: Told) -> None:
    phone, device = owner_of_a_running_unit(told.world)
    guest = told.world.phone()
    told.subscribe(guest)
    told.world.run(
        lambda tx: lifecycle.open_journey(
            tx, guest.person_id, told.world.journey(phone).gtin, device.product_id, Role.GUEST, "phone"
        )
    )
    faulty(told.world, device)
    assert words(told) == []


def test_a_command_that_ends_after_the_page_was_closed_is_told_to_who_chose_it_and_to_nobody_else(told: Told) -> None:
    world = told.world
    phone, device = owner_of_a_running_unit(world)
    bystander = world.phone()
    world.take(device.status(READY))
    browser = told.subscribe(phone)
    told.subscribe(bystander, name="b")
    chosen = Chooser(world, phone).choose("clean-head")
    world.take(device.result(str(chosen.command_id), "accepted", data={"percent": 50}))
    assert words(told) == []
    world.take(device.result(str(chosen.command_id), "done"))
    assert told.send() == 1
    assert said(browser, told.service.got[0].body)["title"] == "It is done"


def test_another_devices_word_about_a_command_is_told_to_nobody(told: Told) -> None:
    world = told.world
    phone, device = owner_of_a_running_unit(world)
    world.take(device.status(READY))
    told.subscribe(phone)
    chosen = Chooser(world, phone).choose("clean-head")
    other = Device(world, world.unit().id)
    assert world.take(*(other.result(name, "done") for name in (str(chosen.command_id), "x\0y", ""))).stored == 3
    assert words(told) == []


def test_nobody_who_did_not_ask_for_it_is_told_anything(told: Told) -> None:
    answered(told.world, told.world.phone())
    assert told.world.rows("push_message") == []


# --- what does not ---


def test_a_phone_with_an_open_stream_sees_it_there_and_is_not_pushed(told: Told) -> None:
    world, phone = told.world, told.world.phone()
    told.subscribe(phone)
    world.order(journey=world.begin(phone).id, tracking_code="T-1", carrier="post")
    listening = Listening(world.db, tuple)
    listening.note(frozenset({phone.caller.session_id}))
    world.parcel(status=ParcelStatus.OUT_FOR_DELIVERY, status_at=world.clock())
    assert words(told) == ["parcel_out"]
    assert told.send() == 0
    assert words(told) == []
    listening.note(frozenset())  # the page was closed
    world.clock.advance(seconds=1)
    world.parcel(status=ParcelStatus.FAILED, status_at=world.clock())
    assert told.send() == 1


def test_a_stream_whose_process_died_counts_as_open_for_a_short_while_only(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    Listening(told.world.db, tuple).note(frozenset({phone.caller.session_id}))
    told.world.clock.now += LISTENS_FOR
    answered(told.world, phone)
    assert told.send() == 1


def test_at_night_it_waits_for_the_phones_morning(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone, time_zone="Asia/Tokyo")  # 18:30 there
    told.world.clock.advance(hours=3)
    answered(told.world, phone)
    assert told.send() == 0
    (row,) = told.world.rows("push_message")
    assert row.not_before.isoformat() == "2026-11-22T23:00:00+00:00"
    told.world.clock.now = row.not_before - MINUTE
    assert told.send(0) == 0
    assert told.send(60) == 1


def test_a_phone_gets_four_a_day_and_the_next_ones_tomorrow(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    sent = []
    for _ in range(A_DAY + 2):
        answered(told.world, phone)
        sent.append(told.send())
    assert sent == [1] * A_DAY + [0, 0]
    told.world.clock.advance(days=1)
    told.world.run(push.forget_old)
    answered(told.world, phone)
    assert told.send() == 1


def test_what_is_older_than_it_is_worth_does_not_leave_any_more(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    answered(told.world, phone)
    assert told.send(2 * 86_400) == 0
    assert told.world.rows("push_message") == []
