"""The journal: append, read, replay. And the outbox and the timers, which share its transaction.

An event is appended once: its id decides. What is new goes through the projectors (twin, lifecycle, ...) in the same
transaction; `replay` sends the whole journal through them again, which must end in the same rows.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cloud.db import Transaction, table_of
from cloud.errors import KeyReusedError
from cloud.record.bulk import among, append_columns, put_many
from cloud.record.columns import array_literal
from cloud.record.events import Event
from cloud.record.tables import IdempotencyRow, JournalRow, OutboxRow, TimerRow
from cloud.vault import Vault

Answer = TypeVar("Answer")
journal = table_of(JournalRow)
outbox = table_of(OutboxRow)
timer = table_of(TimerRow)

IDEMPOTENCY_KEPT = timedelta(hours=24)
REPLAY_BATCH = 1_000
MAX_DELAY = timedelta(minutes=1)
"""How long a message of the outbox may be held back. One that would wait for longer was written while the clock was
ahead, and is due: else a clock that is set back would keep it until it has come so far again.
"""
MAX_LEASE = timedelta(minutes=5)
"""Of a timer; a longer one that is found is of a clock that was ahead, too."""
_LOCKED = "record.locked"
"""In the memo: the subjects that this transaction holds."""
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(%s AS bigint[])) AS key"


def insert(tx: Transaction, table: sa.Table) -> Any:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    return sqlite.insert(table) if tx.sqlite else postgresql.insert(table)


def lock(tx: Transaction, subjects: set[str]) -> None:
    """Holds these units and journeys until the end of the transaction, so that what is projected follows the journal's
    order. SQLite has one writer at a time and needs none of it. What is held already is not asked for again.
    """
    if tx.sqlite:
        return
    held: set[str] = tx.memo.setdefault(_LOCKED, set())
    wanted = subjects - held
    if not wanted:
        return
    keys = array_literal(sorted(map(_lock_key, wanted)))
    tx.session.connection().exec_driver_sql(_LOCK, (keys,))
    held |= wanted


@lru_cache(maxsize=16_384)
def _lock_key(subject: str) -> int:
    return int.from_bytes(hashlib.blake2b(subject.encode(), digest_size=8).digest(), "big", signed=True)


def append(
    tx: Transaction,
    events: Sequence[Event],
    *,
    sealed: dict[str, bytes] | None = None,
    is_new: Callable[[Event], bool] = lambda _event: False,
) -> list[Event]:
    """Appends what is new, and projects it. Returns the new events, in order.

    sealed: personal parts by event id. is_new: the caller knows already that the event is in no journal.
    """
    lock(tx, {subject for event in events for subject in (event.product_id, event.journey_id) if subject})
    fresh = _unseen(tx, events, is_new)
    if not fresh:
        return []
    append_columns(tx, journal, _columns(fresh, tx.now, sealed or {}))
    for step in (*tx.database.projectors, *tx.database.reactors):
        step(tx, fresh)
    return fresh


def _unseen(tx: Transaction, events: Sequence[Event], is_new: Callable[[Event], bool]) -> list[Event]:
    """The events whose ids are not in the journal, each id once."""
    asked = list({event.id for event in events if not is_new(event)})
    seen: set[str] = set()
    if asked:
        query = sa.select(journal.c.event_id).where(among(tx, journal.c.event_id, asked))
        seen.update(tx.session.execute(query).scalars())
    fresh = []
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            fresh.append(event)
    return fresh


def _columns(events: Sequence[Event], now: datetime, sealed: dict[str, bytes]) -> dict[str, list[Any]]:
    return {
        "event_id": [event.id for event in events],
        "type": [event.type for event in events],
        "at": [event.at for event in events],
        "recorded_at": [now] * len(events),
        "source": [event.source for event in events],
        "channel": [event.channel for event in events],
        "product_id": [event.product_id for event in events],
        "journey_id": [event.journey_id for event in events],
        "person_id": [event.person_id for event in events],
        "data": [event.data for event in events],
        "sealed": [sealed.get(event.id) for event in events] if sealed else [None] * len(events),
    }


def to_event(row: Any) -> Event:
    """A journal row as the event it was."""
    return Event(
        id=row.event_id,
        type=row.type,
        at=row.at,
        source=row.source,
        channel=row.channel,
        product_id=row.product_id,
        journey_id=row.journey_id,
        person_id=row.person_id,
        data=row.data,
    )


def read_all(tx: Transaction, *, batch: int = REPLAY_BATCH) -> Iterator[tuple[datetime, list[Event]]]:
    """The whole journal in the order of recording, in batches that were recorded at the same time."""
    after = 0
    while True:
        query = sa.select(journal).where(journal.c.seq > after).order_by(journal.c.seq).limit(batch)
        rows = tx.session.execute(query).all()
        if not rows:
            return
        after = rows[-1].seq
        run: list[Any] = []
        for row in rows:
            if run and run[-1].recorded_at != row.recorded_at:
                yield run[-1].recorded_at, [to_event(part) for part in run]
                run = []
            run.append(row)
        yield run[-1].recorded_at, [to_event(part) for part in run]


def story(
    tx: Transaction, journey_ids: Collection[str], product_id: str | None, *, since: datetime, limit: int = 50
) -> list[Any]:
    """Journal rows of a journey, and of what its unit itself has said since then; newest first. journey_ids: its own,
    and those that it had before it was joined.
    """
    wanted: sa.ColumnElement[bool] = journal.c.journey_id.in_(journey_ids)
    if product_id is not None:
        said = (journal.c.product_id == product_id, journal.c.journey_id.is_(None), journal.c.recorded_at >= since)
        wanted = sa.or_(wanted, sa.and_(*said))
    query = sa.select(journal).where(wanted).order_by(journal.c.seq.desc()).limit(limit)
    return list(tx.session.execute(query).all())


def timeline(
    tx: Transaction,
    *,
    product_id: str | None = None,
    journey_ids: Collection[str] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Any]:
    """Journal rows of a unit, or of a journey by all its ids, newest first."""
    query = sa.select(journal).order_by(journal.c.seq.desc()).limit(limit)
    if product_id is not None:
        query = query.where(journal.c.product_id == product_id)
    else:
        query = query.where(journal.c.journey_id.in_(journey_ids))
    if before is not None:
        query = query.where(journal.c.seq < before)
    return list(tx.session.execute(query).all())


# --- what leaves after the commit ---


def send(
    tx: Transaction,
    topic: str,
    payload: bytes,
    *,
    slot: str | None = None,
    retain: bool = False,
    after: timedelta = timedelta(),
    expires_at: datetime | None = None,
    person_id: str | None = None,
    command_id: str | None = None,
) -> None:
    """Puts a message into the outbox. slot: an unsent message of the same slot is replaced, and keeps its time. after:
    `MAX_DELAY` at most.
    """
    values = {
        "slot": slot,
        "topic": topic,
        "payload": payload,
        "retain": retain,
        "not_before": tx.now + after,
        "expires_at": expires_at,
        "person_id": person_id,
        "command_id": command_id,
    }
    send_many(tx, [values])


def send_many(tx: Transaction, messages: list[dict[str, Any]]) -> None:
    """Like `send`, for many rows of the outbox at once, each with a slot of its own."""
    if not messages:
        return
    replaced = ("topic", "payload", "retain", "expires_at", "person_id", "command_id")
    put_many(tx, outbox, messages, keys=["slot"], replaced=replaced)
    # What is due later is found when it is due: a word about it would only wake the outbox for nothing.
    tx.changes.outbox |= any(message["not_before"] <= tx.now for message in messages)


def send_together(tx: Transaction, kind: str, contents: Sequence[bytes], *, after: timedelta = timedelta()) -> None:
    """Puts rows into the outbox that hold many messages each. kind: takes the topic's place; it tells who sends them
    what they are.
    """
    same = {"slot": None, "topic": kind, "retain": True, "not_before": tx.now + after}
    none = {"expires_at": None, "person_id": None, "command_id": None}
    put_many(tx, outbox, [{**same, **none, "payload": one} for one in contents])


def is_due(tx: Transaction) -> sa.ColumnElement[bool]:
    """The condition that a message of the outbox leaves now."""
    return sa.or_(outbox.c.not_before <= tx.now, outbox.c.not_before > tx.now + MAX_DELAY)


# --- what falls due ---


def set_timers(tx: Transaction, timers: dict[tuple[str, str], datetime | None]) -> None:
    """Sets when (kind, subject) falls due; None takes the timer away."""
    gone = [key for key, due in timers.items() if due is None]
    for kind, subject in gone:
        tx.session.execute(sa.delete(timer).where(timer.c.kind == kind, timer.c.subject == subject))
    rows = [
        {"kind": kind, "subject": subject, "due_at": due} for (kind, subject), due in timers.items() if due is not None
    ]
    if rows:
        statement = insert(tx, timer)
        changed = {"due_at": statement.excluded.due_at, "leased_until": None}
        tx.session.execute(statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=changed), rows)


Periods = Mapping[str, timedelta]
"""Of timers that come again and again, by kind: how far ahead each is set. One that is further ahead was set while the
clock was ahead, and is due: else a clock that is set back would keep it until it has come so far again.
"""
_NONE: Periods = MappingProxyType({})


def any_due(tx: Transaction, periods: Periods = _NONE) -> bool:
    """Something may be due: asked first, so that an idle scheduler never takes the database's write lock."""
    query = sa.select(timer.c.subject).where(_is_due(tx, periods), _is_free(tx)).limit(1)
    return tx.session.execute(query).first() is not None


def _is_due(tx: Transaction, periods: Periods) -> sa.ColumnElement[bool]:
    """The condition that a timer's time has come."""
    left_behind = (
        sa.and_(timer.c.kind == kind, timer.c.due_at > tx.now + period) for kind, period in sorted(periods.items())
    )
    return sa.or_(timer.c.due_at <= tx.now, *left_behind)


def _is_free(tx: Transaction) -> sa.ColumnElement[bool]:
    """The condition that nobody holds a timer."""
    until = timer.c.leased_until
    return sa.or_(until.is_(None), until <= tx.now, until > tx.now + MAX_LEASE)


class DueTimer(NamedTuple):
    """A timer that was claimed."""

    kind: str
    subject: str
    due_at: datetime


def lease_due(tx: Transaction, periods: Periods = _NONE, *, lease: timedelta, limit: int = 100) -> list[DueTimer]:
    """Claims timers that are due and that nobody else holds. Another scheduler takes them when the lease runs out.
    lease: `MAX_LEASE` at most.
    """
    query = (
        sa.select(timer.c.kind, timer.c.subject, timer.c.due_at)
        .where(_is_due(tx, periods), _is_free(tx))
        .order_by(timer.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [DueTimer(row.kind, row.subject, row.due_at) for row in tx.session.execute(query)]
    for one in due:
        held = sa.update(timer).where(timer.c.kind == one.kind, timer.c.subject == one.subject)
        tx.session.execute(held.values(leased_until=tx.now + lease))
    return due


# --- the same call twice ---


def fingerprint(*parts: bytes | str) -> str:
    """What makes two requests the same request."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def scope_about(person_id: str, key_id: str = "") -> str:
    """The scope of an operator's answers that are about a person; all that begin without a key's id go with them."""
    return f"about:{person_id}:{key_id}"


def once(
    tx: Transaction,
    vault: Vault,
    scope: str,
    key: str | None,
    print_: str,
    form: type[Answer],
    do: Callable[[], Answer],
) -> Answer:
    """`do()`, or what it answered when the same scope and key came before. Raises KeyReusedError for another request.

    The stored answer lives in the same transaction as the effect, so one cannot be there without the other.
    """
    if key is None:
        return do()
    lock(tx, {f"once:{scope}/{key}"})  # the second of two at once waits, and finds the answer
    row = tx.session.get(IdempotencyRow, (scope, key))
    if row is not None and row.created_at > tx.now - IDEMPOTENCY_KEPT:
        if row.fingerprint != print_:
            raise KeyReusedError
        return msgspec.json.decode(vault.open_own(row.body, f"{scope}/{key}".encode()), type=form)
    answer = do()
    body = vault.seal_own(msgspec.json.encode(answer), f"{scope}/{key}".encode())
    tx.session.merge(IdempotencyRow(scope=scope, key=key, fingerprint=print_, body=body, created_at=tx.now))
    tx.session.flush()
    return answer


def forget_old_answers(tx: Transaction) -> None:
    """Deletes stored answers that are too old to be asked for again."""
    table = table_of(IdempotencyRow)
    tx.session.execute(sa.delete(table).where(table.c.created_at <= tx.now - IDEMPOTENCY_KEPT))
