"""Packets of the ingest subscriber: whole ones are read wherever the stream is cut, and what is none ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.frames import encode_length, publish
from cloud import intake
from cloud.fairness import Limit
from cloud.ingest_packets import (
    PINGRESP,
    UNSUBACK,
    BrokerFaultError,
    Packets,
    acknowledgements,
    connect_packet,
    read_packets,
    subscribe_packet,
)
from cloud.intake import Intake
from cloud.lanes import MAX_BATCH_BYTES, Lane
from cloud.mqtt import Address, Delivery
from cloud.pace import MAX_BATCH_DEVICES

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


def test_nothing_is_read_while_as_many_bytes_wait_as_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_HELD_BYTES", 1_000)
    one = intake.Intake(Address("127.0.0.1", 1, "u", "p"), "work-1", 100, limit=Limit(messages=5))
    lane = one.lanes[0]
    lane.put(Delivery("tl/v1/x/up/status", bytes(999), 1, 1, 1))
    assert one._has_little()  # noqa: SLF001 - whether it reads on
    lane.put(Delivery("tl/v1/x/up/status", bytes(1), 2, 1, 1))
    assert not one._has_little()  # noqa: SLF001 - whether it reads on
    lane.take(10, 0)
    for number in range(110):
        lane.put(Delivery("tl/v1/x/up/status", bytes(1), number, 1, 1))
    assert len(lane.held) == 3
    assert one.waiting() == 110, "what was refused counts too: it waits to be acknowledged"
    assert not one._has_little()  # noqa: SLF001 - whether it reads on


def test_of_a_lane_that_holds_more_than_a_batch_each_device_gets_its_share_in_its_order() -> None:
    loud = [Delivery(f"tl/v1/{'a' * 26}/up/status", b"x", number, 1, 1) for number in range(50)]
    quiet = [Delivery(f"tl/v1/{'b' * 26}/up/status", b"x", number, 1, 1) for number in range(50, 53)]
    lane = lane_with([*loud, *quiet])
    assert lane.take(10, 0.0) == [*loud[:7], *quiet]
    assert lane.take(100, 0.0) == loud[7:]
    assert (lane.bytes, lane.waiting) == (0, 0)


def test_of_a_lane_where_nobody_is_loud_whoever_came_first_goes_first() -> None:
    said = [Delivery(f"tl/v1/{number % 40:026}/up/status", b"x" * 10, number, 1, 1) for number in range(100)]
    lane = lane_with(said)
    assert lane.take(60, 0.0) == said[:60]
    assert (lane.bytes, lane.waiting) == (400, 40)
    assert lane.take(60, 0.0) == said[60:]
    assert lane.bytes == 0


@pytest.mark.parametrize("limit", [2_500, 4_000, 10_000])
@pytest.mark.parametrize("each", [1, 2])
def test_a_batch_is_of_no_more_devices_than_there_is_room_for_their_locks(limit: int, each: int) -> None:
    said = [Delivery(f"tl/v1/{number % 2_600:026}/up/status", b"x", number, 1, 1) for number in range(2_600 * each)]
    lane = lane_with(said)
    batches = []
    while lane.held:
        batches.append(lane.take(limit, 0.0))
    assert [one for batch in batches for one in batch] == said
    assert max(len({one.topic for one in batch}) for batch in batches) == MAX_BATCH_DEVICES
    assert lane.bytes == 0


def test_the_loud_are_dealt_with_within_that_room_too() -> None:
    loud = [Delivery(f"tl/v1/{'a' * 26}/up/status", b"x", number, 1, 1) for number in range(1_000)]
    many = [Delivery(f"tl/v1/{number:026}/up/status", b"x", number, 1, 1) for number in range(4_000)]
    assert len(lane_with([*loud, *many]).take(4_000, 0.0)) == MAX_BATCH_DEVICES


def test_what_goes_beyond_the_limit_is_counted_and_not_kept_and_what_comes_again_is_not_judged_again() -> None:
    intake = Intake(Address("127.0.0.1", 1, "u", "p"), "work-1", 100, limit=Limit(messages=2))
    lane, topic = intake.lanes[0], f"tl/v1/{'a' * 26}/up/status"
    for number in range(1, 6):
        lane.put(Delivery(topic, b"%d" % number * 300, number, 1, 1))
    lane.put(Delivery(topic, b"6", 6, 1, 1, again=True))
    assert [one.mid for one in lane.take(10, 0.0)] == [1, 2, 6]
    refused = lane.refused()
    assert refused is not None
    assert [(one.mid, one.payload) for one in refused.deliveries] == [(3, b""), (4, b""), (5, b"")]
    (one,) = refused.devices.values()
    assert (one.topic, one.head, one.begins, one.messages) == (topic, b"3" * 256, True, 3)
    assert lane.refused() is None
    lane.put(Delivery(topic, b"7", 7, 1, 1))
    assert lane.take(10, 0.0) == []
    later = lane.refused()
    assert later is not None
    assert not later.devices["a" * 26].begins


def test_a_message_that_is_sent_again_says_so() -> None:
    frame = publish("t", b"x", packet_id=1, dup=True)
    assert [one.again for one in read_packets(frame + publish("t", b"x", packet_id=2), 1).messages] == [True, False]


def test_a_session_is_empty_when_all_that_came_is_stored_and_nothing_comes_before_the_answer_to_a_ping() -> None:
    intake = Intake(Address("127.0.0.1", 1, "u", "p"), "work-1", 100)
    message, answer = Delivery("tl/v1/x/up/status", b"", 1, 1, 0), (PINGRESP, b"")
    intake.leave()
    intake._take_in(Packets([message], [(UNSUBACK, b"\x00\x02")], 0))  # noqa: SLF001 - as if it came by the socket
    intake._ask_for_more()  # noqa: SLF001 - as between two reads
    assert not intake._pings, "one is not stored yet"  # noqa: SLF001 - whether it asked
    intake._acknowledged = 1  # noqa: SLF001 - as if it were
    intake._ask_for_more()  # noqa: SLF001 - as between two reads
    intake._take_in(Packets([message], [answer], 0))  # noqa: SLF001 - more was waiting
    assert not intake.drained.is_set()
    intake._acknowledged = 2  # noqa: SLF001 - that too is stored
    intake._ask_for_more()  # noqa: SLF001 - as between two reads
    intake._take_in(Packets([], [answer], 0))  # noqa: SLF001 - nothing was
    assert intake.drained.is_set()
