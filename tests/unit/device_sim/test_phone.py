"""The phone against a menu service of a page."""

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest

from broker.contract.messages import Json
from device_sim.beacon import Beacon
from device_sim.errors import ImpossibleError, RefusedError
from device_sim.phone import LiveEvent, Phone, items_of
from device_sim.sse import EventReader, ServerEvent

MENU = {"journey": "j1", "sections": [{"id": "a", "items": [{"id": "x"}]}, {"id": "b", "items": [{"id": "y"}]}]}


class Service:
    """Remembers what it was asked. streams: the answers of `live`, one for each connection; None breaks it."""

    def __init__(self, streams: tuple[tuple[bytes | None, ...], ...] = ()) -> None:
        self.asked: list[httpx.Request] = []
        self.pairs = 0
        self.expired: set[str] = set()
        self.answered: list[tuple[str, str]] = []
        self._streams: Iterator[tuple[bytes | None, ...]] = iter(streams)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        token = request.headers.get("authorization", "")
        if token.removeprefix("Bearer t") in self.expired and not request.url.path.endswith("/refresh"):
            return httpx.Response(401, json={"code": "session_refused"})
        self.answered.append((request.url.path, token))
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - one answer for each route
        match request.method, request.url.path:
            case "GET", "/c/camp":
                return httpx.Response(303, headers={"location": "/app", "set-cookie": "tl_visit=v1; Path=/; HttpOnly"})
            case "GET", "/01/09506000134352/21/A/1":
                return httpx.Response(307, headers={"location": "/app?unit=1"})
            case "POST", "/menu/v1/session":
                return httpx.Response(201, json=self._pair())
            case "POST", "/menu/v1/session/refresh":
                if self.body()["refresh_token"] != f"r{self.pairs}":
                    return httpx.Response(401, json={"code": "session_refused"})
                return httpx.Response(200, json=self._pair())
            case "GET", "/menu/v1/menu":
                if request.headers.get("if-none-match") == '"e1"':
                    return httpx.Response(304)
                return httpx.Response(200, json=MENU, headers={"etag": '"e1"'})
            case "GET", "/menu/v1/live":
                return self._live()
            case "POST", "/menu/v1/opt-out":
                return httpx.Response(200, json={"receipt": "r"})
            case _:
                return httpx.Response(200, json={"zone": "here", "items": []})

    def _pair(self) -> dict[str, str]:
        self.pairs += 1
        ends = {"expires_at": "2026-11-01T00:15:00Z", "refresh_expires_at": "2026-12-01T00:00:00Z"}
        return {"token": f"t{self.pairs}", "refresh_token": f"r{self.pairs}", **ends}

    def _live(self) -> httpx.Response:
        parts = next(self._streams, None)
        if parts is None:
            return httpx.Response(401, json={"code": "session_refused"})
        return httpx.Response(200, content=_stream(parts))

    def body(self, number: int = -1) -> Json:
        return json.loads(self.asked[number].content)


async def _stream(parts: tuple[bytes | None, ...]) -> Json:
    for part in parts:
        if part is None:
            msg = "the connection broke"
            raise httpx.ReadError(msg)
        yield part


def phone(service: Service) -> Phone:
    return Phone("http://cloud", language="de", transport=httpx.MockTransport(service), backoff_base_s=0.0)


async def test_the_visit_s_cookie_goes_along_when_the_session_starts() -> None:
    service = Service()
    async with phone(service) as it:
        assert await it.click_campaign("camp") == "/app"
        assert await it.start() == "2026-12-01T00:00:00Z"
        await it.journeys()
    assert service.asked[1].headers["cookie"] == "tl_visit=v1"
    assert service.asked[2].headers["authorization"] == "Bearer t1"
    assert all(request.headers["accept-language"] == "de" for request in service.asked)


async def test_a_label_is_scanned_by_its_numbers_or_by_its_uri_whatever_its_domain() -> None:
    service = Service()
    async with phone(service) as it:
        assert await it.scan("09506000134352", "A/1") == "/app?unit=1"
        assert await it.follow("https://id.example/01/09506000134352/21/A%2F1") == "/app?unit=1"
    assert {request.url.host for request in service.asked} == {"cloud"}
    assert {request.url.raw_path for request in service.asked} == {b"/01/09506000134352/21/A%2F1"}


async def test_a_menu_that_has_not_changed_is_not_sent_again() -> None:
    service = Service()
    async with phone(service) as it:
        first = await it.menu("j1")
        second = await it.menu("j1")
    assert first == second == MENU
    assert [item["id"] for item in items_of(first)] == ["x", "y"]
    assert service.asked[1].headers["if-none-match"] == '"e1"'


async def test_the_live_menu_is_taken_up_after_a_break_where_it_ended() -> None:
    service = Service(
        (
            (b'event: menu\nid: 7\ndata: {"a":1}\n\n', b": still here\n\nevent: menu\ndata: {", None),
            (b'id: 8\nevent: case\ndata: {"b":\ndata: 2}\n\n',),
            (b"event: gone\r\ndata: {}\r\n\r\n", b"event: menu\ndata: {}\n\n"),
        )
    )
    async with phone(service) as it:
        events = [event async for event in it.live("j1")]
    assert events == [LiveEvent("menu", {"a": 1}, "7"), LiveEvent("case", {"b": 2}, "8"), LiveEvent("gone", {}, "8")]
    assert [request.headers.get("last-event-id") for request in service.asked] == [None, "7", "8"]


async def test_a_live_menu_that_is_refused_says_so() -> None:
    async with phone(Service()) as it:
        with pytest.raises(RefusedError) as caught:
            await anext(aiter(it.live("j1")))
    assert caught.value.problem == "session_refused"


async def test_a_token_whose_time_is_over_is_renewed_once_and_the_call_goes_on_with_its_own_key() -> None:
    service = Service()
    async with phone(service) as it:
        await it.start()
        service.expired.add("1")
        await asyncio.gather(it.open_case("j1", "help"), it.open_case("j1", "help me"))
    assert service.pairs == 2
    said = [request for request in service.asked if request.url.path == "/menu/v1/cases"]
    assert service.answered.count(("/menu/v1/cases", "Bearer t2")) == 2
    assert len({request.headers["idempotency-key"] for request in said}) == 2


async def test_a_session_that_cannot_be_renewed_is_refused() -> None:
    service = Service()
    async with phone(service) as it:
        await it.start()
        service.expired.add("1")
        it.refresh_token = "r0"
        with pytest.raises(RefusedError) as caught:
            await it.journeys()
    assert caught.value.problem == "session_refused"
    assert service.pairs == 1


async def test_the_live_menu_goes_on_with_a_new_token_when_the_old_ones_time_is_over() -> None:
    menu = b'event: menu\nid: 7\ndata: {"a":1}\n\n'
    service = Service(((menu, b"event: renew\ndata: {}\n\n"), (b"event: gone\ndata: {}\n\n",)))
    async with phone(service) as it:
        await it.start()
        events = [event async for event in it.live("j1")]
    assert [event.name for event in events] == ["menu", "gone"]
    lines = [request for request in service.asked if request.url.path == "/menu/v1/live"]
    assert [request.headers["authorization"] for request in lines] == ["Bearer t1", "Bearer t2"]
    assert lines[1].headers["last-event-id"] == "7"


async def test_standing_by_a_printer_reports_its_beacon() -> None:
    service = Service()
    beacon = Beacon(uid="00" * 16, identity_key=bytes(16))
    async with phone(service) as it:
        answer = await it.stand("j1", beacon, 0.5, times=2)
        await it.report_context("j1", position=(48.1, 11.5, 20.0))
    assert answer["zone"] == "here"
    sightings = service.body(0)["sightings"]
    assert {one["kind"] for one in sightings} == {"eddystone-uid", "eddystone-eid", "ibeacon"}
    assert sightings != service.body(1)["sightings"]
    assert service.body(2) == {
        "journey": "j1",
        "sightings": [],
        "position": {"latitude": 48.1, "longitude": 11.5, "accuracy_m": 20.0},
    }


async def test_leaving_forgets_cookie_and_menus_and_needs_a_session() -> None:
    service = Service()
    async with phone(service) as it:
        with pytest.raises(ImpossibleError):
            await it.opt_out()
        await it.click_campaign("camp")
        await it.start()
        await it.menu("j1")
        assert await it.opt_out() == {"receipt": "r"}
        await it.menu("j1")
    assert "cookie" not in service.asked[-1].headers
    assert "if-none-match" not in service.asked[-1].headers


def test_events_are_read_as_the_html_standard_says() -> None:
    reader = EventReader()
    lines = [
        "data:one",
        "data: two",
        "id: 3",
        "retry: 10",
        ":comment",
        "",
        "event: empty",
        "",
        "data",
        "",
        "id",
        "data: x",
    ]
    assert [event for event in map(reader.feed, lines) if event] == [
        ServerEvent("message", "one\ntwo", "3"),
        ServerEvent("message", "", "3"),
    ]
    assert reader.feed("") == ServerEvent("message", "x", "")
