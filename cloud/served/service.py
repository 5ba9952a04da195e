"""What phones were shown: kept, found again, and forgotten by age and number."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity import service as identity
from cloud.secrets import Keys
from cloud.served.rules import Shown, pack, unpack
from cloud.served.tables import ServedMenuRow

served_menu = table_of(ServedMenuRow)
KEPT_PER_JOURNEY: Final = 500
"""The newest. A phone that lies open beside a busy device makes some hundreds in a day."""
AT_ONCE: Final = 20_000
"""Deleted in one transaction, at most."""


class Showing(NamedTuple):
    """A menu on its way to a phone. at: when it was composed. version, digest: of the content it was made of."""

    journey_id: str
    person_id: str
    at: datetime
    language: str
    etag: str
    version: int
    digest: str
    shown: Shown


class Served(NamedTuple):
    """A menu that a phone got. at: from when on."""

    at: datetime
    language: str
    etag: str
    version: int
    digest: str
    shown: Shown


def _last_etag(journey_id: sa.ColumnElement[str], language: sa.ColumnElement[str]) -> sa.Select[Any]:
    return (
        sa.select(served_menu.c.etag)
        .where(served_menu.c.journey_id == journey_id, served_menu.c.language == language)
        .order_by(served_menu.c.at.desc(), served_menu.c.seq.desc())
        .limit(1)
    )


_JOURNEY, _LANGUAGE, _PERSON = (sa.bindparam(name, type_=sa.String) for name in ("journey_id", "language", "person_id"))
_LAST = _last_etag(_JOURNEY, _LANGUAGE)
_ALREADY = sa.select(served_menu.c.seq).where(served_menu.c.journey_id == _JOURNEY)
_BEFORE = sa.select(
    _LAST.scalar_subquery().label("etag"),
    identity.key_of(_PERSON).label("key"),
    sa.exists(_ALREADY.offset(sa.bindparam("room", type_=sa.Integer)).limit(1)).label("full"),
)
"""All that has to be known before a menu is written, in one round trip: its phone waits. full: there are more than
`room`.
"""


def last_etag(tx: Transaction, journey_id: str, language: str) -> str | None:
    """Of the menu that this journey got last in this language."""
    return tx.session.execute(_LAST, {"journey_id": journey_id, "language": language}).scalar()


def keep(tx: Transaction, keys: Keys, showings: Sequence[Showing]) -> int:
    """Keeps these, of each person in their order; how many. Of somebody who has left meanwhile nothing is kept, and a
    menu that says the same as the one before in its journey and language is the same.
    """
    before: dict[tuple[str, str], str | None] = {}
    full: set[str] = set()
    rows = []
    room = max(KEPT_PER_JOURNEY - len(showings), 0)
    for one in sorted(showings, key=lambda one: one.person_id):  # rows of persons are held in one order by all
        asked = {"journey_id": one.journey_id, "language": one.language, "person_id": one.person_id, "room": room}
        known = tx.session.execute(_BEFORE, asked).one()
        name = one.journey_id, one.language
        if before.get(name, known.etag) == one.etag or known.key is None:
            continue
        before[name] = one.etag
        full |= {one.journey_id} if known.full else set()
        rows.append(_row(tx, keys, known.key, one))
    if rows:
        tx.session.execute(sa.insert(served_menu), rows)
        for journey_id in sorted(full):
            _forget_oldest(tx, journey_id)
    return len(rows)


def _row(tx: Transaction, keys: Keys, wrapped: bytes, one: Showing) -> dict[str, Any]:
    row_id = new_id(tx.now)
    values = {name: value for name, value in one._asdict().items() if name != "shown"}
    return {**values, "id": row_id, "sealed": identity.seal_under(keys, wrapped, pack(one.shown), row_id)}


def _forget_oldest(tx: Transaction, journey_id: str) -> None:
    own = served_menu.c.journey_id == journey_id
    newest = served_menu.c.at.desc(), served_menu.c.seq.desc()
    beyond = sa.select(served_menu.c.seq).where(own).order_by(*newest).offset(KEPT_PER_JOURNEY).limit(AT_ONCE)
    tx.session.execute(sa.delete(served_menu).where(served_menu.c.seq.in_(beyond)))


def at(
    tx: Transaction, keys: Keys, journey_ids: Sequence[str], moment: datetime, language: str | None = None
) -> Served | None:
    """The menu that these journeys' phones had at a moment: the last one until then. language: in this one alone."""
    query = sa.select(served_menu).where(served_menu.c.journey_id.in_(journey_ids), served_menu.c.at <= moment)
    if language is not None:
        query = query.where(served_menu.c.language == language)
    newest = query.order_by(served_menu.c.at.desc(), served_menu.c.seq.desc()).limit(1)
    row = tx.session.execute(newest).first()
    return None if row is None else _opened(tx, keys, row)


def of_person(tx: Transaction, keys: Keys, person_id: str) -> list[tuple[str, Served]]:
    """All that a person was shown and that is kept, with the journey that it was; oldest first."""
    query = sa.select(served_menu).where(served_menu.c.person_id == person_id).order_by(served_menu.c.seq)
    return [(row.journey_id, _opened(tx, keys, row)) for row in tx.session.execute(query)]


def _opened(tx: Transaction, keys: Keys, row: Any) -> Served:
    shown = unpack(identity.unseal(tx, keys, row.person_id, row.sealed, row.id))
    return Served(row.at, row.language, row.etag, row.version, row.digest, shown)


def forget_old(tx: Transaction, kept: timedelta) -> bool:
    """Deletes what was followed by another menu longer ago than that, in its journey and language; whether there may be
    more of it: no more than `AT_ONCE` at once.

    The last menu until then stays: it is what the phone has shown since, and still shows if nothing has changed.
    """
    later, cut = served_menu.alias("later"), tx.now - kept
    followed = sa.exists().where(
        later.c.journey_id == served_menu.c.journey_id,
        later.c.language == served_menu.c.language,
        later.c.at <= cut,
        sa.tuple_(later.c.at, later.c.seq) > sa.tuple_(served_menu.c.at, served_menu.c.seq),
    )
    old = sa.select(served_menu.c.seq).where(served_menu.c.at <= cut, followed).limit(AT_ONCE)
    done = tx.session.execute(sa.delete(served_menu).where(served_menu.c.seq.in_(old)))
    return int(done.rowcount) == AT_ONCE  # type: ignore[attr-defined]  # a cursor result has it


def listed(tx: Transaction, journey_id: str, *, before: int | None = None, limit: int = 50) -> list[Any]:
    """Rows of what a journey's phones were shown, the newest first; what it was stays sealed."""
    columns = [one for one in served_menu.c if one.name != "sealed"]
    query = sa.select(*columns).where(served_menu.c.journey_id == journey_id)
    if before is not None:
        query = query.where(served_menu.c.seq < before)
    return list(tx.session.execute(query.order_by(served_menu.c.seq.desc()).limit(limit)).all())
