"""Who plays in the story: an operator, a shop, a carrier, customers with phones, printers. All outsiders: they use the
public interfaces and nothing else. The clock is the one thing they share with the system, so that days can pass.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from cloud.clock import TravelClock
from device_sim.beacon import Beacon
from device_sim.calls import Caller
from device_sim.carrier import Carrier
from device_sim.chance import chance
from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter
from device_sim.errors import RefusedError, UnreachableError
from device_sim.phone import Phone
from device_sim.radio import sight
from device_sim.session import Endpoint
from device_sim.shop import Shop

Json = Any
PATIENCE_S = 30.0
"""How long a step waits for what it expects. A service that was killed is back well before."""


class NotAsExpectedError(Exception):
    """A step of the story ended otherwise than it should."""


class Operator:
    """The operator API, as a person with a key uses it."""

    def __init__(self, base_url: str, key: str) -> None:
        self.http = Caller(base_url, headers={"Authorization": f"Bearer {key}"})

    async def get(self, path: str, **params: str) -> Json:
        return await self.http.json("GET", f"/api/v1{path}", params=params or None)

    async def post(self, path: str, body: Json = None) -> Json:
        return await self.http.json("POST", f"/api/v1{path}", body if body is not None else {})

    async def patch(self, path: str, body: Json) -> Json:
        return await self.http.json("PATCH", f"/api/v1{path}", body)

    async def file(self, path: str) -> bytes:
        return (await self.http.call("GET", f"/api/v1{path}")).content


class Customer:
    """A customer, with the menu open on the phone: what is expected is awaited on the live stream, not asked for."""

    def __init__(self, name: str, base_url: str, clock: TravelClock, seen: Callable[["Customer"], None]) -> None:
        self.name = name
        self.phone = Phone(base_url, seed=name)
        self.menu: dict[str, Json] = {}
        self.journey = ""
        self.expert: list[str] = []
        self.gone = False
        self._clock = clock
        self._seen = seen
        self._rng = chance("demo radio", name)
        self._news = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self.phone.close()

    async def open(self, journey: str) -> None:
        """Opens the app at a journey, and keeps it open."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self.journey, self.menu = journey, {}
        self._watching = asyncio.create_task(self._watch(journey), name=f"phone of {self.name}")

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Returns once it holds. Raises NotAsExpectedError, saying what the phone shows instead."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            shown = f"stage {self.menu.get('stage')}, {self.status!r}, {self.item_ids}"
            msg = f"{self.name} expected {what}; the phone shows: {shown}"
            raise NotAsExpectedError(msg) from None

    async def sees(self, stage: str, *, leads: str = "", has: str = "", lacks: str = "", status: str = "") -> None:
        """The open menu comes to be in this stage, leads with that item, has this one, and not that one."""

        def holds() -> bool:
            ids = self.item_ids
            return (
                self.menu.get("stage") == stage
                and (not leads or ids[:1] == [leads])
                and (not has or has in ids)
                and (not lacks or lacks not in ids)
                and (not status or status in self.status)
                and {"expert", "opt-out"} <= set(ids)
            )

        wanted = {"leads": leads, "has": has, "lacks": lacks, "status": status}
        said = ", ".join(f"{name} {value}" for name, value in wanted.items() if value)
        await self.until(holds, f"stage {stage}, {said}")

    async def stand(self, beacon: Beacon | None, distance_m: float, times: int = 4) -> None:
        """Stays at that distance of a unit for some seconds; without a unit, somewhere where nothing is heard."""
        for _ in range(times):
            now = self._clock()
            heard = sight(beacon, beacon.eid(now), distance_m, self._rng) if beacon else ()
            await self.phone.report_context(self.journey, heard)
            self._clock.advance(timedelta(seconds=3))

    @property
    def item_ids(self) -> list[str]:
        return [item["id"] for section in self.menu.get("sections", ()) for item in section["items"]]

    @property
    def status(self) -> str:
        return str(self.menu.get("status", {}).get("text", ""))

    def item(self, item_id: str) -> dict[str, Json]:
        """The item as the phone shows it. Raises NotAsExpectedError."""
        for section in self.menu.get("sections", ()):
            for item in section["items"]:
                if item["id"] == item_id:
                    return dict(item)
        msg = f"{self.name}'s menu has no {item_id}"
        raise NotAsExpectedError(msg)

    async def _watch(self, journey: str) -> None:
        while not self.gone:
            try:
                async for event in self.phone.live(journey):
                    async with self._news:
                        self._take(event.name, event.body)
                        self._news.notify_all()
            except (RefusedError, httpx.HTTPError):
                await asyncio.sleep(0.2)  # a moment for the service to come back, before the stream is opened again

    def _take(self, name: str, body: Json) -> None:
        match name:
            case "menu":
                self.menu = body
                self._seen(self)
            case "case":
                self.expert = [one["text"] for one in body["messages"] if one["author"] == "expert"]
            case "gone":
                self.gone = True
            case _:
                pass  # a newer service may say more


@dataclass
class Cast:
    """All of them, and the days between. units: as registered, the story's own first."""

    base_url: str
    clock: TravelClock
    operator: Operator
    shop: Shop
    carrier: Carrier
    endpoint: Endpoint
    units: list[Credential]
    seen: Callable[[Customer], None]
    customers: list[Customer] = field(default_factory=list)
    printers: list[SimulatedPrinter] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for customer in self.customers:
            await customer.close()
        for printer in self.printers:
            await printer.power_off()

    def customer(self, name: str) -> Customer:
        made = Customer(name, self.base_url, self.clock, self.seen)
        self.customers.append(made)
        return made

    def printer(self, unit: Credential) -> SimulatedPrinter:
        """The machine behind a registration; off."""
        made = SimulatedPrinter(self.endpoint, unit.identity, clock=self.clock, seed=unit.serial, speed=40)
        self.printers.append(made)
        return made

    def later(self, span: timedelta) -> None:
        """Lets time pass, for everybody at once."""
        self.clock.advance(span)


def beacon_of(unit: Credential) -> Beacon:
    return Beacon(uid=unit.beacon_uid, identity_key=bytes.fromhex(unit.beacon_key))


async def eventually(check: Callable[[], Any], what: str) -> Any:
    """What `check` (a coroutine function) gives, once it is true. Raises NotAsExpectedError."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    found = await check()
                except (RefusedError, UnreachableError):
                    found = None
                if found:
                    return found
                await asyncio.sleep(0.1)  # the API is asked, and tells nothing by itself
    except TimeoutError:
        msg = f"expected {what}"
        raise NotAsExpectedError(msg) from None
