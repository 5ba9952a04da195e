"""What a page of another site could do with a visitor's browser, call by call: nothing in the visitor's name.

By itself a browser sends a cookie along, and nothing else. So what changes something asks for a bearer token, which
no page but ours has, or looks at where the call comes from.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import SQLModel

from broker.contract.stages import Stage
from cloud.campaigns import service as campaigns
from cloud.http_app import make_app
from cloud.record.events import Channel
from cloud.settings import load_settings
from mobile_menu.visit_cookie import LOCKED, PLAIN
from tests.http_service import BROWSER, client_of, every_route
from tests.integration.cloud.world import GTIN, World

FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
SAFE = {"GET", "HEAD", "OPTIONS"}
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json")


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


async def visit(app: FastAPI, world: World) -> str:
    """The cookie of a visitor who has followed a label."""
    unit = world.unit()
    async with client_of(app, **BROWSER) as browser:
        answer = await browser.get(f"/01/{unit.gtin}/21/{unit.serial}")
    return answer.cookies["tl_visit"]


@pytest.mark.parametrize("form", FORMS)
async def test_with_the_visitors_cookie_alone_no_call_that_changes_something_gets_through(
    app: FastAPI, sqlite_world: World, form: str
) -> None:
    cookie = await visit(app, sqlite_world)
    before = held(sqlite_world)
    changing = [(method, path) for method, path in every_route(app) if method not in SAFE]
    assert len(changing) > 30
    got_through = []
    async with client_of(app, **FOREIGN, Cookie=f"tl_visit={cookie}") as foreign:
        for method, path in sorted(changing):
            address = re.sub(r"\{[^}]*\}", "x", path)
            answer = await foreign.request(method, address, content="{}", headers={"Content-Type": form})
            if answer.status_code not in {401, 403, 404, 422} or (answer.status_code == 422 and _acts(path)):
                got_through.append(f"{method} {path}: {answer.status_code}")
    assert got_through == []
    assert held(sqlite_world) == before


def held(world: World) -> dict[str, int]:
    """How many rows each table has. That somebody was refused may be noted."""
    names = [name for name in SQLModel.metadata.tables if "audit" not in name]
    return {name: len(world.rows(name)) for name in names}


def _acts(path: str) -> bool:
    return path in {"/menu/v1/session", "/menu/v1/opt-out"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://id.example.evil.example"},
        {"Origin": "http://evil.example/?http://id.example"},
        {"Origin": "http://id.example@evil.example"},
    ],
    ids=str,
)
async def test_the_one_call_that_a_cookie_speaks_for_is_refused_to_foreign_origins(
    app: FastAPI, sqlite_world: World, headers: dict[str, str]
) -> None:
    cookie = await visit(app, sqlite_world)
    async with client_of(app, Cookie=f"tl_visit={cookie}") as browser:
        answer = await browser.post("/menu/v1/session", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        own = await browser.post("/menu/v1/session", headers={"Origin": "http://id.example"})
        assert own.status_code == 201


async def test_the_cookie_goes_to_our_pages_only_and_no_script_reads_it(sqlite_world: World) -> None:
    for url, secure in (("https://id.example", True), ("http://id.example", False)):
        app = make_app(load_settings(public_url=url), sqlite_world.db, sqlite_world.keys)
        unit = sqlite_world.unit()
        async with client_of(app, **BROWSER) as browser:
            scanned = await browser.get(f"/01/{unit.gtin}/21/{unit.serial}")
            started = await browser.post("/menu/v1/session")
        app.state.hub.close()
        for answer in (scanned, started):
            said = answer.headers.get("set-cookie", "").lower()
            if said:
                assert "httponly" in said
                assert "samesite=lax" in said
                assert "path=/" in said
                assert ("secure" in said) is secure
                assert said.startswith("__host-tl_visit=" if secure else "tl_visit=")
                assert "domain" not in said
        assert scanned.headers.get("set-cookie")


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
async def test_a_visit_counts_by_the_name_of_our_own_scheme_alone_wherever_it_is_read(
    sqlite_world: World, secure: bool
) -> None:
    world, base = sqlite_world, f"{'https' if secure else 'http'}://id.example"
    app = make_app(load_settings(public_url=base), world.db, world.keys)
    owner, unit = world.phone(), world.unit()
    world.claim(owner, unit)
    ((refers, *_),) = world.rows("referral")
    about: dict[str, Any] = {"name": "spring", "gtin": GTIN, "target": "", "allowed_hosts": ()}
    about |= {"stage": Stage.INTERESTED, "channel": Channel.WEB}
    campaign_id = world.run(lambda tx: campaigns.create_campaign(tx, **about).id)
    opened = world.menus.start_session(None, None).visit
    assert opened is not None
    paths = (f"/01/{unit.gtin}/21/{unit.serial}", f"/c/{campaign_id}", f"/r/{refers}", "/menu/v1/session")
    made = []
    for name in (PLAIN, LOCKED):
        async with client_of(app, **BROWSER, Cookie=f"{name}={opened.token}") as browser:
            for path in paths:
                before = len(world.rows("person"))
                answer = await browser.request("POST" if "session" in path else "GET", path)
                assert answer.status_code in {201, 303}, answer.text
                assert ("set-cookie" in answer.headers) is (len(world.rows("person")) > before)
                made.append(len(world.rows("person")) - before)
                browser.cookies.clear()
    app.state.hub.close()
    assert made == ([1] * 4 + [0] * 4 if secure else [0] * 4 + [1] * 4)


async def test_no_preflight_of_a_foreign_page_is_granted(app: FastAPI) -> None:
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with client_of(app, **FOREIGN, **ask) as foreign:
        for path in ("/menu/v1/opt-out", "/menu/v1/session", "/api/v1/keys", "/hooks/shop"):
            answer = await foreign.options(path)
            assert answer.status_code in {404, 405}
            assert not any(name.startswith("access-control-") for name in answer.headers)
