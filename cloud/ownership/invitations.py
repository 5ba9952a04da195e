"""Invitations: the owner makes a one-time link, and whoever has it becomes household, or guest for a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from broker.contract.ids import is_id, new_id
from broker.contract.stages import Role
from cloud.db import Transaction, table_of
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.ownership import claims, members
from cloud.ownership.rules import (
    GUEST_LASTS,
    GUEST_LASTS_MAX,
    GUEST_LASTS_MIN,
    INVITATION_LASTS,
    INVITATIONS_MAX,
    INVITED,
    MEMBERS_MAX,
    Act,
    raises,
)
from cloud.ownership.tables import InvitationRow, MemberRow
from cloud.record import service as record
from cloud.registry import codes
from cloud.registry.tables import ProductRow
from mobile_menu.ownership_ports import NotYoursError, TooManyPeopleError
from mobile_menu.ports import SessionRefusedError

invitation_table = table_of(InvitationRow)
PREFIX = "tli_"


def invite(tx: Transaction, product_id: str, by: str, role: Role, lasts: timedelta | None) -> tuple[InvitationRow, str]:
    """A fresh invitation and its code, which is shown this once. lasts: how long a guest may stay.

    Raises NotYoursError, TooManyPeopleError when too many are open.
    """
    unit = members.unit_for(tx, product_id, by, Act.INVITE)
    forget_expired(tx)
    if role not in INVITED:
        raise NotYoursError
    if len(open_for(tx, unit.id)) >= INVITATIONS_MAX:
        raise TooManyPeopleError
    code = codes.new_token(PREFIX)
    row = InvitationRow(
        id=new_id(tx.now),
        product_id=unit.id,
        person_id=by,
        role=role.value,
        lasts_s=int(_stay(lasts).total_seconds()) if role is Role.GUEST else None,
        code_hash=codes.token_hash(code),
        created_at=tx.now,
        expires_at=tx.now + INVITATION_LASTS,
    )
    tx.session.add(row)
    tx.session.flush()
    return row, code


def _stay(lasts: timedelta | None) -> timedelta:
    return min(max(GUEST_LASTS if lasts is None else lasts, GUEST_LASTS_MIN), GUEST_LASTS_MAX)


def open_for(tx: Transaction, product_id: str) -> Sequence[Any]:
    """The unit's invitations that nobody has taken, oldest first."""
    query = sa.select(invitation_table).where(
        invitation_table.c.product_id == product_id, invitation_table.c.expires_at > tx.now
    )
    return tx.session.execute(query.order_by(invitation_table.c.id)).all()


def withdraw(tx: Transaction, product_id: str, invitation_id: str, by: str) -> None:
    """Takes an invitation back. Raises NotYoursError."""
    unit = members.unit_for(tx, product_id, by, Act.INVITE)
    known = tx.session.get(InvitationRow, invitation_id) if is_id(invitation_id) else None
    if known is None or known.product_id != unit.id:
        raise NotYoursError
    tx.session.delete(known)
    tx.session.flush()


def find(tx: Transaction, code: str) -> InvitationRow | None:
    """The invitation of a code, if it counts: nobody has taken it, it has not expired, the unit is the inviter's."""
    query = sa.select(InvitationRow).where(invitation_table.c.code_hash == codes.token_hash(code))
    row: InvitationRow | None = tx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or row.expires_at <= tx.now:
        return None
    unit = tx.session.get(ProductRow, row.product_id, populate_existing=True)
    return row if unit is not None and unit.owner_person_id == row.person_id and unit.state != "retired" else None


def accept(tx: Transaction, code: str, person_id: str) -> tuple[InvitationRow, lifecycle.Journey] | None:
    """Lets the person in, and uses the invitation up; None when the code opens nothing. Raises TooManyPeopleError.

    Who is as much already stays what they are, and the invitation is left for somebody else.
    """
    found = find(tx, code)
    if found is None:
        return None
    record.lock(tx, {found.product_id, person_id})
    row = find(tx, code)  # it may have been taken, or taken back, while we waited
    if row is None:
        return None
    if identity.person_key(tx, person_id) is None:
        raise SessionRefusedError
    unit = tx.session.get_one(ProductRow, row.product_id)
    role = Role(row.role)
    if not raises(members.standing_of(tx, unit, person_id), role):
        return row, claims.journey_for(tx, unit, person_id, role)
    if len(members.of_unit(tx, unit.id)) >= MEMBERS_MAX:
        raise TooManyPeopleError
    journey = _let_in(tx, unit, row, person_id)
    tx.session.execute(sa.delete(invitation_table).where(invitation_table.c.id == row.id))
    members.tell_owner(tx, unit)
    return row, journey


def _let_in(tx: Transaction, unit: ProductRow, row: InvitationRow, person_id: str) -> lifecycle.Journey:
    members.forget(tx, unit.id, person_id)  # a guest becomes household
    role = Role(row.role)
    until = None if row.lasts_s is None else tx.now + timedelta(seconds=row.lasts_s)
    journey = claims.journey_for(tx, unit, person_id, role)
    linked = lifecycle.link(tx, journey.id, unit.id, role, "phone", because=row.id)
    member = MemberRow(
        id=new_id(tx.now),
        product_id=unit.id,
        person_id=person_id,
        journey_id=linked.id,
        role=role.value,
        since=tx.now,
        expires_at=until,
    )
    tx.session.add(member)
    tx.session.flush()
    if until is not None:
        record.set_timers(tx, {(members.TIMER, member.id): until})
    claims.note_claim(tx, linked, unit.id, role, "invitation")
    return lifecycle.read(tx, linked.id)


def forget_expired(tx: Transaction) -> None:
    """Deletes invitations whose time is over."""
    tx.session.execute(sa.delete(invitation_table).where(invitation_table.c.expires_at <= tx.now))
