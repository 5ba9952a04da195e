"""What operators ask of menus: what it was, why, why not something else, and what would be if."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from cloud.content import service as contents
from cloud.identity.permissions import OperatorRole
from mobile_menu.content_files import packaged_files
from tests.http_service import client_of
from tests.integration.cloud.lives import item
from tests.integration.cloud.operators import application, client, issue, problem
from tests.integration.cloud.world import JAMMED, READY, Device, Phone, World

PACKAGED = packaged_files("printer")
GONE = "00000000000000000000000000"


class Desk:
    """An owner with a phone, and operators who look at what it shows."""

    def __init__(self, world: World, app: FastAPI) -> None:
        self.world = world
        self.app = app
        self.phone = world.phone()
        self.unit = world.unit()
        world.claim(self.phone, self.unit)
        world.set_up(self.unit)
        self.device = Device(world, self.unit.id, boot=2)
        world.take(self.device.birth())
        self.journey = world.journey(self.phone).id
        self.clients: list[httpx.AsyncClient] = []

    def operator(self, role: OperatorRole = OperatorRole.AGENT) -> httpx.AsyncClient:
        self.clients.append(client(self.app, issue(self.world, role).token))
        return self.clients[-1]

    async def look(self, language: str = "en", phone: Phone | None = None) -> httpx.Response:
        """What the phone gets."""
        token = self.world.another_phone_of(phone or self.phone).token
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        async with client_of(self.app, **headers) as caller:
            return await caller.get("/menu/v1/menu", params={"journey": self.journey})

    @property
    def place(self) -> str:
        return f"/api/v1/journeys/{self.journey}/menu"

    def now(self) -> str:
        return self.world.clock().isoformat()


@pytest.fixture
async def desk(sqlite_world: World) -> AsyncIterator[Desk]:
    app = application(sqlite_world)
    made = Desk(sqlite_world, app)
    yield made
    for one in made.clients:
        await one.aclose()
    app.state.hub.close()


async def test_the_menu_at_a_past_moment_is_the_very_bytes_that_the_phone_got(desk: Desk) -> None:
    operator, world = desk.operator(), desk.world
    first, at = await desk.look(), desk.now()
    world.clock.advance(minutes=1)
    world.take(desk.device.status(JAMMED))
    second, later = await desk.look("de"), desk.now()
    world.clock.advance(days=3)
    for moment, phone in ((at, first), (later, second)):
        found = await operator.get(desk.place, params={"at": moment})
        assert (found.content, found.headers["etag"]) == (phone.content, phone.headers["etag"])
    german = await operator.get(desk.place, params={"at": later})
    assert german.headers["content-language"] == "de"
    assert german.headers["memento-datetime"] == "Sun, 22 Nov 2026 09:31:00 GMT"
    english = await operator.get(desk.place, params={"at": later, "language": "en"})
    assert english.content == first.content
    listed = (await operator.get(f"/api/v1/journeys/{desk.journey}/menus", params={"limit": 1})).json()
    assert [one["language"] for one in listed["items"]] == ["de"]
    rest = (await operator.get(f"/api/v1/journeys/{desk.journey}/menus", params={"cursor": listed["next"]})).json()
    assert ([one["language"] for one in rest["items"]], rest["next"]) == (["en"], None)


async def test_without_a_moment_it_is_the_menu_of_now_as_the_phone_would_get_it(desk: Desk) -> None:
    operator = desk.operator()
    now = await operator.get(desk.place)
    assert "memento-datetime" not in now.headers
    desk.world.take(desk.device.status(JAMMED))
    after = await operator.get(desk.place, params={"language": "de"})
    assert after.content != now.content
    assert (await desk.look("de")).content == after.content


async def test_why_tells_the_situation_what_put_each_item_there_and_what_kept_the_others_away(desk: Desk) -> None:
    operator = desk.operator()
    desk.world.take(desk.device.status(JAMMED))
    body, at = (await desk.look()).content, desk.now()
    desk.world.clock.advance(minutes=5)
    desk.world.take(desk.device.status(READY))
    answer = await operator.get(f"{desk.place}/why", params={"at": at})
    found = answer.json()
    assert body in answer.content, "the menu in it is the very bytes, too"
    assert (found["reproduced"], found["version"], found["at"]) == (True, 0, "2026-11-22T09:30:00Z")
    assert found["situation"]["device"]["reasons"] == ["media-jam"]
    shown = {item["id"]: item["because"] for section in found["menu"]["sections"] for item in section["items"]}
    assert "reason=media-jam" in shown["clear-jam"] or any("media-jam" in one for one in shown["clear-jam"])
    absent = {one["item"]: one["why_not"] for one in found["absent"]}
    assert absent.keys().isdisjoint(shown)
    assert any("cover" in item for item in absent), "no fix for what is not wrong"
    assert all(one["wanted"] for missing in absent.values() for one in missing)
    assert all(absent.values())


async def test_a_coupons_code_is_seen_by_who_answers_customers_and_by_nobody_else(sqlite_world: World) -> None:
    world, app = sqlite_world, application(sqlite_world)
    phone = world.phone()
    journey = world.begin(phone).id
    headers = {"Authorization": f"Bearer {phone.token}"}
    async with client_of(app, **headers) as caller:
        menu = {"journey": journey}
        code = world.menus.choose(phone.caller, journey, item("coupon"), None).detail
        body = (await caller.get("/menu/v1/menu", params=menu)).content
    assert code.encode() in body
    at = {"at": world.clock().isoformat()}
    place = f"/api/v1/journeys/{journey}/menu"
    async with client(app, issue(world, OperatorRole.AGENT).token) as agent:
        assert (await agent.get(place, params=at)).content == body
        assert code.encode() in (await agent.get(f"{place}/why", params=at)).content
    async with client(app, issue(world, OperatorRole.VIEWER).token) as viewer:
        for params in (at, {}):
            answers = [await viewer.get(place, params=params), await viewer.get(f"{place}/why", params=params)]
            answers.append(await viewer.post(f"{place}/what-if", json={"patch": {}, **params}))
            for answer in answers:
                assert answer.status_code == 200
                assert code.encode() not in answer.content
                assert b"data:image/svg" not in answer.content
        assert "etag" not in (await viewer.get(place, params=at)).headers
    app.state.hub.close()


async def test_of_a_journey_that_is_not_there_or_was_erased_nothing_is_told(desk: Desk) -> None:
    operator = desk.operator()
    await desk.look()
    desk.world.clock.advance(minutes=1)
    at = {"at": desk.now()}
    for place in (f"/api/v1/journeys/{GONE}/menu", desk.place):
        if place == desk.place:
            desk.world.menus.opt_out(desk.phone.token)
        for params in (at, {}):
            problem(await operator.get(place, params=params), 404, "not_found")
            problem(await operator.get(f"{place}/why", params=params), 404, "not_found")
            problem(await operator.post(f"{place}/what-if", json={"patch": {}, **params}), 404, "not_found")
        problem(await operator.get(f"{place}s"), 404, "not_found")


async def test_a_moment_that_is_none_is_refused(desk: Desk) -> None:
    operator = desk.operator()
    await desk.look()
    future = (desk.world.clock() + timedelta(seconds=1)).isoformat()
    for at in (future, "yesterday", "2026-11-22T09:30:00", "9999-01-01T00:00:00Z", "0", "1e9"):
        problem(await operator.get(desk.place, params={"at": at}), 422, "invalid")
    problem(await operator.get(desk.place, params={"at": "2020-01-01T00:00:00Z"}), 404, "not_found")


async def test_what_if_changes_the_situation_and_nothing_else(desk: Desk) -> None:
    operator = desk.operator()
    body = (await desk.look()).content
    rows = desk.world.rows("served_menu")
    same = await operator.post(f"{desk.place}/what-if", json={"patch": {}})
    assert msgspec.json.encode(same.json()["menu"]) == body
    patch = {"device": {"level": "error", "reasons": ["media-jam"]}, "place": {"zone": "here"}}
    found = (await operator.post(f"{desk.place}/what-if", json={"patch": patch, "language": "de"})).json()
    assert (found["menu"]["language"], found["menu"]["stage"]) == ("de", "support")
    assert found["menu"]["sections"][0]["items"][0]["id"] == "clear-jam"
    assert found["situation"]["device"]["supplies"] == same.json()["situation"]["device"]["supplies"]
    away = (await operator.post(f"{desk.place}/what-if", json={"patch": {"device": None}})).json()
    assert away["situation"]["device"]["level"] == "unknown"
    assert (desk.world.rows("served_menu"), (await desk.look()).content) == (rows, body)


async def test_what_if_begins_at_a_past_moment_too(desk: Desk) -> None:
    operator = desk.operator()
    desk.world.take(desk.device.status(JAMMED))
    await desk.look()
    at = desk.now()
    desk.world.clock.advance(minutes=5)
    desk.world.take(desk.device.status(READY))
    found = await operator.post(f"{desk.place}/what-if", json={"patch": {"place": {"zone": "here"}}, "at": at})
    assert found.json()["situation"]["device"]["reasons"] == ["media-jam"]
    assert found.json()["situation"]["place"]["zone"] == "here"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"divice": {}}, "/divice"),
    ({"device": {"levle": "ok"}}, "/device/levle"),
    ({"device": {"level": "fine"}}, "/device/level"),
    ({"device": {"supplies": [{"name": "black", "level_percent": 5, "x/y": 1}]}}, "/device/supplies/0/x~1y"),
    ({"device": {"supplies": [{"name": "black"}]}}, "/device/supplies/0"),
    ({"stage": "supprt"}, "/stage"),
    ({"relation": {"coupon": {"code": "x" * 65, "amount": 1, "currency": "USD"}}}, "/relation/coupon/code"),
    ({"model_name": "x" * 501}, "/model_name"),
    ({"device": {"reasons": ["x"] * 101}}, "/device/reasons"),
    ({"device": {"since": "2026-11-22T09:30:00"}}, "/device/since"),
    ({"parcel": {"promised_at": "0001-01-01T00:00:00Z"}}, "/parcel/promised_at"),
    ({"parcel": []}, "/parcel"),
]


async def test_a_situation_that_is_none_is_refused_with_the_place(desk: Desk) -> None:
    operator = desk.operator()
    for wrong, pointer in WRONG:
        whole: dict[str, Any] = {"stage": "support", **wrong}
        answer = await operator.post("/api/v1/menu/preview", json={"profile": "printer", "situation": whole})
        problem(answer, 422, "invalid")
        assert [one["pointer"] for one in answer.json()["errors"]] == [f"/situation{pointer}"], wrong
        answer = await operator.post(f"{desk.place}/what-if", json={"patch": wrong})
        problem(answer, 422, "invalid")
        assert [one["pointer"] for one in answer.json()["errors"]] == [f"/patch{pointer}"], wrong
    for fixed in ({"profile": "coffee"}, {"journey_id": GONE}):
        problem(await operator.post(f"{desk.place}/what-if", json={"patch": fixed}), 422, "invalid")
    problem(await operator.post("/api/v1/menu/preview", json={"profile": "printer", "situation": {}}), 422, "invalid")


async def test_a_preview_shows_any_situation_with_any_content(desk: Desk) -> None:
    viewer, world = desk.operator(OperatorRole.VIEWER), desk.world
    situation = {"stage": "support", "device": {"level": "error", "reasons": ["media-jam"]}, "role": "owner"}
    asked: dict[str, Any] = {"profile": "printer", "situation": situation, "language": "de"}
    found = (await viewer.post("/api/v1/menu/preview", json=asked)).json()
    assert (found["menu"]["language"], found["version"], found["at"], found["reproduced"]) == ("de", 0, None, None)
    assert found["situation"]["place"]["zone"] == "unknown"
    line = next(one for one in PACKAGED["frame.en.ftl"].splitlines() if one.startswith("title-support ="))
    files = {**PACKAGED, "frame.en.ftl": PACKAGED["frame.en.ftl"].replace(line, "title-support = Wonder")}
    draft = world.run(lambda tx: contents.create_draft(tx, "printer", "x", "key:x", files=files))
    calm: dict[str, Any] = {"profile": "printer", "situation": {"stage": "support", "device": {"level": "ok"}}}
    drafted = (await viewer.post("/api/v1/menu/preview", json={**calm, "draft_id": draft.id})).json()
    assert drafted["menu"]["title"] == "Wonder"
    world.run(lambda tx: contents.publish(tx, "printer", files, note="", by="key:x"))
    titles = []
    for version in (None, 0, 1):
        calm["version"] = version
        answer = (await viewer.post("/api/v1/menu/preview", json=calm)).json()
        titles.append((answer["menu"]["title"] == "Wonder", answer["version"]))
    assert titles == [(True, 1), (False, 0), (True, 1)]


async def test_a_preview_of_content_that_is_not_there_or_has_faults_is_refused(desk: Desk) -> None:
    viewer = desk.operator(OperatorRole.VIEWER)
    broken = desk.world.run(lambda tx: contents.create_draft(tx, "printer", "x", "key:x", files={"profile.toml": "?"}))
    calm: dict[str, Any] = {"profile": "printer", "situation": {"stage": "support"}}
    answer = await viewer.post("/api/v1/menu/preview", json={**calm, "draft_id": broken.id})
    problem(answer, 422, "content_refused")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/files/profile.toml"]
    problem(await viewer.post("/api/v1/menu/preview", json={**calm, "version": 3}), 404, "not_found")
    problem(await viewer.post("/api/v1/menu/preview", json={**calm, "draft_id": GONE}), 404, "not_found")
    problem(await viewer.post("/api/v1/menu/preview", json={**calm, "profile": "toaster"}), 404, "not_found")
    both = {**calm, "version": 0, "draft_id": broken.id}
    problem(await viewer.post("/api/v1/menu/preview", json=both), 422, "invalid")
