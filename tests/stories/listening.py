"""An open menu: what a phone hears on its live stream, and waiting for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from broker.contract.messages import Json
from device_sim.phone import LiveEvent, Phone, items_of
from tests.system import DEADLINE_S

Menu = dict[str, Json]


class OpenMenu:
    """All that came on the stream, in order."""

    def __init__(self) -> None:
        self.heard: list[LiveEvent] = []
        self._news = asyncio.Condition()

    async def listen(self, phone: Phone, journey: str) -> None:
        async for event in phone.live(journey):
            async with self._news:
                self.heard.append(event)
                self._news.notify_all()

    async def hears(self, holds: Callable[[LiveEvent], bool], what: str, deadline_s: float = DEADLINE_S) -> LiveEvent:
        """The newest event for which it holds, once there is one."""

        def newest() -> LiveEvent | None:
            return next((event for event in reversed(self.heard) if holds(event)), None)

        try:
            async with asyncio.timeout(deadline_s), self._news:
                await self._news.wait_for(lambda: newest() is not None)
        except TimeoutError:
            known = [(event.name, shown(event.body) if event.name == "menu" else event.body) for event in self.heard]
            msg = f"{what}: not within {deadline_s:g} s; heard {known}"
            raise AssertionError(msg) from None
        found = newest()
        assert found is not None
        return found

    async def shows(self, holds: Callable[[Menu], bool], what: str) -> Menu:
        """The menu, once the newest one is so."""

        def newest_is() -> bool:
            menus = [event.body for event in self.heard if event.name == "menu"]
            return bool(menus) and holds(menus[-1])

        await self.hears(lambda _event: newest_is(), what)
        menu: Menu = [event.body for event in self.heard if event.name == "menu"][-1]
        return menu


@asynccontextmanager
async def open_menu(phone: Phone, journey: str) -> AsyncIterator[OpenMenu]:
    """The phone with its menu open, for as long as the block runs."""
    menu = OpenMenu()
    task = asyncio.create_task(menu.listen(phone, journey), name="open menu")
    try:
        await menu.shows(lambda _menu: True, "the first menu")
        yield menu
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def names(menu: Menu) -> list[str]:
    """The items' ids, in the order in which they are shown."""
    return [str(item["id"]) for item in items_of(menu)]


def shown(menu: Menu) -> tuple[str, list[str]]:
    return str(menu["stage"]), names(menu)


def done(menu: Menu) -> set[str]:
    """The steps of the checklist that are ticked."""
    return {str(item["id"]) for item in items_of(menu) if item.get("done")}


def item(menu: Menu, name: str) -> dict[str, Json]:
    return next(one for one in items_of(menu) if one["id"] == name)


def always_there(menu: Menu) -> bool:
    """Help and the way out are in every menu."""
    return {"expert", "export", "opt-out"} <= set(names(menu))
