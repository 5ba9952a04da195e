"""A customer's phone: follows links, scans labels, shows the menu, and speaks only the public phone interface."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import quote

import httpx
import msgspec

from broker.contract.messages import Json
from device_sim.beacon import Beacon
from device_sim.calls import Caller, Outsider, refusal
from device_sim.chance import chance
from device_sim.device import utc_now
from device_sim.errors import ImpossibleError, LateError, RefusedError
from device_sim.radio import ALL_KINDS, Room, Sighting, sight
from device_sim.sse import EventReader


class LiveEvent(msgspec.Struct, frozen=True):
    """name: `menu`, `case` or `gone`. body: its JSON."""

    name: str
    body: Json
    id: str = ""


class Phone(Outsider):
    """One phone. seed: for the radio's noise. language: sent as Accept-Language.

    Its access token lasts minutes; when one is refused, the phone fetches the next with its refresh token.
    """

    def __init__(
        self,
        base_url: str,
        *,
        language: str = "en",
        seed: int | str = 0,
        transport: httpx.AsyncBaseTransport | None = None,
        backoff_base_s: float = 0.2,
    ) -> None:
        headers = {"Accept-Language": language, "User-Agent": "Mozilla/5.0 (Linux; Android 15) Throughline-Sim"}
        super().__init__(Caller(base_url, headers=headers, transport=transport, backoff_base_s=backoff_base_s))
        self._rng = chance("phone", seed)
        self._menus: dict[str, tuple[str, Json]] = {}
        self._backoff_s = backoff_base_s
        self.token = ""
        self.refresh_token = ""
        self._renewing = asyncio.Lock()
        self._http.renew = self._renew

    # --- coming in ---

    async def follow(self, link: str) -> str:
        """Opens a link (`/c/...`, `/r/...`, a label's URI) and returns where it leads, empty when nowhere else.

        Redirects are not followed, but the visitor's cookie is kept, so that a session started afterwards knows the way
        it came. A label's domain is taken to be this service's, whatever it says.
        """
        path = httpx.URL(link).raw_path.decode()
        answer = await self._http.call("GET", path, headers={"Accept": "text/html"})
        return str(answer.headers.get("location", ""))

    async def click_campaign(self, campaign_id: str) -> str:
        return await self.follow(f"/c/{quote(campaign_id, safe='')}")

    async def scan(self, gtin: str, serial: str) -> str:
        """Reads the QR code on the unit."""
        return await self.follow(f"/01/{gtin}/21/{quote(serial, safe='')}")

    async def start(self) -> str:
        """Starts the session, once; returns when it expires unless it is used (RFC 3339)."""
        return self._took(await self._http.json("POST", "/menu/v1/session"))

    async def refresh(self) -> str:
        """Fetches the next pair of tokens; returns when the session expires unless it is used. Raises RefusedError."""
        body = {"refresh_token": self.refresh_token}
        answer = await self._http.call("POST", "/menu/v1/session/refresh", body=body, renews=False)
        return self._took(answer.json())

    async def end(self) -> None:
        """Ends this phone's session. Raises RefusedError."""
        await self._http.call("POST", "/menu/v1/session/end")
        self._forget()

    async def _renew(self, refused: str) -> bool:
        async with self._renewing:
            if refused != f"Bearer {self.token}":
                return bool(self.token)  # another call has renewed it meanwhile
            if not self.refresh_token:
                return False
            try:
                await self.refresh()
            except RefusedError:
                return False
        return True

    def _took(self, pair: dict[str, Json]) -> str:
        self.token, self.refresh_token = pair["token"], pair["refresh_token"]
        self._http.client.headers["Authorization"] = f"Bearer {self.token}"
        return str(pair["refresh_expires_at"])

    def _forget(self) -> None:
        """All but the token: with that, whoever has left gets the receipt again."""
        self.refresh_token = ""
        self._menus.clear()
        self._http.client.cookies.clear()

    async def claim(
        self, code: str, *, uri: str = "", gtin: str = "", serial: str = "", role: str = ""
    ) -> dict[str, Json]:
        """Becomes the owner (or what `role` says) with the code from the box; the unit by URI, or GTIN and serial."""
        unit: dict[str, Json] = {"uri": uri} if uri else {"gtin": gtin, "serial": serial}
        extra = {"role": role} if role else {}
        return dict(await self._http.json("POST", "/menu/v1/claims", {**unit, "code": code, **extra}) or {})

    # --- the menu ---

    async def journeys(self) -> list[dict[str, Json]]:
        return list((await self._http.json("GET", "/menu/v1/journeys"))["items"])

    async def journey(self, stage: str = "", timeout_s: float = 10.0) -> dict[str, Json]:
        """The newest journey, once there is one (in that stage). Raises LateError."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    found = [one for one in await self.journeys() if not stage or one["stage"] == stage]
                    if found:
                        return found[-1]
                    await asyncio.sleep(0.1)  # the list of journeys is asked for, and tells nothing by itself
        except TimeoutError:
            msg = f"a journey{' in stage ' + stage if stage else ''}: not within {timeout_s:g} s"
            raise LateError(msg) from None

    async def menu(self, journey: str) -> dict[str, Json]:
        """The menu; asked for with the ETag of the one it has, which then need not be sent again."""
        etag, known = self._menus.get(journey, ("", None))
        answer = await self._http.call(
            "GET", "/menu/v1/menu", params={"journey": journey}, headers={"If-None-Match": etag} if etag else None
        )
        if answer.status_code == httpx.codes.NOT_MODIFIED and known is not None:
            return dict(known)
        return self._seen(journey, answer)

    async def live(self, journey: str) -> AsyncIterator[LiveEvent]:
        """What the open menu gets, for as long as one listens; ends after `gone`. Raises RefusedError.

        A connection that breaks, a service that is away for a moment, and a token whose time is over: it comes again,
        from the last event on.
        """
        reader, refused = EventReader(), False
        while True:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": reader.last_id} if reader.last_id else {})
            try:
                async with self._http.client.stream(
                    "GET", "/menu/v1/live", params={"journey": journey}, headers=headers, timeout=None
                ) as answer:
                    used = answer.request.headers.get("Authorization", "")
                    if answer.status_code == httpx.codes.UNAUTHORIZED and not refused and await self._renew(used):
                        refused = True
                        continue
                    refused = False
                    async for event in _events(answer, reader):
                        if event.name == "renew":
                            await self._renew(used)
                            break
                        yield event
                        if event.name == "gone":
                            return
            except httpx.TransportError:
                pass
            reader = EventReader(reader.last_id)
            await asyncio.sleep(self._rng.uniform(0, self._backoff_s))  # phones must not come back all at once

    async def choose(self, journey: str, item_id: str) -> Json:
        """Chooses an item of the menu."""
        return await self._http.json("POST", f"/menu/v1/items/{quote(item_id, safe='')}", {"journey": journey})

    # --- where it is ---

    async def report_context(
        self, journey: str, sightings: Sequence[Sighting] = (), position: tuple[float, float, float] | None = None
    ) -> dict[str, Json]:
        """Sightings and, if given, (latitude, longitude, accuracy in metres); returns what the service made of it."""
        body: dict[str, Json] = {"journey": journey, "sightings": msgspec.to_builtins(sightings)}
        if position is not None:
            body["position"] = dict(zip(("latitude", "longitude", "accuracy_m"), position, strict=True))
        return dict(await self._http.json("POST", "/menu/v1/context", body) or {})

    async def stand(
        self,
        journey: str,
        beacon: Beacon,
        distance_m: float,
        *,
        room: Room | None = None,
        times: int = 1,
        kinds: AbstractSet[str] = ALL_KINDS,
    ) -> dict[str, Json]:
        """Stands at that distance of a unit: hears its beacon and reports it, `times` over. Returns the last answer.

        kinds: of frames, that this phone's system tells its apps of.
        """
        answer: dict[str, Json] = {}
        for _ in range(times):
            heard = sight(beacon, beacon.eid(utc_now()), distance_m, self._rng, room, kinds=kinds)
            answer = await self.report_context(journey, heard)
        return answer

    # --- help, and leaving ---

    async def open_case(self, journey: str, text: str) -> dict[str, Json]:
        return dict(await self._http.json("POST", "/menu/v1/cases", {"journey": journey, "text": text}))

    async def write(self, case_id: str, text: str) -> Json:
        return await self._http.json("POST", f"/menu/v1/cases/{quote(case_id, safe='')}/messages", {"text": text})

    async def cases(self, journey: str) -> list[dict[str, Json]]:
        answer = await self._http.json("GET", "/menu/v1/cases", params={"journey": journey})
        return list(answer["items"] if isinstance(answer, dict) else answer)

    async def export(self) -> Json:
        return await self._http.json("GET", "/menu/v1/export")

    async def opt_out(self) -> dict[str, Json]:
        """Leaves; returns the signed receipt. The phone forgets its menus, its cookie and its session."""
        if not self.token:
            msg = "there is no session to end"
            raise ImpossibleError(msg)
        receipt = dict(await self._http.json("POST", "/menu/v1/opt-out"))
        self._forget()
        return receipt

    def _seen(self, journey: str, answer: httpx.Response) -> dict[str, Json]:
        menu: dict[str, Json] = answer.json()
        if etag := answer.headers.get("etag"):
            self._menus[journey] = (etag, menu)
        return menu


async def _events(answer: httpx.Response, reader: EventReader) -> AsyncIterator[LiveEvent]:
    if answer.status_code >= 500:
        return
    if answer.status_code >= 400:
        await answer.aread()
        raise refusal(answer)
    async for line in answer.aiter_lines():
        event = reader.feed(line)
        if event is not None:
            yield LiveEvent(event.name, msgspec.json.decode(event.data), event.id)


def items_of(menu: dict[str, Json]) -> list[dict[str, Json]]:
    """All items of a menu, in the order in which the phone shows them."""
    return [item for section in menu["sections"] for item in section["items"]]
