"""Where a phone is: what is around it for its journey, and what comes of entering a zone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.eid import windows_around
from cloud import situations
from cloud.commerce import partners
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.ownership import onlookers
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.secrets import Keys
from cloud.shown import beacons_of, fence_of
from mobile_menu.ports import Surroundings, ZoneState
from mobile_menu.rules.situation import Zone

PROOF_LASTS = timedelta(minutes=10)


def around(tx: Transaction, journey: lifecycle.Journey) -> Surroundings:
    """The beacons and shops that the phone looks out for, and the zone that it was last in."""
    zone, _ = situations.zone_of(tx, journey.id)
    shops = partners.shops(tx)
    return Surroundings(
        beacons=tuple(beacons_of(tx, journey, shops)),
        fences=tuple(fence_of(shop) for shop in shops),
        zone=zone,
    )


def enter(
    tx: Transaction, keys: Keys, journey: lifecycle.Journey, zone: ZoneState, ephemeral_ids: Sequence[str]
) -> None:
    """Keeps the zone, and, when one of the ids shows it, that the phone stands beside the unit."""
    before, _ = situations.zone_of(tx, journey.id)
    changed: dict[str, Any] = {"zone": msgspec.to_builtins(zone)}
    window = _proven_window(tx, keys, journey, zone, ephemeral_ids) if ephemeral_ids else None
    if window is not None:
        changed |= {"proven_until": tx.now + PROOF_LASTS, "proven_window": window}
    table = lifecycle.journey_table
    tx.session.execute(sa.update(table).where(table.c.id == journey.id).values(changed))
    if (before.zone, before.subject_id) != (zone.zone, zone.subject_id) or "proven_until" in changed:
        _note_demo(tx, journey, zone)
        lifecycle.touch(tx, journey.id)


def _proven_window(
    tx: Transaction, keys: Keys, journey: lifecycle.Journey, zone: ZoneState, heard: Sequence[str]
) -> int | None:
    """One of the ids is the one that the unit sends now: the phone stands beside it. The newest id's window."""
    unit = situations.unit_in_view(tx, journey, zone)
    if unit is None:
        return None
    key = keys.vault.open_own(unit.beacon_key, unit.id.encode())
    proving = onlookers.proving_ids(tx, unit, key, journey.person_id)
    windows = windows_around(key, tx.now)
    return max((window for one, window in windows.items() if one in proving and one in heard), default=None)


def _note_demo(tx: Transaction, journey: lifecycle.Journey, zone: ZoneState) -> None:
    """Who stands at a demo unit of the model has tried it: once a day."""
    if journey.product_id is not None or zone.zone not in (Zone.HERE, Zone.NEAR):
        return
    unit = situations.unit_in_view(tx, journey, zone)
    if unit is None:
        return
    tried = Event(
        id=f"demo:{journey.id}:{unit.id}:{tx.now:%Y%m%d}",
        type=EventType.DEMO_TRIED,
        at=tx.now,
        source="phone",
        channel="store",
        journey_id=journey.id,
        person_id=journey.person_id,
        data={"product_id": unit.id},
    )
    record.append(tx, [tried])
