"""Packets of the ingest subscriber: whole ones are read wherever the stream is cut, and what is none ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.frames import encode_length, publish
from cloud.intake import (
    MAX_BATCH_BYTES,
    BrokerFaultError,
    Intake,
    Lane,
    acknowledgements,
    connect_packet,
    read_packets,
    subscribe_packet,
)
from cloud.mqtt import Address, Delivery

topics = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
messages = st.tuples(topics, st.binary(max_size=400), st.none() | st.integers(1, 65_535))


def framed(topic: str, payload: bytes, mid: int | None) -> bytes:
    return publish(topic, payload, packet_id=mid or 0)


@given(said=st.lists(messages, max_size=8), data=st.data())
def test_messages_come_out_as_they_went_in_wherever_the_stream_is_cut(
    said: list[tuple[str, bytes, int | None]], data: st.DataObject
) -> None:
    stream = b"".join(framed(*one) for one in said)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    found, rest = [], b""
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        whole = rest + stream[start:stop]
        packets = read_packets(whole, 7)
        rest = whole[packets.used :]
        found += packets.messages
        assert packets.others == []
    assert rest == b""
    assert [(one.topic, one.payload, one.mid or None) for one in found] == [(t, p, m) for t, p, m in said]
    assert {(one.generation, one.qos) for one in found} <= {(7, 0), (7, 1)}


@given(noise=st.binary(max_size=300))
def test_noise_is_read_or_refused_and_nothing_else(noise: bytes) -> None:
    try:
        packets = read_packets(noise, 1)
    except BrokerFaultError:
        return
    assert 0 <= packets.used <= len(noise)
    assert read_packets(noise[packets.used :], 1).messages == []


@pytest.mark.parametrize(
    "frame",
    [
        b"\x32\x00",
        b"\x32\x03\x00\x01a",
        b"\x32\x05\x00\x09tl/v",
        b"\x36\x07\x00\x01a\x00\x01xx",
        b"\x30\xff\xff\xff\x7f",
        b"\x30\x80\x80\x80\x80\x01",
    ],
    ids=["empty", "no packet id", "a topic beyond its end", "QoS 3", "256 MB", "a length of five bytes"],
)
def test_a_packet_that_no_broker_sends_ends_the_connection(frame: bytes) -> None:
    with pytest.raises(BrokerFaultError):
        read_packets(frame, 1)


def test_a_connect_asks_for_a_session_that_persists() -> None:
    packet = connect_packet(Address("h", 1, "user", "secret"), "user-work-1")
    assert packet[0] == 0x10
    assert packet[1 : 1 + len(encode_length(packet[1]))][0] == len(packet) - 2
    assert packet[2:12] == b"\x00\x04MQTT\x04\xc0\x00\x3c"
    assert packet.endswith(b"\x00\x0buser-work-1\x00\x04user\x00\x06secret")


def test_a_long_packet_says_how_long_it_is() -> None:
    packet = subscribe_packet("tl/" + "x" * 300)
    assert packet[0] == 0x82
    assert packet[1:3] == encode_length(len(packet) - 3)


def test_each_message_is_acknowledged_by_its_own_number() -> None:
    assert acknowledgements([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


def lane_with(messages: list[Delivery], window: int = 4_000) -> Lane:
    intake = Intake(Address("127.0.0.1", 1, "user", "secret"), "work-1", window)
    for one in messages:
        intake.lanes[0].put(one)
    return intake.lanes[0]


def test_a_batch_is_bounded_by_its_bytes_and_nothing_is_lost_over_it() -> None:
    large = [Delivery("t", b"x" * 60_000, number, 1, 1) for number in range(200)]
    lane = lane_with(large)
    batches = []
    while lane.bytes:
        batches.append(lane.take(2_000, 0.0))
    assert [one for batch in batches for one in batch] == large
    assert max(sum(len(one.payload) for one in batch) for batch in batches) <= MAX_BATCH_BYTES + 60_000
    assert lane.bytes == 0
