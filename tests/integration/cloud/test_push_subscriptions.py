"""Who is told by push: the subscriptions of sessions, what they take, and what their end takes along."""

import pytest

from cloud.identity import endings
from cloud.push import sealing
from mobile_menu.push_ports import PushRefusedError
from tests.integration.cloud.joined import prove
from tests.integration.cloud.pushing import Told, answered, cert, said, told
from tests.integration.cloud.world import Phone, World
from tests.push_service import Browser

__all__ = ["cert", "told"]


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
