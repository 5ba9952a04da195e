"""The HTTP service as a whole, over a real database: limits, health, figures, and the same call twice."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from cloud import web
from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.settings import load_settings
from mobile_menu.limits import CLAIMS, SESSIONS, Gate, Limit, Limits
from mobile_menu.ports import ChosenItem
from tests.http_service import client_of
from tests.integration.cloud.world import GTIN, World

FEW = Limit(burst=3, per_minute=60)
BROWSER = {"Accept": "text/html,*/*;q=0.8", "User-Agent": "Mozilla/5.0 (Linux; Android 15) Mobile"}
Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    # Time stands still at the small gate: slow calls must not fill it again.
    limits = Limits(sessions=Gate(SESSIONS), claims=Gate(CLAIMS), links=Gate(FEW, lambda: 0.0))
    made = make_app(load_settings(), world.db, world.keys, limits=limits)
    yield made
    made.state.hub.close()


@pytest.fixture
def at(app: FastAPI) -> Client:
    """Clients of the application, each from the address that the test says."""

    def client(host: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(host, 5000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://id.example", headers=headers)

    return client


def key(world: World, role: OperatorRole = OperatorRole.ADMIN) -> str:
    return world.run(lambda tx: operators.issue_key(tx, "test", role)).token


def bearer(world: World, role: OperatorRole = OperatorRole.ADMIN) -> dict[str, str]:
    return {"Authorization": f"Bearer {key(world, role)}"}


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code


# --- how often, and how much ---


async def test_an_address_that_follows_too_many_links_waits_and_makes_no_more_people(at: Client, world: World) -> None:
    unit = world.unit()
    paths = (f"/01/{unit.gtin}/21/{unit.serial}", "/c/01jd9s00000000000000000000", "/r/nobodyslink1")
    async with at(**BROWSER) as browser, at("192.0.2.9", **BROWSER) as other:
        for _ in range(3):
            browser.cookies.clear()
            assert (await browser.get(paths[0])).status_code == 303
        for path in paths:
            browser.cookies.clear()
            refused = await browser.get(path)
            assert (refused.status_code, refused.headers["content-type"]) == (429, "text/html; charset=utf-8")
            assert int(refused.headers["retry-after"]) >= 1
        problem(await browser.get(paths[1], headers={"Accept": "application/json"}), 429, "too_many_attempts")
        assert len(world.rows("person")) == 3
        assert (await other.get(paths[0])).status_code == 303


class Body:
    """A body that comes in parts and says no length; how much of it was read."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.parts):
            self.read += 1
            yield b" " * 65_536


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/labels", "/hooks/shop", "/api/v1/keys"])
async def test_a_large_body_is_refused_before_it_is_read_whoever_sends_it(at: Client, path: str) -> None:
    async with at() as stranger:
        problem(await stranger.post(path, content=b" " * (web.MAX_BODY_BYTES + 1)), 413, "too_large")
        body = Body(1_000)
        problem(await stranger.post(path, content=body), 413, "too_large")
    assert body.read <= web.MAX_BODY_BYTES // 65_536 + 1


async def test_an_import_may_be_large_and_nothing_of_a_strangers_is_read(at: Client, world: World) -> None:
    rows = "gtin,serial\n" + "".join(f"{GTIN},L{number:07}\n" for number in range(15_000))
    assert len(rows) > web.MAX_BODY_BYTES
    path, kind = "/api/v1/products/import?dry_run=true", {"Content-Type": "text/csv"}
    async with at(**bearer(world)) as operator, at() as stranger:
        answer = await operator.post(path, content=rows, headers=kind)
        assert (answer.status_code, answer.json()["bad_rows"]) == (200, [])
        body = Body(1_000)
        problem(await stranger.post(path, content=body, headers=kind), 401, "unauthenticated")
    assert body.read <= 1


# --- health ---


async def test_a_process_whose_threads_all_wait_for_the_database_still_lives(at: Client, app: FastAPI) -> None:
    free = threading.Event()
    app.add_api_route("/stuck", lambda: free.wait(30))
    async with at() as client, anyio.create_task_group() as group:
        pool = anyio.to_thread.current_default_thread_limiter()
        for _ in range(int(pool.total_tokens)):
            group.start_soon(client.get, "/stuck")
        with anyio.fail_after(20):
            while pool.available_tokens:  # noqa: ASYNC110 - the pool has no event to wait for
                await anyio.sleep(0.01)
            assert (await client.get("/healthz")).json() == {"status": "ok"}
        free.set()


async def test_no_free_connection_is_busy_and_no_fault(at: Client, app: FastAPI) -> None:
    def taken() -> None:
        raise PoolTimeoutError

    app.add_api_route("/taken", taken)
    async with at() as client:
        problem(await client.get("/taken"), 503, "busy")


async def test_figures_are_for_this_host_itself_and_for_operators(at: Client, world: World) -> None:
    async with at("127.0.0.1") as here, at("testclient") as odd, at() as away:
        assert (await here.get("/metrics", headers={"Host": "localhost:8000"})).status_code == 200
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
            refused = await here.get("/metrics", headers={name: "192.0.2.7", "Host": "localhost"})
            problem(refused, 401, "unauthenticated")
        problem(await odd.get("/metrics"), 401, "unauthenticated")
        problem(await away.get("/metrics"), 401, "unauthenticated")
        problem(await away.get("/metrics", headers={"Authorization": "Bearer tlk_guess"}), 401, "unauthenticated")
        allowed = await away.get("/metrics", headers=bearer(world, OperatorRole.VIEWER))
    assert "throughline_outbox_messages" in allowed.text


async def test_a_page_that_points_a_name_of_its_own_at_this_host_reads_no_figures(sqlite_world: World) -> None:
    app = make_app(load_settings(public_url="https://id.example"), sqlite_world.db, sqlite_world.keys)
    async with client_of(app, "127.0.0.1") as here:
        for host, status in (("evil.example", 401), ("localhost.evil.example:8000", 401), ("id.example", 200)):
            assert (await here.get("/metrics", headers={"Host": host})).status_code == status, host
    app.state.hub.close()


# --- pages ---


async def test_the_journeys_of_a_unit_come_in_pages_each_once_and_oldest_first(at: Client, world: World) -> None:
    unit = world.unit()
    for _ in range(3):
        await _scanned(at, unit)
    found: list[str] = []
    cursor: dict[str, Any] = {}
    async with at(**bearer(world)) as operator:
        for expected in (2, 1):
            answer = await operator.get(f"/api/v1/products/{unit.id}/journeys", params={"limit": 2, **cursor})
            body = answer.json()
            assert len(body["items"]) == expected
            found += [one["id"] for one in body["items"]]
            cursor = {"cursor": body["next"]}
    assert cursor == {"cursor": None}
    assert found == [row.id for row in world.rows("journey", product_id=unit.id)]


async def _scanned(at: Client, unit: Any) -> None:
    async with at(**BROWSER) as browser:
        assert (await browser.get(f"/01/{unit.gtin}/21/{unit.serial}")).status_code == 303


# --- the same call twice ---


async def test_two_operators_with_the_same_key_about_one_customer_each_have_their_effect(
    at: Client, world: World
) -> None:
    phone = world.phone()
    case = world.menus.open_case(phone.caller, world.begin(phone).id, "help", b"{}", None)
    path, once = f"/api/v1/cases/{case.id}/messages", {"Idempotency-Key": "1"}
    async with at(**bearer(world)) as first, at(**bearer(world)) as second:
        for operator, text in ((first, "one"), (second, "two"), (first, "one")):
            assert (await operator.post(path, json={"text": text}, headers=once)).status_code == 201
    thread = world.menus.cases(phone.caller, case.journey_id)[0]
    assert [one.text for one in thread.messages] == ["help", "one", "two"]
    world.menus.opt_out(phone.token)
    assert world.rows("idempotency") == []


async def test_a_tills_repeated_call_gets_the_first_answer_until_the_customer_leaves(at: Client, world: World) -> None:
    phone, shop = world.phone(), world.shop()
    journey = world.begin(phone)
    item = ChosenItem(id="coupon", kind="action", action="coupon")
    code = world.menus.choose(phone.caller, journey.id, item, None).detail
    once = {"Idempotency-Key": "till-1"}
    async with at(**bearer(world)) as till:
        body = {"code": code, "shop_id": shop.id}
        answers = [await till.post("/api/v1/coupons/redeem", json=body, headers=once) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        world.menus.opt_out(phone.token)
        assert world.rows("idempotency") == []
        problem(await till.post("/api/v1/coupons/redeem", json=body, headers=once), 404, "not_found")
