"""Frames: what is let through to amqtt, and what we write ourselves, read back by amqtt's own decoder."""

import asyncio
import io
from contextlib import suppress

import pytest
from amqtt.adapters import BufferReader
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from hypothesis import given
from hypothesis import strategies as st

from broker.acl import Will
from broker.frames import (
    MAX_FILTERS,
    ConnackCode,
    Flaw,
    Frame,
    MalformedFrameError,
    Published,
    check,
    connack,
    connect_facts,
    encode_length,
    extent,
    puback,
    publish,
    published,
)
from broker.gatekeeper import ConnectFacts


def field(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value


def connect_body(flags: int, *fields: bytes, level: int = 4, name: bytes = b"MQTT") -> bytes:
    return field(name) + bytes([level, flags]) + (30).to_bytes(2) + b"".join(field(value) for value in fields)


def frame_of(raw: bytes) -> Frame:
    stream = io.BytesIO(raw)
    first = stream.read(1)[0]
    while stream.read(1)[0] & 0x80:
        pass
    return Frame(first, stream.read())


def flaw_of(first: int, body: bytes) -> Flaw:
    with pytest.raises(MalformedFrameError) as caught:
        check(Frame(first, body))
    return caught.value.flaw


def test_a_whole_connect_is_read() -> None:
    body = connect_body(0b1110_1110, b"id", b"a/b", b"gone", b"user", b"pass")
    assert connect_facts(Frame(0x10, body)) == ConnectFacts(
        "MQTT", 4, "id", "user", "pass", True, 30, Will("a/b", b"gone", 1, retained=True)
    )


def test_a_connect_of_another_version_is_told_by_its_level_alone() -> None:
    assert connect_facts(Frame(0x10, connect_body(2, b"id", level=5) + b"\0\0")).protocol_level == 5


@pytest.mark.parametrize(
    ("first", "body", "flaw"),
    [
        (0x30, connect_body(2, b"id"), Flaw.NOT_CONNECT),
        (0x11, connect_body(2, b"id"), Flaw.NOT_CONNECT),
        (0x10, b"\0\4MQTT\4", Flaw.TOO_SHORT),
        (0x10, connect_body(0x82, b"id"), Flaw.TOO_SHORT),
        (0x10, connect_body(2, b"id") + b"x", Flaw.TOO_LONG),
        (0x10, connect_body(3, b"id"), Flaw.FLAGS),
        (0x10, connect_body(0x42, b"id", b"pass"), Flaw.FLAGS),
        (0x10, connect_body(0x22, b"id"), Flaw.FLAGS),
        (0x10, connect_body(2, b"\xff"), Flaw.TEXT),
        (0x10, connect_body(2, b"a\0b"), Flaw.TEXT),
    ],
)
def test_a_crooked_connect_is_named(first: int, body: bytes, flaw: Flaw) -> None:
    with pytest.raises(MalformedFrameError) as caught:
        connect_facts(Frame(first, body))
    assert caught.value.flaw is flaw


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (0x30, field(b"t") + b"x"),
        (0x33, field(b"t") + b"\0\1"),
        (0x3A, field(b"t") + b"\0\1x"),
        (0x40, b"\0\1"),
        (0x82, b"\0\1" + field(b"t") + b"\1"),
        (0xA2, b"\0\1" + field(b"t")),
        (0xC0, b""),
        (0xE0, b""),
    ],
)
def test_what_a_client_may_send_passes(first: int, body: bytes) -> None:
    check(Frame(first, body))


@pytest.mark.parametrize(
    ("first", "body", "flaw"),
    [
        (0x34, field(b"t") + b"\0\1", Flaw.QOS),
        (0x36, field(b"t") + b"\0\1", Flaw.QOS),
        (0x30, field(b""), Flaw.TOPIC),
        (0x30, field(b"a/+"), Flaw.TOPIC),
        (0x30, field(b"$SYS/x"), Flaw.TOPIC),
        (0x30, field(b"x" * 257), Flaw.TOPIC),
        (0x30, b"\0\5abc", Flaw.TOO_SHORT),
        (0x32, field(b"t"), Flaw.PACKET_ID),
        (0x32, field(b"t") + b"\1", Flaw.PACKET_ID),
        (0x32, field(b"t") + b"\0\0", Flaw.PACKET_ID),
        (0x82, b"\0\1", Flaw.FILTERS),
        (0x82, b"\0\0" + field(b"t") + b"\1", Flaw.FILTERS),
        (0x82, b"\0\1" + (field(b"t") + b"\1") * (MAX_FILTERS + 1), Flaw.FILTERS),
        (0x82, b"\0\1" + field(b"t"), Flaw.QOS),
        (0x82, b"\0\1" + field(b"t") + b"\3", Flaw.QOS),
        (0x80, b"\0\1" + field(b"t") + b"\1", Flaw.PACKET),
        (0xC0, b"x", Flaw.PACKET),
        (0x10, connect_body(2, b"id"), Flaw.PACKET),
        (0x20, b"\0\0", Flaw.PACKET),
        (0x50, b"\0\1", Flaw.PACKET),
        (0x00, b"", Flaw.PACKET),
        (0xF0, b"", Flaw.PACKET),
    ],
)
def test_what_it_may_not_is_named(first: int, body: bytes, flaw: Flaw) -> None:
    assert flaw_of(first, body) is flaw


@given(st.integers(0, 255), st.binary(max_size=60))
def test_no_bytes_do_more_than_be_malformed(first: int, body: bytes) -> None:
    for judge in (check, connect_facts):
        with suppress(MalformedFrameError):
            judge(Frame(first, body))


@given(st.integers(0, 268_435_455))
def test_a_length_is_written_in_four_bytes_at_most_and_reads_back(length: int) -> None:
    encoded = encode_length(length)
    assert len(encoded) <= 4
    assert sum((digit & 0x7F) << 7 * at for at, digit in enumerate(encoded)) == length
    assert [digit >> 7 for digit in encoded] == [1] * (len(encoded) - 1) + [0]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0"), min_size=1, max_size=50),
    st.binary(max_size=300),
    st.integers(0, 65_535),
    st.booleans(),
    st.booleans(),
)
def test_a_publish_that_we_write_is_what_the_library_reads(
    topic: str, payload: bytes, packet_id: int, dup: bool, retained: bool
) -> None:
    raw = publish(topic, payload, packet_id=packet_id, dup=dup, retained=retained)
    packet = asyncio.run(PublishPacket.from_stream(BufferReader(raw)))
    assert (packet.topic_name, packet.data, packet.qos) == (topic, payload, 1 if packet_id else 0)
    assert (packet.packet_id or 0, packet.dup_flag, packet.retain_flag) == (packet_id, dup, retained)
    assert frame_of(raw).to_bytes() == raw


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0$"), min_size=1, max_size=80),
    st.binary(max_size=300),
    st.integers(0, 65_535),
    st.booleans(),
    st.booleans(),
)
def test_a_publish_is_read_as_it_was_written(
    topic: str, payload: bytes, packet_id: int, dup: bool, retained: bool
) -> None:
    frame = frame_of(publish(topic, payload, packet_id=packet_id, dup=dup, retained=retained))
    assert published(frame) == Published(topic, payload, packet_id, retained)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.data())
def test_frames_are_found_wherever_what_came_was_cut(bodies: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(Frame(0x30, body).to_bytes() for body in bodies)
    cut, at = data.draw(st.integers(0, len(whole))), 0
    for body in bodies:
        place = extent(whole, at, 300)
        assert place is not None
        assert whole[place[0] : place[1]] == body
        assert extent(whole[:cut], at, 300) == (place if cut >= place[0] else None)
        at = place[1]
    assert at == len(whole)


@pytest.mark.parametrize("length", [b"\xad\x02", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x01"])
def test_a_length_beyond_what_is_allowed_is_refused_before_the_body_comes(length: bytes) -> None:
    with pytest.raises(MalformedFrameError) as caught:
        extent(b"\x30" + length, 0, 300)
    assert caught.value.flaw is Flaw.TOO_LARGE


def test_acknowledgements_that_we_write_are_what_the_library_reads() -> None:
    assert asyncio.run(PubackPacket.from_stream(BufferReader(puback(513)))).packet_id == 513
    read = asyncio.run(ConnackPacket.from_stream(BufferReader(connack(ConnackCode.ACCEPTED, session_present=True))))
    assert (read.return_code, read.session_parent) == (0, 1)
    assert connack(ConnackCode.BAD_CREDENTIALS, session_present=True) == b"\x20\x02\x00\x04"
