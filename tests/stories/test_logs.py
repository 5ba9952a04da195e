"""Secrets and persons in everything that a client sends, through every door, right and wrong and in the midst of a
crash: none of it is in what the processes say, on their command lines, or in what they tell about themselves.
"""

import base64
import hashlib
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from broker.contract.topics import Up
from cloud import logs
from device_sim.credentials import Credential
from device_sim.shop import Customer, Order
from tests.certificates import new_key, request_of, signed_renewal
from tests.raw_device import RawClient, RawDevice
from tests.system import GTIN, System, until, until_async

TELLING = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/asyncapi.json",
    "/.well-known/receipt-key.json",
    "/docs",
)
FIELDS = (
    "bearer cookie refresh code serial text name email address query path header origin agent referer language body "
    "idempotency webhook password username client reading topic payload city junk mailbox"
)


class Marks:
    """Words that stand nowhere else, and the secrets of the deployment itself."""

    def __init__(self) -> None:
        self.planted = {one: f"plant{one}{hashlib.sha256(one.encode()).hexdigest()[:8]}" for one in FIELDS.split()}

    def __getitem__(self, name: str) -> str:
        return self.planted[name]

    def found_in(self, data: bytes) -> list[str]:
        low = data.lower()
        return [name for name, text in self.planted.items() if text and any(form in low for form in _forms(text))]


def _forms(text: str) -> Iterator[bytes]:
    yield text.lower().encode()
    yield base64.b64encode(text.encode())[4:-4].lower() or text.lower().encode()


@pytest.fixture(scope="module", params=["text", "json"])
def talkative(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, that says as much as it can, in either form."""
    wordy = {"THROUGHLINE_LOG_LEVEL": "debug", "THROUGHLINE_LOG_FORMAT": request.param}
    system = System(tmp_path_factory.mktemp("talkative"), wordy)
    try:
        yield system.start()
    finally:
        system.stop()


async def test_nothing_planted_is_in_what_the_processes_say_or_tell_about_themselves(talkative: System) -> None:
    system, marks = talkative, Marks()
    marks.planted |= _own_secrets(system)
    unit = await system.unit()
    marks.planted |= {"claim code": unit.claim_code, "device password": unit.password, "beacon key": unit.beacon_key}
    headers = {
        "User-Agent": marks["agent"],
        "Referer": f"https://example.com/{marks['referer']}",
        "Accept-Language": f"de, {marks['language']};q=0.5",
        "X-Forwarded-For": marks["header"],
    }
    async with httpx.AsyncClient(base_url=system.url, headers=headers, timeout=60) as client:
        await _rightly(system, client, unit.uri, unit.claim_code, marks)
        await _wrongly(client, marks)
        await _people(system, client, marks)
        await _enrolments(client, system.key, unit.id, marks)
        told = b"".join([(await client.get(path)).content for path in TELLING])
    await _over_mqtt(system, unit, marks)
    _not_http(system, marks)
    lines = b"\n".join(" ".join(one).encode() for one in _command_lines(system))
    # In the midst of a call, with a restart behind it: what dies says nothing either.
    system.kill("api", "work")
    until(lambda: _is_well(system), "the service after the crash")
    said = system.said()
    assert b"throughline" in said
    assert said.count(b"\n") > 5, "it was made to talk"
    assert marks.found_in(said.replace(system.key.encode(), b"", 1)) == [], "the first start shows its key, once"
    assert marks.found_in(lines) == []
    if system.environment()["THROUGHLINE_LOG_FORMAT"] == "json":
        _all_json(system)
    assert marks.found_in(told) == []


def _all_json(system: System) -> None:
    """Each line on standard error has the same fields, whichever process said it."""
    lines = [json.loads(line) for path in system.folder.glob("*.err") for line in path.read_text().splitlines()]
    assert {tuple(line) for line in lines} == {logs.FIELDS}
    assert {line["service"] for line in lines} >= {"up", "api", "work"}


def _own_secrets(system: System) -> dict[str, str]:
    keys = {path.name: path.read_text().strip() for path in _secret_files(system.data / "keys")}
    assert len(keys) >= 5
    return {**keys, "operator key": system.key}


def _secret_files(folder: Path) -> list[Path]:
    """Certificates are public, and are left out."""
    own = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077 == 0]
    return [path for path in own if "BEGIN CERTIFICATE" not in path.read_text(errors="replace")]


async def _rightly(system: System, client: httpx.AsyncClient, uri: str, code: str, marks: Marks) -> None:
    """A customer who comes, buys, claims, asks and leaves."""
    started = (await client.post("/menu/v1/session", headers={"Idempotency-Key": marks["idempotency"]})).json()
    marks.planted |= {name: str(value) for name, value in started.items() if "token" in name}
    marks.planted["visit"] = client.cookies.get("tl_visit") or ""
    client.headers["Authorization"] = f"Bearer {started['token']}"
    claimed = await client.post("/menu/v1/claims", json={"uri": uri, "code": code})
    journey = claimed.json()["journey_id"]
    await client.post("/menu/v1/cases", json={"journey": journey, "text": marks["text"]})
    customer = Customer(name=marks["name"], email=f"{marks['email']}@example.com", address=marks["address"])
    async with system.shop() as shop:
        order = Order(order_id="order-1", gtin=GTIN, placed_at=system.clock(), journey=journey, customer=customer)
        await shop.tell(order)
    assert marks["text"] in (await client.get("/menu/v1/export")).text
    assert (await client.post("/menu/v1/opt-out")).status_code == 200


async def _wrongly(client: httpx.AsyncClient, marks: Marks) -> None:
    """Each door, with what is refused there."""
    statuses = set()
    for path in ("/menu/v1/journeys", "/menu/v1/menu?journey=x", "/api/v1/keys", "/metrics", "/nowhere", "/01/1/21/2"):
        for bearer in (marks["bearer"], f"tlk_{marks['bearer']}", f"tls_{marks['bearer']}", f"{marks['bearer']}.x.y"):
            sent = {"Authorization": f"Bearer {bearer}", "Cookie": f"tl_visit={marks['cookie']}"}
            answer = await client.get(path, headers={**sent, "Origin": f"https://{marks['origin']}.example"})
            statuses.add(answer.status_code)
    body = {"uri": f"https://a.example/01/{GTIN}/21/{marks['serial']}", "code": marks["code"], "city": marks["city"]}
    for path in (
        "/menu/v1/claims",
        "/menu/v1/session/refresh",
        "/hooks/shop",
        "/hooks/carrier",
        "/enrol",
        "/api/v1/keys",
    ):
        for content in (
            json.dumps(body),
            f'{{"refresh_token": "{marks["refresh"]}"',
            marks["body"],
            "[" * 300 + marks["body"],
        ):
            sent = {"Content-Type": "application/json", "webhook-signature": f"v1,{marks['webhook']}"}
            statuses.add((await client.post(path, content=content, headers=sent)).status_code)
    statuses.add((await client.get(f"/{marks['path']}%00", params={"q": marks["query"]})).status_code)
    statuses.add((await client.get("/" + marks["path"] * 900)).status_code)
    statuses.add((await client.post("/hooks/shop", content=marks["body"] * 20_000)).status_code)
    assert {401, 404, 413, 414, 422} <= statuses
    assert not any(status >= 500 for status in statuses)


async def _people(system: System, client: httpx.AsyncClient, marks: Marks) -> None:
    """An owner who confirms an address, invites, and hands on; each link is taken by nobody first, then by a friend."""
    unit = await system.unit()
    marks.planted |= {"second claim code": unit.claim_code, "second password": unit.password}
    owner, friend = await _session(client, marks, "owner"), await _session(client, marks, "friend")
    await _done(client, "/menu/v1/claims", owner, uri=unit.uri, code=unit.claim_code)
    await _done(client, "/menu/v1/email", owner, address=f"{marks['mailbox']}@example.com")
    # `*` would match the name with a dot too, under which a letter is still being written.
    letter = until(lambda: next((system.data / "mail").glob("[!.]*.eml"), None), "the letter")
    proof = re.search(r"tle_[\w-]+", letter.read_text(encoding="utf-8").replace("=\n", ""))
    assert proof, "the letter has a link"
    marks.planted["proof"] = proof[0]
    assert (await _done(client, "/menu/v1/email/verify", owner, token=proof[0]))["address"]
    for name, path, body in (("invitation", "invitations", {"role": "household"}), ("transfer", "transfer", {})):
        link = (await _done(client, f"/menu/v1/products/{unit.id}/{path}", owner, **body))["url"]
        marks.planted[name] = link.rpartition("=")[2]
        assert len(marks[name]) >= 10
        wrong = {"code": marks[name][:-1] + "~"}
        refused = await client.post("/menu/v1/invitations/accept", json=wrong, headers=friend)
        assert refused.status_code in {404, 422}
        marks.planted[f"wrong {name}"] = wrong["code"]
        await _done(client, "/menu/v1/invitations/look", friend, code=marks[name])
        await _done(client, "/menu/v1/invitations/accept", friend, code=marks[name])


async def _session(client: httpx.AsyncClient, marks: Marks, who: str) -> dict[str, str]:
    """The headers of a new phone."""
    started = (await client.post("/menu/v1/session", headers={"Authorization": ""})).json()
    client.cookies.clear()
    marks.planted |= {f"{who}'s {name}": str(value) for name, value in started.items() if "token" in name}
    return {"Authorization": f"Bearer {started['token']}"}


async def _done(client: httpx.AsyncClient, path: str, headers: dict[str, str], **body: str) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=headers)
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


async def _enrolments(client: httpx.AsyncClient, key: str, unit: str, marks: Marks) -> None:
    """A device that enrols and renews; both wrongly first."""
    operator = {"Authorization": f"Bearer {key}"}
    token = str((await _done(client, f"/api/v1/products/{unit}/enrolment", operator))["token"])
    first, second = new_key(), new_key()
    csr, next_csr = request_of(first), request_of(second)
    marks.planted |= {"token": token, "request": _inside(csr), "next request": _inside(next_csr)}
    spoiled = {"token": token, "csr": csr[: len(csr) // 2]}
    assert (await client.post("/enrol", json=spoiled)).status_code == 422
    made = await _done(client, "/enrol", {}, token=token, csr=csr)
    marks.planted["certificate"] = _inside(made["certificate"])
    marks.planted["new beacon key"] = made["beacon_key"]
    assert (await client.post("/enrol", json={"token": token, "csr": next_csr})).status_code == 403
    at = datetime.now(UTC).replace(microsecond=0)
    signature = signed_renewal(first, made["certificate"], next_csr, at)
    marks.planted["signature"] = signature
    body = {"certificate": made["certificate"], "csr": next_csr, "at": at.isoformat(), "signature": signature}
    assert (await client.post("/enrol/renew", json={**body, "signature": signature[::-1]})).status_code in {403, 422}
    await _done(client, "/enrol/renew", {}, **body)


def _inside(pem: str) -> str:
    """A line from the middle: what no other request or certificate has."""
    lines = pem.strip().splitlines()
    return lines[len(lines) // 2]


async def _over_mqtt(system: System, unit: Credential, marks: Marks) -> None:
    """Strangers, then the device: a good message and bad ones, all of which arrive, and one on a topic that is none."""
    port = system.endpoint.port
    for username, given, client_id in (
        (marks["username"], marks["password"], marks["client"]),
        (unit.id, marks["password"], unit.id),
    ):
        with RawClient(port, username, given, client_id) as stranger:
            assert not stranger.accepted
    with RawDevice(system, unit) as device:
        device.say(Up.BIRTH, firmware="1.0", profile="printer")
        device.say(Up.STATUS, reported={"state": "idle", "reasons": ["none"], "note": marks["reading"]})
        for spoiled in (f"{marks['payload']} is no JSON", f'["{marks["payload"]}"]'):
            device.raw(Up.STATUS, spoiled.encode())
        assert device.accepted
        device.publish(f"tl/v1/{unit.id}/up/{marks['topic']}", marks["payload"].encode())
    headers = {"Authorization": f"Bearer {system.key}"}
    async with httpx.AsyncClient(base_url=system.url, headers=headers, timeout=60) as operator:

        async def arrived() -> bool:
            twin = (await operator.get(f"/api/v1/products/{unit.id}/twin")).text
            kept = (await operator.get(f"/api/v1/products/{unit.id}/quarantine")).text
            return marks["reading"] in twin and kept.count(marks["payload"]) >= 2

        await until_async(arrived, "the good message in the twin, and the bad ones in quarantine")


def _not_http(system: System, marks: Marks) -> None:
    for junk in (
        f"{marks['junk']}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{marks['junk']}\r\n\r\n",
        f"GET /{marks['junk']} HTTP/9\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", system.port), timeout=30) as line:
            line.sendall(junk.encode())
            while line.recv(65_536):
                pass


def _command_lines(system: System) -> list[list[str]]:
    processes = [system.running(name) for name in ("broker", "work", "api")]
    parent = psutil.Process(processes[0].ppid())
    return [one.cmdline() for one in (parent, *parent.children(recursive=True))]


def _is_well(system: System) -> bool:
    try:
        return httpx.get(f"{system.url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
