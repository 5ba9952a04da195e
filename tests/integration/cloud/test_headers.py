"""Every answer says how little of it is to be trusted: every route, every error, every redirect."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from cloud.headers import ALWAYS
from cloud.http_app import make_app
from cloud.identity.visits import admit
from cloud.settings import load_settings
from tests.http_service import BROWSER, client_of, every_route, serving
from tests.integration.cloud.world import World

NAMES = {name.decode() for name, _ in ALWAYS}
PAGES = ("/app", "/docs")


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


def is_strict(answer: httpx.Response) -> list[str]:
    """What is wrong with the answer's headers."""
    headers = answer.headers
    wrong = [f"no {name}" for name in NAMES if name not in headers]
    policy = headers.get("content-security-policy", "")
    default = re.search(r"default-src ([^;]+)", policy)
    if default is None or default[1] not in {"'none'", "'self'"}:
        wrong.append(f"the policy lets in {policy}")
    if default is not None and default[1] == "'self'" and not answer.url.path.startswith(PAGES):
        wrong.append("what is no page needs nothing")
    if re.search(r"unsafe|\*|https?:|blob:", policy):
        wrong.append(f"the policy is loose: {policy}")
    wrong += [f"without {part}" for part in ("frame-ancestors 'none'", "base-uri 'none'") if part not in policy]
    if headers.get("x-content-type-options") != "nosniff":
        wrong.append("the type may be guessed")
    if headers.get("cross-origin-opener-policy") != "same-origin":
        wrong.append("who opened it has a hand on it")
    if any(len(headers.get_list(name)) > 1 for name in NAMES):
        wrong.append("a header is there twice")
    return wrong


async def test_every_route_and_every_method_answers_with_them(app: FastAPI) -> None:
    app.dependency_overrides[admit] = lambda: None
    asked = every_route(app) | {("OPTIONS", path) for _, path in every_route(app)} | {("BREW", "/app")}
    assert len(asked) > 90
    found: dict[str, list[str]] = {}
    statuses = set()
    async with client_of(app, "127.0.0.1") as client:
        for method, path in sorted(asked):
            if path == "/menu/v1/live":
                continue  # a stream that a stranger does not get; its refusal is below
            answer = await client.request(method, re.sub(r"\{[^}]*\}", "x", path))
            statuses.add(answer.status_code)
            if is_strict(answer):
                found[f"{method} {path}"] = is_strict(answer)
    assert found == {}
    assert {200, 201, 400, 401, 404, 405} <= statuses


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/openapi.json", 200),
        ("/asyncapi.json", 200),
        ("/metrics", 200),
        ("/app", 200),
        ("/app/app.js", 200),
        ("/docs", 200),
        ("/docs/page.js", 200),
        ("/app/none.js", 404),
        ("/docs/__init__.py", 404),
        ("/nowhere", 404),
        ("/menu/v1/live?journey=x", 401),
        ("/menu/v1/menu?journey=x", 401),
        ("/a%00", 404),
        ("/redoc", 404),
    ],
)
async def test_pages_files_figures_and_refusals(app: FastAPI, path: str, status: int) -> None:
    async with client_of(app, "127.0.0.1", Host="127.0.0.1") as client:
        answer = await client.get(path)
    assert (answer.status_code, is_strict(answer)) == (status, [])


async def test_redirects_menus_streams_downloads_and_labels(app: FastAPI, sqlite_world: World) -> None:
    unit, phone = sqlite_world.unit(), sqlite_world.phone()
    journey = sqlite_world.begin(phone).id
    async with client_of(app, **BROWSER) as client, client_of(app, Authorization=f"Bearer {phone.token}") as own:
        scanned = await client.get(f"/01/{unit.gtin}/21/{unit.serial}")
        answers = [scanned, *[await own.get(f"/menu/v1/{path}") for path in (f"menu?journey={journey}", "export")]]
        answers.append(await own.request("HEAD", f"/menu/v1/live?journey={journey}"))
        etag = answers[1].headers["etag"]
        answers.append(await own.get(f"/menu/v1/menu?journey={journey}", headers={"If-None-Match": etag}))
    assert [one.status_code for one in answers] == [303, 200, 200, 200, 304]
    assert [is_strict(one) for one in answers] == [[]] * 5
    assert answers[0].headers["cache-control"] == "no-store"
    assert "private" in answers[1].headers["cache-control"], "what an answer says itself stands"


async def test_an_error_that_nothing_inside_has_caught_has_them_too(app: FastAPI) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    app.add_api_route("/fails", fails)
    async with client_of(app) as client:
        answer = await client.get("/fails")
    assert (answer.status_code, is_strict(answer)) == (500, [])
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    "request_bytes",
    [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"],
    ids=["no HTTP", "a head too large"],
)
def test_what_the_server_refuses_itself_has_them_and_is_a_problem(app: FastAPI, request_bytes: bytes) -> None:
    with serving(app) as served, served.connect() as line:
        line.sendall(request_bytes)
        answer = b""
        while part := line.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert head.split(b" ")[1] in {b"400", b"431"}
    assert {name.encode() for name in NAMES} <= set(lines)
    assert lines[b"content-type"] == b"application/problem+json"
    assert int(lines[b"content-length"]) == len(body)
    assert lines[b"connection"] == b"close"


async def test_over_https_a_browser_is_told_to_stay_there(sqlite_world: World) -> None:
    secure = make_app(load_settings(public_url="https://id.example"), sqlite_world.db, sqlite_world.keys)
    plain = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    for app, told in ((secure, True), (plain, False)):
        async with client_of(app) as client:
            for path in ("/app", "/healthz", "/nowhere"):
                assert ("strict-transport-security" in (await client.get(path)).headers) is told
        app.state.hub.close()


async def test_only_what_is_open_to_every_origin_says_so(app: FastAPI) -> None:
    async with client_of(app, Origin="https://evil.example") as client:
        for path in ("/healthz", "/app", "/docs", "/openapi.json", "/menu/v1/journeys", "/nowhere"):
            answer = await client.get(path)
            assert "access-control-allow-origin" not in answer.headers
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
