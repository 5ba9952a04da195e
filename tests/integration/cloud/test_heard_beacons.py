"""The simulator's beacons, heard by its phones with the noise of a room, at the real phone interface: each kind of
frame leads to the right zone, and the changing id alone proves it.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cloud.http_app import make_app
from cloud.settings import load_settings
from device_sim.beacon import Beacon
from device_sim.phone import Phone
from device_sim.radio import ALL_KINDS, Room
from tests.integration.cloud.sight import beacon_of
from tests.integration.cloud.world import BASE, World

EDDYSTONE = frozenset({"eddystone-uid", "eddystone-eid"})
IBEACON = frozenset({"ibeacon"})
SYSTEMS = {"everything": ALL_KINDS, "eddystone alone": EDDYSTONE, "ibeacon alone": IBEACON}


class Heard:
    """A customer's phone with their printer, over the real application."""

    def __init__(self, world: World, phone: Phone, journey: str, beacon: Beacon) -> None:
        self.world = world
        self.phone = phone
        self.journey = journey
        self.beacon = beacon

    async def stays(self, distance_m: float, kinds: frozenset[str], reports: int = 10) -> dict[str, Any]:
        """Stands at that distance for a while, a report every two seconds. The place that the service sees at last."""
        answer: dict[str, Any] = {}
        for _ in range(reports):
            answer = await self.phone.stand(self.journey, self.beacon, distance_m, kinds=kinds)
            self.world.clock.advance(seconds=2)
        return dict(answer["zone"])


@pytest.fixture
async def heard(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    world, unit = sqlite_world, sqlite_world.unit()
    owner = world.phone()
    journey = world.claim(owner, unit).journey_id
    (row,) = world.rows("product")
    beacon = Beacon(uid=row.beacon_uid, identity_key=beacon_of(world, unit))
    # The beacon's clock is the world's, as the service's is.
    monkeypatch.setattr("device_sim.phone.utc_now", world.clock)
    app = make_app(load_settings(), world.db, world.keys)
    async with Phone(BASE, seed=7, transport=httpx.ASGITransport(app=app)) as phone:
        phone.token = owner.token
        phone._http.client.headers["Authorization"] = f"Bearer {owner.token}"  # noqa: SLF001 - it has claimed already
        yield Heard(world, phone, journey, beacon)
    app.state.hub.close()


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("distance_m", "zone"), [(0.4, "here"), (3.0, "near"), (20.0, "away")])
async def test_each_kind_of_frame_leads_to_the_zone_where_the_phone_is(
    heard: Heard, system: str, distance_m: float, zone: str
) -> None:
    place = await heard.stays(distance_m, SYSTEMS[system])
    assert place["zone"] == zone


async def test_walking_up_to_it_and_away_again_is_seen_by_ibeacon_alone(heard: Heard) -> None:
    zones = [(await heard.stays(metres, IBEACON))["zone"] for metres in (20.0, 3.0, 0.4, 3.0, 20.0)]
    assert zones == ["away", "near", "here", "near", "away"]


@pytest.mark.parametrize(
    ("system", "proven"), [("everything", True), ("eddystone alone", True), ("ibeacon alone", False)]
)
async def test_only_the_changing_id_proves_anything(heard: Heard, system: str, proven: bool) -> None:
    place = await heard.stays(0.4, SYSTEMS[system])
    assert (place["zone"], place["proven"]) == ("here", proven)


async def test_a_noisy_room_changes_nothing(heard: Heard) -> None:
    answer: dict[str, Any] = {}
    for _ in range(15):
        answer = await heard.phone.stand(
            heard.journey, heard.beacon, 0.3, room=Room(exponent=2.4, noise_db=6.0), kinds=IBEACON
        )
        heard.world.clock.advance(seconds=2)
    assert answer["zone"]["zone"] == "here"


async def test_somebody_elses_ibeacon_is_not_ours(heard: Heard) -> None:
    other = Beacon(uid=heard.beacon.uid[:-2] + f"{int(heard.beacon.uid[-2:], 16) ^ 1:02x}", identity_key=bytes(16))
    answer: dict[str, Any] = {}
    for _ in range(3):
        answer = await heard.phone.stand(heard.journey, other, 0.4)
        heard.world.clock.advance(seconds=2)
    assert (answer["zone"]["zone"], answer["zone"]["proven"]) == ("away", False)
