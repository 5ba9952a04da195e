"""Reading server-sent events off an httpx stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec

DEADLINE_S = 60


class Event(NamedTuple):
    """name: empty for a comment, whose text is `data`."""

    name: str
    id: str
    data: Any


class Events:
    """The events of one open stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event:
        """The next event; EOFError at the stream's end."""
        while (event := await self.next_or_comment()).name == "":
            pass
        return event

    async def next_or_comment(self) -> Event:
        return await asyncio.wait_for(self._read(), DEADLINE_S)

    async def _read(self) -> Event:
        name = event_id = data = ""
        async for line in self._lines:
            field, _, value = line.partition(":")
            match field:
                case "":
                    if name:
                        return Event(name, event_id, msgspec.json.decode(data))
                    if line.startswith(":"):
                        return Event("", "", value.strip())
                case "event":
                    name = value.strip()
                case "id":
                    event_id = value.strip()
                case "data":
                    data += value.strip()
                case _:
                    pass
        raise EOFError

    async def ended(self) -> bool:
        """The server has closed the stream properly."""
        try:
            await self.next()
        except EOFError:
            return True
        return False


@asynccontextmanager
async def live(client: httpx.AsyncClient, journey_id: str = "j1", last_event_id: str = "") -> AsyncIterator[Events]:
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    async with client.stream("GET", "/menu/v1/live", params={"journey": journey_id}, headers=headers) as response:
        yield Events(response)
