"""The beacon's ids are those of the specification, and its radio that of a room."""

import csv
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.contract.eid import ephemeral_id, temporary_key
from device_sim.beacon import Beacon
from device_sim.chance import chance
from device_sim.radio import Room, mean_rssi_dbm, rssi_dbm, sight

DATA = Path(__file__).parents[2] / "data"
VECTORS = list(csv.DictReader((DATA / "eddystone_eid_vectors.csv").read_text().splitlines()))
MEASURED = list(csv.DictReader((DATA / "ble_rssi_reference.csv").read_text().splitlines()))
BEACON = Beacon(uid="00112233445566778899" + "aabbccddeeff", identity_key=bytes(range(16)))
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_there_are_96_vectors() -> None:
    assert len(VECTORS) == 96


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"K{row['rotation_exponent_k']} t{row['beacon_time_s']}")
def test_the_ephemeral_id_is_the_specification_s(row: dict[str, str]) -> None:
    key, time_s = bytes.fromhex(row["identity_key_hex"]), int(row["beacon_time_s"])
    assert temporary_key(key, time_s).hex() == row["temporary_key_hex"]
    assert ephemeral_id(key, time_s, int(row["rotation_exponent_k"])).hex() == row["eid_hex"]


def test_an_ephemeral_id_lasts_for_its_period_and_no_longer() -> None:
    start = datetime.fromtimestamp(1_800_000_000 // 512 * 512, tz=UTC)
    assert BEACON.eid(start) == BEACON.eid(start + timedelta(seconds=511)) != BEACON.eid(start + timedelta(seconds=512))


@pytest.mark.parametrize(("key", "time_s", "exponent"), [(b"short", 0, 9), (bytes(16), -1, 9), (bytes(16), 0, 16)])
def test_what_is_out_of_range_is_refused(key: bytes, time_s: int, exponent: int) -> None:
    with pytest.raises(ValueError, match="identity key"):
        ephemeral_id(key, time_s, exponent)


def test_the_path_loss_is_within_a_few_decibels_of_what_was_measured() -> None:
    for row in MEASURED:
        modelled = mean_rssi_dbm(float(row["distance_m"]), -47.916, 2.41514)
        assert modelled == pytest.approx(float(row["avg_rssi_dbm"]), abs=3)


def test_readings_scatter_around_the_mean_as_much_as_the_room_says() -> None:
    rng, room = chance(1), Room(noise_db=4)
    readings = [rssi_dbm(2, -59, room, rng) or 0 for _ in range(2000)]
    assert statistics.mean(readings) == pytest.approx(mean_rssi_dbm(2, -59, room.exponent), abs=0.4)
    assert statistics.stdev(readings) == pytest.approx(4, abs=0.3)


def test_far_away_nothing_is_heard_and_the_same_seed_hears_the_same() -> None:
    assert sight(BEACON, BEACON.eid(NOW), 500, chance(1)) == ()
    near = sight(BEACON, BEACON.eid(NOW), 1, chance(1))
    assert near == sight(BEACON, BEACON.eid(NOW), 1, chance(1))
    assert {(one.kind, one.id) for one in near} == {
        ("eddystone-uid", BEACON.uid),
        ("eddystone-eid", BEACON.eid(NOW)),
    }
    assert near[0].tx_power_dbm == -18


def test_a_negative_distance_is_refused() -> None:
    with pytest.raises(ValueError, match="distance"):
        mean_rssi_dbm(-1, -59, 2)
