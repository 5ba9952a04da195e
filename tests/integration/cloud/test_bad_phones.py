"""What phones may do wrong, over the whole application: refused by a code that lasts, with nothing half done; or taken
for what it is, as a language that nobody has. Content that is wrong is in `test_bad_content.py`.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from broker.contract.eid import ephemeral_id, ids_around
from cloud.commerce import partners
from tests.integration.cloud.demo_units import BERLIN, DemoUnit, demo_unit
from tests.integration.cloud.operators import application, client, problem
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.sight import beacon_of
from tests.integration.cloud.world import READY, Device, Phone, World

NOBODYS = "01jd9s00000000000000000000"
STEP_S = 512


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = application(sqlite_world)
    yield made
    made.state.hub.close()


@pytest.fixture
def each_app(world: World) -> Iterator[FastAPI]:
    """The same on each database, for what two do at once."""
    made = application(world)
    yield made
    made.state.hub.close()


@pytest.fixture
def visitor(sqlite_world: World) -> tuple[Phone, str]:
    phone = sqlite_world.phone()
    return phone, sqlite_world.begin(phone).id


@pytest.fixture
async def phone(app: FastAPI, visitor: tuple[Phone, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, visitor[0].token) as found:
        yield found


def everything(world: World) -> dict[str, list[Any]]:
    """All that is kept of anybody, to see that nothing of it moved."""
    tables = ("journey", "journal", "outbox", "command", "command_ask", "proven_act", "support_case", "timer")
    return {name: world.rows(name) for name in tables}


# --- a menu for somebody else's journey ---

BODIES: dict[str, dict[str, Any]] = {
    "/menu/v1/context": {"position": {"latitude": 52.5, "longitude": 13.4, "accuracy_m": 5}},
    "/menu/v1/items/{item_id}": {},
    "/menu/v1/cases": {"text": "help"},
}
"""What goes along with the journey, for each call that posts one."""


def calls_of_a_journey(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of every phone's call that names a journey, as the application describes them."""
    described = app.openapi()
    forms = described["components"]["schemas"]
    found = []
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            named = forms.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
            if path.startswith("/menu/v1/") and (
                "journey" in named or any(one["name"] == "journey" for one in call.get("parameters", ()))
            ):
                found.append((method, path))
    return found


async def asked(caller: httpx.AsyncClient, method: str, path: str, journey: str) -> httpx.Response:
    place = path.replace("{item_id}", "expert")
    if method == "get":
        return await caller.get(place, params={"journey": journey})
    return await caller.request(method, place, json={"journey": journey, **BODIES[path]})


async def test_no_call_of_a_phone_tells_or_changes_anything_of_somebody_elses_journey(
    app: FastAPI, phone: httpx.AsyncClient, sqlite_world: World
) -> None:
    owner, _ = owner_of_a_running_unit(sqlite_world)
    theirs = sqlite_world.journey(owner).id
    calls = calls_of_a_journey(app)
    assert len(calls) >= 8, calls
    before = everything(sqlite_world)
    for method, path in calls:
        answers = [await asked(phone, method, path, journey) for journey in (theirs, NOBODYS, "x", "../" + theirs)]
        if path.endswith("/simulation"):
            assert {one.status_code for one in answers} == {403}, "no demo"
            continue
        for answer in answers:
            problem(answer, 404, "journey_unknown")
        assert len({answer.content.replace(b"../", b"") for answer in answers}) == 1, path
    assert everything(sqlite_world) == before


# --- proofs that are forged, replayed, of the future ---


def heard(*ids: str) -> list[dict[str, Any]]:
    return [{"kind": "eddystone-eid", "id": one, "rssi_dbm": -45, "tx_power_dbm": -18} for one in ids]


async def stands(caller: httpx.AsyncClient, world: World, journey: str, demo: DemoUnit, *ids: str) -> bool:
    """Reports to be at arm's length of the unit, with these ephemeral ids; whether that proves it."""
    (row,) = world.rows("product", id=demo.unit.id)
    name = [{"kind": "eddystone-uid", "id": row.beacon_uid, "rssi_dbm": -45}]
    body = {"journey": journey, "sightings": name + heard(*ids)}
    answer = await caller.post("/menu/v1/context", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["zone"]["zone"] == "here"
    return bool(answer.json()["zone"]["proven"])


def eid(world: World, key: bytes, windows: int) -> str:
    """The id that the beacon sends so many windows from now."""
    return ephemeral_id(key, int(world.clock().timestamp()) + windows * STEP_S).hex()


@pytest.mark.parametrize(
    ("windows", "proves"), [(-200, False), (-2, False), (-1, True), (0, True), (1, True), (2, False), (200, False)]
)
async def test_a_proof_of_the_past_or_the_future_is_none(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str], windows: int, proves: bool
) -> None:
    demo = demo_unit(sqlite_world, BERLIN)
    found = await stands(phone, sqlite_world, visitor[1], demo, eid(sqlite_world, demo.beacon, windows))
    assert found is proves
    answer = await phone.post("/menu/v1/items/print-sample", json={"journey": visitor[1]})
    if not proves:
        problem(answer, 403, "proof_needed")
    assert (answer.status_code == 200) is proves
    assert len(sqlite_world.rows("command")) == int(proves)


async def test_a_forged_proof_is_none(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str]
) -> None:
    world, demo = sqlite_world, demo_unit(sqlite_world, BERLIN)
    true_id = eid(world, demo.beacon, 0)
    another = eid(world, beacon_of(world, world.unit()), 0)
    off_by_a_bit = f"{int(true_id, 16) ^ 1:016x}"
    by_the_name = ephemeral_id(bytes.fromhex(world.rows("product", id=demo.unit.id)[0].beacon_uid), 0).hex()
    for forged in ("0" * 16, another, off_by_a_bit, true_id[:15], true_id + "00", by_the_name):
        assert not await stands(phone, world, visitor[1], demo, forged)
    assert not await stands(phone, world, visitor[1], demo, *(f"{number:016x}" for number in range(60)))
    assert world.rows("proven_act") == []
    assert await stands(phone, world, visitor[1], demo, true_id)


async def test_a_replayed_proof_opens_nothing_twice(
    app: FastAPI, phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str]
) -> None:
    world, demo = sqlite_world, demo_unit(sqlite_world, BERLIN)
    device, kept = Device(world, demo.unit.id, boot=2), eid(world, demo.beacon, 0)
    assert await stands(phone, world, visitor[1], demo, kept)
    chosen = await phone.post("/menu/v1/items/print-sample", json={"journey": visitor[1]})
    world.take(device.result(chosen.json()["command_id"], "done"))
    assert await stands(phone, world, visitor[1], demo, kept)
    problem(await phone.post("/menu/v1/items/print-sample", json={"journey": visitor[1]}), 409, "proof_used")
    world.clock.advance(seconds=3 * STEP_S)
    async with client(app, world.another_phone_of(visitor[0]).token) as later:
        assert not await stands(later, world, visitor[1], demo, kept)
        problem(await later.post("/menu/v1/items/print-sample", json={"journey": visitor[1]}), 403, "proof_needed")
    assert len(world.rows("command")) == 1


@pytest.mark.parametrize("windows", [-200, -2, 2, 200, None])
async def test_a_unit_is_not_claimed_by_a_proof_that_is_none(
    phone: httpx.AsyncClient, sqlite_world: World, windows: int | None
) -> None:
    unit = sqlite_world.unit()
    key = beacon_of(sqlite_world, unit)
    shown = "0123456789abcdef" if windows is None else eid(sqlite_world, key, windows)
    body = {"gtin": unit.gtin, "serial": unit.serial, "ephemeral_id": shown}
    problem(await phone.post("/menu/v1/claims", json=body), 403, "claim_refused")
    assert sqlite_world.rows("product", id=unit.id)[0].owner_person_id is None
    body["ephemeral_id"] = eid(sqlite_world, key, 0)
    assert (await phone.post("/menu/v1/claims", json=body)).status_code == 201


# --- sightings ---


async def test_unknown_beacons_are_of_no_account_however_many(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str]
) -> None:
    demo_unit(sqlite_world, BERLIN)
    strangers = [
        *({"kind": "ibeacon", "id": f"{number:032x}:{number}:1", "rssi_dbm": -40} for number in range(21)),
        *({"kind": "eddystone-uid", "id": f"{number:032x}", "rssi_dbm": -40} for number in range(21)),
        *({"kind": "eddystone-eid", "id": f"{number:016x}", "rssi_dbm": -40} for number in range(21)),
    ]
    answer = await phone.post("/menu/v1/context", json={"journey": visitor[1], "sightings": strangers})
    assert (answer.status_code, answer.json()["zone"]) == (200, {"zone": "away", "shop": None, "proven": False})
    (row,) = sqlite_world.rows("journey")
    assert (row.zone["smoothed_dbm"], row.proven_until) == ({}, None)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", '"-60"x', "null", "-129", "31"])
@pytest.mark.parametrize("field", ["rssi_dbm", "tx_power_dbm", "latitude", "accuracy_m"])
async def test_what_is_no_number_is_refused_and_moves_nothing(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str], field: str, number: str
) -> None:
    sighting: dict[str, Any] = {"kind": "eddystone-uid", "id": "ab" * 16, "rssi_dbm": -60, "tx_power_dbm": -18}
    position: dict[str, Any] = {"latitude": 0, "longitude": 0, "accuracy_m": 1}
    whole = {"journey": visitor[1], "sightings": [sighting], "position": position}
    (sighting if field in sighting else position)[field] = "HERE"
    if (field, number) in {("tx_power_dbm", "null"), ("latitude", "31"), ("accuracy_m", "31")}:
        return  # these are right
    before = everything(sqlite_world)
    sent = json.dumps(whole).replace('"HERE"', number)
    answer = await phone.post("/menu/v1/context", content=sent, headers={"content-type": "application/json"})
    problem(answer, 422, "invalid")
    assert everything(sqlite_world) == before


@pytest.mark.parametrize(("count", "status", "code"), [(64, 200, ""), (65, 422, "invalid"), (10_000, 413, "too_large")])
async def test_sightings_without_number_are_refused_before_they_cost_anything(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str], count: int, status: int, code: str
) -> None:
    demo = demo_unit(sqlite_world, BERLIN)
    before = everything(sqlite_world)
    one = heard(*ids_around(demo.beacon, sqlite_world.clock()))[0]
    answer = await phone.post("/menu/v1/context", json={"journey": visitor[1], "sightings": [one] * count})
    assert answer.status_code == status
    if code:
        problem(answer, status, code)
        assert everything(sqlite_world) == before


# --- positions at the poles and across the date line ---

EDGES = {
    "the north pole": ((90.0, 0.0), (89.9999, -135.0)),
    "the south pole": ((-89.9999, 45.0), (-90.0, 180.0)),
    "the date line, from the west": ((0.0, 179.9999), (0.0, -179.9999)),
    "the date line, from the east": ((-17.0, -180.0), (-17.0, 180.0)),
}


@pytest.mark.parametrize("edge", EDGES)
async def test_a_shop_at_the_edge_of_the_map_has_an_inside_and_an_outside(
    phone: httpx.AsyncClient, sqlite_world: World, visitor: tuple[Phone, str], edge: str
) -> None:
    world, (shop_at, at) = sqlite_world, EDGES[edge]
    place = {"latitude": shop_at[0], "longitude": shop_at[1], "radius_m": 100.0}
    shop = world.run(lambda tx: partners.create_shop(tx, name="Edge", address="", url="https://s.example", **place))

    async def zone_at(latitude: float, longitude: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(3):
            position = {"latitude": latitude, "longitude": longitude, "accuracy_m": 20}
            answer = await phone.post("/menu/v1/context", json={"journey": visitor[1], "position": position})
            assert answer.status_code == 200, answer.text
            found = answer.json()["zone"]
            world.clock.advance(seconds=4)
        return found

    inside = await zone_at(*at)
    assert (inside["zone"], inside["shop"]["id"]) == ("shop", shop.id)
    closer_to_the_middle = at[0] - math.copysign(0.01, at[0])
    assert (await zone_at(closer_to_the_middle, at[1]))["zone"] == "away"
    assert (await zone_at(-at[0] or 1.0, 0.0))["zone"] == "away"


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.0001, 0), (-90.0001, 0), (0, 180.0001), (0, -180.0001), (1e300, 0), (0, 361)]
)
async def test_what_is_no_place_is_refused(
    phone: httpx.AsyncClient, visitor: tuple[Phone, str], latitude: float, longitude: float
) -> None:
    position = {"latitude": latitude, "longitude": longitude, "accuracy_m": 5}
    answer = await phone.post("/menu/v1/context", json={"journey": visitor[1], "position": position})
    problem(answer, 422, "invalid")
    assert "0001" not in answer.text, "what was sent is not said again"


# --- a language that nobody has ---


@pytest.mark.parametrize(
    ("asked_for", "language"),
    [
        ("tlh", "en"),
        ("x-klingon, i-default;q=0.5", "en"),
        ("de-x-nobody", "de"),
        ("zz, ar;q=0.1", "ar"),
        ("*", "en"),
        ("de;q=0", "en"),
        ("de;q=nan", "en"),
        ("de;q=1e999, ar;q=-1", "en"),
        (";;;,,,=;q", "en"),
        ("../../etc/passwd", "en"),
        ("<script>", "en"),
        ("a" * 5_000, "en"),
        ("-" * 119, "en"),
        (",".join(["xx"] * 1_000), "en"),
        ("d\xe9", "en"),
    ],
)
async def test_a_language_that_nobody_has_gets_one_that_there_is(
    app: FastAPI, visitor: tuple[Phone, str], asked_for: str, language: str
) -> None:
    wanted = {b"Accept-Language": asked_for.encode("latin-1")}
    async with client(app, visitor[0].token) as caller:
        for call in (
            caller.get("/menu/v1/menu", params={"journey": visitor[1]}, headers=wanted),
            caller.post("/menu/v1/context", json={"journey": visitor[1]}, headers=wanted),
        ):
            answer = await call
            assert answer.status_code == 200, answer.text
            menu = answer.json().get("menu", answer.json())
            assert menu["language"] == language
            assert asked_for not in answer.text or asked_for == "*"


# --- an item that is no longer in the menu ---


async def test_a_command_for_an_item_that_has_left_the_menu_is_not_sent(app: FastAPI, sqlite_world: World) -> None:
    world = sqlite_world
    owner, device = owner_of_a_running_unit(world)
    world.take(device.status(READY))
    journey = world.journey(owner).id
    async with client(app, owner.token) as caller:
        menu = (await caller.get("/menu/v1/menu", params={"journey": journey})).text
        assert '"clean-head"' in menu
        world.take(device.status({"state": "processing", "reasons": ["none"]}))
        before = everything(world)
        for item in ("clean-head", "no-such-item", "cancel_order", "opt-out\u202e"):
            answer = await caller.post(f"/menu/v1/items/{item}", json={"journey": journey})
            problem(answer, 409, "item_unavailable")
        assert everything(world) == before
        world.take(device.status(READY))
        assert (await caller.post("/menu/v1/items/clean-head", json={"journey": journey})).status_code == 200


# --- two phones at the same time ---


async def test_two_phones_that_choose_at_the_same_time_start_one_command_and_both_are_told(
    each_app: FastAPI, world: World
) -> None:
    owner, device = owner_of_a_running_unit(world)
    world.take(device.status(READY))
    journey, second = world.journey(owner).id, world.another_phone_of(owner)

    async def chooses(token: str) -> httpx.Response:
        async with client(each_app, token) as caller:
            return await caller.post("/menu/v1/items/clean-head", json={"journey": journey})

    answers = await asyncio.gather(*(chooses(one.token) for one in (owner, second) * 3))
    assert [one.status_code for one in answers] == [200] * 6
    outcomes = sorted(one.json()["outcome"] for one in answers)
    assert outcomes == ["command_joined"] * 5 + ["command_queued"]
    (row,) = world.rows("command")
    assert {one.json()["command_id"] for one in answers} == {row.id}
    assert len(world.rows("outbox", command_id=row.id)) == 1


async def test_two_phones_with_one_key_have_one_answer(each_app: FastAPI, world: World) -> None:
    owner, device = owner_of_a_running_unit(world)
    world.take(device.status(READY))
    journey, second = world.journey(owner).id, world.another_phone_of(owner)

    async def chooses(token: str, item: str) -> httpx.Response:
        async with client(each_app, token) as caller:
            headers = {"Idempotency-Key": "same"}
            return await caller.post(f"/menu/v1/items/{item}", json={"journey": journey}, headers=headers)

    first, other = await asyncio.gather(chooses(owner.token, "clean-head"), chooses(second.token, "clean-head"))
    assert (first.status_code, first.content) == (200, other.content)
    problem(await chooses(owner.token, "test-page"), 422, "idempotency_key_reused")
    assert len(world.rows("command")) == 1
