"""The push calls over HTTP: whose they are, what they refuse, and that the page's open stream is known of."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.settings import load_settings
from cloud.subscriptions import Listening
from mobile_menu.live import LiveHub, Signal
from mobile_menu.push_api import SUBSCRIPTIONS
from tests.http_service import client_of
from tests.integration.cloud.world import World
from tests.push_service import Browser

ENDPOINT = "https://push.example.com/send/abc"


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(push_services=("push.example.com",)), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


def body(**given: str) -> dict[str, str]:
    browser = Browser.new()
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    return {"endpoint": ENDPOINT, **keys, "time_zone": "Europe/Berlin", **given}


async def test_a_session_turns_its_own_messages_on_and_off_and_no_other_sessions(
    app: FastAPI, sqlite_world: World
) -> None:
    phone, other = sqlite_world.phone(), sqlite_world.phone()
    async with client_of(app, Authorization=f"Bearer {phone.token}") as own:
        before = (await own.get("/menu/v1/push")).json()
        assert before["on"] is False
        assert len(before["public_key"]) == 87
        assert (await own.put("/menu/v1/push", json=body())).json() == {**before, "on": True}
        async with client_of(app, Authorization=f"Bearer {other.token}") as stranger:
            assert (await stranger.delete("/menu/v1/push")).status_code == 204
        assert (await own.get("/menu/v1/push")).json()["on"] is True
        assert (await own.delete("/menu/v1/push")).status_code == 204
        assert (await own.get("/menu/v1/push")).json()["on"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "https://169.254.169.254/latest/meta-data/"},
        {"endpoint": "https://push.example.com@localhost/"},
        {"time_zone": "Mars/Olympus"},
        {"auth": "A" * 64},
    ],
)
async def test_what_is_no_subscription_is_refused_with_a_code_and_not_quoted(
    app: FastAPI, sqlite_world: World, wrong: dict[str, str]
) -> None:
    phone = sqlite_world.phone()
    async with client_of(app, Authorization=f"Bearer {phone.token}") as own:
        answer = await own.put("/menu/v1/push", json=body(**wrong))
    assert (answer.status_code, answer.json()["code"]) == (422, "push_refused")
    assert next(iter(wrong.values())) not in answer.text


async def test_nobody_without_a_session_and_nobody_too_often(app: FastAPI, sqlite_world: World) -> None:
    async with client_of(app) as nobody:
        for method in ("GET", "PUT", "DELETE"):
            assert (await nobody.request(method, "/menu/v1/push", json=body())).status_code == 401
    phone = sqlite_world.phone()
    async with client_of(app, Authorization=f"Bearer {phone.token}") as own:
        found = [(await own.put("/menu/v1/push", json=body())).status_code for _ in range(SUBSCRIPTIONS.burst + 5)]
    assert (found[0], found[-1]) == (200, 429)


async def test_where_no_push_service_is_known_there_is_no_push(sqlite_world: World) -> None:
    made = make_app(load_settings(push_services=()), sqlite_world.db, sqlite_world.keys)
    phone = sqlite_world.phone()
    async with client_of(made, Authorization=f"Bearer {phone.token}") as own:
        assert (await own.get("/menu/v1/push")).json() == {"public_key": "", "on": False}
        assert (await own.put("/menu/v1/push", json=body())).status_code == 422
    made.state.hub.close()


async def test_the_hub_tells_whose_streams_are_open_and_the_record_hears_of_it(
    app: FastAPI, sqlite_world: World
) -> None:
    phone = sqlite_world.phone()
    async with client_of(app, Authorization=f"Bearer {phone.token}") as own:
        await own.put("/menu/v1/push", json=body())

    async def deliver(_signal: Signal) -> None:
        """Sends nothing."""

    hub: LiveHub = app.state.hub
    listening = Listening(sqlite_world.db, hub.sessions)
    stream = hub.subscribe("j", phone.person_id, phone.caller.session_id, deliver)
    assert hub.sessions() == {phone.caller.session_id}
    await asyncio.to_thread(listening.note, hub.sessions())
    (row,) = sqlite_world.rows("push_subscription")
    assert row.listens_until > sqlite_world.clock()
    hub.unsubscribe(stream)
    assert hub.sessions() == frozenset()
    await asyncio.to_thread(listening.note, hub.sessions())
    (row,) = sqlite_world.rows("push_subscription")
    assert row.listens_until == sqlite_world.clock()
