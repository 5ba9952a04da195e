"""Proofs of place at demo units: of one unit each, and not in two cities at once; and what is kept of them."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.ownership import proofs
from cloud.settings import load_settings
from device_sim.beacon import Beacon
from device_sim.chance import chance
from device_sim.radio import sight
from mobile_menu.ports import ProofNeededError
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.demo_units import BERLIN, MUNICH, POTSDAM, DemoUnit, demo_unit, is_proven, stand_at
from tests.integration.cloud.sight import beacon_of
from tests.integration.cloud.world import BASE, Phone, World, at_once

QUICK = timedelta(minutes=5)


def visitor(world: World) -> tuple[Phone, str]:
    phone = world.phone()
    return phone, world.begin(phone).id


def test_who_proves_to_be_in_two_cities_within_minutes_is_not_believed_the_second_time(world: World) -> None:
    berlin, munich = demo_unit(world, BERLIN), demo_unit(world, MUNICH)
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    assert is_proven(world, phone, journey)
    world.clock.now += QUICK
    for _ in range(2):
        stand_at(world, phone, journey, munich)
        assert not is_proven(world, phone, journey)
    with pytest.raises(ProofNeededError):
        Chooser(world, phone).choose("print-sample")
    (noted,) = world.rows("journal", type="proof.doubted")
    assert (noted.journey_id, noted.person_id, noted.source) == (journey, phone.person_id, "cloud")
    assert noted.data == {"product_id": munich.unit.id, "other_id": berlin.unit.id, "passed_s": 300}
    stand_at(world, phone, journey, berlin)
    assert is_proven(world, phone, journey), "where they were before, they may still be"


def test_who_had_the_time_to_go_there_is_believed(world: World) -> None:
    berlin, munich = demo_unit(world, BERLIN), demo_unit(world, MUNICH)
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    world.clock.now += timedelta(hours=1, minutes=25)
    stand_at(world, phone, journey, munich)
    assert not is_proven(world, phone, journey)
    world.clock.now += timedelta(minutes=5)
    stand_at(world, phone, journey, munich)
    assert is_proven(world, phone, journey)
    assert Chooser(world, phone).choose("print-sample").outcome == "command_queued"


def test_the_shop_next_door_may_be_next_and_so_may_anybody_elsewhere(world: World) -> None:
    berlin, potsdam, munich = (demo_unit(world, at) for at in (BERLIN, POTSDAM, MUNICH))
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    world.clock.now += QUICK
    stand_at(world, phone, journey, potsdam)
    assert is_proven(world, phone, journey)
    other, others = visitor(world)
    stand_at(world, other, others, munich)
    assert is_proven(world, other, others)
    assert world.rows("journal", type="proof.doubted") == []


def test_a_person_with_two_phones_is_in_one_city_whichever_reports_first(world: World) -> None:
    berlin, munich = demo_unit(world, BERLIN), demo_unit(world, MUNICH)
    phone, journey = visitor(world)
    second = world.another_phone_of(phone)
    reports = [
        lambda: stand_at(world, phone, journey, berlin),
        lambda: stand_at(world, second, journey, munich),
    ]
    assert at_once(reports) == [None, None]
    assert len(world.rows("proven_act")) == len(world.rows("journal", type="proof.doubted")) == 1


def test_a_proof_at_one_demo_unit_is_none_at_another(world: World) -> None:
    berlin, next_door = demo_unit(world, BERLIN), demo_unit(world, BERLIN)
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    assert is_proven(world, phone, journey)
    # The other's lasting id is known to whoever was there once; it proves nothing.
    stand_at(world, phone, journey, next_door, hears=False)
    assert not is_proven(world, phone, journey)
    with pytest.raises(ProofNeededError):
        Chooser(world, phone).choose("print-sample")


def test_where_a_unit_stands_at_home_is_not_known_and_its_proofs_are_kept_nowhere(world: World) -> None:
    munich, at_home = demo_unit(world, MUNICH), world.unit()
    phone, journey = visitor(world)
    stand_at(world, phone, journey, munich)
    world.claim(phone, at_home)
    home = DemoUnit(at_home, beacon_of(world, at_home), "")
    stand_at(world, phone, world.journey(phone).id, home)
    assert is_proven(world, phone, world.journey(phone).id)
    assert [row.product_id for row in world.rows("proven_act")] == [munich.unit.id]


def test_what_is_kept_of_a_proof_names_the_unit_goes_with_its_person_and_after_a_day(world: World) -> None:
    berlin = demo_unit(world, BERLIN)
    phone, journey = visitor(world)
    for _ in range(3):
        stand_at(world, phone, journey, berlin)
    (row,) = world.rows("proven_act")
    assert (row.product_id, row.person_id, row.action) == (berlin.unit.id, phone.person_id, proofs.STOOD)
    assert [one["product_id"] for one in world.menus.export(phone.caller)["proofs_of_place"]] == [berlin.unit.id]
    world.menus.opt_out(phone.token)
    assert world.rows("proven_act") == []
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    world.clock.now += timedelta(days=1, seconds=1)
    world.run(proofs.forget_old)
    assert world.rows("proven_act") == []


def test_standing_there_is_no_printing_and_takes_nobodys_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "UNIT_PER_HOUR", 1)
    berlin = demo_unit(world, BERLIN)
    for _ in range(3):
        stand_at(world, *visitor(world), berlin)
    phone, journey = visitor(world)
    stand_at(world, phone, journey, berlin)
    assert Chooser(world, phone).choose("print-sample").outcome == "command_queued"


# --- through the phone's own call ---


async def test_what_phones_report_is_judged_and_counted(sqlite_world: World) -> None:
    world = sqlite_world
    app = make_app(load_settings(), world.db, world.keys)
    units = [demo_unit(world, at) for at in (BERLIN, MUNICH)]
    phone, journey = visitor(world)
    proven = [await _report(app, world, phone, journey, demo) for demo in units for _ in range(2)]
    assert proven == [True, True, False, False]
    token = world.run(lambda tx: operators.issue_key(tx, "test", OperatorRole.VIEWER)).token
    async with _client(app, token) as operator:
        figures = (await operator.get("/metrics")).text
    assert 'throughline_proofs_of_place_total{outcome="believed"} 1.0' in figures
    assert 'throughline_proofs_of_place_total{outcome="doubted"} 1.0' in figures
    app.state.hub.close()


def _client(app: FastAPI, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE, headers=headers)


async def _report(app: FastAPI, world: World, phone: Phone, journey: str, demo: DemoUnit) -> bool:
    """The phone hears the unit's beacon at arm's length, until that lasts, and reports it; whether that proves it."""
    (row,) = world.rows("product", id=demo.unit.id)
    beacon, noise = Beacon(uid=row.beacon_uid, identity_key=demo.beacon), chance("proofs", demo.unit.id)
    place: dict[str, object] = {}
    async with _client(app, phone.token) as client:
        for _ in range(6):
            heard = [
                {"kind": one.kind, "id": one.id, "rssi_dbm": one.rssi_dbm, "tx_power_dbm": one.tx_power_dbm}
                for one in sight(beacon, beacon.eid(world.clock()), 0.4, noise)
            ]
            answer = await client.post("/menu/v1/context", json={"journey": journey, "sightings": heard})
            place = answer.json()["zone"]
            world.clock.advance(seconds=2)
    assert place["zone"] == "here"
    return bool(place["proven"])
