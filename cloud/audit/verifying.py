"""Walking the whole chain, in bounded memory: is every entry as it was written, and is a head of before still in it?

Rows are read as the database keeps them, with no conversion of ours, so that no value that somebody put there can end
the walk in any other way than by being named.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud.audit import chain
from cloud.audit.service import entries
from cloud.db import Database, Transaction

BATCH = 1_000
TEXTS = ("actor", "action", "route", "subject_kind", "subject_id", "outcome", "request")


class Verdict(NamedTuple):
    """What the walk found. head: of the part that is sound. found: the place of the head that was asked for, 0 for the
    beginning; None when it is not in the sound part. broken: None when all is sound.
    """

    head: chain.Head
    broken: chain.Break | None
    found: int | None


def verify(
    db: Database, wanted: bytes | None = None, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Verdict:
    """Follows the chain to its end, or to where it breaks. wanted: a head that was noted. progress: (done, of all).

    What is written meanwhile may or may not be looked at.
    """
    head = chain.START
    found = 0 if wanted == head.hash else None
    with db.reading() as tx:
        last = int(tx.session.execute(sa.select(sa.func.coalesce(sa.func.max(entries.c.seq), 0))).scalar_one())
    for seq, entry, mark in _raw(db):
        after = chain.follow(head, seq, entry, mark)
        if isinstance(after, chain.Break):
            return Verdict(head, after, found)
        head = after
        if head.hash == wanted:
            found = head.seq
        if head.seq % BATCH == 0:
            progress(head.seq, max(last, head.seq))
    progress(head.seq, head.seq)
    return Verdict(head, None, found)


def _raw(db: Database) -> Iterator[tuple[int, chain.Entry | None, bytes | None]]:
    after: int | None = None
    while True:
        with db.reading() as tx:
            rows = tx.session.execute(_batch(tx, after)).all()
        for row in rows:
            yield row.seq, _entry(row), bytes(row.mark) if isinstance(row.mark, bytes | memoryview) else None
        if len(rows) < BATCH:
            return
        after = rows[-1].seq


def _batch(tx: Transaction, after: int | None) -> sa.Select[Any]:
    at: sa.ColumnElement[Any]
    if tx.sqlite:  # which keeps any bytes in any column
        at = sa.cast(entries.c.at, sa.LargeBinary)
        texts = [sa.cast(entries.c[name], sa.LargeBinary).label(name) for name in TEXTS]
        mark: sa.ColumnElement[Any] = sa.cast(entries.c.hash, sa.LargeBinary)
    else:  # which has times that no datetime can hold
        at = sa.func.to_char(sa.func.timezone("UTC", entries.c.at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        texts = [entries.c[name].label(name) for name in TEXTS]
        mark = entries.c.hash
    query = sa.select(entries.c.seq, at.label("at"), *texts, mark.label("mark")).order_by(entries.c.seq).limit(BATCH)
    return query if after is None else query.where(entries.c.seq > after)


def _entry(row: Any) -> chain.Entry | None:
    values = {name: _text(getattr(row, name)) for name in ("at", *TEXTS)}
    found = {name: value for name, value in values.items() if value is not None}
    return chain.Entry(seq=row.seq, **found) if len(found) == len(values) else None


def _text(value: object) -> str | None:
    if isinstance(value, bytes | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return None
    return value if isinstance(value, str) else None
