"""What an ingest worker remembers of its devices, so as not to write the same again and again.

It is lost with its process, and nothing else is: what is remembered only spares writes, and what is pending is told
when its device speaks again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

CONTACT_EVERY = timedelta(seconds=5)
"""How exactly the record knows when a device was last heard."""
SKEW_STEP_S = 1.0
"""A clock that has moved by more is news at once."""
STORED_EVERY = timedelta(seconds=1)
"""A device hears of its watermark at most this often."""
DEVICES_KEPT = 200_000


class Contact(NamedTuple):
    """When a device was last heard, by the cloud's clock, and how far its own is off."""

    at: datetime
    skew_s: float


class News(NamedTuple):
    """What a batch changes in the memory. told: whose watermark is on its way; pending: whose must follow."""

    at: datetime
    contacts: Mapping[str, Contact]
    told: Iterable[str]
    pending: Iterable[str]


class Memory:
    """For one worker, and one thread."""

    def __init__(self, kept: int = DEVICES_KEPT) -> None:
        self._kept = kept
        self._contacts: dict[str, Contact] = {}
        self._told: dict[str, datetime] = {}
        self._pending: dict[str, None] = {}
        self._staged: News | None = None

    def contact(self, product_id: str) -> Contact | None:
        """The newest that was written; None when it is not remembered."""
        return self._contacts.get(product_id)

    def may_tell(self, product_id: str, now: datetime) -> bool:
        """The device was not told of its watermark within the last second."""
        at = self._told.get(product_id)
        return at is None or not timedelta() <= now - at < STORED_EVERY

    def overdue(self, now: datetime, limit: int) -> list[str]:
        """Those that wait for their watermark, and may be told now."""
        found: list[str] = []
        for product_id in self._pending:
            if self.may_tell(product_id, now):
                found.append(product_id)
                if len(found) == limit:
                    break
        return found

    def pending(self) -> list[str]:
        """All that wait for their watermark."""
        return list(self._pending)

    def stage(self, news: News) -> None:
        """What will be remembered if the transaction commits; a second try takes the place of the first."""
        self._staged = news

    def commit(self) -> None:
        """The transaction is committed."""
        news, self._staged = self._staged, None
        if news is None:
            return
        for known in (self._contacts, self._told):
            if len(known) > self._kept:
                known.clear()
        self._contacts.update(news.contacts)
        self._told.update(dict.fromkeys(news.told, news.at))
        self._pending.update(dict.fromkeys(news.pending))
        for product_id in news.told:
            self._pending.pop(product_id, None)
