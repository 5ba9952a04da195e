"""Failed attempts, kept and counted. How many are too many, `cloud.registry.claiming` decides.

Kept are keyed hashes of the address and of what was tried, for a day. When a person leaves, their failures stay, as
nobody's: else leaving would be the way to guess on.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cloud.db import Transaction, table_of
from cloud.ownership.tables import ClaimFailureRow
from cloud.record import service as record
from cloud.registry.claiming import AT_MOST, DAY, WINDOW, Failures, History, retry_after_s
from cloud.secrets import Keys

failure_table = table_of(ClaimFailureRow)


class Attempt:
    """One attempt of a person, from an address, at something: count first, then note it when it fails.

    about: `{gtin}/{serial}`, or whatever else is guessed at. source: of `mobile_menu.limits.source_of`; empty: unknown.
    """

    def __init__(self, keys: Keys, about: str, person_id: str, source: str) -> None:
        self._subject = keys.mac(f"attempts at:{about}")
        self._source = keys.mac(f"attempts from:{source}") if source else None
        self._person_id = person_id

    @property
    def locks(self) -> set[str]:
        """What must be held while attempts are counted and noted, so that those at once all count."""
        found = {f"attempts:{self._subject.hex()}"}
        return found | ({f"attempts:{self._source.hex()}"} if self._source else set())

    def failures(self, tx: Transaction) -> Failures:
        """What counts now."""
        table, day = failure_table, tx.now - DAY
        here = table.c.subject == self._subject
        own = sa.and_(here, table.c.person_id == self._person_id)
        known = Failures(
            person_now=_count(tx, own, since=tx.now - WINDOW),
            person=_count(tx, own, since=day),
            unit=_count(tx, here, since=day),
        )
        if self._source is None:
            return known
        same = table.c.source == self._source
        return known._replace(
            source=_count(tx, sa.and_(here, same), since=day), source_anywhere=_count(tx, same, since=day)
        )

    def wait_s(self, tx: Transaction, *, vouched: bool = False, by_unit: bool = True) -> int:
        """Seconds until another one is looked at; asked of one that was refused.

        by_unit: what all together have failed at counts as well.
        """
        table, day = failure_table, tx.now - DAY
        here = table.c.subject == self._subject
        own = _times(tx, sa.and_(here, table.c.person_id == self._person_id), since=day)
        history = History(person=own, unit=_times(tx, here, since=day) if by_unit else ())
        if self._source is not None:
            same = table.c.source == self._source
            source = _times(tx, sa.and_(here, same), since=day)
            history = history._replace(source=source, source_anywhere=_times(tx, same, since=day))
        return retry_after_s(history, tx.now, vouched=vouched)

    def note_failure(self, tx: Transaction) -> None:
        row = {"subject": self._subject, "source": self._source, "person_id": self._person_id, "at": tx.now}
        tx.session.execute(sa.insert(failure_table), [row])


def hold(tx: Transaction, attempt: Attempt, *more: str) -> None:
    """Holds the attempt's counts, and what else the use case is about, until the end of the transaction."""
    record.lock(tx, attempt.locks | set(more))


def forget_old(tx: Transaction) -> None:
    """Deletes what counts no more."""
    tx.session.execute(sa.delete(failure_table).where(failure_table.c.at <= tx.now - DAY))


def _count(tx: Transaction, where: Any, *, since: datetime) -> int:
    """How many; at most `AT_MOST`, so that an attack costs no more to count the longer it lasts."""
    few = sa.select(failure_table.c.id).where(where, failure_table.c.at > since).limit(AT_MOST).subquery()
    return int(tx.session.execute(sa.select(sa.func.count()).select_from(few)).scalar_one())


def _times(tx: Transaction, where: Any, *, since: datetime) -> tuple[datetime, ...]:
    """When; the newest `AT_MOST` of them, as none before those makes a difference."""
    at = failure_table.c.at
    newest = sa.select(at).where(where, at > since).order_by(at.desc()).limit(AT_MOST)
    return tuple(tx.session.execute(newest).scalars())
