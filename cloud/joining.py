"""Two persons become one: on proof of one e-mail address, and on nothing else.

Who proved the address first stays; whoever proves it now becomes that one. Everything that names the one who goes is
moved, what is sealed under their key is sealed anew under the other's, and their key is destroyed. One transaction:
it happens whole, or not at all. What is moved how stands in the tables below; a test compares them with the schema, so
that a new table cannot be forgotten.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.ids import new_id
from broker.contract.stages import Role
from cloud.consent.service import person_scope
from cloud.db import Transaction
from cloud.identity import addresses
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.joining import Pair, pairs
from cloud.lifecycle.watch import TIMER as STALL_TIMER
from cloud.ownership.members import TIMER as MEMBER_TIMER
from cloud.ownership.transfers import TIMER as TRANSFER_TIMER
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.secrets import Keys


class Verified(NamedTuple):
    """An address that has just been proven, by this person. joined: two became one by it. first: by this very call, and
    not by one that it repeats.
    """

    address: str
    person_id: str
    joined: bool
    first: bool


class Sealed(NamedTuple):
    """A column that is sealed under a person's key. context: the column that it is bound to. via: (column, table,
    column) through which the person is found, when the row does not name them.
    """

    table: str
    column: str
    context: str
    via: tuple[str, str, str] | None = None


MOVED: Final = frozenset(
    {
        "phone_session.person_id",
        "product.owner_person_id",
        "referral.person_id",
        "support_case.person_id",
        "shop_order.person_id",
        "coupon.person_id",
        "command.person_id",
        "command_ask.person_id",
        "proven_act.person_id",
        "push_subscription.person_id",
        "push_message.person_id",
        "journey.person_id",
        "journal.person_id",
        "outbox.person_id",
        "email_proof.person_id",
        "mail.person_id",
        "invitation.person_id",
        "transfer.person_id",
        "transfer.receiver_id",
        "claim_failure.person_id",
        "served_menu.person_id",
    }
)
"""Columns that name a person, and name the other one from then on."""

OWN_WAY: Final = frozenset({"email_address.person_id", "member.person_id"})
"""Columns that name a person at most once: two rows become one. See `_drop_address` and `_join_members`."""

SEALED: Final = (
    Sealed("case_message", "text", "id", via=("case_id", "support_case", "id")),
    Sealed("support_case", "snapshot", "id"),
    Sealed("shop_order", "customer", "id"),
    Sealed("journal", "sealed", "event_id"),
    Sealed("email_proof", "address", "id"),
    Sealed("mail", "letter", "id"),
    Sealed("served_menu", "sealed", "id"),
    Sealed("push_subscription", "address", "id"),
)
"""What is sealed anew. The address itself is not: the one that stays has it already."""

WITH_JOURNEY: Final = frozenset(
    {
        "referral.journey_id",
        "support_case.journey_id",
        "shop_order.journey_id",
        "coupon.journey_id",
        "command.journey_id",
        "command_ask.journey_id",
        "push_message.journey_id",
        "member.journey_id",
        "transfer.journey_id",
        "served_menu.journey_id",
    }
)
"""Columns that name a journey, and name the one that it goes on in. The journal's stay: a replay goes by them."""


def verify(tx: Transaction, keys: Keys, person_id: str, session_id: str, token: str) -> Verified | None:
    """Completes a link: the address is this person's; if it is another's, the two are one. None for a link that does
    not count. The same link again, in its time, says the same and does nothing.
    """
    proof = addresses.proof_of(tx, keys, person_id, session_id, token)
    if proof is None:
        return None
    address = identity.unseal(tx, keys, person_id, proof.address, proof.id)
    if proof.used_at is not None:
        return Verified(address, proof.person_id, proof.joined, first=False)
    record.lock(tx, {f"e-mail:{proof.mac.hex()}"})  # of two who prove it at once, the second finds the first
    other = _held_holder(tx, proof.mac, person_id)
    joined = other is not None and other != person_id
    if other is not None and joined:
        join(tx, keys, stays=other, goes=person_id)
        tx.session.refresh(proof)
    else:
        addresses.keep(tx, keys, proof)
    addresses.note_shown(tx, keys, address)
    proof.used_at, proof.joined = tx.now, joined
    tx.session.flush()
    return Verified(address, proof.person_id, joined, first=True)


def _held_holder(tx: Transaction, mac: bytes, person_id: str) -> str | None:
    """Who has the address, held until the end together with the person who proves it now."""
    held: set[str] = set()
    while True:
        other = addresses.holder(tx, mac)
        wanted = {person_id} | ({other} if other else set())
        if wanted <= held:
            return other
        # While we wait, the other may leave, or give the address up: so look again.
        record.lock(tx, wanted)
        held |= wanted


def join(tx: Transaction, keys: Keys, *, stays: str, goes: str) -> None:
    """Makes the person who goes part of the one who stays. Both are held already."""
    tx.session.expire_all()
    _hold_rows(tx, stays, goes)
    ours, theirs = lifecycle.of_person(tx, stays), lifecycle.of_person(tx, goes)
    units = {one.product_id for one in (*ours, *theirs) if one.product_id}
    record.lock(tx, {one.id for one in (*ours, *theirs)} | units)
    ours, theirs = lifecycle.of_person(tx, stays), lifecycle.of_person(tx, goes)
    for one in SEALED:
        _seal_anew(tx, keys, one, stays, goes)
    _move_answers(tx, keys, stays, goes)
    tx.changes.sessions.update(_sessions(tx, stays, goes))
    _drop_address(tx, goes)
    _join_members(tx, stays, goes)
    for name in sorted(MOVED):
        _rename(tx, name, goes, stays)
    for pair in pairs(ours, theirs):
        _join_journeys(tx, pair, stays)
    tx.changes.journeys.update(one.id for one in theirs)
    record.append(tx, [_event(tx, EventType.PERSON_JOINED, stays)])
    tx.session.execute(sa.delete(_table("person")).where(_table("person").c.id == goes))
    tx.session.expire_all()


def _hold_rows(tx: Transaction, stays: str, goes: str) -> None:
    """Nobody adds a row about either of them from here on, and who was about to has done it: the database itself makes
    a row that names a person wait for the person's own.
    """
    person = _table("person")
    held = sa.select(person.c.id).where(person.c.id.in_([stays, goes])).order_by(person.c.id).with_for_update()
    tx.session.execute(held).all()
    for name in ("support_case", "shop_order"):  # a message and a customer's address are sealed while these are held
        table = _table(name)
        tx.session.execute(
            sa.select(table.c.id).where(table.c.person_id == goes).order_by(table.c.id).with_for_update()
        )


def _seal_anew(tx: Transaction, keys: Keys, one: Sealed, stays: str, goes: str) -> None:
    table = _table(one.table)
    column, context = table.c[one.column], table.c[one.context]
    if one.via is None:
        own = table.c.person_id == goes
    else:
        through, name, key = one.via
        owner = _table(name)
        own = table.c[through].in_(sa.select(owner.c[key]).where(owner.c.person_id == goes))
    rows = tx.session.execute(sa.select(context.label("bound_to"), column.label("sealed")).where(own)).all()
    anew = [
        {
            "of": row.bound_to,
            "sealed_anew": identity.seal(
                tx, keys, stays, identity.unseal(tx, keys, goes, row.sealed, row.bound_to), row.bound_to
            ),
        }
        for row in rows
        if row.sealed
    ]
    if anew:
        changed = sa.update(table).where(context == sa.bindparam("of")).values({column: sa.bindparam("sealed_anew")})
        tx.session.connection().execute(changed, anew)


def _move_answers(tx: Transaction, keys: Keys, stays: str, goes: str) -> None:
    """Answers that are kept for a repeated call: those of the one who goes count for the one who stays.

    They are sealed with the scope that they stand under. Where both used one key, that of the one who stays counts.
    """
    table = _table("idempotency")
    scopes: list[tuple[Any, Callable[[str], str]]] = [
        (table.c.scope == person_scope(goes), lambda _: person_scope(stays)),
        (
            table.c.scope.startswith(record.scope_about(goes)),
            lambda scope: record.scope_about(stays, scope.removeprefix(record.scope_about(goes))),
        ),
    ]
    for own, renamed in scopes:
        for row in tx.session.execute(sa.select(table).where(own)).all():
            scope = renamed(row.scope)
            body = keys.vault.open_own(row.body, f"{row.scope}/{row.key}".encode())
            values = {**row._mapping, "scope": scope, "body": keys.vault.seal_own(body, f"{scope}/{row.key}".encode())}  # noqa: SLF001 - a row's public way to its columns
            tx.session.execute(record.insert(tx, table).values(values).on_conflict_do_nothing())
        tx.session.execute(sa.delete(table).where(own))


def _sessions(tx: Transaction, *people: str) -> list[str]:
    table = _table("phone_session")
    return list(tx.session.execute(sa.select(table.c.id).where(table.c.person_id.in_(people))).scalars())


def _drop_address(tx: Transaction, goes: str) -> None:
    """Another address that the one who goes had proven: a person has one, and this is the one that was proven last."""
    table = _table("email_address")
    tx.session.execute(sa.delete(table).where(table.c.person_id == goes))


def _join_members(tx: Transaction, stays: str, goes: str) -> None:
    """Of two memberships of one unit the stronger stays, and an owner needs none; a transfer from one of them to the
    other is to nobody, and ends.
    """
    member, product, transfer = _table("member"), _table("product"), _table("transfer")
    both = [stays, goes]
    owned = set(tx.session.execute(sa.select(product.c.id).where(product.c.owner_person_id.in_(both))).scalars())
    rows = list(tx.session.execute(sa.select(member).where(member.c.person_id.in_(both))))
    by_strength = sorted(rows, key=lambda row: (row.role == Role.HOUSEHOLD, row.person_id == stays, row.id))
    kept = {row.product_id: row.id for row in by_strength if row.product_id not in owned}  # the last is the strongest
    extra = [row.id for row in rows if kept.get(row.product_id) != row.id]
    tx.session.execute(sa.delete(member).where(member.c.id.in_(extra)))
    record.set_timers(tx, {(MEMBER_TIMER, row_id): None for row_id in extra})
    tx.session.execute(sa.update(member).where(member.c.person_id == goes).values(person_id=stays))
    to_oneself = (transfer.c.person_id.in_(both), transfer.c.receiver_id.in_(both), transfer.c.open_for.is_not(None))
    ended = list(tx.session.execute(sa.select(transfer.c.id).where(*to_oneself)).scalars())
    tx.session.execute(sa.delete(transfer).where(transfer.c.id.in_(ended)))
    record.set_timers(tx, {(TRANSFER_TIMER, transfer_id): None for transfer_id in ended})


def _join_journeys(tx: Transaction, pair: Pair, person_id: str) -> None:
    into = lifecycle.read(tx, pair.into)
    event = _event(tx, EventType.JOURNEY_JOINED, person_id, into, {"other": pair.other})
    record.append(tx, [event])
    for name in sorted(WITH_JOURNEY):
        _rename(tx, name, pair.other, pair.into)
    record.set_timers(tx, {(STALL_TIMER, pair.other): None})
    _keep_one_coupon(tx, pair.into)


def _keep_one_coupon(tx: Transaction, journey_id: str) -> None:
    """One coupon for a journey: the one that was redeemed, else the older one."""
    table = _table("coupon")
    rows = list(tx.session.execute(sa.select(table).where(table.c.journey_id == journey_id).order_by(table.c.id)))
    redeemed = [row.id for row in rows if row.redeemed_at is not None]
    kept = redeemed or [row.id for row in rows[:1]]
    extra = [row.id for row in rows if row.id not in kept]
    tx.session.execute(sa.delete(table).where(table.c.id.in_(extra)))


def _event(
    tx: Transaction,
    kind: EventType,
    person_id: str,
    into: lifecycle.Journey | None = None,
    data: Mapping[str, str] = MappingProxyType({}),
) -> Event:
    return Event(
        id=f"joined:{new_id(tx.now)}",
        type=kind,
        at=tx.now,
        source="cloud",
        channel="email",
        product_id=into.product_id if into else None,
        journey_id=into.id if into else None,
        person_id=person_id,
        data=dict(data),
    )


def _rename(tx: Transaction, name: str, before: str, after: str) -> None:
    table_name, column = name.split(".")
    table = _table(table_name)
    tx.session.execute(sa.update(table).where(table.c[column] == before).values({column: after}))


def _table(name: str) -> sa.Table:
    return SQLModel.metadata.tables[name]
