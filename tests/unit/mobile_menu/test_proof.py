"""Which ephemeral ids may prove a place: those that are heard close by, in a report that does not contradict itself."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_menu.ports import BeaconTarget, Fence, Surroundings, ZoneState
from mobile_menu.rules.proof import (
    BEACON_REACH_M,
    REPORTED_WITHIN_S,
    Stood,
    out_of_reach,
    proving_ids,
    reach_m,
)
from mobile_menu.rules.proximity import EARTH_RADIUS_M, Position, Sighting, great_circle_m
from mobile_menu.rules.situation import Shop

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
EID = "0011223344556677"
BERLIN, MUNICH = (52.52, 13.405), (48.1372, 11.5755)
UNIT_IN_BERLIN, UNIT_IN_MUNICH, HOME_UNIT = "a" * 32, "b" * 32, "c" * 32
SHOP_UUID = "0123456789ABCDEF0123456789ABCDEF"


def target(uid: str, shop_id: str = "") -> BeaconTarget:
    return BeaconTarget(
        ids=(f"eddystone-uid:{uid}",),
        subject="demo_unit" if shop_id else "product",
        subject_id=uid[:4],
        rssi_at_1m_dbm=-59,
        shop_id=shop_id,
    )


def fence(shop_id: str, at: tuple[float, float]) -> Fence:
    return Fence(shop=Shop(id=shop_id, name=shop_id), latitude=at[0], longitude=at[1], radius_m=100)


AROUND = Surroundings(
    beacons=(
        target(UNIT_IN_BERLIN, "berlin"),
        target(UNIT_IN_MUNICH, "munich"),
        target(HOME_UNIT),
        BeaconTarget(ids=(f"ibeacon:{SHOP_UUID}:1:2",), subject="shop", subject_id="munich", rssi_at_1m_dbm=-59),
    ),
    fences=(fence("berlin", BERLIN), fence("munich", MUNICH)),
    zone=ZoneState(),
)


def eid(rssi_dbm: float = -50, tx_power_dbm: float | None = -18, name: str = EID) -> Sighting:
    return Sighting(kind="eddystone-eid", id=name, rssi_dbm=rssi_dbm, tx_power_dbm=tx_power_dbm)


def uid(name: str) -> Sighting:
    return Sighting(kind="eddystone-uid", id=name, rssi_dbm=-50)


def standing(at: tuple[float, float], accuracy_m: float = 20, age_s: float = 0) -> Position:
    return Position(latitude=at[0], longitude=at[1], accuracy_m=accuracy_m, at=NOW - timedelta(seconds=age_s))


def proving(*sightings: Sighting, position: Position | None = None) -> tuple[str, ...]:
    return proving_ids(sightings, AROUND, position, NOW)


def test_an_id_that_is_heard_close_by_may_prove_and_is_written_in_one_way() -> None:
    assert proving(eid(), uid(HOME_UNIT)) == (EID,)
    assert proving(eid(name=f"0x{EID.upper()}")) == (EID,)
    assert proving(eid(name="8877665544332211"), eid(), eid()) == ("8877665544332211", EID)


@pytest.mark.parametrize(
    "faint",
    [eid(-90), eid(-95, tx_power_dbm=-60), eid(-90, tx_power_dbm=None), eid(-99, tx_power_dbm=-128)],
    ids=["faint", "faint and weak", "no word of its power", "a power that nobody sends with"],
)
def test_an_id_from_further_away_than_the_room_shows_nobody_beside(faint: Sighting) -> None:
    assert proving(faint) == ()


@pytest.mark.parametrize("rssi", [0, 20, -121, math.nan, math.inf, -math.inf])
def test_a_strength_that_no_receiver_measures_proves_nothing(rssi: float) -> None:
    assert proving(eid(rssi)) == ()


def test_most_readings_of_an_id_have_to_be_close() -> None:
    assert proving(eid(-50), eid(-50), eid(-99)) == (EID,)
    assert proving(eid(-50), eid(-99), eid(-99)) == ()


def test_what_is_no_ephemeral_id_is_none() -> None:
    assert proving(uid(HOME_UNIT), Sighting(kind="ibeacon", id=f"{SHOP_UUID}:1:2", rssi_dbm=-50)) == ()
    assert proving(eid(name="ff"), eid(name="g" * 16)) == ()


def test_nobody_stands_in_two_cities_at_once() -> None:
    assert proving(eid(), uid(UNIT_IN_BERLIN)) == (EID,)
    assert proving(eid(), uid(UNIT_IN_BERLIN), uid(UNIT_IN_MUNICH)) == ()
    shop_beacon = Sighting(kind="ibeacon", id=f"{SHOP_UUID.lower()}:1:2", rssi_dbm=-70)
    assert proving(eid(), uid(UNIT_IN_BERLIN), shop_beacon) == ()
    assert proving(eid(), uid(UNIT_IN_MUNICH), shop_beacon) == (EID,)


@pytest.mark.parametrize(
    ("position", "proves"),
    [
        (standing(BERLIN), True),
        (standing(MUNICH), False),
        (standing(MUNICH, accuracy_m=201), True),
        (standing(MUNICH, age_s=61), True),
        (standing((BERLIN[0] + 0.0025, BERLIN[1])), True),
        (standing((BERLIN[0] + 0.0035, BERLIN[1])), False),
        (standing((math.nan, 0)), True),
    ],
    ids=["there", "another city", "too inaccurate", "stale", "at the door", "down the street", "no position"],
)
def test_a_position_that_is_surely_elsewhere_takes_the_proof_away(position: Position, proves: bool) -> None:
    assert proving(eid(), uid(UNIT_IN_BERLIN), position=position) == ((EID,) if proves else ())


def test_where_a_unit_stands_at_home_is_not_known_and_so_no_position_speaks_against_it() -> None:
    assert proving(eid(), uid(HOME_UNIT), position=standing((0.0, 0.0))) == (EID,)


@given(
    st.lists(
        st.builds(
            Sighting,
            kind=st.sampled_from(["ibeacon", "eddystone-uid", "eddystone-eid"]),
            id=st.sampled_from([EID, UNIT_IN_BERLIN, UNIT_IN_MUNICH, HOME_UNIT, f"{SHOP_UUID}:1:2", "", "0x"]),
            rssi_dbm=st.floats(),
            tx_power_dbm=st.none() | st.floats(),
        ),
        max_size=20,
    ),
    st.none()
    | st.builds(Position, latitude=st.floats(), longitude=st.floats(), accuracy_m=st.floats(), at=st.just(NOW)),
    st.randoms(),
)
def test_no_report_breaks_it_and_the_order_of_sightings_does_not_matter(
    sightings: list[Sighting], position: Position | None, chance: object
) -> None:
    shuffled = list(sightings)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' randoms are `random.Random`s
    assert set(proving(*sightings, position=position)) == set(proving(*shuffled, position=position)) <= {EID}


# --- between proofs ---


def stood(at: tuple[float, float], seconds: float = 0.0, radius_m: float = 100.0) -> Stood:
    shop = Shop(id=f"{at}", name="Shop")
    return Stood(Fence(shop=shop, latitude=at[0], longitude=at[1], radius_m=radius_m), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("passed", "believed"),
    [
        (timedelta(0), False),
        (timedelta(minutes=30), False),
        (timedelta(hours=1, minutes=25), False),
        (timedelta(hours=1, minutes=26), True),
        (timedelta(days=1), True),
    ],
    ids=str,
)
def test_from_berlin_to_munich_it_takes_a_while(passed: timedelta, believed: bool) -> None:
    berlin, munich = stood(BERLIN), stood(MUNICH, passed.total_seconds())
    assert (out_of_reach([berlin], munich) is None) is believed


def test_one_place_out_of_reach_is_enough_and_it_is_told() -> None:
    here, near, far = stood(BERLIN, 600), stood((52.39, 13.065)), stood(MUNICH)
    assert out_of_reach([near, far], here) == far
    assert out_of_reach([near], here) is None
    assert out_of_reach([], here) is None


def test_a_wide_fence_says_less_about_where_its_unit_stands() -> None:
    wide = stood(MUNICH, 0, radius_m=10_000), stood(BERLIN, 85 * 60, radius_m=10_000)
    assert out_of_reach([stood(MUNICH)], stood(BERLIN, 85 * 60)) is not None
    assert out_of_reach([wide[0]], wide[1]) is None


PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
SECONDS = st.floats(0, 172_800)


@given(PLACES, PLACES, SECONDS)
def test_whichever_proof_came_first_the_two_fit_together_or_do_not(
    one: tuple[float, float], other: tuple[float, float], seconds: float
) -> None:
    there, back = [stood(one)], stood(other, seconds)
    assert (out_of_reach(there, back) is None) == (out_of_reach([stood(other, seconds)], stood(one)) is None)
    assert (out_of_reach(there, back) is None) == (out_of_reach([stood(other)], stood(one, seconds)) is None)


@given(PLACES, PLACES, SECONDS, SECONDS)
def test_who_is_believed_is_believed_later_too_and_everybody_within_a_day(
    one: tuple[float, float], other: tuple[float, float], seconds: float, more: float
) -> None:
    if out_of_reach([stood(one)], stood(other, seconds)) is None:
        assert out_of_reach([stood(one)], stood(other, seconds + more)) is None
    assert out_of_reach([stood(one)], stood(other, 86_400)) is None


@given(st.lists(st.tuples(PLACES, st.floats(0, 1), st.floats(0, REPORTED_WITHIN_S)), min_size=2, max_size=8))
def test_nobody_who_really_travels_is_ever_doubted_however_late_each_report_is(
    legs: list[tuple[tuple[float, float], float, float]],
) -> None:
    """From shop to shop in the time that the fastest train or flight takes, and no faster."""
    reports: list[Stood] = []
    real_s, before = 0.0, legs[0][0]
    for place, dawdling, late_s in legs:
        apart_m = great_circle_m(*before, *place)
        real_s += fastest_s(apart_m) * (1 + dawdling)
        before = place
        reports.append(stood(place, real_s + late_s))
    for count, report in enumerate(reports):
        assert out_of_reach(reports[:count], report) is None


def fastest_s(apart_m: float) -> float:
    """By land, or by air."""
    return min(apart_m / 97, 3_600 + apart_m / 300)


@given(st.floats(0, 3 * EARTH_RADIUS_M), st.floats(0, 2_000_000))
def test_who_is_further_away_than_the_fastest_gets_is_doubted(seconds_m: float, more_m: float) -> None:
    """Along the equator, where a metre is a metre of longitude."""
    seconds = fastest_s(seconds_m)
    apart_m = reach_m(seconds + REPORTED_WITHIN_S) + 2 * BEACON_REACH_M + 2 * 100 + 1 + more_m
    if apart_m < math.pi * EARTH_RADIUS_M:
        degrees = math.degrees(apart_m / EARTH_RADIUS_M)
        there = (0.0, degrees if degrees <= 180 else degrees - 360)
        assert out_of_reach([stood((0.0, 0.0))], stood(there, seconds)) is not None


@given(SECONDS, SECONDS)
def test_a_stop_on_the_way_never_makes_anybody_faster(one: float, other: float) -> None:
    assert reach_m(one) + reach_m(other) <= reach_m(one + other) + 1e-6
