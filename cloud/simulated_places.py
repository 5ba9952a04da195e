"""Where a demo's phone may say that it is: `mobile_menu.simulation_ports.SimulationPort`. One transaction."""

import msgspec

from broker.contract.eid import ephemeral_id
from cloud import zones
from cloud.callers import own_journey
from cloud.db import Database, Transaction
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys
from device_sim.radio import Room
from mobile_menu.ports import BeaconTarget, Caller
from mobile_menu.rules.proximity import EDDYSTONE_0M_TO_1M_DB
from mobile_menu.simulation_ports import FrameKind, HeardFrame, Simulation, SimulationOffError, Spot

AT_ARMS_LENGTH_M = 0.4
IN_THE_ROOM_M = 3.5
IN_THE_SHOP_M = 6.0
READINGS = 5
GOOD_FOR_S = 60
"""Well within the time for which an ephemeral id counts."""
NEIGHBOUR = HeardFrame(
    kind="ibeacon",
    id="74278bda-b644-4520-8f0c-720eaf059935:7:1",
    distance_m=12.0,
    power_at_1m_dbm=-59,
    tx_power_dbm=-59,
)
"""Somebody's beacon that means nothing to anybody here: what a phone hears that is away."""


class SimulatedPlaces:
    """The port. on: whether this deployment is a demo."""

    def __init__(self, db: Database, keys: Keys, *, on: bool) -> None:
        self._db = db
        self._keys = keys
        self.on = on

    def simulation(self, caller: Caller, journey_id: str) -> Simulation:
        if not self.on:
            raise SimulationOffError
        room = Room()
        with self._db.reading() as tx:
            spots = _spots(tx, self._keys, caller, journey_id)
        return Simulation(
            journey=journey_id,
            spots=spots,
            exponent=room.exponent,
            noise_db=room.noise_db,
            weakest_dbm=room.weakest_dbm,
            readings=READINGS,
            good_for_s=GOOD_FOR_S,
        )


def _spots(tx: Transaction, keys: Keys, caller: Caller, journey_id: str) -> tuple[Spot, ...]:
    """Beside the unit and in its room, when there is one; elsewhere; in a shop, when there is one."""
    around = zones.around(tx, own_journey(tx, caller, journey_id)).beacons
    unit = next((beacon for beacon in around if beacon.subject != "shop"), None)
    shop = next((beacon for beacon in around if beacon.subject == "shop"), None)
    found = [Spot(name="away", frames=(NEIGHBOUR,))]
    if unit is not None:
        names = (*unit.ids, f"eddystone-eid:{_ephemeral_id(tx, keys, unit)}")
        beside = Spot(name="here", frames=_frames(unit, names, AT_ARMS_LENGTH_M))
        found = [beside, Spot(name="near", frames=_frames(unit, names, IN_THE_ROOM_M)), *found]
    if shop is not None:
        found.append(Spot(name="shop", frames=_frames(shop, shop.ids, IN_THE_SHOP_M)))
    return tuple(found)


def _ephemeral_id(tx: Transaction, keys: Keys, beacon: BeaconTarget) -> str:
    """What the unit's beacon sends at this moment."""
    unit = tx.session.get_one(ProductRow, beacon.subject_id)
    key = keys.vault.open_own(unit.beacon_key, unit.id.encode())
    return ephemeral_id(key, int(tx.now.timestamp()) & 0xFFFFFFFF).hex()


def _frames(beacon: BeaconTarget, names: tuple[str, ...], distance_m: float) -> tuple[HeardFrame, ...]:
    power = beacon.rssi_at_1m_dbm
    named = (name.partition(":") for name in names)
    return tuple(
        HeardFrame(
            kind=msgspec.convert(kind, FrameKind),
            id=rest,
            distance_m=distance_m,
            power_at_1m_dbm=power,
            tx_power_dbm=power if kind == "ibeacon" else power + EDDYSTONE_0M_TO_1M_DB,
        )
        for kind, _, rest in named
    )
