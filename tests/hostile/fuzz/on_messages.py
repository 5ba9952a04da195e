"""Messages of the contract: whatever the bytes, an answer and no error; what is taken, can be said again, the same."""

from typing import Final

import msgspec

from broker.contract.codec import (
    DOWN_TYPES,
    QUARANTINE_BYTES,
    UP_TYPES,
    Accepted,
    Rejection,
    decode_down,
    decode_up,
    encode,
)
from broker.contract.messages import MAX_PAYLOAD_BYTES, Message
from broker.contract.topics import up_topic
from broker.contract.values import value_problem
from mobile_menu.rules.conditions import Condition, compile_condition, describe
from mobile_menu.rules.witness import situation_of

UNIT: Final = "01jd9s0000000000000000000a"
_UP: Final = tuple(UP_TYPES)
_DOWN: Final = tuple(DOWN_TYPES)
_SITUATIONS: Final = (situation_of({}), situation_of({"reason": "media-jam", "has_case": True, "no_links": True}))
MAX_CONDITION_DEPTH: Final = 64


def ups(data: bytes) -> None:
    """The first byte chooses the kind, the rest is the payload."""
    kind = _UP[data[0] % len(_UP)] if data else _UP[0]
    topic, payload = up_topic(UNIT, kind), data[1:]
    found = decode_up(topic, payload)
    if isinstance(found, Rejection):
        assert len(found.head) <= QUARANTINE_BYTES
        assert found.reason.value
        return
    assert len(payload) <= MAX_PAYLOAD_BYTES
    again = encode(found.message)
    assert decode_up(topic, again) == found
    assert encode(_message(decode_up(topic, again))) == again


def downs(data: bytes) -> None:
    """The same for what the cloud says."""
    kind = _DOWN[data[0] % len(_DOWN)] if data else _DOWN[0]
    found = decode_down(kind, data[1:])
    if isinstance(found, Rejection):
        assert len(found.head) <= QUARANTINE_BYTES
        return
    assert decode_down(kind, encode(found)) == found


def values(data: bytes) -> None:
    """Any JSON: what is called fit can be written, and is the same when it is read."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if not value_problem(value):
        assert msgspec.json.decode(msgspec.json.encode(value)) == value


def conditions(data: bytes) -> None:
    """A condition of content: refused, or one that can be judged in every situation and told in a line."""
    try:
        found = msgspec.json.decode(data, type=Condition)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if data.count(b"{") > MAX_CONDITION_DEPTH:
        return  # content is ours, and nobody nests so deep
    assert msgspec.json.decode(msgspec.json.encode(found), type=Condition) == found
    assert describe(found)
    for situation in _SITUATIONS:
        because = compile_condition(found)(situation)
        assert because is None or all(isinstance(part, str) for part in because)


def _message(found: Accepted | Rejection) -> Message:
    assert isinstance(found, Accepted)
    return found.message
