"""The questions of an external broker over HTTP, as EMQX asks them: the same answers as the embedded broker's rules."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI

from broker.acl import Principal, may_publish, may_subscribe
from cloud.http_app import make_app
from cloud.identity import authority_files, devices, enrolment
from cloud.identity import service as identity
from cloud.identity.enrolment import Terms
from cloud.settings import load_settings
from tests.certificates import certificate_of, new_key, request_of
from tests.integration.broker.pki import Authority
from tests.integration.cloud.world import BASE, World

AUTH, ACL = "/hooks/broker/auth", "/hooks/broker/acl"


@pytest.fixture
def app(sqlite_world: World, tmp_path: Path) -> Iterator[FastAPI]:
    (tmp_path / "keys").mkdir()
    authority_files.make_at_first_start(tmp_path / "keys", sqlite_world.keys, sqlite_world.clock())
    made = make_app(load_settings(data_dir=tmp_path), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://id.example", headers=headers)


@pytest.fixture
async def broker(app: FastAPI, sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, Authorization=f"Bearer {sqlite_world.keys.hook_token}") as client:
        yield client


@pytest.fixture
def enrolled(sqlite_world: World, tmp_path: Path, app: FastAPI) -> tuple[str, str]:  # noqa: ARG001 - makes the authority
    """A unit, and its certificate as PEM."""
    unit, key = sqlite_world.unit().id, new_key()
    known = authority_files.load(tmp_path / "keys", sqlite_world.keys)
    terms = Terms(BASE, timedelta(days=90))
    token = sqlite_world.run(lambda tx: enrolment.issue_token(tx, unit, timedelta(hours=1)).token)
    made = sqlite_world.run(lambda tx: enrolment.enrol(tx, known, terms, token, request_of(key)))
    return unit, made.certificate


async def asked(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def knock(unit: str, pem: str, **changes: str) -> dict[str, str]:
    """What EMQX sends, once the names are the certificate's."""
    return {
        "clientid": unit,
        "username": unit,
        "password": "undefined",
        "cert_common_name": unit,
        "cert_pem": pem,
    } | changes


@pytest.mark.parametrize("path", [AUTH, ACL])
@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer tlh_guess", "Basic dGxo", "Bearer é"])
async def test_without_the_token_nobody_is_answered(app: FastAPI, path: str, token: str) -> None:
    headers = [(b"Authorization", token.encode("latin-1"))] if token else []
    async with client_of(app) as stranger:
        answer = await stranger.post(path, json={"clientid": "x", "username": "x", "topic": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_unit_with_its_certificate_comes_in_until_that_ends(
    broker: httpx.AsyncClient, enrolled: tuple[str, str]
) -> None:
    ends = int(certificate_of(enrolled[1]).not_valid_after_utc.timestamp())
    answer = await asked(broker, AUTH, **knock(*enrolled))
    assert answer == {"result": "allow", "is_superuser": False, "expire_at": ends}


async def test_a_revoked_certificate_is_refused_from_the_commit_on(
    broker: httpx.AsyncClient, enrolled: tuple[str, str], sqlite_world: World
) -> None:
    sqlite_world.run(lambda tx: devices.revoke(tx, enrolled[0]))
    assert (await asked(broker, AUTH, **knock(*enrolled)))["result"] == "deny"


async def test_an_expired_certificate_is_refused(
    broker: httpx.AsyncClient, enrolled: tuple[str, str], sqlite_world: World
) -> None:
    sqlite_world.clock.advance(days=91)
    assert (await asked(broker, AUTH, **knock(*enrolled)))["result"] == "deny"


async def test_a_certificate_of_somebody_else_is_refused(
    broker: httpx.AsyncClient, enrolled: tuple[str, str], tmp_path: Path
) -> None:
    _, made = Authority(tmp_path / "foreign").device(enrolled[0])
    forged = made.public_bytes(Encoding.PEM).decode()
    assert (await asked(broker, AUTH, **knock(enrolled[0], forged)))["result"] == "deny"


@pytest.mark.parametrize(
    "changes",
    [
        {"clientid": "01jd9s0000000000000000000a"},
        {"username": "01jd9s0000000000000000000a"},
        {"username": "tl-cloud"},
        {"cert_pem": "undefined"},
        {"cert_pem": ""},
        {"cert_pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"cert_pem": "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"},
        {"cert_pem": "no certificate at all"},
    ],
)
async def test_what_does_not_agree_with_the_certificate_is_refused(
    broker: httpx.AsyncClient, enrolled: tuple[str, str], changes: dict[str, str]
) -> None:
    assert (await asked(broker, AUTH, **knock(*enrolled, **changes)))["result"] == "deny"


async def test_services_come_with_their_password_and_devices_do_not(
    broker: httpx.AsyncClient, sqlite_world: World
) -> None:
    keys = sqlite_world.keys
    own = {"username": "tl-cloud", "cert_common_name": "undefined", "cert_pem": "undefined"}
    good = await asked(broker, AUTH, clientid="tl-cloud-work-1", password=keys.mqtt_password, **own)
    assert good == {"result": "allow", "is_superuser": False}
    assert (await asked(broker, AUTH, clientid="tl-cloud-work-1", password="guess", **own))["result"] == "deny"
    assert (await asked(broker, AUTH, clientid="other", password=keys.mqtt_password, **own))["result"] == "deny"
    unit = sqlite_world.unit().id
    password = sqlite_world.run(lambda tx: identity.issue_credential(tx, keys, unit)).password
    assert (await asked(broker, AUTH, clientid=unit, username=unit, password=password))["result"] == "deny"
    assert (await asked(broker, AUTH, clientid="", username="", password=""))["result"] == "deny"


OWN, OTHER = "01jd9s0000000000000000000a", "01jd9s0000000000000000000b"
TOPICS = (
    f"tl/v1/{OWN}/up/status",
    f"tl/v1/{OTHER}/up/status",
    f"tl/v1/{OWN}/down/command",
    f"tl/v1/{OWN}/down/#",
    f"tl/v1/{OTHER}/down/#",
    "tl/v1/+/up/#",
    "tl/int/v1/outbox",
    "#",
    "$SYS/broker/version",
    "tl/v1/#",
    "",
)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    "principal", [Principal("device", OWN), Principal("service", "tl-cloud")], ids=lambda one: one.kind
)
async def test_what_may_be_said_and_heard_is_what_the_rules_say(
    broker: httpx.AsyncClient, principal: Principal, topic: str
) -> None:
    for action, rule in (("publish", may_publish), ("subscribe", may_subscribe)):
        answer = await asked(broker, ACL, username=principal.name, action=action, topic=topic, qos="1", retain="false")
        assert (answer["result"] == "allow") == rule(principal, topic).allowed


@pytest.mark.parametrize("username", ["", "undefined", "root", "tl-cloud2", OWN.upper()])
async def test_a_name_that_is_neither_a_unit_nor_the_service_may_do_nothing(
    broker: httpx.AsyncClient, username: str
) -> None:
    for action in ("publish", "subscribe"):
        answer = await asked(broker, ACL, username=username, action=action, topic="tl/int/v1/outbox")
        assert answer == {"result": "deny"}


async def test_a_device_retains_nothing_and_nobody_uses_qos_2(broker: httpx.AsyncClient) -> None:
    own = {"username": OWN, "action": "publish", "topic": f"tl/v1/{OWN}/up/status"}
    assert (await asked(broker, ACL, **own, retain="false", qos=1))["result"] == "allow"
    assert (await asked(broker, ACL, **own, retain="true", qos=1))["result"] == "deny"
    assert (await asked(broker, ACL, **own, retain=True))["result"] == "deny"
    assert (await asked(broker, ACL, **own, retain="kept, I say"))["result"] == "deny"
    for qos in (2, "2"):
        assert (await asked(broker, ACL, **own, qos=qos))["result"] == "deny"


@pytest.mark.parametrize(
    "wrong",
    [
        {"retain": 0},
        {"retain": 1},
        {"retain": 0.0},
        {"retain": None},
        {"retain": "x" * 17},
        {"qos": True},
        {"qos": 1.5},
        {"qos": "3"},
        {"qos": ""},
    ],
    ids=str,
)
async def test_a_question_in_another_form_than_the_contract_has_is_none(
    broker: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    body = {"username": OWN, "action": "publish", "topic": f"tl/v1/{OWN}/up/status", **wrong}
    answer = await broker.post(ACL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_whole_fleet_may_be_asked_for(broker: httpx.AsyncClient) -> None:
    """More than a phone session may call in a minute."""
    own = {"username": OWN, "action": "publish", "topic": f"tl/v1/{OWN}/up/status"}
    for _ in range(700):
        await asked(broker, ACL, **own)


async def test_a_question_that_cannot_be_read_is_not_answered_with_yes(broker: httpx.AsyncClient) -> None:
    for path, body in ((AUTH, {"username": "x"}), (ACL, {"username": OWN, "action": "fly", "topic": "x"}), (ACL, {})):
        answer = await broker.post(path, json=body)
        assert answer.status_code == 422
        assert "allow" not in answer.text
