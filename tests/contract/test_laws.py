"""Laws of the contract, for every value that Hypothesis can think of."""

import string
from datetime import UTC, datetime
from functools import reduce
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contract.codec import (
    DOWN_TYPES,
    UP_TYPES,
    Accepted,
    AnyUp,
    Rejection,
    decode_down,
    decode_up,
    encode,
)
from broker.contract.messages import (
    Birth,
    Command,
    Desired,
    Event,
    Firmware,
    Mark,
    Measurement,
    Presence,
    PresenceStatus,
    Result,
    ResultStatus,
    StageNotice,
    Status,
    Stored,
    Telemetry,
)
from broker.contract.presence import NEVER_SEEN, PresenceKey, merge_presence, presence_key
from broker.contract.stages import Stage
from broker.contract.topics import Down, Up, up_topic
from broker.contract.watermark import MAX_RANGES, Received, receive

UNIT = "01jd9s0000000000000000000a"
OTHER_FIELDS = st.sampled_from(["pages_total", "panel", "door", "x1"])

names = st.text(string.ascii_lowercase + string.digits + "_.-", max_size=20).map(lambda rest: "n" + rest)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone beside
counters = st.integers(0, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
numbers = st.floats(allow_nan=False, allow_infinity=False)
flat = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.lists(texts, max_size=3)
facts = st.dictionaries(texts, flat, max_size=4)
head: dict[str, Any] = {
    "boot": counters,
    "seq": st.integers(1, 2**53 - 1),
    "at": instants,
    "epoch": st.none() | counters,
}
messages_up: st.SearchStrategy[AnyUp] = st.one_of(
    st.builds(
        Birth,
        **head,
        firmware=texts,
        profile=names,
        capabilities=st.lists(names, max_size=5).map(tuple),
        connection=counters,
    ),
    st.builds(Status, **head, reported=st.dictionaries(OTHER_FIELDS, flat, max_size=4)),
    st.builds(
        Telemetry,
        **head,
        measurements=st.lists(
            st.builds(Measurement, name=names, value=numbers, unit=texts, at=st.none() | instants),
            min_size=1,
            max_size=5,
        ).map(tuple),
    ),
    st.builds(Event, **head, name=names, data=facts),
    st.builds(Result, **head, command_id=texts, status=st.sampled_from(ResultStatus), detail=texts, data=facts),
    st.builds(
        Presence, boot=counters, connection=counters, status=st.sampled_from(PresenceStatus), at=st.none() | instants
    ),
)
messages_down = st.one_of(
    st.builds(Command, id=texts, name=names, expires_at=instants, arguments=facts),
    st.builds(Desired, version=counters, settings=st.dictionaries(names, flat, max_size=4)),
    st.builds(
        Stored,
        boot=counters,
        seq=counters,
        earlier=st.lists(st.builds(Mark, boot=counters, seq=counters), max_size=4).map(tuple),
    ),
    st.builds(StageNotice, stage=st.sampled_from(Stage), epoch=counters),
    st.builds(
        Firmware,
        version=texts,
        size_bytes=counters,
        sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
        signature=texts,
        url=texts,
        window_s=counters,
        jitter_s=counters,
    ),
)
UP_KINDS = {form: kind for kind, form in UP_TYPES.items()}
DOWN_KINDS = {form: kind for kind, form in DOWN_TYPES.items()}


@given(messages_up)
def test_every_message_up_survives_the_wire(message: AnyUp) -> None:
    kind = UP_KINDS[type(message)]
    assert decode_up(up_topic(UNIT, kind), encode(message)) == Accepted((UNIT, kind), message)  # type: ignore[arg-type]  # a plain tuple equals


@given(messages_down)
def test_every_message_down_survives_the_wire(message: Command | Desired | Stored | StageNotice | Firmware) -> None:
    assert decode_down(DOWN_KINDS[type(message)], encode(message)) == message


@given(st.text() | st.builds("tl/v1/{}/up/{}".format, st.just(UNIT) | st.text(), st.sampled_from(Up)), st.binary())
def test_no_topic_and_no_bytes_make_the_decoder_raise(topic: str, payload: bytes) -> None:
    assert isinstance(decode_up(topic, payload), Accepted | Rejection)


@given(st.sampled_from(Up), messages_up, st.data())
def test_no_damage_to_a_message_makes_the_decoder_raise(kind: Up, message: AnyUp, data: st.DataObject) -> None:
    payload = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode_up(up_topic(UNIT, kind), bytes(payload)), Accepted | Rejection)


@given(st.sampled_from(Down), st.binary() | messages_up.map(encode))
def test_no_bytes_make_a_devices_decoder_raise(kind: Down, payload: bytes) -> None:
    decode_down(kind, payload)


keys = st.builds(PresenceKey, st.integers(0, 3), st.integers(0, 3), offline=st.booleans())


@given(keys, keys, keys)
def test_merging_presence_is_a_join(one: PresenceKey, two: PresenceKey, three: PresenceKey) -> None:
    assert merge_presence(one, two) == merge_presence(two, one)
    assert merge_presence(merge_presence(one, two), three) == merge_presence(one, merge_presence(two, three))
    assert merge_presence(one, one) == one
    assert merge_presence(NEVER_SEEN, one) == one


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, unique=True), st.data())
def test_no_late_will_of_an_older_connection_makes_a_device_look_offline(
    lived: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Every connection leaves a birth and a will, but the newest has no will yet; they arrive in any order."""
    newest = max(lived)
    said: list[Presence] = []
    for boot, connection in lived:
        said.append(Presence(boot=boot, connection=connection, status=PresenceStatus.ONLINE))
        if (boot, connection) != newest:
            said.append(Presence(boot=boot, connection=connection, status=PresenceStatus.OFFLINE))
    arrived = data.draw(st.permutations([*said, *said[:2]]))
    assert reduce(merge_presence, map(presence_key, arrived), NEVER_SEEN) == (*newest, False)
    last_will = Presence(boot=newest[0], connection=newest[1], status=PresenceStatus.OFFLINE)
    arrived = data.draw(st.permutations([*said, last_will]))
    assert not reduce(merge_presence, map(presence_key, arrived), NEVER_SEEN).online


def sequences_of(received: Received) -> set[int]:
    above = {seq for first, last in received.above for seq in range(first, last + 1)}
    return set(range(1, received.low + 1)) | above


arrivals = st.lists(st.integers(1, 60), max_size=80)


@given(arrivals)
def test_what_was_received_is_the_set_of_what_arrived_in_any_order_and_however_often(arrived: list[int]) -> None:
    received = reduce(receive, arrived, Received())
    assert sequences_of(received) == set(arrived)
    assert received.high == max(arrived, default=0)
    assert received.missing == received.high - len(set(arrived))
    assert all(received.holds(seq) == (seq in set(arrived)) for seq in range(1, 62))


@given(arrivals)
def test_the_watermark_never_falls_and_the_form_stays_canonical(arrived: list[int]) -> None:
    received = Received()
    for seq in arrived:
        later = receive(received, seq)
        assert later.low >= received.low
        assert later.holds(seq)
        edges = [later.low, *(edge for run in later.above for edge in run)]
        assert all(last + 1 < first for last, first in zip(edges[::2], edges[1::2], strict=False))
        assert all(first <= last for first, last in later.above)
        received = later


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10)), max_size=20))
def test_ranges_are_received_as_their_members_are(ranges: list[tuple[int, int]]) -> None:
    by_range, by_member = Received(), Received()
    for first, length in ranges:
        by_range = receive(by_range, first, first + length)
        by_member = reduce(receive, range(first, first + length + 1), by_member)
    assert by_range == by_member


@settings(max_examples=10, deadline=None)
@given(st.integers(MAX_RANGES + 1, MAX_RANGES + 20), st.integers())
def test_a_device_that_skips_on_purpose_gets_no_more_than_the_bounded_number_of_ranges(count: int, seed: int) -> None:
    arrived = [2 * number for number in range(1, count + 1)]
    Random(seed).shuffle(arrived)  # noqa: S311 - only an order
    received = reduce(receive, arrived, Received())
    assert len(received.above) <= MAX_RANGES
    assert received.high == 2 * count
    assert all(received.holds(seq) for seq in arrived)


@given(st.data(), st.integers(2, 120), st.integers(2, 4))
def test_what_workers_share_out_is_taken_whatever_order_they_store_it_in(data: Any, count: int, workers: int) -> None:
    """Of n messages under way, no more than half can be missing in separate places."""
    shares = [list(range(1 + number, count + 1, workers)) for number in range(workers)]
    received, taken = Received(), []
    while any(shares):
        own = data.draw(st.sampled_from([one for one in shares if one]))
        seq = own.pop(0)
        assert not received.holds(seq)
        received = receive(received, seq)
        taken.append(seq)
        assert len(received.above) <= count / 2
    assert received == Received(count)


def test_a_worker_that_is_behind_by_all_that_a_device_may_have_under_way_costs_nothing() -> None:
    under_way = 2 * MAX_RANGES
    received = reduce(receive, range(2, under_way + 1, 2), Received())
    assert [seq for seq in range(1, under_way, 2) if received.holds(seq)] == []
    assert reduce(receive, range(1, under_way, 2), received) == Received(under_way)
