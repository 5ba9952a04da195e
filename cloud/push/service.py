"""Web push: what waits to be told to whom, and what becomes of it. Who wants to be told is in `browsers`.

A word is put in with the event that it tells of, leaves after the commit, at least once, and goes with the person.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa
from babel.dates import get_timezone

from broker.contract.ids import new_id
from broker.contract.messages import Json
from broker.contract.stages import Role
from cloud.care import service as care
from cloud.control import asking
from cloud.db import Transaction, table_of
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.push import rules, sealing
from cloud.push.browsers import Address, subscription_table
from cloud.push.outlet import Parcel
from cloud.push.rules import FORMS, Drop, Phone, Send, Wait, Word
from cloud.push.tables import PushMessageRow, PushSubscriptionRow
from cloud.push.wording import content
from cloud.record.events import Event
from cloud.secrets import Keys
from mobile_menu.ports import ZoneState
from mobile_menu.rules.situation import Zone

message_table = table_of(PushMessageRow)
LEASE: Final = timedelta(minutes=2)
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(minutes=30)
KEPT: Final = timedelta(days=2)
"""How long a message that has left still counts for its day, wherever on earth that is."""


class Due(NamedTuple):
    """A message that leaves now."""

    id: str
    subscription_id: str
    parcel: Parcel
    attempts: int


def export(tx: Transaction, keys: Keys, person_id: str) -> list[Json]:
    """What is held of a person's browsers, and what they were told."""
    rows = tx.session.execute(sa.select(PushSubscriptionRow).where(subscription_table.c.person_id == person_id))
    return [
        {
            **identity.unseal(tx, keys, person_id, row.address, row.id),
            "since": row.created_at,
            "messages": [
                one.model_dump(include={"word", "journey_id", "expires_at", "sent_at"}) for one in _messages(tx, row.id)
            ],
        }
        for row in rows.scalars()
    ]


def _messages(tx: Transaction, subscription_id: str) -> list[PushMessageRow]:
    query = sa.select(PushMessageRow).where(message_table.c.subscription_id == subscription_id)
    return list(tx.session.execute(query.order_by(message_table.c.id)).scalars())


# --- what is to be told ---


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: words for whoever is away, and an end to those that are true no more. Nothing is written where nobody
    wants to be told.
    """
    for event in events:
        ended_words = rules.ended_by(event)
        if ended_words and event.journey_id is not None:
            _take_back(tx, ended_words, lifecycle.current_id(tx, event.journey_id))
        word = rules.word_of_journey(event)
        if word is not None and event.journey_id is not None:
            _tell(tx, word, lifecycle.current_id(tx, event.journey_id))
        ended = rules.word_of_result(event)
        if ended is not None:
            for journey_id in _who_chose(tx, event):
                _tell(tx, ended, journey_id)


def _who_chose(tx: Transaction, event: Event) -> list[str]:
    asks = asking.asks_of(tx, str(event.product_id), str(event.data["command_id"]))
    return [ask.journey_id for ask in asks]


def _tell(tx: Transaction, word: Word, journey_id: str) -> None:
    table = lifecycle.journey_table
    row = tx.session.execute(
        sa.select(table.c.person_id, table.c.zone, table.c.role).where(table.c.id == journey_id)
    ).one_or_none()
    if row is None or not _concerns(word, row.role, row.zone):
        return
    query = sa.select(subscription_table.c.id).where(subscription_table.c.person_id == row.person_id)
    for subscription_id in sorted(tx.session.execute(query).scalars()):
        _put(tx, word, journey_id, row.person_id, subscription_id)


def _concerns(word: Word, role: str, zone: Any) -> bool:
    where = Zone.UNKNOWN if zone is None else msgspec.convert(zone, type=ZoneState).zone
    theirs = word is not Word.FAULT or role in {Role.OWNER, Role.HOUSEHOLD}
    return theirs and rules.is_for(word, where)


def _take_back(tx: Transaction, words: frozenset[Word], journey_id: str) -> None:
    waiting = (
        message_table.c.journey_id == journey_id,
        message_table.c.word.in_(sorted(words)),
        message_table.c.sent_at.is_(None),
    )
    tx.session.execute(sa.delete(message_table).where(*waiting))


def _put(tx: Transaction, word: Word, journey_id: str, person_id: str, subscription_id: str) -> None:
    """Puts a message in; one of the same topic that has not left makes room."""
    form = FORMS[word]
    waiting = (
        message_table.c.subscription_id == subscription_id,
        message_table.c.journey_id == journey_id,
        message_table.c.topic == form.topic,
        message_table.c.sent_at.is_(None),
    )
    tx.session.execute(sa.delete(message_table).where(*waiting))
    row = PushMessageRow(
        id=new_id(tx.now),
        subscription_id=subscription_id,
        person_id=person_id,
        journey_id=journey_id,
        word=word.value,
        topic=form.topic,
        not_before=tx.now + rules.AFTER,
        expires_at=tx.now + form.lasts,
    )
    tx.session.add(row)
    tx.session.flush()


# --- on its way out ---


def _waits(tx: Transaction) -> sa.ColumnElement[bool]:
    return sa.and_(message_table.c.sent_at.is_(None), message_table.c.not_before <= tx.now)


def any_due(tx: Transaction) -> bool:
    """Something may be to send: asked first, so that an idle loop takes no write lock."""
    return tx.session.execute(sa.select(message_table.c.id).where(_waits(tx)).limit(1)).first() is not None


def lease(tx: Transaction, keys: Keys, limit: int = 20) -> tuple[int, list[Due]]:
    """How many were looked at, and those that leave now, held: another loop takes them when the lease runs out."""
    query = (
        sa.select(message_table)
        .where(_waits(tx))
        .order_by(message_table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # Two loops that have messages for the same phones take turns at these in one order.
    rows = sorted(tx.session.execute(query), key=lambda row: (row.subscription_id, row.id))
    due = []
    for row in rows:
        found = _judge(tx, keys, row)
        if found is not None:
            due.append(found)
    return len(rows), due


def _judge(tx: Transaction, keys: Keys, row: Any) -> Due | None:
    """A message that leaves now; the others wait or go."""
    here = message_table.c.id == row.id
    if row.word == Word.ANSWER and not care.has_unread(tx, row.journey_id):
        tx.session.execute(sa.delete(message_table).where(here))
        return None
    # Locked, so that what another loop holds for this phone is seen and counts.
    subscription = tx.session.get_one(
        PushSubscriptionRow, row.subscription_id, populate_existing=True, with_for_update=True
    )
    sealed = identity.unseal(tx, keys, subscription.person_id, subscription.address, subscription.id)
    address = msgspec.convert(sealed, type=Address)
    phone = Phone(get_timezone(address.time_zone), _told(tx, row.subscription_id), subscription.listens_until)
    match rules.decide(phone, FORMS[Word(row.word)], row.expires_at, tx.now):
        case Drop():
            tx.session.execute(sa.delete(message_table).where(here))
            return None
        case Wait(until):
            tx.session.execute(sa.update(message_table).where(here).values(not_before=until))
            return None
        case Send():
            held = sa.update(message_table).where(here)
            tx.session.execute(held.values(not_before=tx.now + LEASE, attempts=row.attempts + 1))
            return _due(tx, keys, row, address)


def _due(tx: Transaction, keys: Keys, row: Any, address: Address) -> Due:
    word = Word(row.word)
    parcel = Parcel(
        endpoint=address.endpoint,
        p256dh=sealing.unb64(address.p256dh),
        auth=sealing.unb64(address.auth),
        content=content(word, address.language, row.journey_id),
        topic=sealing.b64(keys.mac(f"push topic:{row.journey_id}:{row.topic}"))[:32],
        urgent=FORMS[word].urgent,
        lasts=row.expires_at - tx.now,
    )
    return Due(row.id, row.subscription_id, parcel, row.attempts + 1)


def _told(tx: Transaction, subscription_id: str) -> tuple[datetime, ...]:
    """When messages left for this phone; those that are on their way leave now."""
    table = message_table.c
    held = sa.and_(table.attempts > 0, table.not_before > tx.now)
    query = sa.select(table.sent_at).where(
        table.subscription_id == subscription_id, sa.or_(table.sent_at.is_not(None), held)
    )
    return tuple(at or tx.now for at in tx.session.execute(query).scalars())


def note_sent(tx: Transaction, due: Due) -> None:
    """A push service has taken it."""
    tx.session.execute(sa.update(message_table).where(message_table.c.id == due.id).values(sent_at=tx.now))


def note_later(tx: Transaction, due: Due, wait: timedelta | None) -> None:
    """It could not be sent now, and is tried again until it is worth telling no more."""
    usual = min(FIRST_WAIT * 2 ** min(due.attempts - 1, 16), LONGEST_WAIT)
    later = sa.update(message_table).where(message_table.c.id == due.id)
    tx.session.execute(later.values(not_before=tx.now + max(usual, wait or usual)))


def note_refused(tx: Transaction, due: Due) -> None:
    """It will never be taken."""
    tx.session.execute(sa.delete(message_table).where(message_table.c.id == due.id))


def note_gone(tx: Transaction, due: Due) -> None:
    """The browser is not reached there any more: its subscription ends. One that it has made since has another id."""
    tx.session.execute(sa.delete(subscription_table).where(subscription_table.c.id == due.subscription_id))


def forget_old(tx: Transaction) -> None:
    """What has left counts for its day alone; what was too late goes."""
    gone: Iterable[sa.ColumnElement[bool]] = (
        message_table.c.sent_at < tx.now - KEPT,
        sa.and_(message_table.c.sent_at.is_(None), message_table.c.expires_at < tx.now),
    )
    tx.session.execute(sa.delete(message_table).where(sa.or_(*gone)))
