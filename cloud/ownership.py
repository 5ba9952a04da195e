"""Claiming a unit: the code from the box, or the unit's own beacon, shows possession. One claim wins."""

from broker.contract.eid import ids_around
from broker.contract.stages import Role
from cloud.campaigns import service as campaigns
from cloud.db import Transaction
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry import codes
from cloud.registry.claiming import Attempts, after_failure, may_try
from cloud.registry.service import find_unit, take_ownership
from cloud.registry.tables import ClaimAttemptRow, ProductRow
from cloud.secrets import Keys
from mobile_menu.ports import AlreadyClaimedError, Claimed, ClaimRefusedError, SessionRefusedError, TooManyAttemptsError


def claim_unit(
    tx: Transaction, keys: Keys, person_id: str, gtin: str, serial: str, code: str | None, ephemeral_id: str | None
) -> Claimed | Exception:
    """Makes the person the unit's owner, or says why not. A refusal is a value: its count must be committed."""
    unit = find_unit(tx, gtin, serial)
    if unit is None or unit.state == "retired":
        return ClaimRefusedError()
    record.lock(tx, {unit.id, person_id})
    tx.session.refresh(unit)  # it may have got its owner while we waited
    if identity.person_key(tx, person_id) is None:
        raise SessionRefusedError  # they have just left
    attempts = tx.session.get(ClaimAttemptRow, (unit.id, person_id))
    known = None if attempts is None else Attempts(attempts.failures, attempts.window_start)
    if not may_try(known, tx.now):
        return TooManyAttemptsError()
    if not _shows_possession(keys, tx, unit, code, ephemeral_id):
        count = after_failure(known, tx.now)
        tx.session.merge(
            ClaimAttemptRow(
                product_id=unit.id, person_id=person_id, failures=count.failures, window_start=count.window_start
            )
        )
        tx.session.flush()
        return ClaimRefusedError()
    if unit.owner_person_id != person_id and not take_ownership(tx, unit.id, person_id):
        return AlreadyClaimedError()
    return _own(tx, unit, person_id, "code" if code is not None else "proximity")


def _shows_possession(
    keys: Keys, tx: Transaction, unit: ProductRow, code: str | None, ephemeral_id: str | None
) -> bool:
    if code is not None:
        return codes.claim_matches(unit.claim_hash, keys.pepper, unit.id, code)
    if ephemeral_id is None:
        return False
    key = keys.vault.open_own(unit.beacon_key, unit.id.encode())
    return ephemeral_id.lower() in ids_around(key, tx.now)


def _own(tx: Transaction, unit: ProductRow, person_id: str, how: str) -> Claimed:
    """The claimer's journey becomes the owner's journey with this unit."""
    journey = _journey_for(tx, unit, person_id)
    linked = lifecycle.link(tx, journey.id, unit.id, Role.OWNER, "phone")
    epoch = linked.facts.epoch
    event = Event(
        id=f"claim:{linked.id}:{unit.id}:{epoch}",
        type=EventType.PRODUCT_CLAIMED,
        at=tx.now,
        source="phone",
        channel="phone_app",
        product_id=unit.id,
        journey_id=linked.id,
        person_id=person_id,
        data={"epoch": epoch, "role": Role.OWNER.value, "how": how},
    )
    record.append(tx, [event])
    campaigns.referral_of(tx, linked)  # an owner has a link to share; reading a menu could not make one
    tx.changes.products.add(unit.id)
    return Claimed(journey_id=linked.id, product_id=unit.id, role=Role.OWNER)


def _journey_for(tx: Transaction, unit: ProductRow, person_id: str) -> lifecycle.Journey:
    """The person's open journey with this unit, else the one with its model that names no unit yet, else a new one."""
    own = [one for one in lifecycle.of_person(tx, person_id) if one.gtin == unit.gtin and not one.closed]
    for wanted in (unit.id, None):
        for one in own:
            if one.product_id == wanted:
                return one
    return lifecycle.open_journey(tx, person_id, unit.gtin, unit.id, Role.OWNER, "phone")
