"""What a phone receives of a beacon: log-distance path loss with the noise of a room. Pure, given its chance."""

import math
from collections.abc import Set as AbstractSet
from random import Random

import msgspec

from device_sim.beacon import Beacon, read_frame

ALL_KINDS = frozenset({"eddystone-uid", "eddystone-eid", "ibeacon"})


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
    """A beacon frame as the phone reports it. kind: `eddystone-uid`, `eddystone-eid` or `ibeacon`. id: hex; an
    iBeacon's is `uuid:major:minor`.
    """

    kind: str
    id: str
    rssi_dbm: int
    tx_power_dbm: int | None = None


def sight(
    beacon: Beacon,
    eid: str,
    distance_m: float,
    rng: Random,
    room: Room | None = None,
    readings: int = 5,
    kinds: AbstractSet[str] = ALL_KINDS,
) -> tuple[Sighting, ...]:
    """What a phone sees of the beacon in a moment at this distance: each of its frames, several times.

    kinds: those that the phone's system tells its apps of. Each frame has noise of its own.
    """
    room = room or Room()
    seen = []
    for data in beacon.frames(eid) * readings:
        frame = read_frame(data)
        reading = rssi_dbm(distance_m, beacon.power_at_1m_dbm, room, rng)
        if frame is not None and reading is not None and frame.kind in kinds:
            seen.append(Sighting(kind=frame.kind, id=frame.id, rssi_dbm=reading, tx_power_dbm=frame.tx_power_dbm))
    return tuple(seen)
