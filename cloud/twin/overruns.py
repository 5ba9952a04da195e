"""Devices that say more in a minute than they may: counted, noted once a minute for the operator, and told.

What is refused is not stored, and no watermark passes it: a device that follows `down/stored` still has it, hears how
long to wait, and sends it again. Nothing that a device was told to be stored is ever missing.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from broker.contract.codec import RejectionReason
from broker.contract.topics import parse_up
from cloud.db import Transaction
from cloud.record import service as record
from cloud.registry.service import states_of
from cloud.twin import rejects, watermarks
from cloud.twin.sorting import Rejected, refused

MINUTE_S: Final = 60
_REASON: Final = RejectionReason.OVER_LIMIT


class Overrun(NamedTuple):
    """What was refused of one device. topic, head: of the first message; begins: of those in this minute."""

    topic: str
    head: bytes
    begins: bool
    messages: int


def minute_of(now: datetime) -> int:
    """Counted so that all workers begin a minute at the same time."""
    return int(now.timestamp()) // MINUTE_S


def rest_s(now: datetime) -> int:
    """Until the next minute; at least a second."""
    return MINUTE_S - int(now.timestamp()) % MINUTE_S


def note(tx: Transaction, overruns: Mapping[str, Overrun], allowed: str) -> int:
    """Counts, notes and tells; how many messages it was. allowed: the limit in words."""
    owners = {key: _owner(one.topic) for key, one in overruns.items()}
    states = states_of(tx, sorted({owner for owner in owners.values() if owner}))
    told = {owner for owner in states if states[owner] != "retired"}
    record.lock(tx, told)
    streams = watermarks.read(tx, {owner: set() for owner in told})
    watermarks.tell(tx, streams, streams.newest, wait_s=rest_s(tx.now))
    counts: Counter[tuple[str, str]] = Counter()
    begun = []
    for key, one in overruns.items():
        owner = owners[key] if owners[key] in states else ""
        counts[owner, _REASON.value] += one.messages
        if one.begins:
            begun.append(Rejected(owner, one.topic, refused(_REASON, f"more than {allowed} in a minute", one.head)))
    rejects.add(tx, counts)
    rejects.keep(tx, begun)
    return counts.total()


def _owner(topic: str) -> str:
    address = parse_up(topic)
    return str(address.product_id) if address else ""
