"""Which messages of a batch can be stored, which cannot and why, and which message a rejected one is."""

from typing import Annotated, Final, NamedTuple

import msgspec

from broker.contract.codec import QUARANTINE_BYTES, Accepted, AnyUp, Rejection, RejectionReason
from broker.contract.messages import MAX_PAYLOAD_BYTES, SCHEMA, Birth, Counter, Result, Sequence
from broker.contract.topics import Up, parse_up
from cloud.db import Transaction
from cloud.registry.service import states_of

NAMED = frozenset(
    {RejectionReason.WRONG_TYPE, RejectionReason.UNSTORABLE, RejectionReason.TOO_DEEP, RejectionReason.TOO_LARGE}
)
"""A message that was rejected for one of these may still say which one it is."""
READ_UP_TO = 2 * MAX_PAYLOAD_BYTES
"""Both brokers close above 72 KiB; what is longer all the same is not read."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2999
"""What a device's clock may say. A clock that was never set says 1970; one that says the year 1 or 9999 is broken, and
the next sum with its time would be no time at all."""


class _Named(msgspec.Struct, frozen=True):
    """What names a message, be the rest of it as it may. Of another schema nothing is believed."""

    schema: Annotated[int, msgspec.Meta(ge=SCHEMA, le=SCHEMA)]
    boot: Counter
    seq: Sequence


_NAMED: Final = msgspec.json.Decoder(_Named)


class Rejected(NamedTuple):
    """product_id: empty when the registry does not know it. named: (boot, seq) that counts as received, or None."""

    product_id: str
    topic: str
    rejection: Rejection
    named: tuple[int, int] | None = None


def sorted_out(
    tx: Transaction, decoded: list[tuple[str, Accepted | Rejection, bytes]]
) -> tuple[list[Accepted], list[Rejected]]:
    """What can be stored, and what cannot: bad messages, and those of units that are retired or not registered."""
    named = {part.topic.product_id for _, part, _ in decoded if isinstance(part, Accepted)}
    named |= {
        address.product_id for topic, part, _ in decoded if isinstance(part, Rejection) and (address := parse_up(topic))
    }
    states = states_of(tx, sorted(named))
    accepted, rejected = [], []
    for topic, part, payload in decoded:
        if isinstance(part, Accepted):
            owner = str(part.topic.product_id)
        else:
            address = parse_up(topic)
            owner = str(address.product_id) if address else ""
        # What a retired unit says is nobody's, but an operator who asks about the unit shall see that it speaks.
        owner, in_use = (owner if owner in states else ""), states.get(owner, "retired") != "retired"
        if isinstance(part, Rejection):
            seq = named_seq(topic, part.reason, payload) if in_use else None
            rejected.append(Rejected(owner, topic, part, seq))
        elif not in_use:
            why = "this product is retired" if owner else "the registry does not know this product"
            rejected.append(Rejected(owner, topic, refused(RejectionReason.UNKNOWN_DEVICE, why, payload)))
        elif problem := _unstorable(part.message):
            seq = named_seq(topic, RejectionReason.UNSTORABLE, payload)
            rejected.append(Rejected(owner, topic, refused(RejectionReason.UNSTORABLE, problem, payload), seq))
        else:
            accepted.append(part)
    return accepted, rejected


def refused(reason: RejectionReason, detail: str, payload: bytes) -> Rejection:
    """The rejection of a message that the codec took."""
    return Rejection(reason, detail, payload[:QUARANTINE_BYTES])


def named_seq(topic: str, reason: RejectionReason, payload: bytes) -> tuple[int, int] | None:
    """(boot, seq) of a message that was rejected, when both can be read and are in range.

    A presence has none. What no parser can read holds the watermark, until the device says that it gives it up.
    """
    address = parse_up(topic)
    if address is None or address.kind is Up.PRESENCE or reason not in NAMED or len(payload) > READ_UP_TO:
        return None
    try:
        found = _NAMED.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found.boot, found.seq


def _unstorable(message: AnyUp) -> str:
    """What of a well-formed message no database can keep, or empty. One such would fail its whole batch."""
    if message.at is not None and not EARLIEST_YEAR <= message.at.year <= LATEST_YEAR:
        return f"at: the year {message.at.year}"
    match message:
        case Birth(firmware=text) | Result(detail=text) if "\0" in text:
            return "a NUL in a text"
        case _:
            return ""
