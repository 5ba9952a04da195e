"""Which messages of a batch can be stored, which cannot and why, and which message a rejected one is."""

from typing import Annotated, Final, NamedTuple

import msgspec

from broker.contract.codec import QUARANTINE_BYTES, Accepted, AnyUp, Rejection, RejectionReason
from broker.contract.messages import MAX_PAYLOAD_BYTES, SCHEMA, Birth, Counter, Result, Sequence, Status, Telemetry
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
    usable = {product_id for product_id, state in states.items() if state != "retired"}
    accepted, rejected = [], []
    for topic, part, payload in decoded:
        if isinstance(part, Accepted) and part.topic.product_id in usable and not _unstorable(part.message):
            accepted.append(part)
        else:
            rejected.append(_rejected(topic, part, payload, states))
    return accepted, rejected


def _rejected(topic: str, part: Accepted | Rejection, payload: bytes, states: dict[str, str]) -> Rejected:
    """What cannot be stored, and why."""
    address = parse_up(topic)
    owner = str(address.product_id) if address else ""
    # What a retired unit says is nobody's, but an operator who asks about the unit shall see that it speaks.
    owner, in_use = (owner if owner in states else ""), states.get(owner, "retired") != "retired"
    if isinstance(part, Rejection):
        return Rejected(owner, topic, part, named_seq(topic, part.reason, payload) if in_use else None)
    if not in_use:
        why = "this product is retired" if owner else "the registry does not know this product"
        return Rejected(owner, topic, refused(RejectionReason.UNKNOWN_DEVICE, why, payload))
    seq = named_seq(topic, RejectionReason.UNSTORABLE, payload)
    return Rejected(owner, topic, refused(RejectionReason.UNSTORABLE, _unstorable(part.message), payload), seq)


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
    at = message.at
    if at is not None and not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
        return f"at: the year {at.year}"
    kind = type(message)
    if kind is Status or kind is Telemetry:  # most are; and their texts are of the contract's alphabet, or JSON
        return ""
    match message:
        case Birth(firmware=text) | Result(detail=text) if "\0" in text:
            return "a NUL in a text"
        case _:
            return ""
