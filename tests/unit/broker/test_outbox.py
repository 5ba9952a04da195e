"""What waits for a session, within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.outbox import Outbox, OutboxLimits, Parcel


def parcel(number: int, size: int = 1) -> Parcel:
    return Parcel(f"t/{number}", bytes(size))


def test_messages_leave_in_order_as_far_as_the_window_goes_and_on_with_each_acknowledgement() -> None:
    outbox = Outbox(OutboxLimits(window=2, max_messages=10, max_bytes=100))
    for number in range(3):
        assert outbox.offer(parcel(number))
    assert outbox.take() == (1, parcel(0))
    assert outbox.take() == (2, parcel(1))
    assert outbox.take() is None
    assert outbox.settle(1)
    assert outbox.take() == (3, parcel(2))


def test_what_is_in_flight_is_sent_again_under_its_id_until_it_is_acknowledged() -> None:
    outbox = Outbox(OutboxLimits(window=5, max_messages=10, max_bytes=100))
    for number in range(3):
        outbox.offer(parcel(number))
        outbox.take()
    outbox.settle(2)
    assert list(outbox.unsettled()) == [(1, parcel(0)), (3, parcel(2))]


def test_an_acknowledgement_of_nothing_changes_nothing() -> None:
    assert not Outbox(OutboxLimits(1, 1, 1)).settle(7)


def test_a_full_queue_drops_the_newest_by_number_and_by_bytes_and_counts() -> None:
    outbox = Outbox(OutboxLimits(window=1, max_messages=2, max_bytes=10))
    assert outbox.offer(parcel(0, 6))
    assert not outbox.offer(parcel(1, 6))
    assert outbox.offer(parcel(2, 4))
    assert not outbox.offer(parcel(3, 0))
    assert outbox.dropped == 2
    outbox.take()
    assert outbox.offer(parcel(4, 6))


@pytest.mark.parametrize(("size", "limits"), [(10, OutboxLimits(1, 1000, 320)), (0, OutboxLimits(1, 32, 1000))])
def test_above_half_who_holds_more_than_a_sixteenth_crowds_it_until_it_drains(size: int, limits: OutboxLimits) -> None:
    outbox = Outbox(limits)
    one = Parcel("t", bytes(size), publisher="loud")
    for _ in range(16):
        outbox.offer(one)
    assert not outbox.crowded_by("loud"), "half is free"
    for _ in range(2):
        outbox.offer(one._replace(publisher="quiet"))
    assert outbox.crowded_by("loud")
    assert not outbox.crowded_by("quiet"), "two of 32 are a sixteenth"
    assert not outbox.crowded_by("stranger")
    for _ in range(2):
        taken = outbox.take()
        assert taken is not None
        outbox.settle(taken[0])
    assert not outbox.crowded_by("loud")


@pytest.mark.parametrize(("size", "limits"), [(10, OutboxLimits(1, 1000, 160)), (0, OutboxLimits(1, 16, 1000))])
def test_what_is_urgent_has_a_reserve_of_a_sixteenth(size: int, limits: OutboxLimits) -> None:
    outbox = Outbox(limits)
    assert all(outbox.offer(parcel(number, size)) for number in range(16))
    assert not outbox.offer(parcel(16, size))
    assert outbox.offer(parcel(17, size)._replace(urgent=True))
    assert not outbox.offer(parcel(18, size)._replace(urgent=True)), "and no more"


def test_a_packet_id_in_flight_is_not_given_twice_when_the_numbers_come_round() -> None:
    outbox = Outbox(OutboxLimits(window=2, max_messages=10, max_bytes=100))
    outbox.offer(parcel(0))
    assert outbox.take() == (1, parcel(0))
    for _ in range(65_534):
        outbox.offer(parcel(1))
        taken = outbox.take()
        assert taken is not None
        outbox.settle(taken[0])
    outbox.offer(parcel(2))
    assert outbox.take() == (2, parcel(2))


@given(st.lists(st.sampled_from(["offer", "take", "settle"]), max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_every_message_is_waiting_in_flight_settled_or_counted_as_dropped(
    steps: list[str], window: int, max_messages: int
) -> None:
    outbox = Outbox(OutboxLimits(window, max_messages, 1000))
    offered = settled = 0
    for step in steps:
        match step:
            case "offer":
                outbox.offer(parcel(offered))
                offered += 1
            case "take":
                outbox.take()
            case _:
                settled += sum(outbox.settle(packet_id) for packet_id, _ in list(outbox.unsettled())[:1])
        assert len(outbox) + settled + outbox.dropped == offered
        assert len(list(outbox.unsettled())) <= window
        assert outbox.idle == (not list(outbox.unsettled()))
