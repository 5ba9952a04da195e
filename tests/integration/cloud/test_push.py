"""Web push: what matters reaches a phone whose page is closed, sealed for it alone; and nothing else ever does."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.contract.stages import Role
from cloud.care import service as care
from cloud.identity import endings
from cloud.lifecycle import service as lifecycle
from cloud.push import sealing
from cloud.push import service as push
from cloud.push.rules import A_DAY, LISTENS_FOR
from cloud.record.events import ParcelStatus
from cloud.subscriptions import Listening
from mobile_menu.ports import ZoneState
from mobile_menu.push_ports import PushRefusedError
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.joined import prove
from tests.integration.cloud.pushing import CONTACT, Told, said
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import JAMMED, READY, Device, Phone, World
from tests.mail_sink import certificate
from tests.push_service import Browser, PushService, running_push_service, verified

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("push"))


@pytest.fixture
def told(world: World, cert: tuple[Path, Path]) -> Iterator[Told]:
    with running_push_service(cert) as service:
        made = Told(world, service, cert[0])
        yield made
        made.close()


def answered(world: World, phone: Phone) -> str:
    """An expert answers in the phone's case, which is opened for it when there is none; the journey."""
    journey = world.journey(phone).id if world.rows("journey", person_id=phone.person_id) else world.begin(phone).id
    case_id = world.menus.open_case(phone.caller, journey, "Help me, I am Ada", b"", None).id
    world.run(lambda tx: care.reply(tx, world.keys, case_id, "expert", "Dear Ada, open the door"))
    return journey


def words(told: Told) -> list[str]:
    return [row.word for row in told.world.rows("push_message")]


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
    phone = told.world.phone()
    told.subscribe(phone)
    listening = Listening(told.world.db, tuple)
    listening.note(frozenset({phone.caller.session_id}))
    answered(told.world, phone)
    assert told.send() == 0
    assert told.world.rows("push_message") == []
    listening.note(frozenset())  # the page was closed
    answered(told.world, phone)
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


# --- push services ---


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_the_service_does_not_know_any_more_is_not_tried_again(told: Told, status: int) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    told.service.answers.append((status, {}))
    answered(told.world, phone)
    assert told.send() == 1
    assert told.world.rows("push_subscription") == told.world.rows("push_message") == []
    assert not told.subscriptions.state(phone.caller).on


def test_a_service_that_is_busy_is_asked_again_when_it_says_and_until_the_message_is_stale(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    told.service.answers += [(503, {}), (429, {"Retry-After": "120"}), (201, {})]
    answered(told.world, phone)
    assert [told.send(), told.send(), told.send(60), told.send(60)] == [1, 1, 0, 1]
    told.service.answers += [(500, {})] * 500
    answered(told.world, phone)
    tries = sum(told.send(1800) for _ in range(110))
    assert 10 < tries < 110
    assert told.world.rows("push_message", sent_at=None) == []


def test_what_a_service_refuses_for_good_goes_and_the_log_names_nobody(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    told.service.answers.append((403, {}))
    answered(told.world, phone)
    with caplog.at_level(logging.DEBUG, logger="throughline"):
        assert told.send() == 1
    assert told.world.rows("push_message") == []
    assert "HTTP 403" in caplog.text
    assert told.service.known not in caplog.text


def test_a_redirect_is_not_followed(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    told.service.answers.append((307, {"Location": told.service.endpoint("elsewhere")}))
    answered(told.world, phone)
    assert told.send() == 1
    assert [one.path for one in told.service.got] == ["/push/a"]


def test_a_service_with_a_certificate_of_nobody_gets_nothing(
    world: World, cert: tuple[Path, Path], tmp_path: Path
) -> None:
    stranger = certificate(tmp_path)
    with running_push_service(stranger) as service:
        told = Told(world, service, cert[0])
        phone = world.phone()
        told.subscribe(phone)
        answered(world, phone)
        assert told.send() == 0
        assert [row.attempts for row in world.rows("push_message")] == [1]
        told.close()


def test_an_endpoint_that_is_no_longer_allowed_is_not_called_any_more(told: Told, cert: tuple[Path, Path]) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    answered(told.world, phone)
    told.world.clock.advance(seconds=30)
    narrowed = PushService(port=told.service.port + 1)
    later = Told(told.world, narrowed, cert[0])
    later.loop.send_due()
    later.close()
    assert told.service.got == []
    assert told.world.rows("push_subscription") == []


# --- subscriptions ---


def test_only_a_known_push_service_sound_keys_and_a_real_time_zone_are_taken(told: Told) -> None:
    phone, browser = told.world.phone(), Browser.new()
    good = {"endpoint": told.service.endpoint(), "p256dh": browser.p256dh, "auth": browser.auth}
    for wrong in (
        {"endpoint": "https://169.254.169.254/latest/meta-data/"},
        {"endpoint": f"http://{told.service.known}/push/a"},
        {"endpoint": "https://127.0.0.1:1/push/a"},
        {"p256dh": "A" * 87},
        {"auth": "AAAA"},
        {"time_zone": "Nowhere/Land"},
        {"time_zone": "../../etc/passwd"},
    ):
        with pytest.raises(PushRefusedError):
            told.put(phone, **{**good, **wrong})
    assert told.world.rows("push_subscription") == []


def test_a_session_has_one_browser_and_a_browser_one_session_and_nothing_of_it_is_readable(told: Told) -> None:
    one, other = told.world.phone(), told.world.phone()
    browser = told.subscribe(one)
    told.subscribe(one, browser, "b")
    told.subscribe(other, browser, "b")
    (row,) = told.world.rows("push_subscription")
    assert (row.session_id, row.person_id) == (other.caller.session_id, other.person_id)
    assert not told.subscriptions.state(one.caller).on
    assert told.service.known.encode() not in row.address
    assert browser.auth.encode() not in row.address


def test_subscribing_again_keeps_what_waits_and_takes_the_language_of_now(told: Told) -> None:
    phone = told.world.phone()
    browser = told.subscribe(phone)
    answered(told.world, phone)
    german = Phone(phone.token, told.world.menus.caller(phone.token, "de"))
    told.subscribe(german, browser)
    assert told.send() == 1
    assert said(browser, told.service.got[0].body)["title"] == "Eine Antwort für Sie"


def test_turning_it_off_and_a_session_that_ends_take_back_what_waits(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    answered(told.world, phone)
    told.subscriptions.unsubscribe(phone.caller)
    assert told.send() == 0
    told.subscribe(phone)
    answered(told.world, phone)
    told.world.run(lambda tx: endings.end(tx, phone.person_id, phone.caller.session_id))
    assert told.send() == 0
    assert told.world.rows("push_subscription") == told.world.rows("push_message") == []


def test_who_leaves_is_told_nothing_any_more_and_took_it_along_before(told: Told) -> None:
    phone = told.world.phone()
    browser = told.subscribe(phone)
    answered(told.world, phone)
    (out,) = told.world.menus.export(phone.caller)["push"]
    assert (out["endpoint"], out["auth"], out["time_zone"]) == (told.service.endpoint(), browser.auth, "UTC")
    assert [one["word"] for one in out["messages"]] == ["answer"]
    wiped = told.world.menus.opt_out(phone.token)["wiped"]
    assert (wiped["push_subscription"], wiped["push_message"]) == (1, 1)
    assert told.send() == 0


def test_two_who_become_one_are_both_told_from_then_on(told: Told) -> None:
    world, one, other = told.world, told.world.phone(), told.world.phone()
    prove(world, one)
    browsers = [told.subscribe(one, name="a"), told.subscribe(other, name="b")]
    answered(world, other)
    prove(world, other)
    assert told.send() == 1
    both = Phone(one.token, world.menus.caller(one.token, "en"))
    answered(world, both)
    assert told.send() == 2
    for got in told.service.got:
        browser = browsers["ab".index(got.path[-1])]
        assert said(browser, got.body)["title"] == "An expert has answered"


def test_every_deployment_has_a_key_of_its_own_and_keeps_it(world: World) -> None:
    assert len(world.keys.push_secret) == 32
    assert world.keys.push_secret != world.keys.pepper
    key = sealing.private_key(world.keys.push_secret)
    assert len(sealing.public_point(key)) == sealing.POINT_BYTES
