"""What a browser keeps of a visit, what it forgets after leaving, and how often one address may try."""

from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie

import httpx
import pytest

from mobile_menu.limits import Gate, Limit, Limits
from mobile_menu.visit_cookie import cookie_name
from tests.integration.mobile_menu.conftest import small_app
from tests.unit.mobile_menu.fake_record import Clock, FakeRecord

CLAIM = {"gtin": "09506000134352", "serial": "SN1", "code": "GOOD-CODE"}
Client = Callable[..., httpx.AsyncClient]


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture(params=[False, True], ids=["http", "https"])
def secure(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def client_at(record: FakeRecord, seconds: Seconds, secure: bool) -> AsyncIterator[Client]:
    """Clients of one application, each from the address that the test says."""
    links = Gate(Limit(2, 60), seconds)
    limits = Limits(sessions=Gate(Limit(3, 60), seconds), claims=Gate(Limit(2, 30), seconds), links=links)
    app, hub = small_app(record, Clock(), limits, secure=secure)

    def at(host: str = "192.0.2.1", token: str | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(host, 5000))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = "https://id.example" if secure else "http://id.example"
        return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)

    yield at
    hub.close()


async def test_a_browser_without_a_visit_gets_one_that_no_script_can_read(client_at: Client, secure: bool) -> None:
    async with client_at() as browser:
        answer = await browser.post("/menu/v1/session")
        (name, morsel), *others = SimpleCookie(answer.headers["set-cookie"]).items()
        assert not others
        assert (name, morsel.value, morsel["path"], morsel["max-age"]) == (
            cookie_name(secure=secure),
            "visit-of-fresh",
            "/",
            str(2 * 86400),
        )
        assert morsel["httponly"] is True
        assert morsel["samesite"].lower() == "lax"
        assert bool(morsel["secure"]) is secure
        assert not morsel["domain"]
        assert "visit" not in answer.text
        assert browser.cookies[name] == "visit-of-fresh"


async def test_over_https_the_name_binds_the_visit_to_this_very_host(client_at: Client, secure: bool) -> None:
    async with client_at() as browser:
        answer = await browser.post("/menu/v1/session")
    said = [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]
    assert said[0].startswith("__host-tl_visit=" if secure else "tl_visit=")
    if secure:  # as RFC 6265bis demands of such a name, or the browser takes no cookie at all
        assert {"secure", "path=/"} <= set(said)
        assert not any(part.startswith("domain") for part in said)


async def test_a_cookie_by_the_other_name_counts_for_nothing(
    client_at: Client, record: FakeRecord, secure: bool
) -> None:
    async with client_at() as browser:
        browser.cookies.set(cookie_name(secure=not secure), "visit-7")
        answer = await browser.post("/menu/v1/session")
    assert "set-cookie" in answer.headers
    assert record.visits == [None]


async def test_a_browser_whose_visit_counts_keeps_it(client_at: Client, record: FakeRecord, secure: bool) -> None:
    async with client_at() as browser:
        browser.cookies.set(cookie_name(secure=secure), "visit-7")
        answer = await browser.post("/menu/v1/session")
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers
    assert record.visits == ["visit-7"]


async def test_leaving_ends_the_visit_and_clears_what_the_browser_kept(client_at: Client, secure: bool) -> None:
    async with client_at(token="anna") as browser:
        name = cookie_name(secure=secure)
        browser.cookies.set(name, "visit-7", domain="id.example", path="/")
        answer = await browser.post("/menu/v1/opt-out")
        assert answer.json() == {"receipt": "r-p-anna"}
        morsel = SimpleCookie(answer.headers["set-cookie"])[name]
        assert (morsel.value, morsel["max-age"], morsel["path"]) == ("", "0", "/")
        assert morsel["httponly"] is True
        assert morsel["samesite"].lower() == "lax"
        assert bool(morsel["secure"]) is secure
        assert name not in browser.cookies
        assert answer.headers["clear-site-data"] == '"cache", "storage"'
        again = await browser.post("/menu/v1/opt-out")
        assert again.json() == answer.json()
        assert "max-age=0" in again.headers["set-cookie"].lower()


async def test_an_address_that_starts_too_many_sessions_waits_and_others_do_not(
    client_at: Client, seconds: Seconds, record: FakeRecord
) -> None:
    async with client_at() as browser, client_at("192.0.2.9") as other:
        assert [(await browser.post("/menu/v1/session")).status_code for _ in range(3)] == [201] * 3
        refused = await browser.post("/menu/v1/session")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
        assert refused.headers["retry-after"] == "1"
        assert "set-cookie" not in refused.headers
        assert (await other.post("/menu/v1/session")).status_code == 201
        seconds.now += 1
        assert (await browser.post("/menu/v1/session")).status_code == 201
    assert record.asked["start_session"] == 5


async def test_a_change_of_person_does_not_give_an_address_more_claims(
    client_at: Client, seconds: Seconds, record: FakeRecord
) -> None:
    async with client_at(token="anna") as anna, client_at(token="carl") as carl:
        wrong = {**CLAIM, "code": "GUESS"}
        assert (await anna.post("/menu/v1/claims", json=wrong)).status_code == 403
        assert (await carl.post("/menu/v1/claims", json=wrong)).status_code == 403
        refused = await carl.post("/menu/v1/claims", json=CLAIM)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert len(record.keys) == 2
        async with client_at("192.0.2.9", token="ben") as elsewhere:
            assert (await elsewhere.post("/menu/v1/claims", json=CLAIM)).status_code == 201
        seconds.now += 2
        assert (await carl.post("/menu/v1/claims", json=CLAIM)).status_code == 201
