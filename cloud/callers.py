"""The caller of a phone's call in the record: what is theirs, and what they were answered before."""

from collections.abc import Callable
from typing import TypeVar

from cloud.care import service as care
from cloud.consent import service as consent
from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.secrets import Keys
from mobile_menu.ports import Caller, JourneyUnknownError

Answer = TypeVar("Answer")


def own_journey(tx: Transaction, caller: Caller, journey_id: str) -> lifecycle.Journey:
    """The caller's own journey; somebody else's is as unknown as none. Raises JourneyUnknownError."""
    try:
        journey = lifecycle.read(tx, journey_id)
    except NotFoundError as error:
        raise JourneyUnknownError from error
    if journey.person_id != caller.person_id:
        raise JourneyUnknownError
    return journey


def own_case(tx: Transaction, caller: Caller, case_id: str) -> None:
    """Raises JourneyUnknownError for a case that is not the caller's."""
    try:
        row = care.read(tx, case_id)
    except NotFoundError as error:
        raise JourneyUnknownError from error
    if row.person_id != caller.person_id:
        raise JourneyUnknownError


def once(
    tx: Transaction,
    keys: Keys,
    caller: Caller,
    key: str | None,
    print_: str,
    form: type[Answer],
    do: Callable[[], Answer],
) -> Answer:
    """What `do` gives, or what it gave when the caller asked the same under this Idempotency-Key before.

    print_: the fingerprint of what is asked. Raises what `record.once` raises.
    """
    return record.once(tx, keys.vault, consent.person_scope(caller.person_id), key, print_, form, do)
