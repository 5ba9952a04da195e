"""Zones: the distance model, boundaries that do not flicker, fences by circles, and nothing kept of positions."""

import csv
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_menu.ports import BeaconTarget, Fence, Surroundings, ZoneState
from mobile_menu.rules.proximity import (
    EARTH_RADIUS_M,
    PATH_LOSS_EXPONENT,
    Position,
    Sighting,
    beacon_id,
    distance_m,
    great_circle_m,
    next_zone,
    side_of,
)
from mobile_menu.rules.situation import Shop, Zone

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UUID = "0123456789abcdef0123456789abcdef"
UID = "00112233445566778899aabbccddeeff"
UNIT = BeaconTarget(ids=(f"ibeacon:{UUID}:1:2",), subject="product", subject_id="p1", rssi_at_1m_dbm=-59)
OTHER = BeaconTarget(ids=(f"eddystone-uid:{UID}",), subject="demo_unit", subject_id="p2", rssi_at_1m_dbm=-65)
SHOP = Shop(id="s1", name="Media Point")
FENCE = Fence(shop=SHOP, latitude=52.52, longitude=13.405, radius_m=100)


def around(zone: ZoneState | None = None) -> Surroundings:
    return Surroundings(beacons=(UNIT, OTHER), fences=(FENCE,), zone=zone or ZoneState())


def heard(metres: float, noise_db: float = 0.0, target: BeaconTarget = UNIT) -> Sighting:
    rssi = target.rssi_at_1m_dbm - 10 * PATH_LOSS_EXPONENT * math.log10(metres) + noise_db
    if target is UNIT:
        return Sighting(kind="ibeacon", id=f"{UUID}:1:2", rssi_dbm=rssi)
    return Sighting(kind="eddystone-uid", id=UID, rssi_dbm=rssi)


def north_of_shop(metres: float, accuracy_m: float, at: datetime = START) -> Position:
    return Position(latitude=52.52 + metres / 111_195.08, longitude=13.405, accuracy_m=accuracy_m, at=at)


def walk(*reports: tuple[float, list[Sighting], Position | None]) -> ZoneState:
    """The zone after reports at seconds after the start."""
    state = ZoneState()
    for second, sightings, position in reports:
        state = next_zone(state, around(state), sightings, position, START + timedelta(seconds=second))
    return state


def test_distances_follow_the_published_measurements() -> None:
    with Path("tests/data/ble_rssi_reference.csv").open(encoding="utf-8") as file:
        rows = [(float(row["distance_m"]), float(row["avg_rssi_dbm"])) for row in csv.DictReader(file)]
    estimated = [distance_m(rssi, -47.916, 2.41514) for _, rssi in rows]
    assert estimated == pytest.approx([0.63, 1.0, 1.66, 2.12, 2.49, 3.41, 3.84], abs=0.005)
    for metres, rssi in rows:
        assert distance_m(rssi, -47.916) == pytest.approx(metres, rel=0.3)


@pytest.mark.parametrize(
    ("sighting", "name"),
    [
        (Sighting(kind="ibeacon", id=f"{UUID}:1:2", rssi_dbm=-60), f"ibeacon:{UUID}:1:2"),
        (
            Sighting(kind="ibeacon", id="01234567-89AB-CDEF-0123-456789ABCDEF:0001:2", rssi_dbm=-60),
            f"ibeacon:{UUID}:1:2",
        ),
        (Sighting(kind="eddystone-uid", id=UID.upper(), rssi_dbm=-60), f"eddystone-uid:{UID}"),
        (Sighting(kind="eddystone-eid", id="0x0011223344556677", rssi_dbm=-60), "eddystone-eid:0011223344556677"),
        (Sighting(kind="ibeacon", id=f"{UUID}:65536:0", rssi_dbm=-60), None),
        (Sighting(kind="ibeacon", id=f"{UUID}:1", rssi_dbm=-60), None),
        (Sighting(kind="ibeacon", id=f"{UUID}:1:\N{ARABIC-INDIC DIGIT TWO}", rssi_dbm=-60), None),
        (Sighting(kind="eddystone-uid", id="0011", rssi_dbm=-60), None),
        (Sighting(kind="eddystone-eid", id=UID, rssi_dbm=-60), None),
    ],
)
def test_a_beacon_has_one_name_however_the_phone_writes_it(sighting: Sighting, name: str | None) -> None:
    assert beacon_id(sighting) == name


@pytest.mark.parametrize(("metres", "zone"), [(0.4, Zone.HERE), (3.0, Zone.NEAR), (15.0, Zone.AWAY)])
def test_the_first_report_decides_at_once(metres: float, zone: Zone) -> None:
    state = walk((0, [heard(metres)], None))
    assert state.zone is zone
    assert state.since == START


def test_a_change_has_to_last_for_the_dwell() -> None:
    reports: list[tuple[float, list[Sighting], Position | None]] = [(0, [heard(0.4)], None), (20, [heard(4)], None)]
    assert walk(*reports).zone is Zone.HERE
    assert walk(*reports).candidate is Zone.NEAR
    assert walk(*reports, (22, [heard(4)], None)).zone is Zone.HERE
    assert walk(*reports, (23, [heard(4)], None)).zone is Zone.NEAR
    assert walk(*reports, (21, [heard(0.01)], None)).candidate is None


@pytest.mark.parametrize("start", [0.5, 3.0])
def test_between_the_two_thresholds_a_phone_stays_in_the_zone_it_came_from(start: float) -> None:
    came_from = walk((0, [heard(start)], None))
    state = came_from
    for second in range(5, 300, 5):
        state = next_zone(state, around(state), [heard(1.1)], None, START + timedelta(seconds=second))
    assert state.zone is came_from.zone


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([0.8, 1.1, 1.5, 6.0, 7.5, 9.0]), st.integers(0, 2**32))
def test_somebody_who_stands_on_a_border_does_not_flicker(metres: float, seed: int) -> None:
    noise = random.Random(seed)  # noqa: S311  a noise that can be had again, and no secret
    state, changes = ZoneState(), 0
    for second in range(180):
        sightings = [heard(metres, noise.gauss(0, 3.7)) for _ in range(3)]
        after = next_zone(state, around(state), sightings, None, START + timedelta(seconds=second))
        changes += after.zone is not state.zone
        state = after
    assert changes <= 3


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 30), st.sampled_from([UNIT, OTHER])), max_size=6), st.randoms())
def test_the_order_of_sightings_within_a_report_does_not_matter(
    seen: list[tuple[float, BeaconTarget]], chance: random.Random
) -> None:
    known = walk((0, [heard(2.0), heard(5.0, target=OTHER)], None))
    sightings = [heard(metres, target=target) for metres, target in seen]
    shuffled = list(sightings)
    chance.shuffle(shuffled)
    now = START + timedelta(seconds=2)
    assert next_zone(known, around(known), sightings, None, now) == next_zone(known, around(known), shuffled, None, now)


def test_one_stray_reading_among_many_moves_nothing() -> None:
    assert walk((0, [heard(3), heard(3), heard(0.1)], None)).zone is Zone.NEAR


def test_without_news_the_zone_is_unknown_after_its_time_out() -> None:
    here = walk((0, [heard(0.4)], None))
    assert next_zone(here, around(here), [], None, START + timedelta(seconds=30)).zone is Zone.HERE
    silent = next_zone(here, around(here), [], None, START + timedelta(seconds=31))
    assert silent == ZoneState(since=START + timedelta(seconds=31))


def test_a_phone_that_hears_other_beacons_but_not_ours_has_gone_away() -> None:
    stranger = Sighting(kind="ibeacon", id=f"{UUID}:9:9", rssi_dbm=-50)
    state = walk((0, [heard(3)], None), *((second, [stranger], None) for second in range(1, 25)))
    assert state.zone is Zone.AWAY


def test_another_unit_takes_over_only_when_it_is_clearly_closer() -> None:
    state = walk((0, [heard(3)], None), *((s, [heard(3), heard(2.5, target=OTHER)], None) for s in range(1, 30)))
    assert (state.zone, state.subject_id) == (Zone.NEAR, "p1")
    state = walk((0, [heard(3)], None), *((s, [heard(3), heard(1.2, target=OTHER)], None) for s in range(1, 30)))
    assert (state.zone, state.subject_id) == (Zone.NEAR, "p2")


@pytest.mark.parametrize("rssi", [0, 127, -121, math.nan, math.inf])
def test_a_reading_that_cannot_be_is_passed_over(rssi: float) -> None:
    sighting = Sighting(kind="ibeacon", id=f"{UUID}:1:2", rssi_dbm=rssi)
    assert walk((0, [sighting], None)).zone is Zone.AWAY


def test_eddystone_power_counts_from_0_m_where_the_record_has_no_calibration() -> None:
    bare = msgspec.structs.replace(OTHER, rssi_at_1m_dbm=0)
    surroundings = Surroundings(beacons=(bare,), zone=ZoneState())
    sighting = Sighting(kind="eddystone-uid", id=UID, rssi_dbm=-59, tx_power_dbm=-24)
    state = next_zone(ZoneState(), surroundings, [sighting], None, START)
    assert (state.zone, state.smoothed_dbm) == (Zone.HERE, {"p2": -53.0})


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "side"),
    [(0, 100, "inside"), (60, 39, "inside"), (60, 41, "undecided"), (140, 41, "undecided"), (141, 40, "outside")],
)
def test_a_position_counts_only_when_its_whole_circle_does(metres: float, accuracy_m: float, side: str) -> None:
    assert side_of(FENCE, north_of_shop(metres, accuracy_m)) == side


def test_the_way_between_two_cities_is_as_long_as_it_is() -> None:
    assert great_circle_m(52.52, 13.405, 48.1372, 11.5755) == pytest.approx(504_000, rel=0.005)


LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_way_is_as_long_back_as_there_and_never_longer_than_half_the_earth(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> None:
    there = great_circle_m(latitude, longitude, other_latitude, other_longitude)
    assert there == pytest.approx(great_circle_m(other_latitude, other_longitude, latitude, longitude), abs=0.01)
    assert 0 <= there <= math.pi * EARTH_RADIUS_M + 0.01


@given(LATITUDES, st.floats(0, 0.001), st.floats(0, 0.001))
def test_the_date_line_is_no_border(latitude: float, west: float, east: float) -> None:
    """What lies a little west and a little east of it is as close together as anywhere."""
    across = great_circle_m(latitude, 180 - west, latitude, -180 + east)
    assert across == pytest.approx(great_circle_m(latitude, -west, latitude, east), abs=0.01)


@pytest.mark.parametrize("pole", [90.0, -90.0])
@given(longitude=LONGITUDES, other=LONGITUDES)
def test_at_a_pole_every_longitude_is_the_same_place(pole: float, longitude: float, other: float) -> None:
    assert great_circle_m(pole, longitude, pole, other) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("at", "shop_at", "side"),
    [
        ((0.0, -179.9999), (0.0, 179.9999), "inside"),
        ((0.0, -179.99), (0.0, 179.99), "outside"),
        ((52.0, -180.0), (52.0, 180.0), "inside"),
        ((90.0, 0.0), (89.9999, 135.0), "inside"),
        ((-90.0, -45.0), (-89.9999, 135.0), "inside"),
        ((90.0, 0.0), (-90.0, 0.0), "outside"),
    ],
)
def test_a_fence_across_the_date_line_or_a_pole_is_a_circle_like_any(
    at: tuple[float, float], shop_at: tuple[float, float], side: str
) -> None:
    fence = Fence(shop=SHOP, latitude=shop_at[0], longitude=shop_at[1], radius_m=100)
    assert side_of(fence, Position(latitude=at[0], longitude=at[1], accuracy_m=20, at=START)) == side


def test_inside_a_fence_the_zone_is_the_shop_until_the_phone_is_surely_out() -> None:
    inside = walk((0, [], north_of_shop(10, 20)))
    assert (inside.zone, inside.subject_id) == (Zone.SHOP, "s1")
    undecided = walk((0, [], north_of_shop(10, 20)), *((s, [], north_of_shop(100, 50)) for s in range(1, 30)))
    assert undecided.zone is Zone.SHOP
    out = walk((0, [], north_of_shop(10, 20)), *((s, [], north_of_shop(200, 50)) for s in range(1, 30)))
    assert out.zone is Zone.AWAY


def test_an_undecided_position_puts_nobody_into_a_shop() -> None:
    assert walk((0, [], north_of_shop(90, 50))).zone is Zone.UNKNOWN


def test_a_demo_unit_within_reach_counts_for_more_than_the_shop_around_it() -> None:
    state = walk((0, [heard(0.5, target=OTHER)], north_of_shop(0, 10)))
    assert (state.zone, state.subject_id) == (Zone.HERE, "p2")


@pytest.mark.parametrize(
    "position",
    [
        north_of_shop(0, 201),
        north_of_shop(0, -1),
        north_of_shop(0, math.nan),
        north_of_shop(0, 10, START - timedelta(seconds=61)),
        north_of_shop(0, 10, START + timedelta(seconds=61)),
        Position(latitude=91, longitude=0, accuracy_m=1, at=START),
        Position(latitude=math.nan, longitude=0, accuracy_m=1, at=START),
    ],
)
def test_a_position_that_is_stale_or_too_inaccurate_says_nothing(position: Position) -> None:
    assert walk((0, [], position)) == ZoneState()


@settings(deadline=None)
@given(st.floats(-89, 89), st.floats(-179, 179), st.floats(0, 200))
def test_nothing_of_a_position_is_kept_but_what_follows_for_the_zone(
    latitude: float, longitude: float, accuracy_m: float
) -> None:
    position = Position(latitude=latitude, longitude=longitude, accuracy_m=accuracy_m, at=START)
    state = next_zone(ZoneState(), around(), [], position, START)
    possible = [
        ZoneState(zone=zone, subject_id=subject, since=since, heard_at=START)
        for zone, subject, since in ((Zone.SHOP, "s1", START), (Zone.AWAY, "", START), (Zone.UNKNOWN, "", None))
    ]
    assert state in possible
