"""One API process's part that shows menus, put together as the application does it, for tests of what was shown."""

from datetime import datetime, timedelta

from cloud import explaining
from cloud.announcing import Announcer, Listeners
from cloud.content.current import Contents
from cloud.explaining import Found
from cloud.menus import Menus
from cloud.showing import Record
from mobile_menu.live import LiveHub
from mobile_menu.service import MenuService
from tests.integration.cloud.world import BASE, Phone, World


class Silent:
    """A bus to nobody."""

    def say(self, _topic: str, _payload: bytes) -> None:
        """Nobody hears it."""


class Window:
    """hears: whether it gets the words about what is done in this world. told: what was counted of menus."""

    def __init__(self, world: World, *, hears: bool = True) -> None:
        self.world = world
        self.told: list[str] = []
        self.contents = Contents(world.db)
        self.menus = Menus(world.db, world.keys, BASE, versions=self.contents.heard)
        self.record = Record(world.db, world.keys, self.told.append)
        self.service = MenuService(self.menus, self.contents.current, world.clock, showing=self.record)
        self.hub = LiveHub(self.service.changed)
        self.contents.switched = self._switched
        self.listeners = Listeners(self.menus, self.hub, self.contents.look, self.record.forget)
        if hears:
            announcer = Announcer(Silent(), self.listeners, lambda: None)  # type: ignore[arg-type]  # as much of a bus as it needs
            world.db.listeners.append(announcer)

    def _switched(self) -> None:
        self.service.content_changed()
        self.hub.all_changed()

    def show(self, phone: Phone, journey_id: str, language: str = "en", trusted_s: float = 60) -> bytes:
        """The menu's bytes, as the phone gets them."""
        caller = self.menus.caller(phone.token, language)
        return self.service.menu(caller, journey_id, timedelta(seconds=trusted_s)).body


def then(world: World, journey_id: str, moment: datetime, language: str | None = None) -> Found:
    return world.read(lambda tx: explaining.menu_then(tx, world.keys, journey_id, moment, language))
