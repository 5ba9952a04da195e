"""MQTT frames: whatever `broker.frames` lets through must mean to amqtt's decoder what it means to us.

Otherwise a crooked frame is judged as one thing at our door, and obeyed as another behind it.
"""

from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from amqtt.adapters import BufferReader
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket

from broker.acl import MAX_TOPIC_CHARS, Principal, may_publish, may_receive, may_subscribe
from broker.contract.topics import parse_down, parse_up
from broker.frames import Frame, Kind, MalformedFrameError, check, connect_facts
from broker.gatekeeper import ConnectFacts

Result = TypeVar("Result")
UNIT: Final = "01jd9s0000000000000000000a"
DEVICE: Final = Principal("device", UNIT)


def frames(data: bytes) -> None:
    """A frame of a connected client: its first byte, and its body."""
    frame = Frame(data[0], data[1:]) if data else Frame(0, b"")
    try:
        check(frame)
    except MalformedFrameError:
        return
    raw = frame.to_bytes()
    reader = BufferReader(raw)
    match frame.kind:
        case Kind.PUBLISH:
            _same_publish(frame, now(PublishPacket.from_stream(reader)))
        case Kind.SUBSCRIBE:
            subscribed = now(SubscribePacket.from_stream(reader))
            assert _filters(frame.body, step=1) == list(subscribed.payload.topics)
        case Kind.UNSUBSCRIBE:
            left = now(UnsubscribePacket.from_stream(reader))
            assert [name for name, _ in _filters(frame.body, step=0)] == list(left.payload.topics)
        case Kind.PUBACK:
            acknowledged = now(PubackPacket.from_stream(reader))
            assert acknowledged.variable_header.packet_id == int.from_bytes(frame.body)
        case _:
            assert not frame.body
            return
    assert now(reader.read()) == b"", "amqtt left bytes that it would read as the next frame"


def connects(data: bytes) -> None:
    """A CONNECT: the body alone."""
    frame = Frame(Kind.CONNECT << 4, data)
    try:
        facts = connect_facts(frame)
    except MalformedFrameError:
        return
    if facts.protocol_level != 4:
        return  # refused for that, and never shown to amqtt
    reader = BufferReader(frame.to_bytes())
    packet = now(ConnectPacket.from_stream(reader))
    assert now(reader.read()) == b"", "amqtt left bytes that it would read as the next frame"
    _same_connect(facts, packet)


def topics(data: bytes) -> None:
    """A topic or a filter: a device reaches its own topics and nothing else, however they are written."""
    text = data.decode("utf-8", "replace")
    up, down = parse_up(text), parse_down(text)
    if up is not None:
        assert f"tl/v1/{up.product_id}/up/{up.kind.value}" == text
    if down is not None:
        assert f"tl/v1/{down[0]}/down/{down[1].value}" == text
    if may_publish(DEVICE, text).allowed:
        assert text.startswith(f"tl/v1/{UNIT}/up/"), text
    if may_receive(DEVICE, text).allowed:
        assert text.startswith(f"tl/v1/{UNIT}/down/"), text
    if may_subscribe(DEVICE, text).allowed:
        assert text.startswith(f"tl/v1/{UNIT}/down/"), text
        assert len(text) <= MAX_TOPIC_CHARS


def _same_publish(frame: Frame, packet: PublishPacket) -> None:
    length = int.from_bytes(frame.body[:2])
    qos = frame.first >> 1 & 3
    start = 2 + length + (2 if qos else 0)
    assert packet.topic_name == frame.body[2 : 2 + length].decode()
    assert (packet.qos, packet.retain_flag) == (qos, bool(frame.first & 1))
    assert (packet.data or b"") == frame.body[start:]
    assert (packet.packet_id or 0) == (int.from_bytes(frame.body[start - 2 : start]) if qos else 0)


def _same_connect(facts: ConnectFacts, packet: ConnectPacket) -> None:
    will = facts.will
    assert packet.proto_name == facts.protocol_name
    assert packet.client_id == facts.client_id or not facts.client_id, "amqtt makes up an empty one"
    assert packet.username == facts.username
    assert packet.password == facts.password
    assert packet.clean_session_flag == facts.clean_session
    assert packet.keep_alive == facts.keepalive_s
    assert packet.will_flag == (will is not None)
    if will is not None:
        said = (packet.will_topic, packet.will_message, packet.will_qos, packet.will_retain_flag)
        assert said == (will.topic, will.payload, will.qos, will.retained)


def _filters(body: bytes, *, step: int) -> list[tuple[str, int]]:
    """The filters of a body that has passed, read here once more; step: bytes of QoS behind each."""
    found, at = [], 2
    while at < len(body):
        end = at + 2 + int.from_bytes(body[at : at + 2])
        found.append((body[at + 2 : end].decode(), body[end] if step else 0))
        at = end + step
    return found


def now(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns that never waits: a reader of bytes that are there."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    msg = "it waits for more bytes than the frame has"
    raise AssertionError(msg)
