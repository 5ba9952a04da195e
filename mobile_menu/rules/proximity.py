"""Where the phone is: from beacon sightings and a position to the zone. Nothing of either is kept but the zone and,
for half a minute, a smoothed signal strength.

Signals swing by 15 dB while nobody moves, so that no reading moves anybody by itself: readings are smoothed over time,
each boundary has one threshold for coming and another for going, and a change has to last before it counts.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Literal, NamedTuple

import msgspec

from mobile_menu.ports import BeaconTarget, Fence, Surroundings, ZoneState
from mobile_menu.rules.situation import Zone

PATH_LOSS_EXPONENT = 2.4
"""Indoors, without walls between; 2.415 was measured for the reference data of the tests."""
SMOOTHING_S = 4.0
"""Time constant of the moving average over signal strength."""
MISSED_DB_PER_S = 2.0
"""A beacon that is not heard counts as ever weaker."""
EDDYSTONE_0M_TO_1M_DB = 41
"""Eddystone beacons send their power at 0 m; everybody else's is at 1 m."""
MIN_DWELL_S = 3.0
"""How long a change has to last. The first zone after `unknown` needs no dwell."""
FORGET_SIGNAL_S = 30.0
TIME_OUT_S = {Zone.HERE: 30.0, Zone.NEAR: 30.0, Zone.SHOP: 600.0, Zone.AWAY: 600.0}
"""How long a zone holds without news; then it is unknown."""
COME_M = {Zone.HERE: 0.8, Zone.NEAR: 6.0, Zone.SHOP: 20.0}
GO_M = {Zone.HERE: 1.5, Zone.NEAR: 9.0, Zone.SHOP: 30.0}
"""Metres: closer than `COME_M` enters a zone, further than `GO_M` leaves it."""
OTHER_UNIT_FACTOR = 1.5
"""Another unit takes over only when it is this much closer than the one the phone is at."""
MAX_ACCURACY_M = 200.0
MAX_AGE_S = 60.0
"""A position that is less accurate, or older, says nothing."""

EARTH_RADIUS_M = 6_371_008.8

Side = Literal["inside", "outside", "undecided"]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A beacon that the phone heard. id: `uuid:major:minor` for iBeacon, hex for Eddystone.

    tx_power_dbm: as the beacon sends it; used only where the record has no calibration for the beacon.
    """

    kind: Literal["ibeacon", "eddystone-uid", "eddystone-eid"]
    id: str
    rssi_dbm: float
    tx_power_dbm: float | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """WGS 84 degrees. accuracy_m: radius of the circle that the phone is in. at: with time zone."""

    latitude: float
    longitude: float
    accuracy_m: float
    at: datetime


class Spot(NamedTuple):
    """A zone, and what it is the zone of: a unit's or a shop's id."""

    zone: Zone
    subject_id: str = ""


def next_zone(
    known: ZoneState,
    surroundings: Surroundings,
    sightings: Sequence[Sighting],
    position: Position | None,
    now: datetime,
) -> ZoneState:
    """The zone after a report of the phone. The order of the sightings does not matter; a report without any usable
    sighting or position only lets time pass.
    """
    known = _after_time(known, now)
    heard = _heard(sightings, surroundings.beacons)
    sides = _sides(position, surroundings.fences, now)
    if not sightings and not sides:
        return known
    smoothed = _smoothed(known, heard, now)
    spot = _spot(known, surroundings, _distances(smoothed, surroundings.beacons), sides, scanned=bool(sightings))
    settled = _settle(known, spot, now)
    return msgspec.structs.replace(settled, smoothed_dbm=smoothed, heard_at=now)


def beacon_id(sighting: Sighting) -> str | None:
    """The id as the record writes it, such as `ibeacon:{32 hex}:{major}:{minor}`; None when it is none."""
    return normal_beacon_id(f"{sighting.kind}:{sighting.id}")


def normal_beacon_id(text: str) -> str | None:
    """One way to write a beacon's id: lower case, UUIDs without hyphens, numbers without leading zeros."""
    kind, _, rest = text.strip().lower().partition(":")
    rest = rest.replace("-", "").removeprefix("0x")
    match kind:
        case "ibeacon":
            parts = re.fullmatch(r"([0-9a-f]{32}):([0-9]{1,5}):([0-9]{1,5})", rest, re.ASCII)
            if parts is None or int(parts[2]) > 0xFFFF or int(parts[3]) > 0xFFFF:
                return None
            return f"ibeacon:{parts[1]}:{int(parts[2])}:{int(parts[3])}"
        case "eddystone-uid":
            return f"{kind}:{rest}" if re.fullmatch(r"[0-9a-f]{32}", rest) else None
        case "eddystone-eid":
            return f"{kind}:{rest}" if re.fullmatch(r"[0-9a-f]{16}", rest) else None
        case _:
            return None


def distance_m(rssi_dbm: float, rssi_at_1m_dbm: float, exponent: float = PATH_LOSS_EXPONENT) -> float:
    """Metres by the log-distance path loss model: d = 10 ** ((A - RSSI) / (10 n)). A class rather than a measure."""
    return float(10 ** ((rssi_at_1m_dbm - rssi_dbm) / (10 * exponent)))


def is_heard(sighting: Sighting) -> bool:
    """Whether a receiver can have measured this strength."""
    return -120 <= sighting.rssi_dbm < 0


def is_usable(position: Position, now: datetime) -> bool:
    """Whether a position is one, fresh, and accurate enough to say anything."""
    return (
        0 <= position.accuracy_m <= MAX_ACCURACY_M
        and -90 <= position.latitude <= 90
        and -180 <= position.longitude <= 180
        and abs((now - position.at).total_seconds()) <= MAX_AGE_S
    )


def side_of(fence: Fence, position: Position) -> Side:
    """Whether the whole circle of accuracy lies inside the fence, or outside; else it is undecided."""
    apart = great_circle_m(fence.latitude, fence.longitude, position.latitude, position.longitude)
    if apart + position.accuracy_m <= fence.radius_m:
        return "inside"
    return "outside" if apart - position.accuracy_m >= fence.radius_m else "undecided"


def great_circle_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two positions in degrees, on a sphere (haversine)."""
    south, north = math.radians(latitude), math.radians(other_latitude)
    across = math.sin((north - south) / 2) ** 2
    along = math.cos(south) * math.cos(north) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(across + along)))


def _after_time(known: ZoneState, now: datetime) -> ZoneState:
    """What is left of what was known: signals fade, and then zones do."""
    if known.heard_at is None:
        return known if known.zone is Zone.UNKNOWN else ZoneState()
    silent_s = (now - known.heard_at).total_seconds()
    if silent_s > TIME_OUT_S.get(known.zone, FORGET_SIGNAL_S):
        return ZoneState() if known.zone is Zone.UNKNOWN else ZoneState(since=now)
    if silent_s > FORGET_SIGNAL_S and known.smoothed_dbm:
        return msgspec.structs.replace(known, smoothed_dbm={})
    return known


def _heard(sightings: Sequence[Sighting], beacons: Sequence[BeaconTarget]) -> dict[str, float]:
    """Signal strength by subject: the median of this report's readings, so that one stray reading moves nothing.

    Each is brought to the calibration of the subject's first beacon.
    """
    targets = {normal_beacon_id(text): beacon for beacon in beacons for text in beacon.ids}
    calibration = _calibration(beacons)
    readings: dict[str, list[float]] = {}
    for sighting in sightings:
        name = beacon_id(sighting)
        beacon = targets.get(name) if name else None
        if beacon is None or not is_heard(sighting):
            continue
        at_1m = _rssi_at_1m(beacon, sighting)
        if at_1m is not None:
            readings.setdefault(beacon.subject_id, []).append(
                sighting.rssi_dbm - at_1m + calibration[beacon.subject_id]
            )
    return {subject: median(values) for subject, values in readings.items()}


def _calibration(beacons: Sequence[BeaconTarget]) -> dict[str, float]:
    found: dict[str, float] = {}
    for beacon in beacons:
        found.setdefault(beacon.subject_id, beacon.rssi_at_1m_dbm if beacon.rssi_at_1m_dbm < 0 else -59.0)
    return found


def _rssi_at_1m(beacon: BeaconTarget, sighting: Sighting) -> float | None:
    if beacon.rssi_at_1m_dbm < 0:
        return beacon.rssi_at_1m_dbm
    if sighting.tx_power_dbm is None or not -120 <= sighting.tx_power_dbm <= 30:
        return None
    return sighting.tx_power_dbm - (0 if sighting.kind == "ibeacon" else EDDYSTONE_0M_TO_1M_DB)


def _smoothed(known: ZoneState, heard: Mapping[str, float], now: datetime) -> dict[str, float]:
    passed_s = max(0.0, (now - known.heard_at).total_seconds()) if known.heard_at else 0.0
    weight = 1 - math.exp(-passed_s / SMOOTHING_S)
    smoothed = {
        subject: level - MISSED_DB_PER_S * passed_s
        for subject, level in known.smoothed_dbm.items()
        if subject not in heard
    }
    for subject, level in heard.items():
        before = known.smoothed_dbm.get(subject, level)
        smoothed[subject] = before + weight * (level - before)
    return {subject: level for subject, level in sorted(smoothed.items()) if level > -120}


def _distances(smoothed: Mapping[str, float], beacons: Sequence[BeaconTarget]) -> dict[str, float]:
    at_1m = _calibration(beacons)
    return {subject: distance_m(level, at_1m[subject]) for subject, level in smoothed.items() if subject in at_1m}


def _sides(position: Position | None, fences: Sequence[Fence], now: datetime) -> dict[str, Side]:
    if position is None or not is_usable(position, now):
        return {}
    return {fence.shop.id: side_of(fence, position) for fence in fences}


def _spot(
    known: ZoneState,
    surroundings: Surroundings,
    distances: Mapping[str, float],
    sides: Mapping[str, Side],
    *,
    scanned: bool,
) -> Spot:
    """Where the evidence puts the phone: a unit within reach, else a shop, else away, else where it was."""
    subjects = {beacon.subject_id: beacon.subject for beacon in surroundings.beacons}
    units = {subject: metres for subject, metres in distances.items() if subjects[subject] != "shop"}
    shops = {subject: metres for subject, metres in distances.items() if subjects[subject] == "shop"}
    at_unit = _at_unit(known, units)
    if at_unit is not None:
        return at_unit
    shop_id = _at_shop(known, shops, sides)
    if shop_id is not None:
        return Spot(Zone.SHOP, shop_id)
    is_elsewhere = scanned or (bool(sides) and set(sides.values()) == {"outside"})
    was_near = known.zone in {Zone.HERE, Zone.NEAR}
    if is_elsewhere and (scanned or not was_near):
        return Spot(Zone.AWAY)
    return Spot(known.zone, known.subject_id)


def _at_unit(known: ZoneState, units: Mapping[str, float]) -> Spot | None:
    if not units:
        return None
    nearest = min(units, key=lambda subject: (units[subject], subject))
    mine = known.subject_id
    if mine in units and units[mine] < units[nearest] * OTHER_UNIT_FACTOR:
        nearest = mine
    same = nearest == mine
    for zone in (Zone.HERE, Zone.NEAR):
        is_in = same and (known.zone is zone or (known.zone is Zone.HERE and zone is Zone.NEAR))
        if units[nearest] <= (GO_M if is_in else COME_M)[zone]:
            return Spot(zone, nearest)
    return None


def _at_shop(known: ZoneState, shops: Mapping[str, float], sides: Mapping[str, Side]) -> str | None:
    mine = known.subject_id if known.zone is Zone.SHOP else ""
    if mine and (sides.get(mine) in {"inside", "undecided"} or shops.get(mine, math.inf) <= GO_M[Zone.SHOP]):
        return mine
    inside = sorted(shop for shop, side in sides.items() if side == "inside")
    heard = sorted((metres, shop) for shop, metres in shops.items() if metres <= COME_M[Zone.SHOP])
    if inside or heard:
        return inside[0] if inside else heard[0][1]
    return mine if mine and mine not in sides and mine not in shops else None


def _settle(known: ZoneState, spot: Spot, now: datetime) -> ZoneState:
    """The zone changes at once from unknown, and else when the same change has waited for the dwell."""
    if spot == (known.zone, known.subject_id):
        return msgspec.structs.replace(known, candidate=None, candidate_subject_id="", candidate_since=None)
    waiting = (known.candidate, known.candidate_subject_id) == spot and known.candidate_since is not None
    waiting_since = known.candidate_since if waiting and known.candidate_since is not None else now
    if known.zone is Zone.UNKNOWN or (now - waiting_since).total_seconds() >= MIN_DWELL_S:
        return ZoneState(zone=spot.zone, subject_id=spot.subject_id, since=now)
    return msgspec.structs.replace(
        known, candidate=spot.zone, candidate_subject_id=spot.subject_id, candidate_since=waiting_since
    )
