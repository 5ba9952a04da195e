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
from mobile_menu.rules.conditions import compile_condition, judged
from mobile_menu.rules.satisfy import Members, Solution, TooEntangledError, Truth
from mobile_menu.rules.syntax import Problem, parse
from mobile_menu.rules.tree import described, written
from mobile_menu.rules.witness import situation_of, witness

UNIT: Final = "01jd9s0000000000000000000a"
_UP: Final = tuple(UP_TYPES)
_DOWN: Final = tuple(DOWN_TYPES)
_JAM: Final[Solution] = {
    "device.reasons": Members(frozenset({"media-jam"})),
    "relation.case": Truth(True),
    "~unit": Truth(False),
}
_SITUATIONS: Final = (situation_of({}), situation_of(_JAM))


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
    """A condition of content: refused at a place of its text, or one that can be judged in every situation, told in a
    line, written out and read again, and shown possible or not.
    """
    text = data.decode("utf-8", "replace")
    found = parse(text)
    if isinstance(found, Problem):
        assert 1 <= found.line <= text.count("\n") + 1
        assert found.column >= 1
        return
    assert described(found)
    again = parse(written(found))
    assert again == found or isinstance(again, Problem)  # longer or deeper than may be, when written plainly
    for situation in _SITUATIONS:
        because = compile_condition(found)(situation)
        assert (because is not None) == judged(found, situation)
    try:
        example = witness(found)
    except TooEntangledError:
        return
    assert example is None or judged(found, example)


def _message(found: Accepted | Rejection) -> Message:
    assert isinstance(found, Accepted)
    return found.message
