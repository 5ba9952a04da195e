"""Every call of a phone, with tokens that are none and with ids that are another person's."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators, phones
from cloud.identity.permissions import OperatorRole
from cloud.identity.service import issue_credential
from cloud.people import PeopleOfUnits
from cloud.settings import load_settings
from tests.integration.cloud.joined import ask, prove
from tests.integration.cloud.lives import everything, item
from tests.integration.cloud.test_phones import tampered
from tests.integration.cloud.world import BASE, Phone, World

PREFIX = "/menu/v1"
WITHOUT_TOKEN = {("post", "/session"), ("post", "/session/refresh"), ("get", "/pictures/{digest}.svg")}
Body = dict[str, Any] | None


class Victim(NamedTuple):
    """Somebody with everything that a call can name."""

    phone: Phone
    unit: Any
    journey: str
    case: str
    proof: str
    member: str
    invitation: str
    transfer: str

    @property
    def secrets(self) -> set[str]:
        known = {self.journey, self.case, self.unit.id, self.phone.caller.session_id, self.phone.person_id}
        return known | {self.member, self.invitation, self.transfer, "victim@example.com", "my secret words"}


class Case(NamedTuple):
    """How a stranger makes the call with the victim's ids: path, body, and which answers are right."""

    path: Callable[[Victim], str]
    body: Callable[[Victim], Body]
    right: tuple[int, ...]


def none(_: Victim) -> Body:
    return None


def of(path: str, *right: int, body: Callable[[Victim], Body] = none) -> Case:
    return Case(lambda victim: path.format(**victim._asdict()), body, right)


CASES: dict[tuple[str, str], Case] = {
    ("get", "/journeys"): of("/journeys", 200),
    ("get", "/menu"): of("/menu?journey={journey}", 404),
    ("get", "/live"): of("/live?journey={journey}", 404),
    ("get", "/parcel"): of("/parcel?journey={journey}", 404),
    ("get", "/simulation"): of("/simulation?journey={journey}", 403, 404),
    ("post", "/context"): of("/context", 404, body=lambda victim: {"journey": victim.journey}),
    ("post", "/items/{item_id}"): of("/items/test-page", 404, body=lambda victim: {"journey": victim.journey}),
    ("post", "/cases"): of("/cases", 404, body=lambda victim: {"journey": victim.journey, "text": "mine?"}),
    ("get", "/cases"): of("/cases?journey={journey}", 404),
    ("post", "/cases/{case_id}/messages"): of("/cases/{case}/messages", 404, body=lambda _: {"text": "mine?"}),
    ("get", "/export"): of("/export", 200),
    ("post", "/claims"): of(
        "/claims",
        403,
        body=lambda victim: {"gtin": victim.unit.gtin, "serial": victim.unit.serial, "code": "00000-00000"},
    ),
    ("get", "/push"): of("/push", 200),
    ("put", "/push"): of(
        "/push",
        422,
        body=lambda _: {
            "endpoint": "https://127.0.0.1/",
            "p256dh": "A" * 87,
            "auth": "A" * 22,
            "time_zone": "Europe/Berlin",
        },
    ),
    ("delete", "/push"): of("/push", 204),
    ("get", "/sessions"): of("/sessions", 200),
    ("post", "/sessions/end-others"): of("/sessions/end-others", 200),
    ("delete", "/sessions/{session_id}"): Case(
        lambda victim: f"/sessions/{victim.phone.caller.session_id}", none, (404,)
    ),
    ("get", "/email"): of("/email", 200),
    ("post", "/email"): of("/email", 202, body=lambda _: {"address": "victim@example.com"}),
    ("post", "/email/verify"): of("/email/verify", 403, body=lambda victim: {"token": victim.proof}),
    ("delete", "/email"): of("/email", 204),
    ("get", "/products/{product_id}/people"): of("/products/{unit.id}/people", 404),
    ("delete", "/products/{product_id}/people/{member_id}"): of("/products/{unit.id}/people/{member}", 404),
    ("delete", "/products/{product_id}/onlookers"): of("/products/{unit.id}/onlookers", 404),
    ("post", "/products/{product_id}/invitations"): of(
        "/products/{unit.id}/invitations", 404, body=lambda _: {"role": "household"}
    ),
    ("delete", "/products/{product_id}/invitations/{invitation_id}"): of(
        "/products/{unit.id}/invitations/{invitation}", 404
    ),
    ("post", "/products/{product_id}/return"): of("/products/{unit.id}/return", 404),
    ("post", "/products/{product_id}/wipe"): of("/products/{unit.id}/wipe", 404),
    ("post", "/products/{product_id}/claim-code"): of("/products/{unit.id}/claim-code", 404),
    ("post", "/invitations/look"): of("/invitations/look", 404, body=lambda victim: {"code": victim.invitation}),
    ("post", "/invitations/accept"): of("/invitations/accept", 404, body=lambda victim: {"code": victim.invitation}),
    ("post", "/products/{product_id}/transfer"): of("/products/{unit.id}/transfer", 404),
    ("get", "/transfers/{transfer_id}"): of("/transfers/{transfer}", 404),
    ("post", "/transfers/{transfer_id}/confirm"): of("/transfers/{transfer}/confirm", 404),
    ("delete", "/transfers/{transfer_id}"): of("/transfers/{transfer}", 404),
    ("post", "/session/end"): of("/session/end", 204),
    ("post", "/opt-out"): of("/opt-out", 200),
}
"""All but those that begin a session. The stranger's own leaving comes last."""


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), world.db, world.keys)
    yield made
    made.state.hub.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://id.example") as made:
        yield made


@pytest.fixture
def victim(world: World) -> Victim:
    phone, friend = world.phone(), world.phone()
    unit = world.unit()
    journey = world.claim(phone, unit).journey_id
    case = world.menus.open_case(phone.caller, journey, "my secret words", b"{}", None).id
    world.menus.choose(phone.caller, journey, item("share"), None)
    prove(world, phone, "victim@example.com")
    people = PeopleOfUnits(world.db, world.keys, BASE)
    first = people.invite(phone.caller, unit.id, "household", None, None)
    people.accept(friend.caller, first.url.rpartition("#link=")[2], "192.0.2.7", None)
    people.invite(phone.caller, unit.id, "guest", None, None)
    people.start_transfer(phone.caller, unit.id, None)
    (member,), (invitation,), (transfer,) = (world.rows(name) for name in ("member", "invitation", "transfer"))
    proof = ask(world, phone, "other@example.com")
    return Victim(phone, unit, journey, case, proof, member.id, invitation.id, transfer.id)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Every call of a phone that the service has, hot ones included."""
    return {
        (method, path.removeprefix(PREFIX))
        for path, methods in app.openapi()["paths"].items()
        if path.startswith(PREFIX)
        for method in methods
    }


def test_there_is_a_case_for_every_call_of_a_phone(app: FastAPI) -> None:
    assert routes(app) - WITHOUT_TOKEN == set(CASES)


async def test_no_call_with_another_persons_ids_shows_or_changes_anything_of_theirs(
    world: World, client: httpx.AsyncClient, victim: Victim
) -> None:
    stranger = world.phone()
    before = theirs(world, victim)
    for (method, template), case in CASES.items():
        answer = await client.request(
            method.upper(), PREFIX + case.path(victim), json=case.body(victim), headers=bearer(stranger.token)
        )
        assert answer.status_code in case.right, (method, template, answer.status_code, answer.text)
        assert {one for one in victim.secrets if one in answer.text} == set(), (method, template)
        if (method, template) == ("post", "/session/end"):
            stranger = world.phone()
        assert theirs(world, victim) == before, (method, template)


def theirs(world: World, victim: Victim) -> dict[str, list[Any]]:
    """All that is about the victim, as rows."""
    person = victim.phone.person_id
    found = {
        name: world.rows(name, person_id=person)
        for name in ("phone_session", "journey", "support_case", "email_address", "email_proof", "mail", "referral")
    }
    more = ("member", "invitation", "transfer", "case_message", "product", "command")
    return found | {name: world.rows(name) for name in more} | {"journal": world.rows("journal", person_id=person)}


@pytest.mark.parametrize("kind", ["access", "refresh"])
async def test_every_token_that_is_none_gets_the_same_401_at_every_call(
    world: World, client: httpx.AsyncClient, victim: Victim, kind: str
) -> None:
    token = victim.phone.token if kind == "access" else victim.phone.refresh_token
    made_up = set(tampered(token).values()) - {token + " "}  # a space at the end is no part of a header's value
    foreign = {
        world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.ADMIN)).token,
        world.run(lambda tx: issue_credential(tx, world.keys, victim.unit.id)).password,
        world.run(lambda tx: phones.open_visit(tx, victim.phone.person_id)).token,
        victim.proof,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWN0aW0ifQ.",
        "x" * 10_000,
        *([victim.phone.refresh_token] if kind == "refresh" else []),
    }
    headers: list[bytes] = [b"", b"Bearer", b"Bearer ", b"Basic " + token.encode(), b"bearer=" + token.encode()]
    headers += [b"Bearer " + one.encode("utf-8", "surrogatepass") for one in made_up | foreign if "\0" not in one]
    before, bodies = everything(world), set()
    calls = [call for call in CASES if call != ("post", "/opt-out")]
    for number, header in enumerate(headers):
        for method, template in [calls[number % len(calls)], ("get", "/journeys"), ("get", "/menu"), ("get", "/live")]:
            case = CASES[method, template]
            answer = await client.request(
                method.upper(),
                PREFIX + case.path(victim),
                json=case.body(victim),
                headers=[(b"authorization", header)],
            )
            assert answer.status_code == 401, (header[:80], method, template, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
            bodies.add(answer.content)
    assert len(bodies) == 1
    assert everything(world) == before


async def test_an_access_token_may_stand_behind_any_spelling_of_the_scheme(
    world: World, client: httpx.AsyncClient
) -> None:
    phone = world.phone()
    for scheme in ("Bearer", "bearer", "BEARER", "Bearer  "):
        answer = await client.get(f"{PREFIX}/journeys", headers={"Authorization": f"{scheme} {phone.token}"})
        assert answer.status_code == 200


async def test_an_expired_token_and_one_of_an_ended_session_are_refused_at_every_call(
    world: World, client: httpx.AsyncClient, victim: Victim
) -> None:
    expired, ended = world.phone(), world.phone()
    world.accounts.end_session(ended.caller, ended.caller.session_id)
    world.clock.advance(minutes=15)
    for token in (expired.token, ended.token):
        for (method, template), case in CASES.items():
            if template == "/opt-out":
                continue  # leaving needs no fresh token; the next test looks at it
            answer = await client.request(
                method.upper(), PREFIX + case.path(victim), json=case.body(victim), headers=bearer(token)
            )
            assert answer.status_code == 401, (method, template, answer.text)
            assert answer.json()["code"] == "session_refused"
    assert (await client.post(f"{PREFIX}/opt-out", headers=bearer(ended.token))).status_code == 401
    assert (await client.post(f"{PREFIX}/opt-out", headers=bearer(expired.token))).status_code == 200


async def test_a_session_is_refreshed_listed_and_ended_over_http(world: World, client: httpx.AsyncClient) -> None:
    started = (await client.post(f"{PREFIX}/session")).json()
    client.cookies.clear()
    body = {"refresh_token": started["refresh_token"]}
    fresh = await client.post(f"{PREFIX}/session/refresh", json=body, headers={"Idempotency-Key": "k"})
    assert fresh.status_code == 200
    assert fresh.headers["cache-control"] == "no-store"
    again = await client.post(f"{PREFIX}/session/refresh", json=body, headers={"Idempotency-Key": "k"})
    assert again.json()["refresh_token"] == fresh.json()["refresh_token"]
    headers = bearer(fresh.json()["token"])
    (only,) = (await client.get(f"{PREFIX}/sessions", headers=headers)).json()["items"]
    assert only["current"] is True
    ended = await client.post(f"{PREFIX}/session/end", headers=headers)
    assert ended.status_code == 204
    assert "tl_visit=" in ended.headers["set-cookie"]
    assert (await client.get(f"{PREFIX}/journeys", headers=headers)).status_code == 401
    assert world.rows("phone_session") == []


async def test_refreshes_and_mails_are_limited_by_address(world: World, client: httpx.AsyncClient) -> None:
    refreshed, asked = [0], [0]
    while refreshed[-1] != 429 and len(refreshed) < 1000:  # tokens come back while we ask
        answer = await client.post(f"{PREFIX}/session/refresh", json={"refresh_token": "tlr_none"})
        refreshed.append(answer.status_code)
    while asked[-1] != 429 and len(asked) < 60:
        phone = world.phone()
        body = {"address": f"a{len(asked)}@example.com"}
        asked.append((await client.post(f"{PREFIX}/email", json=body, headers=bearer(phone.token))).status_code)
    assert refreshed[1:241] == [401] * 240
    assert asked[1:21] == [202] * 20
    assert (refreshed[-1], asked[-1]) == (429, 429)
