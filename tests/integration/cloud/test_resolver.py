"""The resolver beyond the standard's clauses: people and machines, what is recorded, and what never shows."""

import csv
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.registry import service as registry
from cloud.registry.service import Registered
from cloud.scans import scan
from mobile_menu.limits import LINKS, Gate
from tests.integration.cloud.resolving import BASE, BROWSER, LINKSET, bearer, client, link, made_app, put
from tests.integration.cloud.test_replay import check as check_replay
from tests.integration.cloud.world import GTIN, World

VECTORS = Path(__file__).parents[2] / "data" / "gs1_product_uri_vectors.csv"


@pytest.fixture
def world(sqlite_world: World) -> World:
    """Links on PostgreSQL are tried in `test_links.py`; the rest does not depend on the database."""
    return sqlite_world


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    yield from made_app(world)


@pytest.fixture
async def phone(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **BROWSER) as found:
        yield found


@pytest.fixture
async def machine(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app) as found:
        yield found


@pytest.fixture
async def operator(app: FastAPI, world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **bearer(world)) as found:
        yield found


def path_of(unit: Registered) -> str:
    return f"/01/{unit.gtin}/21/{unit.serial}"


def touchpoints(world: World) -> list[tuple[str | None, str]]:
    return [(row.product_id, row.channel) for row in world.rows("journal", type="product.scanned")]


# --- who is a phone, and what is recorded ---


async def test_a_phone_goes_to_the_menu_of_this_unit_and_the_scan_is_recorded(
    phone: httpx.AsyncClient, world: World
) -> None:
    unit = world.unit()
    answer = await phone.get(path_of(unit))
    (journey,) = world.rows("journey")
    named = f"gtin={unit.gtin}&serial={unit.serial}"  # for a browser that takes no cookie, and so has no journey
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/app/?journey={journey.id}&{named}")
    assert (answer.headers["cache-control"], journey.product_id) == ("no-store", unit.id)
    assert touchpoints(world) == [(unit.id, "phone_app")]
    assert "tl_visit=" in answer.headers["set-cookie"]
    again = await phone.get(path_of(unit))
    assert again.headers["location"] == answer.headers["location"]
    assert "set-cookie" not in again.headers
    assert len(world.rows("person")) == 1
    check_replay(world)


async def test_a_phone_that_opens_a_models_address_views_the_model_and_no_unit(
    phone: httpx.AsyncClient, world: World
) -> None:
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/", f"/01/{GTIN}/10/L1"):
        answer = await phone.get(path)
        (journey,) = world.rows("journey")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/app/?journey={journey.id}")
    (journey,) = world.rows("journey")
    assert (journey.product_id, journey.gtin, journey.stage) == (None, GTIN, "interested")
    assert touchpoints(world) == [(None, "phone_app")] * 3
    check_replay(world)


async def test_a_scan_passes_the_query_on_and_the_journey_stays_ours(phone: httpx.AsyncClient, world: World) -> None:
    unit = world.unit()
    answer = await phone.get(f"{path_of(unit)}?utm_source=poster&journey=somebody-elses")
    (journey,) = world.rows("journey")
    ours = f"journey={journey.id}&gtin={unit.gtin}&serial={unit.serial}"
    assert answer.headers["location"] == f"{BASE}/app/?{ours}&utm_source=poster&journey=somebody-elses"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", BROWSER),
        ("OPTIONS", BROWSER),
        ("GET", {"Accept": "*/*"}),
        ("GET", {"Accept": LINKSET}),
        ("GET", {**BROWSER, "User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {**BROWSER, "Sec-Purpose": "prefetch"}),
        ("GET", {**BROWSER, "Sec-Fetch-Dest": "iframe"}),
    ],
)
async def test_a_machine_a_preview_and_a_mere_look_record_nothing(
    machine: httpx.AsyncClient, world: World, method: str, headers: dict[str, str]
) -> None:
    unit = world.unit()
    before = {table: len(world.rows(table)) for table in ("person", "journey", "journal", "phone_session")}
    for path in (path_of(unit), f"/01/{GTIN}", f"{path_of(unit)}?linkType=gs1:hasRetailers"):
        answer = await machine.request(method, path, headers=headers)
        assert answer.status_code in {200, 204, 307}
        assert "set-cookie" not in answer.headers
    assert {table: len(world.rows(table)) for table in before} == before


async def test_a_link_that_a_phone_asks_for_by_its_type_is_no_scan(phone: httpx.AsyncClient, world: World) -> None:
    answer = await phone.get(f"{path_of(world.unit())}?linkType=gs1:hasRetailers")
    assert (answer.status_code, urlsplit(answer.headers["location"]).netloc) == (307, "shop.example")
    assert world.rows("journey") == []


async def test_a_default_link_that_an_operator_has_set_is_where_a_phone_goes_and_no_scan(
    phone: httpx.AsyncClient, operator: httpx.AsyncClient, world: World
) -> None:
    unit, other = world.unit(), world.unit()
    await put(operator, f"models/{GTIN}/links", link("gs1:pip", "about", default=True))
    assert (await phone.get(f"/01/{GTIN}")).headers["location"] == "https://x.example/about"
    assert world.rows("journey") == []
    assert (await phone.get(path_of(unit))).status_code == 303  # a unit's own default is its menu
    await put(operator, f"products/{other.id}/links", link("gs1:dpp", "passport", default=True))
    assert (await phone.get(path_of(other))).headers["location"] == "https://x.example/passport"
    assert len(world.rows("journey")) == 1


async def test_what_a_browser_could_get_is_never_cached_and_what_only_machines_get_may_be(
    machine: httpx.AsyncClient, world: World
) -> None:
    path = path_of(world.unit())
    assert (await machine.get(path)).headers["cache-control"] == "public, max-age=60"
    bot = {**BROWSER, "User-Agent": "Googlebot/2.1"}
    assert (await machine.get(path, headers=bot)).headers["cache-control"] == "no-store"
    assert (await machine.get(f"{path}?linkType=gs1:epcis")).headers["cache-control"] == "no-store"
    first = await machine.get(path, headers={"Accept": LINKSET})
    known = {"Accept": LINKSET, "If-None-Match": first.headers["etag"]}
    second = await machine.get(path, headers=known)
    assert (second.status_code, second.content, second.headers["vary"]) == (304, b"", "Accept, Accept-Language")
    json_form = await machine.get(f"{path}?linkType=linkset", headers={"Accept": "application/json"})
    assert json_form.headers["etag"] != first.headers["etag"]


# --- labels that nobody knows ---


@pytest.mark.parametrize(("languages", "words"), [("de-AT,de;q=0.9", "kennen wir nicht"), ("fr", "do not know")])
async def test_who_scans_an_unknown_label_gets_a_page_with_what_was_read_and_a_404(
    phone: httpx.AsyncClient, world: World, languages: str, words: str
) -> None:
    answer = await phone.get(f"/01/{GTIN}/21/%3Cb%3E", headers={"Accept-Language": languages})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.headers["content-language"] == languages[:2].replace("fr", "en")
    assert words in answer.text
    assert f"(01) </dt><dd>{GTIN}" in answer.text
    assert "(21) </dt><dd>&lt;b&gt;" in answer.text
    assert world.rows("person") == []


async def test_a_page_loads_nothing_and_may_do_nothing(phone: httpx.AsyncClient, world: World) -> None:
    world.unit()
    for path in (f"/01/{GTIN}/21/X", "/01/broken", f"/01/{GTIN}?linkType=linkset", f"/01/{GTIN}?linkType=gs1:epcis"):
        answer = await phone.get(path)
        assert answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert not re.search(r"<(img|iframe|form|link)|\bon\w+=|<script(?! type=.application/ld\+json)", answer.text)


async def test_a_retired_unit_is_as_unknown_as_one_that_never_was(
    phone: httpx.AsyncClient, machine: httpx.AsyncClient, world: World
) -> None:
    unit = world.unit()
    world.run(lambda tx: registry.retire(tx, unit.id))
    for caller, query in (
        (phone, ""),
        (machine, ""),
        (machine, "?linkType=linkset"),
        (machine, "?linkType=gs1:support"),
    ):
        retired, never = [await caller.get(f"/01/{GTIN}/21/{one}{query}") for one in (unit.serial, "NEVER1")]
        assert retired.status_code == 404
        assert retired.text.replace(unit.serial, "NEVER1") == never.text
    assert world.rows("person") == []

    def late(tx: Transaction) -> object:
        return scan(tx, world.keys, GTIN, unit.id, None)

    with pytest.raises(NotFoundError):  # retired between the look and the scan
        world.run(late)


# --- nothing of the owner's ---


async def test_a_claimed_unit_is_answered_like_an_unclaimed_one_word_for_word(
    machine: httpx.AsyncClient, world: World
) -> None:
    free, owned, owner = world.unit(), world.unit(), world.phone()
    world.claim(owner, owned)
    for headers in ({}, {"Accept": LINKSET}, {"Accept": "text/html"}):
        for query in ("", "?linkType=linkset", "?linkType=gs1:support", "?linkType=gs1:epcis"):
            answers = [await machine.get(path_of(unit) + query, headers=headers) for unit in (free, owned)]
            bodies = [one.text.replace(unit.serial, "S") for one, unit in zip(answers, (free, owned), strict=True)]
            heads = [
                {name: value.replace(unit.serial, "S") for name, value in one.headers.items() if name != "etag"}
                for one, unit in zip(answers, (free, owned), strict=True)
            ]
            assert (bodies[0], heads[0], answers[0].status_code) == (bodies[1], heads[1], answers[1].status_code)
            assert owner.person_id not in bodies[1]


async def test_a_claimed_unit_takes_the_database_as_many_questions_as_an_unclaimed_one(
    app: FastAPI, world: World
) -> None:
    """Time cannot be compared in a test; what is done in it can."""
    free, owned = world.unit(), world.unit()
    world.claim(world.phone(), owned)
    counts = []
    for headers in ({}, BROWSER, {"Accept": LINKSET}):
        for unit in (free, owned):
            asked: list[str] = []

            def note(_c: Any, _cursor: Any, text: str, *_: Any, asked: list[str] = asked) -> None:
                asked.append(text.partition(" ")[0])

            sa.event.listen(world.db.engine, "before_cursor_execute", note)
            async with client(app, **headers) as fresh:
                await fresh.get(path_of(unit))
            sa.event.remove(world.db.engine, "before_cursor_execute", note)
            counts.append(len(asked))
    assert counts[0::2] == counts[1::2]


# --- whatever comes ---


def rows() -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TOLERATED = {"p14": "one slash at the end: the engine refuses it, a resolver should not (2.13)"}


async def test_every_product_uri_gets_the_engines_verdict_from_the_resolver_too(machine: httpx.AsyncClient) -> None:
    asked = 0
    for row in rows():
        address = re.sub(r"^https?://[^/]+", "", row["uri"], flags=re.IGNORECASE)
        if not address.startswith(("/01/", "/414/", "/8004/")):
            continue
        asked += 1
        answer = await machine.get(httpx.URL(BASE).copy_with(raw_path=address.partition("#")[0].encode()))
        valid = row["engine_valid"] == "1" or row["id"] in TOLERATED
        assert (answer.status_code != 400) == valid, (row, answer.text)
    assert asked > 35


def ask_raw(path: bytes, query: bytes) -> dict[str, Any]:
    """A request as a server hands it over, with bytes that no client would send."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": unquote(path.decode("latin-1"), "utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"id.example")],
        "client": ("192.0.2.7", 1),
        "server": ("id.example", 443),
    }


pieces = st.sampled_from(
    [b"/", b"%", b"%2F", b"%00", b"21", b"10", b"22", b"235", GTIN.encode(), b"S", b"\xff", b"?", b"."]
)


@given(st.binary(max_size=40) | st.lists(pieces, max_size=8).map(b"".join), st.binary(max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_bytes_come_the_answer_is_one_that_is_documented(
    app: FastAPI, path: bytes, query: bytes
) -> None:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    app.state.link_gate = Gate(LINKS)
    await app(ask_raw(b"/01/" + path, query), receive, send)
    assert statuses[0] in {307, 400, 404, 422}
