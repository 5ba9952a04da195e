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


def last_etag(tx: Transaction, journey_id: str, language: str) -> str | None:
    """Of the menu that this journey got last in this language."""
    query = (
        sa.select(served_menu.c.etag)
        .where(served_menu.c.journey_id == journey_id, served_menu.c.language == language)
        .order_by(served_menu.c.at.desc(), served_menu.c.seq.desc())
        .limit(1)
    )
    return tx.session.execute(query).scalar()


def keep(tx: Transaction, keys: Keys, showings: Sequence[Showing]) -> int:
    """Keeps these, of each person in their order; how many. Of somebody who has left meanwhile nothing is kept, and a
    menu that says the same as the one before in its journey and language is the same.
    """
    before: dict[tuple[str, str], str | None] = {}
    rows = []
    for one in sorted(showings, key=lambda one: one.person_id):  # rows of persons are held in one order by all
        name = one.journey_id, one.language
        if name not in before:
            before[name] = last_etag(tx, *name)
        if before[name] == one.etag or identity.person_key(tx, one.person_id) is None:
            continue
        before[name] = one.etag
        rows.append(_row(tx, keys, one))
    if rows:
        tx.session.execute(sa.insert(served_menu), rows)
        for journey_id in sorted({one["journey_id"] for one in rows}):
            _forget_oldest(tx, journey_id)
    return len(rows)


def _row(tx: Transaction, keys: Keys, one: Showing) -> dict[str, Any]:
    row_id = new_id(tx.now)
    values = {name: value for name, value in one._asdict().items() if name != "shown"}
    return {**values, "id": row_id, "sealed": identity.seal(tx, keys, one.person_id, pack(one.shown), row_id)}


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
    """Deletes what was shown longer ago than that; whether there may be more of it: no more than `AT_ONCE` at once."""
    old = sa.select(served_menu.c.seq).where(served_menu.c.at <= tx.now - kept).limit(AT_ONCE)
    done = tx.session.execute(sa.delete(served_menu).where(served_menu.c.seq.in_(old)))
    return int(done.rowcount) == AT_ONCE  # type: ignore[attr-defined]  # a cursor result has it


def listed(tx: Transaction, journey_id: str, *, before: int | None = None, limit: int = 50) -> list[Any]:
    """Rows of what a journey's phones were shown, the newest first; what it was stays sealed."""
    columns = [one for one in served_menu.c if one.name != "sealed"]
    query = sa.select(*columns).where(served_menu.c.journey_id == journey_id)
    if before is not None:
        query = query.where(served_menu.c.seq < before)
    return list(tx.session.execute(query.order_by(served_menu.c.seq.desc()).limit(limit)).all())
