"""How often one address and one phone session may call, whatever they call and however they spell it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.errors import SetupError
from cloud.http_app import make_app
from cloud.limits import rate_limits
from cloud.settings import load_settings
from mobile_menu.limits import Gate, Limit, usual_limits
from tests.http_service import BROWSER, client_of
from tests.integration.cloud.world import GTIN, World

MANY = 1_000_000
BURST = 60
WAYS = ("/healthz", "/HEALTHZ", "/healthz/", "//healthz", "/%68ealthz", "/nowhere", "/app", "/docs", "/menu/v1/menu")
SPACES = [one for one in map(chr, range(256)) if one.isspace()]
Make = Callable[..., FastAPI]


@pytest.fixture
def make(sqlite_world: World) -> Iterator[Make]:
    made: list[FastAPI] = []

    def app(**settings: Any) -> FastAPI:
        given = {"address_calls_per_minute": BURST, "session_calls_per_minute": MANY, **settings}
        wanted = load_settings(**given)
        # The time stands still, so that nothing drips into a bucket, however slow the machine is.
        rates = rate_limits(wanted, now=lambda: 1_000.0)
        limits = usual_limits()._replace(links=Gate(Limit(1, 20), now=lambda: 1_000.0))
        made.append(make_app(wanted, sqlite_world.db, sqlite_world.keys, rates=rates, limits=limits))
        return made[-1]

    yield app
    for one in made:
        one.state.hub.close()


async def spent(client: httpx.AsyncClient, times: int, method: str = "GET", path: str = "/healthz") -> list[int]:
    return [(await client.request(method, path)).status_code for _ in range(times)]


async def test_an_address_above_its_limit_is_told_when_to_come_again_and_no_other_feels_it(make: Make) -> None:
    app = make()
    async with client_of(app) as loud, client_of(app, "192.0.2.9") as quiet:
        assert set(await spent(loud, BURST)) == {200}
        refused = await loud.get("/healthz")
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_many_attempts", "1")
        assert (await quiet.get("/healthz")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "BREW"])
async def test_no_spelling_of_a_path_and_no_method_gets_around_the_limit(make: Make, method: str) -> None:
    async with client_of(make()) as client:
        await spent(client, BURST)
        for way in WAYS:
            assert (await client.request(method, way)).status_code == 429, way


async def test_what_is_answered_before_any_route_is_counted_too(make: Make) -> None:
    async with client_of(make()) as client:
        assert 429 not in await spent(client, BURST, path="/a%00b")
        assert (await client.get("/healthz")).status_code == 429


async def test_all_addresses_of_one_ipv6_network_are_one_source(make: Make) -> None:
    app = make()
    for number in range(BURST):
        async with client_of(app, f"2001:db8:1:2::{number:x}") as one:
            assert (await one.get("/healthz")).status_code == 200
    async with client_of(app, "2001:db8:1:2:ffff::1") as same, client_of(app, "2001:db8:1:3::1") as next_door:
        assert (await same.get("/healthz")).status_code == 429
        assert (await next_door.get("/healthz")).status_code == 200


async def test_a_person_who_comes_too_often_gets_a_page_with_the_wait_and_a_machine_a_problem(make: Make) -> None:
    app = make()
    async with client_of(app) as client:
        await client.get(f"/01/{GTIN}")
        page = await client.get(f"/01/{GTIN}", headers=BROWSER | {"Accept-Language": "de"})
        machine = await client.get(f"/01/{GTIN}")
        assert (page.status_code, page.headers["retry-after"]) == (429, "3")
        assert page.headers["content-type"].startswith("text/html")
        assert "Bitte warten Sie 3 Sekunden" in page.text
        assert "style-src" in page.headers["content-security-policy"]
        assert (machine.status_code, machine.headers["retry-after"]) == (429, "3")
        assert machine.headers["content-type"] == "application/problem+json"
        await spent(client, BURST)
        page = await client.get("/app", headers=BROWSER)
        assert (page.status_code, page.headers["content-language"]) == (429, "en")


async def test_no_slash_leads_to_a_host_that_the_caller_names(make: Make) -> None:
    app = make()
    async with client_of(app) as client, client_of(app, "192.0.2.9") as other:
        for path in ("/api/v1/keys/", "/api/v1/models/", "/menu/v1/journeys/", "/healthz/", "/openapi.json/"):
            answer = await client.get(path, headers={"Host": "evil.example"})
            assert (answer.status_code, "location" in answer.headers) == (404, False), path
        for path in ("/app/", "/docs/", "/app", "/docs"):
            assert (await client.get(path)).status_code == 200
        slashed, plain = await client.get(f"/01/{GTIN}/"), await other.get(f"/01/{GTIN}")
        assert slashed.status_code == plain.status_code
        assert slashed.headers.get("location") == plain.headers.get("location")


async def test_our_own_broker_asks_for_its_whole_fleet_and_who_has_not_its_token_is_limited(
    make: Make, sqlite_world: World
) -> None:
    app, token = make(), sqlite_world.keys.hook_token
    paths = ("/hooks/broker/acl", "/hooks/broker/auth")
    async with client_of(app, Authorization=f"Bearer {token}") as broker:
        for path in paths:
            assert set(await spent(broker, BURST + 1, "POST", path)) == {422}
        # Its questions have used nothing up; and elsewhere the token is worth nothing.
        assert set(await spent(broker, BURST)) == {200}
        for path in ("/healthz", "/hooks/shop", "/hooks/brokers/acl", "//hooks/broker/acl"):
            assert await spent(broker, 1, "POST", path) == [429], path
        assert await spent(broker, 1, "POST", paths[0]) == [422]
    guesses = ("Bearer tlh_guess", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Basic {token}", "")
    for number, shown in enumerate(guesses):
        async with client_of(app, f"203.0.113.{number}", Authorization=shown) as stranger:
            assert await spent(stranger, BURST + 1, "POST", paths[0]) == [401] * BURST + [429], shown


# --- phone sessions ---


async def test_a_session_above_its_limit_waits_from_whatever_address_and_however_the_header_is_spelt(
    make: Make, sqlite_world: World
) -> None:
    app = make(address_calls_per_minute=MANY, session_calls_per_minute=BURST)
    token, other = sqlite_world.phone().token, sqlite_world.phone().token
    spellings = [
        f"Bearer {token}",
        f"bearer {token}",
        f"BEARER   {token} ",
        *(f"Bearer {token}{one}" for one in SPACES),
        *(f"Bearer {one}{token}" for one in SPACES),
    ]
    for number in range(BURST):
        authorization = spellings[number % len(spellings)].encode("latin-1")
        async with client_of(app, f"192.0.2.{number}", Authorization=authorization) as phone:
            assert (await phone.get("/menu/v1/journeys")).status_code == 200
    for spelling in spellings:
        async with client_of(app, "198.51.100.1", Authorization=spelling.encode("latin-1")) as phone:
            assert (await phone.get("/menu/v1/journeys")).status_code == 429
            assert (await phone.get("/menu/v1/menu?journey=none")).status_code == 429
    async with client_of(app, Authorization=f"Bearer {other}") as phone:
        assert (await phone.get("/menu/v1/journeys")).status_code == 200


async def test_a_session_that_renews_its_tokens_is_the_same_session_still(make: Make, sqlite_world: World) -> None:
    app = make(address_calls_per_minute=MANY, session_calls_per_minute=BURST)
    phone = sqlite_world.phone()
    renewed = sqlite_world.accounts.refresh(phone.refresh_token, None)
    found = []
    for token in (phone.token, renewed.token):
        async with client_of(app, Authorization=f"Bearer {token}") as one:
            found += await spent(one, BURST // 2 + 1, path="/menu/v1/journeys")
    assert found == [200] * BURST + [429] * 2


async def test_a_second_authorization_header_cannot_hide_the_one_that_counts(make: Make, sqlite_world: World) -> None:
    app = make(address_calls_per_minute=MANY, session_calls_per_minute=BURST)
    headers = [("Authorization", "Bearer tls_decoy"), ("Authorization", f"Bearer {sqlite_world.phone().token}")]
    async with client_of(app) as phone:
        answer = await phone.get("/menu/v1/journeys", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# --- behind proxies ---


@contextmanager
def forwarded(app: FastAPI, by: str, chain: str) -> Iterator[httpx.AsyncClient]:
    yield client_of(app, by, **{"X-Forwarded-For": chain})


async def test_who_comes_straight_to_us_cannot_choose_an_address(make: Make) -> None:
    app = make()
    for number in range(BURST):
        with forwarded(app, "192.0.2.1", f"198.51.100.{number}") as client:
            assert (await client.get("/healthz")).status_code == 200
    with forwarded(app, "192.0.2.1", "198.51.100.250") as client:
        assert (await client.get("/healthz")).status_code == 429


async def test_not_even_this_machine_is_believed_until_the_operator_says_so(make: Make) -> None:
    app = make()
    found = []
    for number in range(BURST + 1):
        with forwarded(app, "127.0.0.1", f"198.51.100.{number}") as client:
            found.append((await client.get("/healthz")).status_code)
    assert found == [200] * BURST + [429]


async def test_behind_our_proxy_the_real_client_counts_and_what_it_writes_itself_does_not(make: Make) -> None:
    app = make(trusted_proxies=("10.0.0.0/8", "fd00::1"))
    for number in range(BURST):
        # The client lies about where it comes from; the proxy appends where it saw it come from.
        with forwarded(app, "10.1.2.3", f"203.0.113.{number}, 198.51.100.7") as client:
            assert (await client.get("/healthz")).status_code == 200
    with (
        forwarded(app, "10.1.2.3", "203.0.113.99, 198.51.100.7") as same,
        forwarded(app, "fd00::1", "198.51.100.8, 10.9.9.9") as other,
    ):
        assert (await same.get("/healthz")).status_code == 429
        assert (await other.get("/healthz")).status_code == 200


async def test_a_proxy_that_nobody_has_named_is_warned_of_once_and_one_that_is_named_not_at_all(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(trusted_proxies=("10.1.0.0/16",))
    for by in ("10.1.2.3", "10.2.0.1", "10.2.0.1"):
        with forwarded(app, by, "198.51.100.7") as client:
            await client.get("/healthz")
    async with client_of(app, "10.2.0.2") as plain:
        await plain.get("/healthz")
    said = [one.getMessage() for one in caplog.records if "THROUGHLINE_TRUSTED_PROXIES" in one.getMessage()]
    assert len(said) == 1
    assert "10.2.0.1" in said[0]
    assert "198.51.100.7" not in said[0]


async def test_a_strangers_address_does_not_get_into_the_warning(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with forwarded(make(), "8.8.8.8", "198.51.100.7") as client:
        await client.get("/healthz")
    said = [one.getMessage() for one in caplog.records if "THROUGHLINE_TRUSTED_PROXIES" in one.getMessage()]
    assert len(said) == 1
    assert "8.8.8.8" not in said[0]


@pytest.mark.parametrize("wrong", ["*", "proxy.example", "10.0.0.0/33", "10.0.0.1/8", ""])
def test_a_proxy_that_is_no_address_or_network_stops_the_start(wrong: str) -> None:
    with pytest.raises(SetupError, match="trusted_proxies"):
        load_settings(trusted_proxies=(wrong,))
