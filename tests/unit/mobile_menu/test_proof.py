"""Which ephemeral ids may prove a place: those that are heard close by, in a report that does not contradict itself."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_menu.ports import BeaconTarget, Fence, Surroundings, ZoneState
from mobile_menu.rules.proof import proving_ids
from mobile_menu.rules.proximity import Position, Sighting
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
