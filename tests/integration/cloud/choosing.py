"""Somebody's phone over the real services: the menu that it shows, and what choosing an item of it leads to."""

from mobile_menu.content_loader import load_content
from mobile_menu.ports import Chosen
from mobile_menu.rules.menu import Item
from mobile_menu.service import MenuService
from tests.integration.cloud.world import Phone, World


class Chooser:
    """One phone, and its person's journey that changed last."""

    def __init__(self, world: World, phone: Phone) -> None:
        self.world = world
        self.phone = phone
        self._service = MenuService(world.menus, load_content, world.clock)

    def items(self) -> dict[str, Item]:
        """What the menu shows now, by id."""
        caller, journey = self.phone.caller, self.world.journey(self.phone)
        _, composed, _ = self._service._composed_now(caller, journey.id)  # noqa: SLF001 - the menu as a value
        return {item.id: item for section in composed.menu.sections for item in section.items}

    def choose(self, item_id: str, key: str | None = None, choice: str = "") -> Chosen:
        """As `POST /menu/v1/items/{id}` does it."""
        caller, journey = self.phone.caller, self.world.journey(self.phone)
        return self._service.choose(caller, journey.id, item_id, key, choice)
