"""Packets of the publisher: written as any broker reads them, and acknowledgements are read wherever they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.frames import publish
from cloud.courier import AT_ONCE, AT_ONCE_BYTES, portions
from cloud.ingest_packets import BrokerFaultError, connect_packet
from cloud.mqtt import Address
from cloud.publish_packets import LAST_MID, Outgoing, publish_packets, read_answers

topics = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
messages = st.tuples(topics, st.binary(max_size=20_000), st.booleans())


@given(said=st.lists(messages, max_size=6), first=st.integers(1, LAST_MID - 6))
def test_messages_are_written_as_the_broker_reads_them(said: list[Outgoing], first: int) -> None:
    expected = bytearray()
    for mid, (topic, payload, retain) in enumerate(said, first):
        frame = bytearray(publish(topic, payload, packet_id=mid))
        frame[0] |= retain
        expected += frame
    assert publish_packets(said, first) == bytes(expected)


@given(answers=st.lists(st.none() | st.integers(1, LAST_MID), max_size=12), data=st.data())
def test_acknowledgements_are_read_wherever_the_stream_is_cut(answers: list[int | None], data: st.DataObject) -> None:
    stream = b"".join(b"\xd0\x00" if mid is None else b"\x40\x02" + mid.to_bytes(2, "big") for mid in answers)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    mids: list[int] = []
    rest, pongs = b"", 0
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        whole = rest + stream[start:stop]
        found = read_answers(whole)
        rest = whole[found.used :]
        mids += found.mids
        pongs += found.pongs
    assert rest == b""
    assert (mids, pongs) == ([mid for mid in answers if mid is not None], answers.count(None))


@given(noise=st.binary(max_size=60))
def test_noise_is_read_or_refused_and_nothing_else(noise: bytes) -> None:
    try:
        found = read_answers(noise)
    except BrokerFaultError:
        return
    assert 0 <= found.used <= len(noise)
    assert len(noise) - found.used < 4, "what is left is less than a packet"


@pytest.mark.parametrize("wrong", [b"\x40\x03\x00\x01\x00", b"\x30\x02\x00\x00", b"\x40\x02\x00\x01\x20\x02\x00\x00"])
def test_what_no_broker_sends_to_a_publisher_is_refused(wrong: bytes) -> None:
    with pytest.raises(BrokerFaultError):
        read_answers(wrong)


@given(sizes=st.lists(st.sampled_from((0, 1, AT_ONCE_BYTES // 2, AT_ONCE_BYTES, AT_ONCE_BYTES + 1)), max_size=9))
def test_all_is_sent_in_its_order_and_never_more_at_once_than_may_be_under_way(sizes: list[int]) -> None:
    whole = bytes(AT_ONCE_BYTES + 1)
    said = [(f"{number}", whole[:size], False) for number, size in enumerate(sizes)]
    parts = list(portions(said))
    assert [one for part in parts for one in part] == said
    assert all(len(part) == 1 or sum(len(payload) for _, payload, _ in part) <= AT_ONCE_BYTES for part in parts)


def test_no_more_messages_are_under_way_than_may_be() -> None:
    parts = list(portions([("t", b"", False)] * (2 * AT_ONCE + 1)))
    assert [len(part) for part in parts] == [AT_ONCE, AT_ONCE, 1]
    assert list(portions([])) == []


def test_the_publisher_asks_for_an_empty_session_and_the_subscriber_for_its_own() -> None:
    address = Address("h", 1, "u", "p")
    kept, clean = connect_packet(address, "c"), connect_packet(address, "c", clean=True)
    assert [one ^ other for one, other in zip(kept, clean, strict=True) if one != other] == [2]
