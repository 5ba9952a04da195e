"""A deployment to be attacked over real HTTP: the whole application on a server in this process, with things and people
in it, and the credentials of every role. Its clock stands still, so that nothing expires while a long run goes on.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from fastapi import FastAPI
from msgspec.structs import replace

from cloud import schema
from cloud.compose import PROJECTORS, REACTORS, prepare
from cloud.db import Database
from cloud.http_app import make_app
from cloud.http_server import Guard, server_config
from cloud.identity.key_limits import KeyGates
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings, load_settings
from device_sim.credentials import Credential
from device_sim.phone import Phone
from device_sim.registration import DEFAULT_GTIN, Registrar
from mobile_menu.limits import Gate, Limit, Limits
from tests.services import ManualClock, not_durable
from tests.system import until

OPERATORS: Final = ("viewer", "operator", "marketer", "agent", "admin")
WIDE: Final = Limit(burst=1_000_000_000, per_minute=1_000_000_000)
"""So that a run cannot lock itself out; that the limits hold is shown elsewhere."""
LINKS: Final = {name: f"https://acme.example/{name}" for name in ("shop", "product", "video", "reorder")}


@dataclass
class Deployment:
    """url: of the server. headers: what each role sends. known: values that name something, by parameter; gone: those
    that did.
    """

    url: str
    keys: Keys
    db: Database
    app: FastAPI
    clock: ManualClock
    http: httpx.Client
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    units: list[Credential] = field(default_factory=list)

    def openapi(self) -> dict[str, Any]:
        """The contract as the server gives it."""
        found: dict[str, Any] = httpx.get(f"{self.url}/openapi.json", timeout=60).raise_for_status().json()
        return found

    def secrets(self) -> dict[str, str]:
        """What no answer may hold, by what it is: everything here that was shown once, to somebody else."""
        tokens = {f"the {role}'s token": said["Authorization"][7:] for role, said in self.headers.items() if said}
        tokens.pop("the garbage's token", None)
        units = {
            f"{what} of unit {at}": value for at, unit in enumerate(self.units) for what, value in _secrets_of(unit)
        }
        own = {"the shop's secret": self.keys.shop_secret, "the carrier's secret": self.keys.carrier_secret}
        return {**tokens, **units, **own, "the broker's password": self.keys.mqtt_password}

    def caller(self, role: str = "") -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers.get(role, {}), timeout=60)


def _secrets_of(unit: Credential) -> Iterator[tuple[str, str]]:
    yield "the claim code", unit.claim_code
    yield "the password", unit.password


def wide_limits() -> Limits:
    """Gates that nobody meets."""
    return Limits(*(Gate(WIDE) for _ in Limits._fields))


@contextmanager
def deployed(folder: Path, database_url: str = "") -> Iterator[Deployment]:
    """One with SQLite in `folder`, or on the database at `database_url`, for as long as the block runs."""
    many = 100_000_000
    settings = load_settings(
        data_dir=folder / "data",
        database_url=database_url or None,
        public_url="http://id.example",
        address_calls_per_minute=many,
        session_calls_per_minute=many,
    )
    clock = ManualClock(datetime.now(UTC).replace(microsecond=0))
    key = prepare(settings).operator_key
    assert key, "the first start shows a key"
    keys = load_keys(settings.keys_dir)
    db = Database(settings.database, clock, projectors=PROJECTORS, reactors=REACTORS)
    not_durable(db)
    schema.upgrade(db)
    app = make_app(settings, db, keys, limits=wide_limits())
    open_wide(app)
    try:
        with served(app, settings) as url, httpx.Client(base_url=url, timeout=60) as http:
            found = Deployment(url, keys, db, app, clock, http)
            asyncio.run(_peopled(found, key))
            yield found
    finally:
        db.dispose()


def open_wide(app: FastAPI) -> None:
    """The gates that are no settings."""
    app.state.enrol_gate = Gate(WIDE)
    gates = KeyGates(*(Gate(WIDE) for _ in KeyGates._fields))
    app.state.context = replace(app.state.context, key_gates=gates)


@contextmanager
def served(app: FastAPI, settings: Settings, guard: Guard | None = None) -> Iterator[str]:
    """The application on a free port of this machine, as `cloud.compose` serves it; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app, settings, guard))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="hostile-server")
    thread.start()
    try:
        until(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        app.state.hub.close()
        thread.join(30)
        listener.close()


async def _peopled(to: Deployment, key: str) -> None:
    """A model, units, a shop, a campaign, an order's parcel, an owner with an open case, a guest, a command."""
    to.headers["admin"] = bearer(key)
    async with httpx.AsyncClient(base_url=to.url, headers=bearer(key), timeout=60) as admin:
        for role in OPERATORS[:-1]:
            made = await said(admin, "POST", "/api/v1/keys", {"name": f"the {role}", "role": role})
            to.headers[role] = bearer(made["key"] if "key" in made else made["token"])
        spare = await said(admin, "POST", "/api/v1/keys", {"name": "to be revoked", "role": "viewer"})
        await said(
            admin,
            "POST",
            "/api/v1/models",
            {"gtin": DEFAULT_GTIN, "name": "P 100", "brand": "Acme", "profile": "printer", "links": LINKS},
        )
        async with Registrar(to.url, key) as registrar:
            units = [await registrar.register(DEFAULT_GTIN, f"HOSTILE-{number}") for number in range(3)]
        place = {"name": "Corner", "address": "1 Main", "latitude": 37.4, "longitude": -122.1}
        shop = await said(admin, "POST", "/api/v1/stores", place)
        campaign = await said(
            admin, "POST", "/api/v1/campaigns", {"name": "Spring", "gtin": DEFAULT_GTIN, "channel": "social"}
        )
        ended = await said(admin, "POST", "/api/v1/campaigns", {"name": "Over", "gtin": DEFAULT_GTIN, "channel": "web"})
        await said(admin, "DELETE", f"/api/v1/campaigns/{ended['id']}")
        command = await said(admin, "POST", f"/api/v1/products/{units[0].id}/commands", {"name": "ping"})
        journeys, case, named = await _people(to, units, str(campaign["id"]))
        to.gone = await _who_left(to, units[1]) | {"campaign_id": [str(ended["id"])]}
    to.units = units
    to.headers["device"] = bearer(units[0].password)
    to.headers["nobody"] = {}
    to.headers["garbage"] = bearer("tlk_" + "A" * 43)
    to.headers["broker"] = bearer(to.keys.hook_token)
    to.known = {
        **named,
        "product_id": [one.id for one in units],
        "journey_id": journeys,
        "journey": journeys,
        "case_id": [case],
        "campaign_id": [str(campaign["id"])],
        "command_id": [str(command["id"])],
        "key_id": [str(spare["id"])],
        "shop_id": [str(shop["id"])],
        "gtin": [DEFAULT_GTIN, DEFAULT_GTIN.lstrip("0")],
        "serial": [one.serial for one in units],
        "carrier": ["easypost"],
        "item_id": ["expert", "test-page", "share"],
        "code": [units[2].claim_code],
    }


async def _people(
    to: Deployment, units: list[Credential], campaign: str
) -> tuple[list[str], str, dict[str, list[str]]]:
    """Their journeys, the owner's case, and the ids of who and what is around the unit.

    The owner is the role `phone`, a visitor of the same unit `guest`; `household` and `invited` were let in.
    """
    async with Phone(to.url) as owner, Phone(to.url) as guest:
        await owner.click_campaign(campaign)
        await owner.start()
        mine = await owner.claim(units[0].claim_code, gtin=units[0].gtin, serial=units[0].serial)
        case = await owner.open_case(str(mine["journey_id"]), "It jams.")
        await guest.scan(units[0].gtin, units[0].serial)
        await guest.start()
        theirs = await guest.journey()
        to.headers["phone"], to.headers["guest"] = bearer(owner.token), bearer(guest.token)
        named = await _let_in(to, units[0].id)
    return [str(mine["journey_id"]), str(theirs["id"])], str(case["id"]), named


async def _let_in(to: Deployment, unit: str) -> dict[str, list[str]]:
    """Two who take the owner's invitations; a third that nobody takes, and a transfer that waits. Their ids."""
    at = f"/menu/v1/products/{unit}"
    async with httpx.AsyncClient(base_url=to.url, headers=to.headers["phone"], timeout=60) as owner:
        for role, given in (("household", "household"), ("invited", "guest")):
            link = await said(owner, "POST", f"{at}/invitations", {"role": given})
            async with Phone(to.url) as friend:
                await friend.start()
                to.headers[role] = bearer(friend.token)
            code = str(link["url"]).rpartition("=")[2]
            async with httpx.AsyncClient(base_url=to.url, headers=to.headers[role], timeout=60) as taker:
                await said(taker, "POST", "/menu/v1/invitations/accept", {"code": code})
        await said(owner, "POST", f"{at}/invitations", {"role": "guest"})
        await said(owner, "POST", f"{at}/transfer")
        sessions = await said(owner, "GET", "/menu/v1/sessions")
        people = await said(owner, "GET", f"{at}/people")
    return {
        "session_id": [str(one["id"]) for one in sessions["items"]],
        "member_id": [str(one["id"]) for one in people["people"] if one["id"]],
        "invitation_id": [str(one["id"]) for one in people["invitations"]],
        "transfer_id": [str(people["transfer"]["id"])],
    }


async def _who_left(to: Deployment, unit: Credential) -> dict[str, list[str]]:
    """What somebody had who has opted out. And a stranger, who has nothing to do with anybody here."""
    async with Phone(to.url) as leaver, Phone(to.url) as stranger:
        await leaver.start()
        journey = str((await leaver.claim(unit.claim_code, gtin=unit.gtin, serial=unit.serial))["journey_id"])
        case = str((await leaver.open_case(journey, "I leave."))["id"])
        await leaver.opt_out()
        await stranger.start()
        to.headers["stranger"] = bearer(stranger.token)
    return {"journey": [journey], "journey_id": [journey], "case_id": [case]}


async def said(
    client: httpx.AsyncClient, method: str, path: str, body: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """The answer's body; fails when it is an error."""
    answer = await client.request(method, path, json=body)
    assert answer.is_success, f"{method} {path}: {answer.text}"
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
