"""Claiming a unit: the code from the box, or the unit's own beacon, shows possession. One claim wins."""

import sqlalchemy as sa

from broker.contract.eid import ids_around
from broker.contract.stages import Role
from cloud.campaigns import service as campaigns
from cloud.commerce import service as commerce
from cloud.db import Transaction
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.ownership import attempts, handover, members
from cloud.record import service as record
from cloud.record.events import CloseReason, Event, EventType
from cloud.registry import codes
from cloud.registry.claiming import may_try
from cloud.registry.service import find_unit, take_ownership
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys
from mobile_menu.ports import (
    AlreadyClaimedError,
    Claimed,
    ClaimRefusedError,
    SessionRefusedError,
    TooManyAttemptsError,
    UnitInShopError,
)


def claim_unit(
    tx: Transaction,
    keys: Keys,
    person_id: str,
    gtin: str,
    serial: str,
    code: str | None,
    ephemeral_id: str | None,
    source: str = "",
) -> Claimed | Exception:
    """Makes the person the unit's owner, or says why not. A refusal is a value: its count must be committed.

    source: the address that it comes from, for its counts; empty: not known.
    """
    attempt = attempts.Attempt(keys, f"{gtin}/{serial}", person_id, source)
    unit = find_unit(tx, gtin, serial)
    attempts.hold(tx, attempt, person_id, *((unit.id,) if unit else ()))
    if unit is not None:
        tx.session.refresh(unit)  # it may have got its owner while we waited
    if identity.person_key(tx, person_id) is None:
        raise SessionRefusedError  # they have just left
    near = _beside(keys, tx, unit, ephemeral_id)
    vouched = unit is not None and _vouched(tx, unit, person_id)
    if not near and not may_try(attempt.failures(tx), vouched=vouched):
        return TooManyAttemptsError(retry_after_s=attempt.wait_s(tx, vouched=vouched))
    opened = _opens(keys, unit, code)  # first of all: what stands before it would take less time
    if unit is None or unit.state == "retired" or not (near or opened):
        attempt.note_failure(tx)
        return ClaimRefusedError()
    if unit.shop_id is not None and unit.owner_person_id is None:
        return UnitInShopError()  # everybody in the shop hears its beacon, and may turn it over
    if unit.owner_person_id != person_id:
        if not take_ownership(tx, unit.id, person_id):
            return AlreadyClaimedError()
        if handover.was_left(tx, unit.id):
            handover.begin_anew(tx, unit.id, CloseReason.ENDED, "phone", keep=person_id)
        _tell_others(tx, unit.id, person_id)
    return own(tx, unit, person_id, "proximity" if near else "code")


def own(tx: Transaction, unit: ProductRow, person_id: str, how: str) -> Claimed:
    """The new owner's journey becomes the owner's journey with this unit. how: what showed possession."""
    members.forget(tx, unit.id, person_id)  # they are more than that now
    journey = journey_for(tx, unit, person_id, Role.OWNER)
    linked = lifecycle.link(tx, journey.id, unit.id, Role.OWNER, "phone")
    note_claim(tx, linked, unit.id, Role.OWNER, how)
    campaigns.referral_of(tx, linked)  # an owner has a link to share; reading a menu could not make one
    tx.changes.products.add(unit.id)
    return Claimed(journey_id=linked.id, product_id=unit.id, role=Role.OWNER)


def _tell_others(tx: Transaction, product_id: str, person_id: str) -> None:
    """Who has scanned the unit while it was nobody's looks at somebody's from now on: their menus are other ones."""
    for one in lifecycle.open_with(tx, product_id):
        if one.person_id != person_id:
            lifecycle.touch(tx, one.id)


def note_claim(tx: Transaction, journey: lifecycle.Journey, product_id: str, role: Role, how: str) -> None:
    """The unit is theirs to use, in this role: once in each of its epochs."""
    epoch = journey.facts.epoch
    once = "" if role is Role.OWNER else f":{role.value}"
    event = Event(
        id=f"claim:{journey.id}:{product_id}:{epoch}{once}",
        type=EventType.PRODUCT_CLAIMED,
        at=tx.now,
        source="phone",
        channel="phone_app",
        product_id=product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
        data={"epoch": epoch, "role": role.value, "how": how},
    )
    record.append(tx, [event])


def journey_for(tx: Transaction, unit: ProductRow, person_id: str, role: Role) -> lifecycle.Journey:
    """The person's open journey with this unit, else the one with its model that names no unit yet, else a new one."""
    mine = [one for one in lifecycle.of_person(tx, person_id) if one.gtin == unit.gtin and not one.closed]
    for wanted in (unit.id, None):
        for one in mine:
            if one.product_id == wanted:
                return one
    return lifecycle.open_journey(tx, person_id, unit.gtin, unit.id, role, "phone")


def _opens(keys: Keys, unit: ProductRow | None, code: str | None) -> bool:
    """The code is the unit's. One is compared for a unit that is not there, too: it costs the time that others do."""
    stored, product_id = (bytes(codes.CLAIM_HASH_BYTES), "") if unit is None else (unit.claim_hash, unit.id)
    return codes.claim_matches(stored, keys.pepper, product_id, code or "") and unit is not None


def _beside(keys: Keys, tx: Transaction, unit: ProductRow | None, ephemeral_id: str | None) -> bool:
    """The unit's beacon sends this id now: whoever tells it stands there."""
    if unit is None or ephemeral_id is None:
        return False
    key = keys.vault.open_own(unit.beacon_key, unit.id.encode())
    return ephemeral_id.lower() in ids_around(key, tx.now)


def _vouched(tx: Transaction, unit: ProductRow, person_id: str) -> bool:
    """An order that stands and names this unit, or a proof of place, links the person to it."""
    mine = [one for one in lifecycle.of_person(tx, person_id) if one.product_id == unit.id and not one.closed]
    return any(_ordered(tx, one, unit.id) or _stands_beside(tx, one.id) for one in mine)


def _ordered(tx: Transaction, journey: lifecycle.Journey, product_id: str) -> bool:
    """Whether the shop sold this very unit here: an order for the model alone would vouch for all that were made."""
    known = journey.facts.orders
    return any(
        row.product_id == product_id and row.id in known and known[row.id].stands
        for row in commerce.orders_of(tx, journey.id)
    )


def _stands_beside(tx: Transaction, journey_id: str) -> bool:
    table = lifecycle.journey_table
    proven = sa.select(table.c.proven_until).where(table.c.id == journey_id, table.c.proven_until > tx.now)
    return tx.session.execute(proven).first() is not None
