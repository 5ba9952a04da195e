"""Browsers that want to be told, over the real services and a push service of the tests."""

import json
import threading
from pathlib import Path
from typing import Any

from cloud.push import sealing
from cloud.push.outlet import PushServices
from cloud.subscriptions import Subscriptions
from cloud.workers.push import PushLoop
from mobile_menu.push_ports import PushState, Subscription
from tests.integration.cloud.world import Phone, World
from tests.push_service import Browser, PushService, opened

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
