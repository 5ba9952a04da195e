"""What an ingest worker remembers of its devices, so as not to write the same again and again.

It is lost with its process, and nothing else is: what is remembered only spares writes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

CONTACT_EVERY = timedelta(seconds=5)
"""How exactly the record knows when a device was last heard."""
SKEW_STEP_S = 1.0
"""A clock that has moved by more is news at once."""
DEVICES_KEPT = 200_000


class Contact(NamedTuple):
    """When a device was last heard, by the cloud's clock, and how far its own is off."""

    at: datetime
    skew_s: float


class Memory:
    """For one worker, and one thread."""

    def __init__(self, kept: int = DEVICES_KEPT) -> None:
        self._kept = kept
        self._contacts: dict[str, Contact] = {}
        self._staged: Mapping[str, Contact] = {}

    def contact(self, product_id: str) -> Contact | None:
        """The newest that was written; None when it is not remembered."""
        return self._contacts.get(product_id)

    def stage(self, contacts: Mapping[str, Contact]) -> None:
        """What will be remembered if the transaction commits; a second try takes the place of the first."""
        self._staged = contacts

    def commit(self) -> None:
        """The transaction is committed."""
        staged, self._staged = self._staged, {}
        if len(self._contacts) > self._kept:
            self._contacts.clear()
        self._contacts.update(staged)
