"""Which ephemeral ids of a report may count as proof of place: those that fit everything else the phone says.

Whatever a phone reports can be made up. An ephemeral id cannot, but it can be carried on: heard by somebody who stands
there, and sent by somebody who does not. Here is what gives that away: a report that contradicts itself, and two proofs
at places between which nobody travels so fast. Whether an id is the unit's of this moment is for the record to say,
which holds the unit's key.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import NamedTuple

from mobile_menu.ports import Fence, Surroundings
from mobile_menu.rules.proximity import (
    EDDYSTONE_0M_TO_1M_DB,
    GO_M,
    Position,
    Sighting,
    beacon_id,
    distance_m,
    great_circle_m,
    is_heard,
    is_usable,
    normal_beacon_id,
    side_of,
)
from mobile_menu.rules.situation import Zone

EPHEMERAL_KIND = "eddystone-eid"
USUAL_AT_1M_DBM = -59.0
BEACON_REACH_M = 200.0
"""Nobody hears a beacon from further away than this."""
REPORTED_WITHIN_S = 60.0
"""What a phone heard is at most this old when it reports it."""
ON_LAND_M_S = 97.0
"""350 km/h, from door to door: the fastest trains."""
IN_THE_AIR_M_S = 300.0
"""1,080 km/h over the ground: an airliner in a jet stream."""
BEFORE_A_FLIGHT_S = 3600.0
"""Nobody is in the air sooner, and in a shop again."""


class Stood(NamedTuple):
    """Somebody proved to be in a shop, at that time. The shop's place is known; theirs is not, and is not asked for."""

    fence: Fence
    at: datetime


def proving_ids(
    sightings: Sequence[Sighting], surroundings: Surroundings, position: Position | None, now: datetime
) -> tuple[str, ...]:
    """The ephemeral ids (16 hex digits, in the order in which they were first heard) that may prove a place; none when
    the report contradicts itself.
    """
    readings: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        name = beacon_id(sighting)
        if sighting.kind == EPHEMERAL_KIND and name is not None and is_heard(sighting):
            readings.setdefault(name.rpartition(":")[2], []).append(sighting)
    close = tuple(name for name, each in readings.items() if _apart_m(each) <= GO_M[Zone.NEAR])
    return close if close and _fits_together(sightings, surroundings, position, now) else ()


def out_of_reach(earlier: Iterable[Stood], here: Stood) -> Stood | None:
    """One of the earlier places from which nobody can have got here in the time between; None when there is none."""
    return next((one for one in earlier if not _can_be_both(one, here)), None)


def reach_m(passed_s: float) -> float:
    """How far anybody gets in this time: by the fastest train, or, when there is time to board, by air."""
    return max(ON_LAND_M_S * passed_s, IN_THE_AIR_M_S * (passed_s - BEFORE_A_FLIGHT_S), 0.0)


def _can_be_both(one: Stood, other: Stood) -> bool:
    apart_m = max(0.0, _gap_m(one.fence, other.fence) - 2 * BEACON_REACH_M)
    return apart_m <= reach_m(abs((other.at - one.at).total_seconds()) + REPORTED_WITHIN_S)


def _apart_m(readings: Iterable[Sighting]) -> float:
    """By the median of the readings. An id is of a unit that is not known here, and so is its calibration: the phone's
    word for the power counts, within what is usual.
    """
    return median(distance_m(one.rssi_dbm, _at_1m(one)) for one in readings)


def _at_1m(sighting: Sighting) -> float:
    if sighting.tx_power_dbm is None:
        return USUAL_AT_1M_DBM
    said = sighting.tx_power_dbm - EDDYSTONE_0M_TO_1M_DB
    # A beacon that is said to be very weak would be close however faintly it is heard.
    return said if abs(said - USUAL_AT_1M_DBM) <= 20 else USUAL_AT_1M_DBM


def _fits_together(
    sightings: Sequence[Sighting], surroundings: Surroundings, position: Position | None, now: datetime
) -> bool:
    """Not in two shops at once, and not surely out of reach of the one whose beacons it says it hears."""
    fences = {fence.shop.id: fence for fence in surroundings.fences}
    heard = [fences[shop] for shop in sorted(_shops_heard(sightings, surroundings)) if shop in fences]
    if any(_gap_m(one, other) > 2 * BEACON_REACH_M for one, other in combinations(heard, 2)):
        return False
    if position is None or not is_usable(position, now):
        return True
    return all(side_of(_in_reach(fence), position) != "outside" for fence in heard)


def _shops_heard(sightings: Sequence[Sighting], surroundings: Surroundings) -> set[str]:
    shop_of: Mapping[str | None, str] = {
        normal_beacon_id(name): beacon.subject_id if beacon.subject == "shop" else beacon.shop_id
        for beacon in surroundings.beacons
        for name in beacon.ids
    }
    names = (beacon_id(sighting) for sighting in sightings if is_heard(sighting))
    return {shop_of[name] for name in names if name is not None and shop_of.get(name)}


def _gap_m(one: Fence, other: Fence) -> float:
    apart = great_circle_m(one.latitude, one.longitude, other.latitude, other.longitude)
    return max(0.0, apart - one.radius_m - other.radius_m) if math.isfinite(apart) else math.inf


def _in_reach(fence: Fence) -> Fence:
    return Fence(
        shop=fence.shop,
        latitude=fence.latitude,
        longitude=fence.longitude,
        radius_m=fence.radius_m + BEACON_REACH_M,
    )
