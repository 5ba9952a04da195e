"""What operators and experts see of a journey that two became: what happened in both, under the id of either."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI

from cloud.care import service as care
from tests.integration.cloud.joined import again, prove
from tests.integration.cloud.operators import application, client, issue
from tests.integration.cloud.world import Phone, World


class Joined(NamedTuple):
    """id: of the journey that goes on; old: of the one that was joined to it."""

    phone: Phone
    id: str
    old: str


@pytest.fixture
def joined(world: World) -> Joined:
    """Of two phones, each with an order of its own; and there is a third, of whom nothing may show."""
    phones = [world.phone() for _ in range(3)]
    begun = [world.begin(phone).id for phone in phones]
    for number, journey_id in enumerate(begun):
        world.order(f"order-{number}", journey=journey_id)
        world.clock.advance(minutes=1)
    for phone in phones[:2]:
        prove(world, phone)
    phone = again(world, phones[1])
    (one,) = world.menus.journeys(phone.caller)
    (old,) = {*begun[:2]} - {one.id}
    return Joined(phone, one.id, old)


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = application(world)
    yield made
    made.state.hub.close()


@pytest.fixture
async def operator(app: FastAPI, world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, issue(world).token) as found:
        yield found


async def timeline(operator: httpx.AsyncClient, journey_id: str, limit: int) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = await operator.get(f"/api/v1/journeys/{journey_id}/timeline", params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (cursor := answer.json()["next"]) is None:
            return found
        params["cursor"] = cursor


def written(world: World, *journey_ids: str) -> list[str]:
    """The types of all that the journal names by these ids, newest first."""
    rows = sorted(world.rows("journal"), key=lambda row: row.seq, reverse=True)
    return [row.type for row in rows if row.journey_id in journey_ids]


async def test_the_timeline_of_a_joined_journey_holds_what_happened_in_both_under_either_id(
    operator: httpx.AsyncClient, world: World, joined: Joined
) -> None:
    expected = written(world, joined.id, joined.old)
    assert expected.count("order.changed") == 2
    assert written(world, joined.old), "the journal still names it so"
    for journey_id in (joined.id, joined.old):
        for limit in (50, 1):
            assert [one["type"] for one in await timeline(operator, journey_id, limit)] == expected


async def test_the_timeline_of_a_journey_that_nobody_knows_is_not_found(operator: httpx.AsyncClient) -> None:
    assert (await operator.get("/api/v1/journeys/01jd0000000000000000000000/timeline")).status_code == 404


def test_the_expert_sees_what_happened_in_both(world: World, joined: Joined) -> None:
    world.menus.open_case(joined.phone.caller, joined.id, "help", b"{}", None)
    (row,) = world.rows("support_case")
    seen = world.read(lambda tx: care.snapshot(tx, world.keys, care.read(tx, row.id)))
    assert [event["type"] for event in seen["timeline"]].count("order.changed") == 2
