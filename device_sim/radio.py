"""What a phone receives of a beacon: log-distance path loss with the noise of a room. Pure, given its chance."""

import math
from random import Random

import msgspec

from device_sim.beacon import Beacon


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """exponent: 2 in free space, 2.2 to 2.4 indoors, up to 4.3 behind walls. noise_db: standard deviation."""

    exponent: float = 2.3
    noise_db: float = 3.0
    weakest_dbm: float = -100.0
    """Below this the phone hears nothing."""


def mean_rssi_dbm(distance_m: float, power_at_1m_dbm: float, exponent: float) -> float:
    """A - 10 n log10(d). Distances below 10 cm count as 10 cm. Raises ValueError for a negative one."""
    if distance_m < 0:
        msg = f"not a distance: {distance_m}"
        raise ValueError(msg)
    return power_at_1m_dbm - 10 * exponent * math.log10(max(distance_m, 0.1))


def rssi_dbm(distance_m: float, power_at_1m_dbm: float, room: Room, rng: Random) -> int | None:
    """One reading, in whole dBm as phones give it; None when it is too weak to be heard."""
    reading = rng.gauss(mean_rssi_dbm(distance_m, power_at_1m_dbm, room.exponent), room.noise_db)
    return round(reading) if reading >= room.weakest_dbm else None


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A beacon frame as the phone reports it. kind: `eddystone-uid`, `eddystone-eid` or `ibeacon`; id: hex."""

    kind: str
    id: str
    rssi_dbm: int
    tx_power_dbm: int | None = None


def sight(
    beacon: Beacon, eid: str, distance_m: float, rng: Random, room: Room | None = None, readings: int = 5
) -> tuple[Sighting, ...]:
    """What a phone sees of the beacon in a moment at this distance: both of its frames, several times each."""
    room = room or Room()
    seen = []
    for kind, name in (("eddystone-uid", beacon.uid), ("eddystone-eid", eid)) * readings:
        reading = rssi_dbm(distance_m, beacon.power_at_1m_dbm, room, rng)
        if reading is not None:
            seen.append(Sighting(kind=kind, id=name, rssi_dbm=reading, tx_power_dbm=beacon.tx_power_dbm))
    return tuple(seen)
