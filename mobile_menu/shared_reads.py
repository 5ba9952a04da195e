"""One look at the record for all streams that ask for the same menu at the same time.

A change wakes every phone of a journey in the same moment. The first one reads; the others wait for it, without a
thread, and take what it found.
"""

import asyncio

from mobile_menu.ports import Caller
from mobile_menu.service import MenuService, Served
from mobile_menu.threads import Threads

_Same = tuple[str, str, str]  # person, journey, language


class SharedReads:
    """Reads menus for the streams of one event loop."""

    def __init__(self, service: MenuService, threads: Threads) -> None:
        self._service = service
        self._threads = threads
        self._under_way: dict[_Same, asyncio.Task[Served]] = {}

    async def menu(self, caller: Caller, journey_id: str) -> Served:
        """As `MenuService.menu`, and never older than this call. Raises JourneyUnknownError."""
        served = self._service.kept_menu(caller, journey_id)
        if served is not None:
            return served
        same = (caller.person_id, journey_id, caller.language)
        earlier = self._under_way.get(same)
        if earlier is not None:
            # It began before the news that woke us may have come; if so, what it read was not kept.
            await asyncio.wait([earlier])
            served = self._service.kept_menu(caller, journey_id)
            if served is not None:
                return served
        reading = self._under_way.get(same)
        # One that waits does not end the reading of the others when its phone goes.
        return await asyncio.shield(self._begun(same, caller) if reading is None else reading)

    def _begun(self, same: _Same, caller: Caller) -> asyncio.Task[Served]:
        reading = asyncio.create_task(self._threads.run(self._service.menu, caller, same[1]), name="live menu")
        self._under_way[same] = reading

        def over(_reading: asyncio.Task[Served]) -> None:
            del self._under_way[same]
            # Whoever waited has got the error; when all their phones have gone, nobody has to hear of it.
            if not reading.cancelled():
                reading.exception()

        reading.add_done_callback(over)
        return reading
