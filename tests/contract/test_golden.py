"""What was promised about the bytes on the wire."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest

from broker.contract.codec import (
    DOWN_TYPES,
    QUARANTINE_BYTES,
    UP_TYPES,
    Accepted,
    Rejection,
    RejectionReason,
    decode_down,
    decode_up,
    encode,
)
from broker.contract.messages import MAX_PAYLOAD_BYTES, Changed, Message
from broker.contract.topics import Down, Up, up_topic
from tests.contract.golden_files import Golden, bad, good

UNIT = "01jd9s0000000000000000000a"
IGNORED = {"mood"}


def decoded(golden: Golden, payload: bytes) -> Message:
    if golden.direction == "changed":
        return msgspec.json.decode(payload, type=Changed)
    if golden.direction == "down":
        down = decode_down(Down(golden.kind), payload)
        assert not isinstance(down, Rejection), down
        return down
    up = decode_up(f"tl/v1/{UNIT}/up/{golden.kind}", payload)
    assert isinstance(up, Accepted), up
    assert up.topic == (UNIT, golden.kind)
    return up.message


def meaning(payload: bytes) -> Any:
    """The JSON, with times as instants: `.123Z` and `.123000Z` say the same."""

    def instants(item: dict[str, Any]) -> dict[str, Any]:
        return {
            name: datetime.fromisoformat(value) if name in {"at", "expires_at"} else value
            for name, value in item.items()
            if name not in IGNORED
        }

    return json.loads(payload, object_hook=instants)


@pytest.mark.parametrize("golden", good(), ids=lambda golden: golden.name)
def test_a_golden_payload_decodes_and_is_encoded_with_the_same_meaning(golden: Golden) -> None:
    message = decoded(golden, golden.payload)
    again = encode(message)
    assert meaning(again) == meaning(golden.payload)
    assert decoded(golden, again) == message


@pytest.mark.parametrize("golden", good(), ids=lambda golden: golden.name)
def test_an_encoded_message_opens_with_its_schema(golden: Golden) -> None:
    assert encode(decoded(golden, golden.payload)).startswith(b'{"schema":1,')


@pytest.mark.parametrize(("golden", "reason"), bad(), ids=lambda value: getattr(value, "name", value))
def test_a_bad_payload_is_rejected_with_its_reason_and_its_head_is_kept(golden: Golden, reason: str) -> None:
    rejection = decode_up(f"tl/v1/{UNIT}/up/{golden.kind}", golden.payload)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason
    assert rejection.detail
    assert rejection.head == golden.payload[:QUARANTINE_BYTES]


def test_every_message_has_a_golden_payload() -> None:
    covered = {(golden.direction, golden.kind) for golden in good()}
    assert covered == {*(("up", kind) for kind in UP_TYPES), *(("down", kind) for kind in DOWN_TYPES), ("changed", "")}


def test_a_payload_above_the_limit_is_rejected_by_its_size_and_one_at_the_limit_is_not() -> None:
    payload = next(golden.payload for golden in good() if golden.name == "up.event.json")
    topic = up_topic(UNIT, Up.EVENT)
    assert isinstance(decode_up(topic, payload.ljust(MAX_PAYLOAD_BYTES)), Accepted)
    rejection = decode_up(topic, payload.ljust(MAX_PAYLOAD_BYTES + 1))
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.TOO_LARGE


def test_nesting_that_would_exhaust_the_decoder_is_rejected() -> None:
    payload = b'{"schema":1,"boot":1,"seq":1,"at":"2026-11-22T02:30:00Z","reported":{"a":' + b"[" * 30_000
    rejection = decode_up(up_topic(UNIT, Up.STATUS), payload)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.TOO_DEEP


def test_a_schema_that_does_not_stand_first_is_seen() -> None:
    payload = b'{"boot":1,"seq":1,"at":"2026-11-22T02:30:00Z","name":"x","schema":1}'
    assert isinstance(decode_up(up_topic(UNIT, Up.EVENT), payload), Accepted)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "tl/v1",
        f"tl/v1/{UNIT}/up",
        f"tl/v1/{UNIT}/up/status/more",
        f"tl/v2/{UNIT}/up/status",
        f"tl/v1/{UNIT}/down/command",
        f"tl/v1/{UNIT.upper()}/up/status",
        "tl/v1/not-an-id/up/status",
        f"/tl/v1/{UNIT}/up/status",
    ],
)
def test_a_topic_that_is_none_of_ours_is_rejected_whatever_the_payload(topic: str) -> None:
    rejection = decode_up(topic, b"{}")
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.UNKNOWN_TOPIC
