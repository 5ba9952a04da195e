"""Ownership over HTTP: the phone's calls, the operator's, and the address of one-time links."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.registry.claiming import PAIR_A_DAY
from cloud.settings import load_settings
from tests.integration.cloud.homes import Home, Homes
from tests.integration.cloud.world import Phone, World

MENU = "/menu/v1"


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as made:
        yield made


@pytest.fixture
def home(sqlite_world: World) -> Home:
    return Homes(sqlite_world).home()


def as_(phone: Phone, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {phone.token}", **more}


def key(world: World, role: OperatorRole) -> dict[str, str]:
    token = world.run(lambda tx: operators.issue_key(tx, "test", role)).token
    return {"Authorization": f"Bearer {token}"}


def code_in(url: str) -> str:
    return url.rpartition("#link=")[2]


async def test_a_unit_is_handed_over_by_its_link_from_phone_to_phone(
    client: httpx.AsyncClient, sqlite_world: World, home: Home
) -> None:
    heir = sqlite_world.phone()
    unit = f"{MENU}/products/{home.unit.id}"
    link = (await client.post(f"{unit}/transfer", headers=as_(home.owner, **{"Idempotency-Key": "t"}))).json()
    again = (await client.post(f"{unit}/transfer", headers=as_(home.owner, **{"Idempotency-Key": "t"}))).json()
    assert again == link
    code = {"code": code_in(link["url"])}
    offer = await client.post(f"{MENU}/invitations/look", json=code, headers=as_(heir))
    assert (offer.status_code, offer.json()["kind"]) == (200, "transfer")
    accepted = await client.post(f"{MENU}/invitations/accept", json=code, headers=as_(heir))
    assert accepted.status_code == 201
    check_code = accepted.json()["transfer"]["check_code"]
    shown = (await client.get(f"{unit}/people", headers=as_(home.owner))).json()
    assert shown["transfer"]["check_code"] == check_code
    done = await client.post(f"{MENU}/transfers/{link['id']}/confirm", headers=as_(home.owner))
    assert (done.status_code, done.json()["state"]) == (200, "done")
    theirs = (await client.get(f"{MENU}/transfers/{link['id']}", headers=as_(heir))).json()
    menu = await client.get(f"{MENU}/menu", params={"journey": theirs["journey_id"]}, headers=as_(heir))
    assert (menu.status_code, menu.json()["stage"]) == (200, "install")
    assert (await client.get(f"{unit}/people", headers=as_(home.owner))).json()["code"] == "not_yours"


async def test_people_are_invited_seen_and_removed(client: httpx.AsyncClient, sqlite_world: World, home: Home) -> None:
    unit, other = f"{MENU}/products/{home.unit.id}", sqlite_world.phone()
    made = await client.post(f"{unit}/invitations", json={"role": "guest", "lasts_s": 7200}, headers=as_(home.owner))
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    await client.post(f"{MENU}/invitations/accept", json={"code": code_in(made.json()["url"])}, headers=as_(other))
    shown = (await client.get(f"{unit}/people", headers=as_(home.owner))).json()
    assert [one["role"] for one in shown["people"]] == ["owner", "household", "guest", "guest"]
    (mine,) = [
        one for one in (await client.get(f"{unit}/people", headers=as_(other))).json()["people"] if one.get("you")
    ]
    assert (await client.delete(f"{unit}/people/{mine['id']}", headers=as_(other))).status_code == 204
    second = (await client.post(f"{unit}/invitations", json={"role": "household"}, headers=as_(home.owner))).json()
    gone = await client.delete(f"{unit}/invitations/{second['id']}", headers=as_(home.owner))
    assert gone.status_code == 204
    refused = await client.post(f"{MENU}/invitations/accept", json={"code": code_in(second["url"])}, headers=as_(other))
    assert (refused.status_code, refused.json()["code"]) == (404, "link_refused")


@pytest.mark.parametrize(
    "body",
    [{"role": "owner"}, {"role": "visitor"}, {"role": "guest", "lasts_s": 1}, {"role": "guest", "lasts_s": 10**9}, {}],
)
async def test_only_household_and_guests_for_a_sane_time_can_be_invited(
    client: httpx.AsyncClient, home: Home, body: dict[str, object]
) -> None:
    unit = f"{MENU}/products/{home.unit.id}"
    answer = await client.post(f"{unit}/invitations", json=body, headers=as_(home.owner))
    assert answer.status_code == 422


async def test_the_owner_asks_to_give_back_and_gets_a_new_code_and_calls_a_transfer_off(
    client: httpx.AsyncClient, home: Home
) -> None:
    unit = f"{MENU}/products/{home.unit.id}"
    assert (await client.post(f"{unit}/return", headers=as_(home.owner))).json()["outcome"] == "return_requested"
    assert (await client.post(f"{unit}/wipe", headers=as_(home.owner))).json()["outcome"] == "command_queued"
    made = await client.post(f"{unit}/claim-code", headers=as_(home.owner))
    assert made.status_code == 201
    assert len(made.json()["claim_code"]) == 11
    link = (await client.post(f"{unit}/transfer", headers=as_(home.owner))).json()
    assert (await client.post(f"{unit}/transfer", headers=as_(home.owner))).json()["code"] == "conflict"
    assert (await client.delete(f"{MENU}/transfers/{link['id']}", headers=as_(home.owner))).status_code == 204


async def test_the_address_of_a_claim_counts_and_a_proxys_word_for_it_does_not(
    client: httpx.AsyncClient, sqlite_world: World
) -> None:
    unit = sqlite_world.unit()
    body = {"gtin": unit.gtin, "serial": unit.serial, "code": "00000-00000"}
    found = []
    thieves = [sqlite_world.phone() for _ in range(PAIR_A_DAY // 2)]
    for number, thief in enumerate([*thieves, *thieves, thieves[0]]):
        forged = {"X-Forwarded-For": f"203.0.113.{number}"}
        found.append(await client.post(f"{MENU}/claims", json=body, headers=as_(thief, **forged)))
    assert [one.status_code for one in found] == [403] * PAIR_A_DAY + [429]
    assert 23 * 3600 < int(found[-1].headers["retry-after"]) <= 24 * 3600


async def test_a_link_leads_to_the_app_uses_nothing_up_and_tells_nobody_whether_it_is_good(
    client: httpx.AsyncClient, sqlite_world: World, home: Home
) -> None:
    link = Homes(sqlite_world).invite(home.owner, home.unit)
    parts = urlsplit(link.url)
    assert (parts.path, parts.query, parts.fragment) == ("/app/", "", f"link={code_in(link.url)}")
    for code in (code_in(link.url), "tli_never-one"):
        answer = await client.get(f"/i/{code}")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"http://127.0.0.1:8000/app/#link={code}"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert len(sqlite_world.rows("invitation")) == 1
    for odd in ("a%0d%0aSet-Cookie:x", "%2e%2e", "a b", "ü", "x" * 200):
        assert (await client.get(f"/i/{odd}")).status_code in {404, 422}


async def test_an_operator_takes_a_unit_back_once_and_others_may_not(
    client: httpx.AsyncClient, sqlite_world: World, home: Home
) -> None:
    path = f"/api/v1/products/{home.unit.id}/returned"
    for role in (OperatorRole.VIEWER, OperatorRole.MARKETER, OperatorRole.AGENT):
        assert (await client.post(path, headers=key(sqlite_world, role))).status_code == 403
    operator = key(sqlite_world, OperatorRole.OPERATOR)
    first = await client.post(path, headers={**operator, "Idempotency-Key": "r"})
    again = await client.post(path, headers={**operator, "Idempotency-Key": "r"})
    assert first.status_code == 200
    assert first.json() == again.json()
    shown = (await client.get(f"/api/v1/products/{home.unit.id}", headers=operator)).json()
    assert shown["claimed"] is False
    buyer = sqlite_world.phone()
    body = {"gtin": home.unit.gtin, "serial": home.unit.serial, "code": first.json()["claim_code"]}
    assert (await client.post(f"{MENU}/claims", json=body, headers=as_(buyer))).status_code == 201


async def test_an_operator_retires_a_unit_and_with_it_everybodys_access(
    client: httpx.AsyncClient, sqlite_world: World, home: Home
) -> None:
    operator, path = key(sqlite_world, OperatorRole.OPERATOR), f"/api/v1/products/{home.unit.id}"
    answer = await client.patch(path, json={"state": "retired"}, headers=operator)
    assert (answer.json()["state"], answer.json()["claimed"]) == ("retired", False)
    again = await client.patch(path, json={"state": "retired"}, headers=operator)
    assert (again.status_code, again.json()["code"]) == (409, "retired")
    for call in ("enrolment", "credential", "returned"):
        refused = await client.post(f"{path}/{call}", headers=operator)
        assert (refused.status_code, refused.json()["code"]) == (409, "retired"), call
    assert (await client.post(f"{path}/revoke", headers=operator)).status_code == 204
    journey = sqlite_world.journey(home.owner).id
    menu = (await client.get(f"{MENU}/menu", params={"journey": journey}, headers=as_(home.owner))).json()
    assert menu["stage"] == "closed"
    unknown = await client.post("/api/v1/products/01m819eke0m2ah3dbbwabwn898/returned", headers=operator)
    assert unknown.status_code == 404
