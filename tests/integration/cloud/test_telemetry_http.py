"""Telemetry over HTTP: pages of messages and of series, by their time, and how long a model keeps them."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from broker.contract.topics import Up
from cloud.identity.permissions import OperatorRole
from cloud.twin import series
from tests.integration.cloud.operators import application, client, issue, log, problem
from tests.integration.cloud.world import GTIN, Device, World


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = application(world)
    yield made
    made.state.hub.close()


@pytest.fixture
async def operator(app: FastAPI, world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, issue(world).token) as found:
        yield found


@pytest.fixture
def device(world: World) -> Device:
    """Three hours of readings until now, one a minute: temp counts up from 0, and power down from 500."""
    device = Device(world, world.unit().id)
    start = world.clock() - timedelta(minutes=180)
    for first in range(0, 180, 60):
        world.take(*(reading(device, start, number) for number in range(first, first + 60)))
    while world.run(series.roll):
        pass
    return device


def reading(device: Device, start: datetime, number: int) -> tuple[str, bytes]:
    found = [{"name": "temp", "value": number, "unit": "Cel"}, {"name": "power", "value": 500 - number, "unit": "W"}]
    return device.say(Up.TELEMETRY, at=start + timedelta(minutes=number), measurements=found)


def path(device: Device) -> str:
    return f"/api/v1/products/{device.product_id}/telemetry"


async def pages(operator: httpx.AsyncClient, device: Device, **params: Any) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    found, cursor = [], None
    while True:
        answer = await operator.get(path(device), params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        cursor = found[-1]["next"]
        if cursor is None:
            return found


async def test_a_day_of_messages_comes_by_page_each_once_and_in_order(
    operator: httpx.AsyncClient, device: Device
) -> None:
    found = await pages(operator, device, limit=50)
    assert [len(page["items"]) for page in found] == [50, 50, 50, 30]
    assert [one["seq"] for page in found for one in page["items"]] == list(range(1, 181))


async def test_messages_of_one_time_are_all_on_some_page(
    operator: httpx.AsyncClient, world: World, device: Device
) -> None:
    at = world.clock()
    world.take(*(device.say(Up.TELEMETRY, at=at, measurements=[{"name": "x", "value": 1}]) for _ in range(7)))
    found = await pages(operator, device, **{"from": at.isoformat()}, limit=2)
    assert [one["seq"] for page in found for one in page["items"]] == list(range(181, 188))


async def test_hours_tell_count_least_most_mean_and_last_of_each_field(
    operator: httpx.AsyncClient, world: World, device: Device
) -> None:
    answer = (await operator.get(path(device), params={"every": "hour"})).json()
    assert (answer["every"], answer["next"]) == ("hour", None)
    assert answer["complete_to"] == world.clock().isoformat().replace("+00:00", "Z")
    # The readings begin at half past six.
    assert [one["start"][11:16] for one in answer["items"]] == ["06:00", "07:00", "08:00", "09:00"]
    first = {one["name"]: one for one in answer["items"][0]["fields"]}
    assert first["temp"] == {
        "name": "temp",
        "unit": "Cel",
        "count": 30,
        "min": 0,
        "max": 29,
        "mean": 14.5,
        "last": 29,
        "last_at": "2026-11-22T06:59:00Z",
    }
    assert (first["power"]["min"], first["power"]["last"]) == (471, 471)


async def test_series_come_by_page_each_bucket_once_and_in_order(operator: httpx.AsyncClient, device: Device) -> None:
    for every, count, limit in (("minute", 180, 50), ("hour", 4, 3), ("day", 1, 3)):
        found = await pages(operator, device, every=every, limit=limit)
        starts = [one["start"] for page in found for one in page["items"]]
        assert (len(starts), starts) == (count, sorted(set(starts)))
        assert sum(one["fields"][0]["count"] for page in found for one in page["items"]) == 180


async def test_a_span_and_fields_choose_what_is_told(operator: httpx.AsyncClient, device: Device) -> None:
    span = {"from": "2026-11-22T07:00:00Z", "to": "2026-11-22T07:10:00Z", "fields": "power,none"}
    series_of = (await operator.get(path(device), params={**span, "every": "minute"})).json()["items"]
    messages = (await operator.get(path(device), params=span)).json()["items"]
    assert [[one["name"] for one in item["fields"]] for item in series_of] == [["power"]] * 10
    assert [[one["name"] for one in item["measurements"]] for item in messages] == [["power"]] * 10
    nothing = (await operator.get(path(device), params={**span, "fields": "none", "every": "day"})).json()
    assert nothing["items"] == []


async def test_a_message_that_cannot_be_of_its_time_is_told_at_its_receipt_with_what_it_said(
    operator: httpx.AsyncClient, world: World, device: Device
) -> None:
    world.clock.advance(hours=48)
    wrong = world.clock() - timedelta(days=365)
    world.take(device.say(Up.TELEMETRY, at=wrong, measurements=[{"name": "t", "value": 1}]))
    (item,) = (await operator.get(path(device))).json()["items"]
    assert item["at"] == "2025-11-24T09:30:00Z"
    assert item["time"] == item["received_at"] == "2026-11-24T09:30:00Z"


async def test_what_waits_for_the_series_is_said_by_the_time_they_are_complete_to(
    operator: httpx.AsyncClient, world: World, device: Device
) -> None:
    waiting = world.clock()
    world.take(device.telemetry())
    world.clock.advance(minutes=3)
    answer = (await operator.get(path(device), params={"every": "day"})).json()
    assert datetime.fromisoformat(answer["complete_to"]) == waiting


WRONG = [
    ("every", "second"),
    ("every", ""),
    ("fields", ""),
    ("fields", "Temp"),
    ("fields", "a,,b"),
    ("fields", ",".join(["a"] * 33)),
    ("limit", "0"),
    ("limit", "5001"),
    ("cursor", "x"),
    ("cursor", "1.2"),
    ("cursor", "1.2.-3"),
    ("cursor", "9" * 19),
    ("cursor", "999999999999999999.1.1"),
    ("cursor", "٣.1.1"),
]


async def test_what_is_asked_for_wrongly_is_refused(operator: httpx.AsyncClient, world: World) -> None:
    asked = path(Device(world, world.unit().id))
    for name, value in WRONG:
        problem(await operator.get(asked, params={name: value}), 422, "invalid")
        if name == "cursor":
            problem(await operator.get(asked, params={name: value + "x", "every": "day"}), 422, "invalid")


async def test_a_unit_that_nobody_knows_has_no_series(operator: httpx.AsyncClient) -> None:
    answer = await operator.get("/api/v1/products/01jd9s00000000000000000000/telemetry", params={"every": "day"})
    problem(answer, 404, "not_found")


async def test_a_key_without_the_scope_sees_no_series(app: FastAPI, world: World, device: Device) -> None:
    async with client(app, issue(world, scopes=["models.read"]).token) as other:
        problem(await other.get(path(device), params={"every": "day"}), 403, "forbidden")
    async with client(app) as nobody:
        problem(await nobody.get(path(device), params={"every": "day"}), 401, "unauthenticated")


# --- how long a model keeps it ---


async def test_how_long_a_model_keeps_telemetry_is_set_when_it_is_made_and_changed_later(
    operator: httpx.AsyncClient, world: World
) -> None:
    body = {"gtin": "09506000134369", "name": "P2", "brand": "Acme", "telemetry_days": 30}
    made = await operator.post("/api/v1/models", json=body)
    assert (made.status_code, made.json()["telemetry_days"]) == (201, 30)
    for days in (7, 0, None):
        changed = await operator.patch("/api/v1/models/9506000134369", json={"telemetry_days": days})
        assert (changed.status_code, changed.json()["telemetry_days"]) == (200, days), changed.text
        found = (await operator.get("/api/v1/models/09506000134369")).json()
        assert (found["telemetry_days"], found["name"]) == (days, "P2")
    entries = log(world, "action", "subject_kind", "subject_id", route="PATCH /api/v1/models/{gtin}")
    assert entries == [("models.write", "model", "9506000134369")] * 3


async def test_a_time_that_is_none_changes_nothing(operator: httpx.AsyncClient, world: World) -> None:
    for body in ({}, {"telemetry_days": -1}, {"telemetry_days": 36_501}, {"telemetry_days": "long"}):
        problem(await operator.patch(f"/api/v1/models/{GTIN}", json=body), 422, "invalid")
    assert [row.telemetry_days for row in world.rows("model")] == [None]


async def test_a_model_that_nobody_knows_is_not_changed(operator: httpx.AsyncClient) -> None:
    problem(await operator.patch("/api/v1/models/09506000134369", json={"telemetry_days": 1}), 404, "not_found")


async def test_who_may_only_look_sets_nothing(app: FastAPI, world: World) -> None:
    async with client(app, issue(world, OperatorRole.VIEWER).token) as viewer:
        problem(await viewer.patch(f"/api/v1/models/{GTIN}", json={"telemetry_days": 1}), 403, "forbidden")
