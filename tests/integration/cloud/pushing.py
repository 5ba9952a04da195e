"""Browsers that want to be told, over the real services and a push service of the tests."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.care import service as care
from cloud.push import sealing
from cloud.push.outlet import PushServices
from cloud.subscriptions import Subscriptions
from cloud.workers.push import PushLoop
from mobile_menu.push_ports import PushState, Subscription
from tests.integration.cloud.world import Phone, World
from tests.mail_sink import certificate
from tests.push_service import Browser, PushService, opened, running_push_service

CONTACT = "mailto:operator@example.com"


class Told:
    """A world whose phones are told by push."""

    def __init__(self, world: World, service: PushService, ca_file: Path) -> None:
        self.world = world
        self.service = service
        self.subscriptions = Subscriptions(world.db, world.keys, (service.known,))
        key = sealing.private_key(world.keys.push_secret)
        self._outlet = PushServices((service.known,), key, CONTACT, str(ca_file))
        self.loop = PushLoop(world.db, world.keys, self._outlet, threading.Event())

    def subscribe(self, phone: Phone, browser: Browser | None = None, name: str = "a", **given: str) -> Browser:
        found = browser or Browser.new()
        self.put(
            phone, **{"endpoint": self.service.endpoint(name), "p256dh": found.p256dh, "auth": found.auth, **given}
        )
        return found

    def put(self, phone: Phone, **given: str) -> PushState:
        return self.subscriptions.subscribe(phone.caller, Subscription(**{"time_zone": "UTC", **given}))

    def send(self, after_s: float = 30) -> int:
        """Lets time pass, and sends what is due by then; how many push requests that made."""
        self.world.clock.advance(seconds=after_s)
        before = len(self.service.got)
        while self.loop.send_due():
            pass
        return len(self.service.got) - before

    def close(self) -> None:
        self._outlet.close()


def said(browser: Browser, body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opened(browser, body))
    return found


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate of the push service, and its key."""
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
