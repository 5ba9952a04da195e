"""The doors of enrolment over HTTP, as operators, devices and strangers see them."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import authority_files, operators
from cloud.identity.permissions import OperatorRole
from cloud.settings import load_settings
from mobile_menu.limits import Gate, Limit
from tests.certificates import PrivateKey, certificate_of, new_key, request_of, signed_renewal
from tests.integration.cloud.world import World


@pytest.fixture
def bare(sqlite_world: World, tmp_path: Path) -> Iterator[FastAPI]:
    """The application before there is an authority."""
    made = make_app(load_settings(data_dir=tmp_path), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


@pytest.fixture
def app(bare: FastAPI, sqlite_world: World, tmp_path: Path) -> FastAPI:
    (tmp_path / "keys").mkdir()
    authority_files.make_at_first_start(tmp_path / "keys", sqlite_world.keys, sqlite_world.clock())
    return bare


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://id.example", headers=headers)


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key of ours; a device is one."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def operator(app: FastAPI, sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    key = sqlite_world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.OPERATOR)).token
    async with client_of(app, Authorization=f"Bearer {key}") as client:
        yield client


async def token(operator: httpx.AsyncClient, product_id: str) -> str:
    answer = await operator.post(f"/api/v1/products/{product_id}/enrolment")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def enrolled(
    operator: httpx.AsyncClient, stranger: httpx.AsyncClient, product_id: str, key: PrivateKey
) -> dict[str, Any]:
    body = {"token": await token(operator, product_id), "csr": request_of(key)}
    answer = await stranger.post("/enrol", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_device_enrols_renews_and_is_revoked(
    operator: httpx.AsyncClient, stranger: httpx.AsyncClient, sqlite_world: World
) -> None:
    unit, old, new = sqlite_world.unit(), new_key(), new_key()
    first = await enrolled(operator, stranger, unit.id, old)
    assert first["product_id"] == unit.id
    assert len(bytes.fromhex(first["beacon_key"])) == 16
    csr, at = request_of(new), sqlite_world.clock()
    signature = signed_renewal(old, first["certificate"], csr, at)
    body = {"certificate": first["certificate"], "csr": csr, "at": at.isoformat(), "signature": signature}
    answer = await stranger.post("/enrol/renew", json=body)
    assert answer.status_code == 201, answer.text
    assert certificate_of(answer.json()["certificate"]).public_key() == new.public_key()
    listed = (await operator.get(f"/api/v1/products/{unit.id}/certificates")).json()["items"]
    assert [one["revoked_at"] for one in listed] == [None, None]
    assert (await operator.post(f"/api/v1/products/{unit.id}/revoke")).status_code == 204
    crl = x509.load_pem_x509_crl((await stranger.get("/ca/crl.pem")).content)
    assert {f"{one.serial_number:032x}" for one in crl} == {one["serial"] for one in listed}


async def test_every_wrong_token_gets_one_and_the_same_answer(
    operator: httpx.AsyncClient, stranger: httpx.AsyncClient, sqlite_world: World
) -> None:
    used, replaced, revoked, expired = (sqlite_world.unit().id for _ in range(4))
    tokens = {name: await token(operator, name) for name in (used, replaced, revoked, expired)}
    assert (await stranger.post("/enrol", json={"token": tokens[used], "csr": request_of(new_key())})).is_success
    await token(operator, replaced)
    await operator.post(f"/api/v1/products/{revoked}/revoke")
    sqlite_world.clock.advance(hours=73)
    wrong = ["tle_unknown", "", *tokens.values()]
    answers = [await stranger.post("/enrol", json={"token": one or "x", "csr": request_of(new_key())}) for one in wrong]
    assert {one.status_code for one in answers} == {403}
    assert len({one.content for one in answers}) == 1
    assert answers[0].json()["code"] == "enrolment_refused"


async def test_a_wrong_request_is_named_and_leaves_the_token_as_it_was(
    operator: httpx.AsyncClient, stranger: httpx.AsyncClient, sqlite_world: World
) -> None:
    fresh = await token(operator, sqlite_world.unit().id)
    for given in (fresh, "tle_unknown"):  # nothing is said of a token before the request is right
        answer = await stranger.post("/enrol", json={"token": given, "csr": "no request"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0] == {
            "pointer": "/csr",
            "code": "not_pem",
            "detail": "not one PEM block CERTIFICATE REQUEST, and nothing else",
        }
    assert (await stranger.post("/enrol", json={"token": fresh, "csr": request_of(new_key())})).status_code == 201


async def test_one_address_enrols_so_often_and_no_more(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    app.state.enrol_gate = Gate(Limit(burst=2, per_minute=1))
    body = {"token": "tle_unknown", "csr": "x"}
    assert [(await stranger.post("/enrol", json=body)).status_code for _ in range(3)] == [422, 422, 429]
    renewal = await stranger.post("/enrol/renew", json={})
    assert renewal.status_code == 429
    assert int(renewal.headers["retry-after"]) >= 1


async def test_only_an_operator_gives_tokens_and_ends_a_device(
    app: FastAPI, stranger: httpx.AsyncClient, sqlite_world: World
) -> None:
    unit = sqlite_world.unit().id
    viewer = sqlite_world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.VIEWER)).token
    async with client_of(app, Authorization=f"Bearer {viewer}") as looking:
        for call in ("enrolment", "revoke"):
            assert (await stranger.post(f"/api/v1/products/{unit}/{call}")).status_code == 401
            assert (await looking.post(f"/api/v1/products/{unit}/{call}")).status_code == 403
        assert (await looking.get(f"/api/v1/products/{unit}/certificates")).json()["items"] == []


async def test_root_and_chain_can_be_fetched_by_anybody(stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    root, chain = await stranger.get("/ca/root.pem"), await stranger.get("/ca/chain.pem")
    assert root.headers["content-type"] == "application/x-pem-file"
    assert root.content == (tmp_path / "keys/ca/root.pem").read_bytes()
    assert chain.text == (tmp_path / "keys/ca/issuing-0001.pem").read_text() + root.text


async def test_before_there_is_an_authority_the_answer_is_that_there_is_none(bare: FastAPI) -> None:
    async with client_of(bare) as stranger:
        answers = [
            await stranger.get("/ca/root.pem"),
            await stranger.get("/ca/crl.pem"),
            await stranger.post("/enrol", json={"token": "tle_x", "csr": request_of(new_key())}),
        ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "no_authority")}


async def test_the_list_is_signed_anew_when_something_has_ended_and_after_a_while(
    operator: httpx.AsyncClient, stranger: httpx.AsyncClient, sqlite_world: World
) -> None:
    unit = sqlite_world.unit().id
    await enrolled(operator, stranger, unit, new_key())

    async def fetched() -> bytes:
        return (await stranger.get("/ca/crl.pem")).content

    first = await fetched()
    assert await fetched() == first
    await operator.post(f"/api/v1/products/{unit}/revoke")
    second = await fetched()
    assert second != first
    sqlite_world.clock.advance(minutes=2)
    ends = [x509.load_pem_x509_crl(one).next_update_utc for one in (second, await fetched())]
    assert None not in ends
    assert ends == [sqlite_world.clock() + timedelta(days=7, minutes=off) for off in (-2, 0)]
