"""A unit changes hands: its owner starts it, the receiver takes the link, the owner confirms; then all at once."""

import secrets
from typing import Any

import sqlalchemy as sa

from broker.contract.ids import is_id, new_id
from cloud.db import Transaction, table_of
from cloud.errors import ConflictError
from cloud.identity import service as identity
from cloud.ownership import claims, handover, members
from cloud.ownership.rules import (
    TRANSFER_LASTS,
    Act,
    Refusal,
    Transfer,
    TransferAct,
    TransferState,
    after,
)
from cloud.ownership.tables import TransferRow
from cloud.record import service as record
from cloud.record.events import CloseReason
from cloud.registry import codes
from cloud.registry.service import move_ownership
from cloud.registry.tables import ProductRow
from mobile_menu.ownership_ports import NotYoursError, TransferRefusedError
from mobile_menu.ports import SessionRefusedError

transfer_table = table_of(TransferRow)
PREFIX = "tlt_"
TIMER = "transfer"


def start(tx: Transaction, product_id: str, by: str) -> tuple[TransferRow, str]:
    """A transfer that waits for its receiver, and the code of its link, which is shown this once.

    Raises NotYoursError, ConflictError when one is under way already.
    """
    unit = members.unit_for(tx, product_id, by, Act.HAND_OVER)
    under_way = of_unit(tx, unit.id)
    if under_way is not None and under_way.expires_at > tx.now:
        msg = "a transfer of this product is under way; cancel it first"
        raise ConflictError(msg)
    _delete(tx, transfer_table.c.open_for == unit.id)
    code = codes.new_token(PREFIX)
    row = TransferRow(
        id=new_id(tx.now),
        product_id=unit.id,
        open_for=unit.id,
        person_id=by,
        state=TransferState.OPEN.value,
        code_hash=codes.token_hash(code),
        created_at=tx.now,
        expires_at=tx.now + TRANSFER_LASTS,
    )
    tx.session.add(row)
    tx.session.flush()
    record.set_timers(tx, {(TIMER, row.id): row.expires_at})
    return row, code


def of_unit(tx: Transaction, product_id: str) -> TransferRow | None:
    """The transfer of this unit that is under way."""
    query = sa.select(TransferRow).where(transfer_table.c.open_for == product_id)
    return tx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def find(tx: Transaction, code: str) -> TransferRow | None:
    """The transfer of a code, if somebody can still accept it."""
    query = sa.select(TransferRow).where(transfer_table.c.code_hash == codes.token_hash(code))
    row: TransferRow | None = tx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    return row if row is not None and row.state == TransferState.OPEN and row.expires_at > tx.now else None


def accept(tx: Transaction, code: str, person_id: str) -> TransferRow | None:
    """The receiver says yes; None when the code opens nothing, or not any more. Raises TransferRefusedError."""
    found = find(tx, code)
    if found is None:
        return None
    record.lock(tx, {found.product_id, person_id})
    row = find(tx, code)
    if row is None:
        return None
    if identity.person_key(tx, person_id) is None:
        raise SessionRefusedError
    _act(tx, row, TransferAct.ACCEPT, person_id)
    row.check_code = f"{secrets.randbelow(10_000):04}"
    tx.session.flush()
    members.tell_owner(tx, tx.session.get_one(ProductRow, row.product_id, populate_existing=True))
    return row


def mine(tx: Transaction, transfer_id: str, person_id: str, *, lock: bool = False) -> TransferRow:
    """A transfer that this person gives or receives. Raises NotYoursError."""
    row = tx.session.get(TransferRow, transfer_id) if is_id(transfer_id) else None
    if row is not None and lock:
        # Those who give, receive, and are with the unit wait for each other here, and only here.
        record.lock(tx, {row.product_id, row.person_id} | ({row.receiver_id} if row.receiver_id else set()))
        row = tx.session.get(TransferRow, transfer_id, populate_existing=True)
    if row is None or person_id not in {row.person_id, row.receiver_id}:
        raise NotYoursError
    return row


def cancel(tx: Transaction, transfer_id: str, by: str) -> None:
    """Either side calls it off. Raises NotYoursError, TransferRefusedError."""
    row = mine(tx, transfer_id, by, lock=True)
    _act(tx, row, TransferAct.CANCEL, by)
    unit = tx.session.get_one(ProductRow, row.product_id, populate_existing=True)
    _delete(tx, transfer_table.c.id == row.id)
    record.set_timers(tx, {(TIMER, transfer_id): None})
    members.tell_owner(tx, unit)


def confirm(tx: Transaction, transfer_id: str, by: str) -> TransferRow:
    """The owner says yes to who has accepted: the unit is the receiver's, and begins anew.

    Raises NotYoursError, TransferRefusedError.
    """
    row = mine(tx, transfer_id, by, lock=True)
    if row.person_id != by:
        raise NotYoursError
    _act(tx, row, TransferAct.CONFIRM, by)
    receiver, product_id = row.receiver_id or "", row.product_id
    if identity.person_key(tx, receiver) is None or not move_ownership(tx, product_id, by, receiver):
        raise TransferRefusedError
    row = tx.session.get_one(TransferRow, transfer_id)
    row.open_for, row.state = None, TransferState.DONE.value
    tx.session.flush()
    handover.begin_anew(tx, product_id, CloseReason.TRANSFERRED, "phone", keep=receiver)
    unit = tx.session.get_one(ProductRow, product_id, populate_existing=True)
    row = tx.session.get_one(TransferRow, transfer_id, populate_existing=True)
    row.journey_id = claims.own(tx, unit, receiver, "transfer").journey_id
    row.person_id = receiver  # who gave it leaves no trace with who has it now
    tx.session.flush()
    return row


def expire(tx: Transaction, transfer_id: str) -> None:
    """The timer of a transfer: whatever it came to, nobody asks for it any more."""
    row = tx.session.get(TransferRow, transfer_id)
    if row is not None and row.expires_at > tx.now:
        record.set_timers(tx, {(TIMER, transfer_id): row.expires_at})
        return
    _delete(tx, transfer_table.c.id == transfer_id)
    record.set_timers(tx, {(TIMER, transfer_id): None})


def _act(tx: Transaction, row: TransferRow, act: TransferAct, by: str) -> None:
    known = Transfer(
        state=TransferState(row.state), giver=row.person_id, receiver=row.receiver_id, expires_at=row.expires_at
    )
    changed = after(known, act, by, tx.now)
    if isinstance(changed, Refusal):
        raise NotYoursError if changed is Refusal.NOT_YOURS else TransferRefusedError(_WHY[changed])
    row.state, row.receiver_id = changed.state.value, changed.receiver
    tx.session.flush()


_WHY = {
    Refusal.OVER: "This transfer is over.",
    Refusal.NOT_ACCEPTED: "Nobody has accepted this transfer yet.",
    Refusal.TAKEN: "Somebody has accepted this transfer already.",
    Refusal.OWN: "This product is yours already.",
}


def _delete(tx: Transaction, where: Any) -> None:
    tx.session.execute(sa.delete(transfer_table).where(where))
    tx.session.expire_all()
