"""A demo's phone says where it is, and the real service believes it; nowhere else is it told anything."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import httpx
import pytest

from cloud.http_app import make_app
from cloud.settings import load_settings
from cloud.simulated_places import SimulatedPlaces
from device_sim.chance import chance as chance_of
from device_sim.radio import Room, mean_rssi_dbm
from mobile_menu.ports import JourneyUnknownError
from mobile_menu.simulation_ports import Simulation, SimulationOffError
from tests.integration.cloud.world import BASE, Phone, World

SPOTS = ["here", "near", "away", "shop"]


def owned(world: World) -> tuple[Phone, str]:
    """A customer with a unit of theirs."""
    phone, unit = world.phone(), world.unit()
    return phone, world.claim(phone, unit).journey_id


def offered(world: World, phone: Phone, journey: str) -> Simulation:
    return SimulatedPlaces(world.db, world.keys, on=True).simulation(phone.caller, journey)


async def client_of(world: World, **settings: Any) -> httpx.AsyncClient:
    app = make_app(load_settings(**settings), world.db, world.keys)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)


@pytest.fixture
async def demo(sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(sqlite_world, simulated_beacons=True) as made:
        yield made


@pytest.fixture
async def deployment(sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(sqlite_world) as made:
        yield made


def as_(phone: Phone) -> dict[str, str]:
    return {"authorization": f"Bearer {phone.token}"}


async def test_outside_of_the_demo_it_is_refused_and_nobody_is_told_that_it_could_be(
    deployment: httpx.AsyncClient, sqlite_world: World
) -> None:
    phone, journey = owned(sqlite_world)
    answer = await deployment.get("/menu/v1/simulation", params={"journey": journey}, headers=as_(phone))
    assert (answer.status_code, answer.json()["code"]) == (403, "simulation_off")
    assert "simulation" not in (await deployment.get("/menu/v1/journeys", headers=as_(phone))).json()
    with pytest.raises(SimulationOffError):
        SimulatedPlaces(sqlite_world.db, sqlite_world.keys, on=False).simulation(phone.caller, journey)


async def test_in_the_demo_the_list_of_journeys_says_so(demo: httpx.AsyncClient, sqlite_world: World) -> None:
    phone, _ = owned(sqlite_world)
    assert (await demo.get("/menu/v1/journeys", headers=as_(phone))).json()["simulation"] is True


def test_the_spots_are_those_that_there_are(world: World) -> None:
    phone = world.phone()
    alone = world.begin(phone).id
    assert [spot.name for spot in offered(world, phone, alone).spots] == ["away"]
    world.shop()
    assert [spot.name for spot in offered(world, phone, alone).spots] == ["away", "shop"]
    owner, journey = owned(world)
    assert sorted(spot.name for spot in offered(world, owner, journey).spots) == sorted(SPOTS)


def test_the_model_is_the_simulators_own(world: World) -> None:
    phone, journey = owned(world)
    found, room = offered(world, phone, journey), Room()
    assert (found.exponent, found.noise_db, found.weakest_dbm) == (room.exponent, room.noise_db, room.weakest_dbm)


def test_somebody_elses_journey_is_as_unknown_as_none(world: World) -> None:
    _, journey = owned(world)
    with pytest.raises(JourneyUnknownError):
        offered(world, world.phone(), journey)


def sightings(found: Simulation, name: str, chance: Random) -> list[dict[str, Any]]:
    """What the page's radio makes of a spot."""
    (spot,) = (one for one in found.spots if one.name == name)
    return [
        {
            "kind": frame.kind,
            "id": frame.id,
            "rssi_dbm": round(
                chance.gauss(mean_rssi_dbm(frame.distance_m, frame.power_at_1m_dbm, found.exponent), found.noise_db)
            ),
            "tx_power_dbm": frame.tx_power_dbm,
        }
        for frame in spot.frames * found.readings
    ]


@pytest.mark.parametrize(("name", "proven"), [("here", True), ("near", True), ("away", False), ("shop", False)])
async def test_the_service_takes_the_phone_to_be_where_it_says_and_takes_the_current_id_for_proof(
    demo: httpx.AsyncClient, sqlite_world: World, name: str, proven: bool
) -> None:
    phone, journey = owned(sqlite_world)
    sqlite_world.shop()
    found, chance = offered(sqlite_world, phone, journey), chance_of("simulated", name)
    zone: dict[str, Any] = {}
    for _ in range(6):
        body = {"journey": journey, "sightings": sightings(found, name, chance)}
        zone = (await demo.post("/menu/v1/context", json=body, headers=as_(phone))).json()["zone"]
        sqlite_world.clock.advance(seconds=2)
    assert (zone["zone"], zone["proven"]) == (name, proven)


def test_the_ephemeral_id_is_that_of_the_moment(sqlite_world: World) -> None:
    phone, journey = owned(sqlite_world)

    def ephemeral() -> str:
        frames = next(spot for spot in offered(sqlite_world, phone, journey).spots if spot.name == "here").frames
        return next(frame.id for frame in frames if frame.kind == "eddystone-eid")

    before = ephemeral()
    sqlite_world.clock.advance(hours=1)
    assert ephemeral() != before
