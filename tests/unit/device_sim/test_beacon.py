"""The beacon's ids are those of the specification, and its radio that of a room."""

import csv
import re
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.eid import ephemeral_id, temporary_key
from broker.contract.ibeacon import ibeacon_id
from device_sim.beacon import Beacon, Frame, read_frame
from device_sim.chance import chance
from device_sim.radio import Room, mean_rssi_dbm, rssi_dbm, sight

DATA = Path(__file__).parents[2] / "data"
VECTORS = list(csv.DictReader((DATA / "eddystone_eid_vectors.csv").read_text().splitlines()))
MEASURED = list(csv.DictReader((DATA / "ble_rssi_reference.csv").read_text().splitlines()))
BEACON = Beacon(uid="00112233445566778899" + "aabbccddeeff", identity_key=bytes(range(16)))
IBEACON_ID = "00112233445566778899" + "0" * 12 + ":52445:61183"
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
    assert {(one.kind, one.id, one.tx_power_dbm) for one in near} == {
        ("eddystone-uid", BEACON.uid, -18),
        ("eddystone-eid", BEACON.eid(NOW), -18),
        ("ibeacon", IBEACON_ID, -59),
    }


def test_a_phone_reports_the_kinds_of_frames_that_its_system_tells_of() -> None:
    seen = sight(BEACON, BEACON.eid(NOW), 1, chance(1), kinds={"ibeacon"})
    assert {one.kind for one in seen} == {"ibeacon"}
    assert {one.kind for one in sight(BEACON, "", 1, chance(1))} == {"eddystone-uid", "ibeacon"}


def test_the_frames_are_those_of_the_specifications() -> None:
    uid, eid, ibeacon = BEACON.frames("0123456789abcdef")
    assert uid.hex() == "00ee" + "00112233445566778899" + "aabbccddeeff" + "0000"
    assert eid.hex() == "30ee" + "0123456789abcdef"
    assert ibeacon.hex() == "4c000215" + "00112233445566778899000000000000" + "ccdd" + "eeff" + "c5"


@pytest.mark.parametrize("data", ["", "10ee00", "20000bb8", "30ee01234567", "4c0002150011", "4c0012020000", "beac"])
def test_what_is_no_frame_of_a_known_kind_is_none(data: str) -> None:
    assert read_frame(bytes.fromhex(data)) is None


@given(st.binary(max_size=31))
def test_no_bytes_on_the_air_break_a_phone(data: bytes) -> None:
    frame = read_frame(data)
    assert frame is None or (normal_id(frame) is not None and -128 <= frame.tx_power_dbm <= 127)


def normal_id(frame: Frame) -> str | None:
    """How the service that a phone reports to would write it."""
    forms = {
        "ibeacon": r"[0-9a-f]{32}:\d{1,5}:\d{1,5}",
        "eddystone-uid": r"[0-9a-f]{32}",
        "eddystone-eid": r"[0-9a-f]{16}",
    }
    return frame.id if re.fullmatch(forms[frame.kind], frame.id) else None


@given(st.binary(min_size=6, max_size=6))
def test_an_ibeacon_id_is_as_exact_as_32_bits_allow_and_its_uuid_the_same_for_all(instance: bytes) -> None:
    uuid, major, minor = ibeacon_id(BEACON.uid[:20] + instance.hex()).split(":")
    assert uuid == IBEACON_ID.partition(":")[0]
    assert (int(major) << 16 | int(minor)) == int.from_bytes(instance[2:], "big")


@pytest.mark.parametrize("uid", ["", "00", "00" * 15, "00" * 17, "zz" * 16])
def test_what_is_no_uid_has_no_ibeacon_id(uid: str) -> None:
    with pytest.raises(ValueError, match=r"UID|hex"):
        ibeacon_id(uid)


def test_a_negative_distance_is_refused() -> None:
    with pytest.raises(ValueError, match="distance"):
        mean_rssi_dbm(-1, -59, 2)
