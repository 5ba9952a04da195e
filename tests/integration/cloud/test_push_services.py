"""What push services answer, and which of them are called: busy ones, those that refuse, and those of strangers."""

import logging
from pathlib import Path

import pytest

from tests.integration.cloud.pushing import Told, answered, cert, told
from tests.integration.cloud.world import World
from tests.mail_sink import certificate
from tests.push_service import PushService, running_push_service

__all__ = ["cert", "told"]


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
