"""Where a phone is: what is around it for its journey, and what comes of entering a zone, and of a proof of place."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.eid import windows_around
from cloud import situations
from cloud.beside import zone_of
from cloud.commerce import partners
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.ownership import onlookers, proofs
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys
from cloud.shown import beacons_of, fence_of
from mobile_menu.ports import Surroundings, ZoneState
from mobile_menu.rules.proof import Stood, out_of_reach
from mobile_menu.rules.situation import Zone

PROOF_LASTS = timedelta(minutes=10)


class Proof(StrEnum):
    """What becomes of a proof of place."""

    BELIEVED = "believed"
    DOUBTED = "doubted"
    """The same person proved to be in a shop from which nobody gets here in the time between."""


class _Judged(NamedTuple):
    """counts: whether the proof opens something. news: what is new by it, to be counted."""

    counts: bool
    news: Proof | None


def around(tx: Transaction, journey: lifecycle.Journey) -> Surroundings:
    """The beacons and shops that the phone looks out for, and the zone that it was last in."""
    zone, _ = zone_of(tx, journey.id)
    shops = partners.shops(tx)
    return Surroundings(
        beacons=tuple(beacons_of(tx, journey, shops)),
        fences=tuple(fence_of(shop) for shop in shops),
        zone=zone,
    )


def enter(
    tx: Transaction, keys: Keys, journey: lifecycle.Journey, zone: ZoneState, ephemeral_ids: Sequence[str]
) -> Proof | None:
    """Keeps the zone, and, when one of the ids shows it, that the phone stands beside the unit in view. What becomes of
    such a proof; None: there is none, or none that is new.
    """
    before, _ = zone_of(tx, journey.id)
    unit = situations.unit_in_view(tx, journey, zone)
    window = _proving_window(tx, keys, journey, unit, ephemeral_ids) if unit and ephemeral_ids else None
    judged = None if unit is None or window is None else _judged(tx, journey, unit, window)
    changed: dict[str, Any] = {"zone": msgspec.to_builtins(zone)}
    if judged is not None and judged.counts:
        changed |= {"proven_until": tx.now + PROOF_LASTS, "proven_window": window}
    elif _name_of(unit) != _name_of(situations.unit_in_view(tx, journey, before)):
        changed |= {"proven_until": None}  # it was of the other unit
    table = lifecycle.journey_table
    tx.session.execute(sa.update(table).where(table.c.id == journey.id).values(changed))
    if (before.zone, before.subject_id) != (zone.zone, zone.subject_id) or "proven_until" in changed:
        _note_demo(tx, journey, zone)
        lifecycle.touch(tx, journey.id)
    return judged.news if judged is not None else None


def _name_of(unit: ProductRow | None) -> str:
    return "" if unit is None else unit.id


def _proving_window(
    tx: Transaction, keys: Keys, journey: lifecycle.Journey, unit: ProductRow, heard: Sequence[str]
) -> int | None:
    """One of the ids is the one that the unit sends now: the phone stands beside it. The newest id's window."""
    key = keys.vault.open_own(unit.beacon_key, unit.id.encode())
    proving = onlookers.proving_ids(tx, unit, key, journey.person_id)
    windows = windows_around(key, tx.now)
    return max((window for one, window in windows.items() if one in proving and one in heard), default=None)


def _judged(tx: Transaction, journey: lifecycle.Journey, unit: ProductRow, window: int) -> _Judged:
    """Where a unit stands is known of those in shops alone; at home any proof is believed."""
    if unit.shop_id is None:
        return _Judged(counts=True, news=None)
    # Of two reports at once the second finds the first; and who has left meanwhile proves nothing any more.
    record.lock(tx, {journey.person_id})
    if not _is_theirs(tx, journey):
        return _Judged(counts=False, news=None)
    doubt = _doubt(tx, journey.person_id, unit)
    if doubt is None:
        is_new = proofs.note_stay(tx, journey.person_id, unit.id, window)
        return _Judged(counts=True, news=Proof.BELIEVED if is_new else None)
    is_new = _note_doubt(tx, journey, unit, window, doubt)
    return _Judged(counts=False, news=Proof.DOUBTED if is_new else None)


def _is_theirs(tx: Transaction, journey: lifecycle.Journey) -> bool:
    table = lifecycle.journey_table
    whose = sa.select(table.c.person_id).where(table.c.id == journey.id)
    return bool(tx.session.execute(whose).scalar() == journey.person_id)


def _doubt(tx: Transaction, person_id: str, unit: ProductRow) -> proofs.Stay | None:
    """Where else the person proved to be, too far away for the time that has passed."""
    places = {shop.id: fence_of(shop) for shop in partners.shops(tx)}
    stays = {stay: places[stay.shop_id] for stay in proofs.stays(tx, person_id) if stay.shop_id in places}
    here = places.get(unit.shop_id or "")
    if here is None:
        return None
    there = {Stood(fence, stay.at): stay for stay, fence in stays.items()}
    found = out_of_reach(there, Stood(here, tx.now))
    return None if found is None else there[found]


def _note_doubt(tx: Transaction, journey: lifecycle.Journey, unit: ProductRow, window: int, doubt: proofs.Stay) -> bool:
    """Whether it is new of this id of the beacon."""
    doubted = Event(
        id=f"doubted:{journey.id}:{unit.id}:{window}",
        type=EventType.PROOF_DOUBTED,
        at=tx.now,
        source="cloud",
        channel="store",
        journey_id=journey.id,
        person_id=journey.person_id,
        data={
            "product_id": unit.id,
            "other_id": doubt.product_id,
            "passed_s": int((tx.now - doubt.at).total_seconds()),
        },
    )
    return bool(record.append(tx, [doubted]))


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
