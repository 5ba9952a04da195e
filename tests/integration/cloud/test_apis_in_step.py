"""Two API processes over one record: what is done in one is on the other's phones, by a word through the broker."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
import pytest

from broker.contract.messages import Changed
from broker.contract.topics import MANY, changed_topic
from cloud import http_app
from cloud.announcing import Listeners
from cloud.db import Database
from cloud.mqtt import Address, Bus
from cloud.settings import load_settings
from tests.http_service import Served, serving
from tests.integration.broker.harness import PASSWORDS, SERVICE, embedded_wire, until
from tests.integration.cloud.world import Phone, World
from tests.integration.mobile_menu.events import live

NEVER_S = 3_600.0


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Processes that have heard a word of others."""
    found: set[int] = set()

    class Noting(Listeners):
        def heard(self, topic: str, payload: bytes) -> None:
            found.add(id(self))
            super().heard(topic, payload)

    monkeypatch.setattr(http_app, "Listeners", Noting)
    return found


@pytest.fixture
def apis(sqlite_world: World, tmp_path: Path, heard: set[int]) -> Iterator[list[Served]]:
    """Both hear the broker, and no heartbeat comes to heal what was not heard."""
    known = sqlite_world.db
    with embedded_wire(tmp_path) as wire, ExitStack() as stack:
        settings = load_settings(mqtt_port=wire.service_port, mqtt_username=SERVICE)
        keys = dataclasses.replace(sqlite_world.keys, mqtt_password=PASSWORDS[SERVICE])
        found = []
        for _ in range(2):
            url = known.engine.url.render_as_string(hide_password=False)
            db = Database(url, known.clock, projectors=known.projectors, reactors=known.reactors)
            stack.callback(db.dispose)
            app = http_app.make_app(settings, db, keys)
            app.state.hub._heartbeat_s = NEVER_S  # noqa: SLF001 - no setting: nobody but a test wants none
            found.append(stack.enter_context(serving(app)))
        bus = Bus(Address("127.0.0.1", wire.service_port, SERVICE, PASSWORDS[SERVICE]), f"{SERVICE}-bus")
        bus.start()
        stack.callback(bus.close)
        until(lambda: said_to(bus) and len(heard) == len(found), "both hear the broker", 60)
        yield found


def said_to(bus: Bus) -> bool:
    """A word about nothing, to all who listen by now."""
    if bus.connected.is_set():
        bus.say(changed_topic(MANY), msgspec.json.encode(Changed()))
    return bus.connected.is_set()


def client_of(api: Served, phone: Phone) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=api.url, headers={"authorization": f"Bearer {phone.token}"}, timeout=30)


async def test_what_is_done_in_one_process_is_on_the_phones_of_the_other(
    apis: list[Served], sqlite_world: World
) -> None:
    unit, phone = sqlite_world.unit(), sqlite_world.phone()
    tablet = sqlite_world.another_phone_of(phone)
    sqlite_world.claim(phone, unit)
    journey = sqlite_world.journey(phone).id
    here, there = apis
    async with client_of(here, phone) as one, client_of(there, tablet) as other, live(other, journey) as events:
        first = await events.next()
        asked = await one.post("/menu/v1/cases", json={"journey": journey, "text": "It jams"})
        assert asked.status_code == 201, asked.text
        second = await events.next()
    assert (first.name, second.name) == ("menu", "menu")
    assert second.id != first.id
    assert second.data == (await menu_at(here, phone, journey))


async def test_leaving_in_one_process_ends_the_streams_of_the_other(apis: list[Served], sqlite_world: World) -> None:
    phone = sqlite_world.phone()
    tablet = sqlite_world.another_phone_of(phone)
    journey = sqlite_world.begin(phone).id
    here, there = apis
    async with client_of(here, phone) as one, client_of(there, tablet) as other, live(other, journey) as events:
        await events.next()
        assert (await one.post("/menu/v1/opt-out")).status_code == 200
        assert (await events.next()).name == "gone"
        assert await events.ended()


async def menu_at(api: Served, phone: Phone, journey: str) -> object:
    async with client_of(api, phone) as client:
        return (await client.get("/menu/v1/menu", params={"journey": journey})).json()
