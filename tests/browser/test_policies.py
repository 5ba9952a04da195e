"""Our pages in a real browser: they keep their policy, nothing injected runs, and no other site acts through them."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cloud.db import Database
from cloud.http_app import make_app
from cloud.secrets import Keys
from cloud.settings import load_settings
from tests.http_service import Served, serving
from tests.integration.cloud.world import World
from tests.services import ManualClock
from tests.system import until

NOTES = """window.broken = [];
addEventListener("securitypolicyviolation", one => broken.push(`${one.effectiveDirective} ${one.blockedURI}`));"""
MARK = "document.title = 'injected'"
ATTACK = f'<script>{MARK}</script><img src="x" onerror="{MARK}"><style>body {{ display: none }}</style>'


@pytest.fixture
def world(sqlite_db: Database, keys: Keys, clock: ManualClock) -> World:
    return World(sqlite_db, keys, clock)


@pytest.fixture
def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def app(world: World, listening: socket.socket) -> FastAPI:
    settings = load_settings(public_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
    return make_app(settings, world.db, world.keys)


@pytest.fixture
def served(app: FastAPI, listening: socket.socket) -> Iterator[Served]:
    with serving(app, at=listening) as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-GB")
    made.add_init_script(NOTES)
    yield made
    made.close()


def opened(context: BrowserContext, address: str) -> tuple[Page, list[str], list[str]]:
    """The page, what its console complains about, and which other hosts it asks."""
    page = context.new_page()
    complaints: list[str] = []
    foreign: list[str] = []
    own = address.split("/")[2]
    page.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: foreign.append(one.url) if one.url.split("/")[2] != own else None)
    page.goto(address)
    expect(page.locator("main > :not(noscript)").first).to_be_visible()
    return page, complaints, foreign


@pytest.mark.parametrize("path", ["/app", "/app/claim", "/docs"])
def test_a_page_keeps_to_its_policy_and_asks_no_other_host(context: BrowserContext, served: Served, path: str) -> None:
    page, complaints, foreign = opened(context, f"{served.url}{path}")
    assert page.evaluate("broken") == []  # at rest: all that the page brings along has been loaded
    assert [one for one in complaints if "Content Security Policy" in one] == []
    assert foreign == []


@pytest.mark.parametrize("path", ["/app", "/docs", "/01/09506000134352/21/NONE", "/01/1", "/nowhere"])
def test_markup_that_gets_into_a_page_runs_no_script_and_has_no_style(
    context: BrowserContext, served: Served, path: str
) -> None:
    """As if somebody had found a hole: the markup is written into the answer itself, on its way to the browser."""
    page = context.new_page()

    def with_attack(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]  # Playwright's Route
        body = answer.text()
        mixed = body.replace("</body>", ATTACK + "</body>") if "</body>" in body else body + ATTACK
        headers = {**answer.headers, "content-type": "text/html; charset=utf-8"}
        route.fulfill(status=answer.status, headers=headers, body=mixed)  # type: ignore[attr-defined]  # likewise

    page.route(f"{served.url}{path}", with_attack)
    page.goto(f"{served.url}{path}")
    for what in ("script-src-elem inline", "script-src-attr inline", "style-src-elem inline"):
        until(lambda what=what: what in " ".join(page.evaluate("broken")), what)  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert page.title() != "injected"  # at rest: the policy has spoken of each part of the attack


def test_the_api_page_lists_finds_and_sends_a_call(context: BrowserContext, served: Served, app: FastAPI) -> None:
    page, complaints, _ = opened(context, f"{served.url}/docs")
    calls = sum(len(one) for one in app.openapi()["paths"].values())
    expect(page.locator("details")).to_have_count(calls)
    page.get_by_label("Find").fill("healthz")
    expect(page.locator("details:visible")).to_have_count(1)
    page.locator("summary:visible").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("pre:visible")).to_contain_text('"status": "ok"')
    page.get_by_label("Find").fill("post /api/v1/models")
    page.locator("summary:visible").first.click()
    expect(page.locator("textarea:visible").first).not_to_have_value("")
    page.get_by_role("button", name="Send").locator("visible=true").first.click()
    expect(page.locator("pre:visible").first).to_contain_text("401")
    assert page.evaluate("broken") == []  # at rest: what was to come has come, and is on the page
    # The browser itself reports the 401 that was asked for.
    assert [one for one in complaints if "401" not in one] == []


# --- from another site ---


class Foreign(http.server.BaseHTTPRequestHandler):
    """A page of somebody else's, on another site than ours."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Win a printer</title><body></body>")

    def log_message(self, *_given: object) -> None:
        """Not to the test's output."""


@pytest.fixture
def evil() -> Iterator[str]:
    """`localhost` is another site than `127.0.0.1`, where ours is."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def held(world: World) -> dict[str, int]:
    """How many rows each table has that a call could add to."""
    names = ("person", "phone_session", "journey", "journal", "operator_key", "erasure_receipt")
    return {name: len(world.rows(name)) for name in names}


FETCH = """async ([url, method, mode]) => {
  const headers = mode === "cors" ? { "Content-Type": "application/json" } : {};
  const body = method === "GET" ? undefined : "{}";
  try {
    const answer = await fetch(url, { method, mode, credentials: "include", headers, body });
    return `${answer.type} ${answer.status} ${await answer.text()}`;
  } catch (error) { return "refused"; }
}"""


def test_a_foreign_page_can_do_and_read_nothing_in_the_visitors_name(
    context: BrowserContext, served: Served, world: World, evil: str
) -> None:
    unit = world.unit()
    victim, _, _ = opened(context, f"{served.url}/01/{unit.gtin}/21/{unit.serial}")
    assert [one["name"] for one in context.cookies()] == ["tl_visit"]
    until(lambda: len(world.rows("phone_session")) == 2, "the visit, and the page's own session")
    person = {row.person_id for row in world.rows("journey")}
    before = held(world)
    page = context.new_page()
    page.goto(evil)
    for path, method in (
        ("/menu/v1/session", "POST"),
        ("/menu/v1/opt-out", "POST"),
        ("/menu/v1/export", "GET"),
        ("/menu/v1/journeys", "GET"),
        ("/api/v1/keys", "POST"),
    ):
        for mode in ("cors", "no-cors"):
            said = page.evaluate(FETCH, [f"{served.url}{path}", method, mode])
            assert said == "refused" or said.startswith("opaque 0 "), f"{path}: {said}"
    # A form of the foreign page, sent at the top: the browser goes there, and is turned away.
    with page.expect_navigation():
        page.evaluate(
            "url => { const form = document.createElement('form'); form.method = 'POST'; form.action = url; "
            "document.body.append(form); form.submit(); }",
            f"{served.url}/menu/v1/session",
        )
    expect(page.locator("body")).to_contain_text('"foreign_origin"')
    page.goto(evil)
    with contextlib.suppress(TimeoutError):
        page.evaluate(
            "url => new Promise(done => { const frame = document.createElement('iframe'); frame.src = url; "
            "frame.onload = () => done(frame.contentDocument); document.body.append(frame); })",
            f"{served.url}/app",
        )
    assert page.frames[1].url != f"{served.url}/app", "our page is in no other page's frame"
    assert {row.person_id for row in world.rows("journey")} == person
    assert held(world) == before
    until(lambda: victim.evaluate("localStorage.length") > 0, "what the page keeps")
