"""What leaving and taking along mean here: the rows of ownership that are about a person."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from broker.contract.messages import Json
from cloud.db import Transaction, table_of
from cloud.ownership import handover, members, transfers
from cloud.ownership.attempts import failure_table
from cloud.ownership.invitations import invitation_table
from cloud.ownership.tables import MemberRow, TransferRow
from cloud.record import service as record
from cloud.registry.tables import ProductRow

_transfer_table = table_of(TransferRow)


def leave(tx: Transaction, person_id: str, owned: Sequence[str]) -> dict[str, int]:
    """Wipes what is about a person who leaves; rows per store. owned: the units that were theirs until now.

    Whom they let in are onlookers from now on. Failed attempts stay for their day, as nobody's.
    """
    members.orphan(tx, owned)
    handover.note_left(tx, owned)
    mine = members.member_table.c.person_id == person_id
    units = list(tx.session.execute(sa.select(members.member_table.c.product_id).where(mine)).scalars())
    for product_id in units:
        members.forget(tx, product_id, person_id)
    sides = sa.or_(_transfer_table.c.person_id == person_id, _transfer_table.c.receiver_id == person_id)
    ids = list(tx.session.execute(sa.select(_transfer_table.c.id).where(sides)).scalars())
    record.set_timers(tx, {(transfers.TIMER, one): None for one in ids})
    invited = sa.or_(invitation_table.c.person_id == person_id, invitation_table.c.product_id.in_(owned))
    wiped = {
        "member": len(units),
        "invitation": _run(tx, sa.delete(invitation_table).where(invited)),
        "transfer": _run(tx, sa.delete(_transfer_table).where(_transfer_table.c.id.in_(ids))),
    }
    _run(tx, sa.update(failure_table).where(failure_table.c.person_id == person_id).values(person_id=None))
    tx.session.expire_all()
    for product_id in units:
        members.tell_owner(tx, tx.session.get_one(ProductRow, product_id))
    return wiped


def export(tx: Transaction, person_id: str) -> dict[str, list[dict[str, Json]]]:
    """What is held of a person here. Of others, nothing but that there is a transfer."""
    kept = {"id", "product_id", "role", "since", "created_at", "expires_at", "state", "at"}
    sides = sa.or_(_transfer_table.c.person_id == person_id, _transfer_table.c.receiver_id == person_id)
    where: dict[str, tuple[sa.Table, Any]] = {
        "memberships": (table_of(MemberRow), table_of(MemberRow).c.person_id == person_id),
        "invitations": (invitation_table, invitation_table.c.person_id == person_id),
        "transfers": (_transfer_table, sides),
        "failed_attempts": (failure_table, failure_table.c.person_id == person_id),
    }
    return {
        name: [
            {key: value for key, value in row._mapping.items() if key in kept}  # noqa: SLF001 - SQLAlchemy's public name
            for row in tx.session.execute(sa.select(table).where(condition).order_by(table.c.id))
        ]
        for name, (table, condition) in where.items()
    }


def _run(tx: Transaction, statement: Any) -> int:
    return int(tx.session.execute(statement).rowcount)  # type: ignore[attr-defined]  # a cursor result has it
