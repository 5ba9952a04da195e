"""What callers may send wrongly, over the whole application: refused with a code, and nothing of it is kept."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from broker.contract.messages import MAX_DEPTH, MAX_PAYLOAD_BYTES
from cloud.commerce import partners
from cloud.db import UtcDateTime
from cloud.errors import InvalidError, NotFoundError
from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.settings import load_settings
from cloud.twin import service as twin
from cloud.twin.tables import TwinRow
from device_sim.carrier import signature
from device_sim.shop import signed_headers
from tests.integration.cloud.world import GTIN, READY, Device, Phone, World

NUL, HALF = "a\0b", "a\ud800"
NOBODY = "01jd9s00000000000000000000"


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), world.db, world.keys)
    yield made
    made.state.hub.close()


def caller(app: FastAPI, token: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://id.example", headers=headers)


@pytest.fixture
async def operator(app: FastAPI, world: World) -> AsyncIterator[httpx.AsyncClient]:
    token = world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.ADMIN)).token
    async with caller(app, token) as found:
        yield found


@pytest.fixture
def owner(world: World) -> Phone:
    """The owner of the world's first unit."""
    phone = world.phone()
    world.claim(phone, world.unit())
    return phone


@pytest.fixture
async def phone(app: FastAPI, owner: Phone) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(app, owner.token) as found:
        yield found


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert found["code"] == code
    return found


async def sent(client: httpx.AsyncClient, method: str, path: str, body: object, **headers: str) -> httpx.Response:
    """The body as JSON that escapes whatever it must."""
    headers = {"Content-Type": "application/json", **headers}
    return await client.request(method, path, content=json.dumps(body), headers=headers)


# --- NUL, and half of a surrogate pair ---


@pytest.mark.parametrize(
    "path",
    ["/r/%00", "/c/a%00b", "/api/v1/products/%00", "/api/v1/keys/a%00", "/menu/v1/items/%00", "/%0A"],
)
async def test_a_path_with_a_control_character_names_nothing(operator: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        problem(await operator.request(method, path), 404, "not_found")


@pytest.mark.parametrize("name", ["x", "..", "1", "A" * 26, "x" * 5_000, "None"])
async def test_an_id_that_has_not_the_form_of_one_is_unknown(operator: httpx.AsyncClient, name: str) -> None:
    for path in (f"/api/v1/products/{name}/commands", f"/api/v1/cases/{name}", f"/api/v1/journeys/{name}/moves"):
        problem(await operator.get(httpx.URL(path)), 404, "not_found")


async def test_a_query_with_a_nul_is_refused_wherever_it_stands(
    operator: httpx.AsyncClient, phone: httpx.AsyncClient
) -> None:
    for path in ("products?q=%00", "products?cursor=a%00", "orders?cursor=%00", "cases?cursor=%00"):
        problem(await operator.get(f"/api/v1/{path}"), 422, "invalid")
    for path in ("cases?journey=%00", "menu?journey=a%00b", "live?journey=%00"):
        problem(await phone.get(f"/menu/v1/{path}"), 422, "invalid")


@pytest.mark.parametrize("text", [NUL, HALF], ids=["nul", "half a pair"])
async def test_a_text_that_nobody_can_keep_is_refused_in_every_body_an_operator_sends(
    operator: httpx.AsyncClient, world: World, text: str
) -> None:
    unit = f"/api/v1/products/{world.unit().id}"
    model = {"gtin": "40170725", "name": "n", "brand": "b"}
    for method, path, body in (
        ("POST", "/api/v1/models", {**model, "name": text}),
        ("POST", "/api/v1/models", {**model, "links": {"shop": f"https://{text}"}}),
        ("POST", "/api/v1/models", {**model, "links": {text: "https://x.example"}}),
        ("POST", "/api/v1/models", {**model, text: 1}),
        ("POST", "/api/v1/labels", {"product_ids": [text]}),
        ("POST", "/api/v1/keys", {"name": text, "role": "viewer"}),
        ("POST", "/api/v1/stores", {"name": "s", "address": text, "latitude": 1, "longitude": 2}),
        ("POST", "/api/v1/campaigns", {"name": text, "gtin": GTIN}),
        ("POST", "/api/v1/coupons/redeem", {"code": "ABCD", "shop_id": text}),
        ("POST", f"{unit}/commands", {"name": "ping", "arguments": {"a": [text]}}),
        ("POST", f"{unit}/commands", {"name": "ping", "arguments": {text: 1}}),
        ("PATCH", f"{unit}/desired", {"settings": {"a": {"b": text}}}),
        ("PATCH", unit, {"shop_id": text}),
    ):
        problem(await sent(operator, method, path, body), 422, "invalid")
    assert world.rows("command") == world.rows("campaign") == world.rows("shop") == []
    assert len(world.rows("model")) == 1


@pytest.mark.parametrize("text", [NUL, HALF], ids=["nul", "half a pair"])
async def test_a_text_that_nobody_can_keep_is_refused_in_every_body_a_phone_sends(
    phone: httpx.AsyncClient, owner: Phone, world: World, text: str
) -> None:
    journey = world.journey(owner).id
    heard = [{"kind": "ibeacon", "id": text, "rssi_dbm": -60}]
    for path, body in (
        ("claims", {"gtin": GTIN, "serial": text, "code": "ABCDE-12345"}),
        ("cases", {"journey": journey, "text": text}),
        ("cases", {"journey": text, "text": "help"}),
        ("cases", {"journey": journey, "text": "help", text: 1}),
        ("items/expert", {"journey": text}),
        ("context", {"journey": text}),
        ("context", {"journey": journey, "sightings": heard}),
    ):
        problem(await sent(phone, "POST", f"/menu/v1/{path}", body), 422, "invalid")
    assert world.rows("support_case") == []


async def test_a_webhook_with_a_nul_is_refused_and_changes_nothing(app: FastAPI, world: World) -> None:
    order = {"order_id": "A-1", "version": 1, "status": "placed", "gtin": GTIN, "placed_at": "2026-11-01T10:00:00Z"}
    tracker = {"tracking_code": "T1", "status": "in_transit", "updated_at": "2026-11-01T10:00:00Z"}
    seen = [{"datetime": "2026-11-01T10:00:00Z", "message": NUL}]
    async with caller(app) as hooks:
        for facts in ({"carrier": NUL, "tracking_code": "T1"}, {"customer": {"name": NUL}}, {"customer": {NUL: 1}}):
            body = json.dumps({"type": "order.changed", "data": {**order, **facts}}).encode()
            headers = signed_headers(world.keys.shop_secret, "msg_1", world.clock(), body)
            problem(await hooks.post("/hooks/shop", content=body, headers=headers), 422, "invalid")
        for result in ({**tracker, "tracking_details": seen}, {**tracker, "carrier": NUL}):
            body = json.dumps({"id": "evt_1", "description": "tracker.updated", "result": result}).encode()
            headers = {"X-Hmac-Signature": signature(world.keys.carrier_secret, body)}
            problem(await hooks.post("/hooks/carrier/easypost", content=body, headers=headers), 422, "invalid")
    assert world.rows("shop_order") == world.rows("parcel") == []


@pytest.mark.postgres
async def test_what_only_the_database_refuses_is_the_callers_fault_too(
    postgres_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(load_settings(), postgres_world.db, postgres_world.keys)

    @app.get("/late")
    def late() -> None:
        postgres_world.read(lambda tx: tx.session.execute(sa.text("SELECT CAST(:text AS text)"), {"text": NUL}))

    async with caller(app) as client:
        problem(await client.get("/late"), 422, "invalid")
    app.state.hub.close()
    assert "GET '/late' brought what the database cannot keep" in caplog.text
    assert NUL not in caplog.text


async def test_no_path_can_write_a_line_of_its_own_into_the_log(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/broken/{name}")
    def broken(name: str) -> None:
        raise RuntimeError(name)

    with caplog.at_level(logging.ERROR):
        async with caller(app) as client:
            problem(await client.get("/broken/x%C2%85%E2%80%A82026 ERROR forged"), 500, "internal")
    (line,) = [one.getMessage() for one in caplog.records if one.name == "throughline.http"]
    assert line.splitlines() == [line]
    assert "RuntimeError" in line


# --- times ---

EXTREME = [
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(500, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
]


@pytest.mark.parametrize("at", EXTREME, ids=str)
async def test_a_key_that_ends_in_no_sensible_year_is_refused_and_the_keys_stay_readable(
    operator: httpx.AsyncClient, at: datetime
) -> None:
    body = {"name": "k", "role": "viewer", "expires_at": at.isoformat()}
    assert problem(await sent(operator, "POST", "/api/v1/keys", body), 422, "invalid")["errors"][0]["pointer"] == (
        "/expires_at"
    )
    assert len((await operator.get("/api/v1/keys")).json()["items"]) == 1


async def test_a_key_whose_end_names_no_offset_is_refused(operator: httpx.AsyncClient) -> None:
    body = {"name": "k", "role": "viewer", "expires_at": "2026-12-01T00:00:00"}
    found = problem(await sent(operator, "POST", "/api/v1/keys", body), 422, "invalid")
    assert (found["errors"][0]["pointer"], found["errors"][0]["code"]) == ("/expires_at", "timezone_aware")


@pytest.mark.parametrize("at", [0, 1_795_000_000, 0.5, True, "0", "1795000000", "20261201"])
async def test_a_number_is_no_time_though_it_could_be_counted_from_1970(
    operator: httpx.AsyncClient, world: World, at: object
) -> None:
    found = problem(
        await sent(operator, "POST", "/api/v1/keys", {"name": "k", "role": "viewer", "expires_at": at}), 422, "invalid"
    )
    assert found["errors"][0]["pointer"] == "/expires_at"
    path = f"/api/v1/products/{world.unit().id}/telemetry"
    problem(await operator.get(path, params={"from": str(at)}), 422, "invalid")


@pytest.mark.parametrize("at", EXTREME, ids=str)
def test_an_order_of_no_sensible_year_is_refused_and_its_journey_keeps_its_menu(
    world: World, owner: Phone, at: datetime
) -> None:
    journey = world.journey(owner).id
    with pytest.raises(InvalidError):
        world.order("A-1", placed_at=at, journey=journey)
    assert world.rows("shop_order") == []
    assert world.menus.situation(owner.caller, journey).relation.order_id == ""


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize("at", [*(one.isoformat() for one in EXTREME), "2026-01-01T00:00:00"])
async def test_telemetry_of_no_sensible_time_is_refused(
    operator: httpx.AsyncClient, world: World, name: str, at: str
) -> None:
    path = f"/api/v1/products/{world.unit().id}/telemetry"
    found = problem(await operator.get(path, params={name: at}), 422, "invalid")
    assert found["errors"][0]["pointer"] == f"/{name}"


def test_every_year_is_kept_as_text_that_sorts_and_can_be_read(sqlite_world: World) -> None:
    kind, dialect = UtcDateTime(), sqlite_world.db.engine.dialect
    times = [datetime(year, 1, 1, microsecond=micro, tzinfo=UTC) for year in (1, 999, 2026, 9999) for micro in (0, 7)]
    texts = [kind.process_bind_param(at, dialect) for at in times]
    assert texts == sorted(texts)
    assert [kind.process_result_value(text, dialect) for text in texts] == times


# --- what no device would take ---


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    "value",
    ["x" * MAX_PAYLOAD_BYTES, nested(MAX_DEPTH), 10**30, float("inf")],
    ids=["large", "deep", "huge number", "no number"],
)
async def test_what_no_device_would_take_is_refused_before_it_is_queued(
    operator: httpx.AsyncClient, world: World, value: object
) -> None:
    unit = f"/api/v1/products/{world.unit().id}"
    problem(await sent(operator, "POST", f"{unit}/commands", {"name": "p", "arguments": {"a": value}}), 422, "invalid")
    problem(await sent(operator, "PATCH", f"{unit}/desired", {"settings": {"a": value}}), 422, "invalid")
    assert world.rows("outbox") == world.rows("command") == world.rows("journal") == []


async def test_settings_that_are_too_large_together_are_refused_and_can_be_taken_back(
    operator: httpx.AsyncClient, world: World
) -> None:
    path = f"/api/v1/products/{world.unit().id}/desired"
    first = await sent(operator, "PATCH", path, {"settings": {"a": "x" * 40_000}})
    assert first.status_code == 200
    problem(await sent(operator, "PATCH", path, {"settings": {"b": "x" * 40_000}}), 422, "invalid")
    (waiting,) = world.rows("outbox")
    assert len(waiting.payload) <= MAX_PAYLOAD_BYTES
    instead = await sent(operator, "PATCH", path, {"settings": {"a": None, "b": "x" * 40_000}})
    assert list(instead.json()["settings"]) == ["b"]


async def test_settings_that_are_too_many_together_are_refused(operator: httpx.AsyncClient, world: World) -> None:
    path = f"/api/v1/products/{world.unit().id}/desired"
    for start, status in ((0, 200), (40, 422)):
        settings = {f"s{number}": 1 for number in range(start, start + 40)}
        assert (await sent(operator, "PATCH", path, {"settings": settings})).status_code == status


# --- what a device may say ---


def test_a_count_beyond_64_bits_is_rejected_and_its_owners_menu_stays(world: World, owner: Phone) -> None:
    (unit,) = world.rows("product")
    device = Device(world, unit.id)
    taken = world.take(device.birth(), device.status(READY), device.status({"pages_total": 7}))
    assert taken.rejected == 0
    topic, payload = device.status({"pages_total": 8})
    assert world.take((topic, payload.replace(b"8}", b"9" * 400 + b"}"))).rejected == 1
    found = world.menus.situation(owner.caller, world.journey(owner).id)
    assert found.device.usage == {"pages_total": 7.0}


def test_a_count_that_was_kept_before_it_was_bounded_spoils_no_menu(world: World, owner: Phone) -> None:
    (unit,) = world.rows("product")
    world.take(Device(world, unit.id).birth())
    table = twin.twin_table
    huge = {"pages_total": [10**400, 1, 2]}
    world.run(lambda tx: tx.session.execute(sa.update(table).values(reported=huge)))
    assert table.name == TwinRow.__tablename__
    assert world.menus.situation(owner.caller, world.journey(owner).id).device.usage == {}


# --- headers, labels, shops ---


@pytest.mark.parametrize("path", ["cases", "cases/{case}/messages", "items/expert", "claims"])
async def test_an_idempotency_key_longer_than_can_be_kept_is_refused(
    phone: httpx.AsyncClient, owner: Phone, world: World, path: str
) -> None:
    journey = world.journey(owner).id
    thread = world.menus.open_case(owner.caller, journey, "help", b"{}", None)
    body = {"journey": journey, "text": "help"}
    place = f"/menu/v1/{path.format(case=thread.id)}"
    found = problem(await sent(phone, "POST", place, body, **{"Idempotency-Key": "k" * 129}), 422, "invalid")
    assert "/Idempotency-Key" in [one["pointer"] for one in found["errors"]]


@pytest.mark.parametrize("version", ["9" * 5_000, "9" * 19, "-1", "one", "*"])
async def test_a_version_that_is_none_is_refused(operator: httpx.AsyncClient, world: World, version: str) -> None:
    path = f"/api/v1/products/{world.unit().id}/desired"
    answer = await sent(operator, "PATCH", path, {"settings": {"a": 1}}, **{"If-Match": version})
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "If-Match"


@pytest.mark.parametrize(("sheet", "places"), [("a4-3x8", 24), ("letter-3x10", 30), ("62x29", 1)])
async def test_a_sheet_of_which_all_places_are_skipped_is_refused(
    operator: httpx.AsyncClient, world: World, sheet: str, places: int
) -> None:
    body = {"product_ids": [world.unit().id], "sheet": sheet}
    found = problem(await sent(operator, "POST", "/api/v1/labels", {**body, "skip": places}), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/skip"
    assert (await sent(operator, "POST", "/api/v1/labels", {**body, "skip": places - 1})).status_code == 200


async def test_labels_are_read_in_one_query_and_are_at_most_500(operator: httpx.AsyncClient, world: World) -> None:
    ids = [world.unit().id for _ in range(30)]
    asked: list[str] = []
    sa.event.listen(world.db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert (await sent(operator, "POST", "/api/v1/labels", {"product_ids": ids})).status_code == 200
    assert len([one for one in asked if "product" in one]) == 1
    problem(await sent(operator, "POST", "/api/v1/labels", {"product_ids": [*ids, NOBODY]}), 404, "not_found")
    problem(await sent(operator, "POST", "/api/v1/labels", {"product_ids": ids[:1] * 501}), 422, "invalid")


@pytest.mark.parametrize("shop_id", [NOBODY, "nonexistent", "n" * 40, ""])
async def test_a_unit_cannot_stand_in_a_shop_that_is_none(
    operator: httpx.AsyncClient, world: World, shop_id: str
) -> None:
    unit = world.unit()
    problem(await sent(operator, "PATCH", f"/api/v1/products/{unit.id}", {"shop_id": shop_id}), 404, "not_found")
    with pytest.raises(NotFoundError):
        world.run(lambda tx: partners.place_in_shop(tx, unit.id, shop_id))
    assert [row.shop_id for row in world.rows("product")] == [None]


async def test_a_body_above_the_phones_limit_is_a_problem_like_all_others(phone: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 30_000

    for body in (b" " * 70_000, parts()):
        answer = await phone.post("/menu/v1/cases", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 413, "too_large")
