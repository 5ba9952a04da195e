"""Whatever addresses clients bring along, none is called: not this machine, not a hoster's metadata service."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.settings import load_settings
from tests.http_service import client_of
from tests.integration.cloud.world import World

INSIDE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/",
    "https://localhost/admin",
    "https://[::1]/",
    "file:///etc/passwd",
    "gopher://internal:70/",
)


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(allowed_targets=("localhost",)), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name that is looked up and every address that is called."""
    noted: list[str] = []

    def note(*given: Any, **_named: Any) -> None:
        noted.append(repr(given[-1] if isinstance(given[-1], tuple) else given[:2]))
        raise OSError

    for attribute in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, attribute, note)
    monkeypatch.setattr(socket, "getaddrinfo", note)
    return noted


async def test_addresses_in_whatever_field_and_header_are_called_by_nobody(
    app: FastAPI, sqlite_world: World, calls: list[str]
) -> None:
    key = sqlite_world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.ADMIN)).token
    phone, unit = sqlite_world.phone(), sqlite_world.unit()
    journey = sqlite_world.begin(phone).id
    for address in INSIDE:
        headers = {"Referer": address, "Origin": address, "X-Forwarded-For": address, "X-Forwarded-Host": address}
        async with client_of(app, **headers, Authorization=f"Bearer {key}") as operator:
            model = {
                "gtin": "09506000134369",
                "name": "P",
                "brand": "A",
                "profile": "printer",
                "links": {"shop": address},
            }
            await operator.post("/api/v1/models", json=model)
            campaign = {"name": "c", "gtin": unit.gtin, "target": address}
            made = await operator.post("/api/v1/campaigns", json=campaign)
            shop = {"name": "S", "address": address, "url": address, "latitude": 1, "longitude": 1, "radius_m": 100}
            await operator.post("/api/v1/stores", json=shop)
        async with client_of(app, **headers) as anybody:
            await anybody.get(f"/01/{unit.gtin}/21/{unit.serial}", params={"linkType": address, "url": address})
            if made.status_code == 201:
                await anybody.get(f"/c/{made.json()['id']}")
            await anybody.post("/hooks/shop", json={"callback": address})
        async with client_of(app, **headers, Authorization=f"Bearer {phone.token}") as own:
            await own.post("/menu/v1/claims", json={"uri": address, "code": "AAAAA-AAAAA"})
            await own.post("/menu/v1/cases", json={"journey": journey, "text": address})
    assert calls == []
    with pytest.raises(OSError):  # noqa: PT011 - the trap itself, which carries no words
        socket.create_connection(("127.0.0.1", 1))
    assert calls, "the trap works"
