"""A unit begins anew: whoever was with it is with it no more, and nothing that they left on it stays.

This is what a change of hands, a return and the end of a unit have in common. The device keeps its credential, which
only the end of the unit takes (`returns.py`): it is the same device; what its user left on it, it is told to wipe, and
its answer shows at the command.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.stages import Role
from cloud.commerce import service as commerce
from cloud.control import service as control
from cloud.control.rules import ENDED
from cloud.db import Transaction, table_of
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.lifecycle.facts import decode_facts
from cloud.lifecycle.tables import UnitFactsRow
from cloud.ownership import claim_codes, members
from cloud.ownership.rules import WIPE, WIPE_LASTS, next_epoch
from cloud.ownership.tables import InvitationRow, OnlookersEndedRow, TransferRow
from cloud.record import service as record
from cloud.record.events import CloseReason, Event, EventType
from cloud.twin import service as twin


def begin_anew(tx: Transaction, product_id: str, reason: CloseReason, source: str, *, keep: str | None = None) -> int:
    """Ends everybody's access, and everything that is under way; the epoch that begins.

    reason: why the owner's journey closes; keep: a person whose open journey goes on, the next owner's. Whose the unit
    is, the caller changes.
    """
    with_it = lifecycle.open_with(tx, product_id)
    record.lock(tx, {product_id, *(one.id for one in with_it)})
    leaving = [one for one in lifecycle.open_with(tx, product_id) if one.person_id != keep]
    owners = [one for one in leaving if one.role == Role.OWNER or reason is CloseReason.RETIRED]
    others = [one for one in leaving if one not in owners]
    lifecycle.close(tx, owners, reason, source)
    lifecycle.close(tx, others, CloseReason.ENDED, source)
    forget_people(tx, [product_id])
    claim_codes.end(tx, product_id)
    epoch = _new_epoch(tx, product_id, source)
    _clear_device(tx, product_id)
    commerce.forget_unit(tx, product_id)
    tx.changes.products.add(product_id)
    return epoch


def note_left(tx: Transaction, product_ids: Sequence[str]) -> None:
    """The owner has left altogether: the units are nobody's, work on, and begin anew with whoever claims them."""
    left = [
        Event(
            id=f"left:{product_id}:{new_id(tx.now)}",
            type=EventType.PRODUCT_LEFT,
            at=tx.now,
            source="cloud",
            product_id=product_id,
        )
        for product_id in product_ids
    ]
    record.append(tx, left)


def was_left(tx: Transaction, product_id: str) -> bool:
    """Whether an owner has left the unit, and it has not begun anew since."""
    table, kinds = record.journal, (EventType.PRODUCT_LEFT.value, EventType.PRODUCT_TRANSFERRED.value)
    newest = sa.select(table.c.type).where(table.c.product_id == product_id, table.c.type.in_(kinds))
    return tx.session.execute(newest.order_by(table.c.seq.desc()).limit(1)).scalar() == EventType.PRODUCT_LEFT.value


def forget_people(tx: Transaction, product_ids: Iterable[str]) -> None:
    """Who was let in, who is invited, who was sent away, and what is under way: all of it goes."""
    for product_id in product_ids:
        for row in members.of_unit(tx, product_id):
            members.forget(tx, product_id, row.person_id)
        invitations, transfers, ended = (table_of(form) for form in (InvitationRow, TransferRow, OnlookersEndedRow))
        tx.session.execute(sa.delete(invitations).where(invitations.c.product_id == product_id))
        tx.session.execute(sa.delete(transfers).where(transfers.c.open_for == product_id))
        tx.session.execute(sa.delete(ended).where(ended.c.product_id == product_id))
    tx.session.expire_all()


def _new_epoch(tx: Transaction, product_id: str, source: str) -> int:
    known = twin.read_many(tx, [product_id]).get(product_id)
    facts = tx.session.get(UnitFactsRow, product_id, populate_existing=True)
    epoch = next_epoch(known.epoch if known else 0, decode_facts(facts.facts).epoch if facts else 0)
    begun = Event(
        id=f"handed-on:{product_id}:{epoch}:{new_id(tx.now)}",
        type=EventType.PRODUCT_TRANSFERRED,
        at=tx.now,
        source=source,
        product_id=product_id,
        data={"epoch": epoch},
    )
    record.append(tx, [begun])
    return epoch


def _clear_device(tx: Transaction, product_id: str) -> None:
    """Commands of those who were there are called off, settings go back to the device's own, user data is wiped."""
    control.call_off(tx, product_id, "the unit has been handed on")
    known = twin.read_many(tx, [product_id]).get(product_id)
    if known is not None and known.desired:
        wishes = dict.fromkeys(known.desired)
        twin.desire(tx, product_id, wishes, None, f"handed-on-settings:{product_id}:{new_id(tx.now)}")
    watch.forget_stage(tx, product_id)
    wipe(tx, product_id)


def wipe(tx: Transaction, product_id: str) -> str:
    """Tells the device to forget what people left on it; the command's id. Asked again meanwhile, it is the same."""
    row = control.latest_named(tx, product_id, WIPE)
    if row is None or row.status in ENDED:
        row = control.queue(tx, product_id, WIPE, {}, life=WIPE_LASTS)
    return row.id
