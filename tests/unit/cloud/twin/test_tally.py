"""A batch in figures: nothing is counted twice, nothing is left out, and few messages stand for all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import Accepted, decode_up, encode
from broker.contract.messages import Measurement, Telemetry
from broker.contract.topics import Up, up_topic
from broker.contract.watermark import Received
from cloud.twin.tally import SAMPLES, change_of, sampled, tally_of
from cloud.twin.watermarks import Streams

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DEVICE = "01jd0000000000000000000000"


def telemetry(at: datetime, seq: int = 1) -> Accepted:
    message = Telemetry(boot=1, seq=seq, at=at, measurements=(Measurement(name="pages", value=1),))
    found = decode_up(up_topic(DEVICE, Up.TELEMETRY), encode(message))
    assert isinstance(found, Accepted), found
    return found


@given(count=st.integers(0, 3_000))
def test_a_sample_is_small_and_stands_for_every_message_once(count: int) -> None:
    found = sampled(range(count))
    assert len(found) <= SAMPLES
    assert sum(weight for _, weight in found) == count
    assert all(weight > 0 for _, weight in found)


@given(seqs=st.lists(st.integers(1, 60), max_size=40), cut=st.integers(0, 40))
def test_what_is_open_is_what_was_opened_less_what_was_closed_or_given_up(seqs: list[int], cut: int) -> None:
    key, still = (DEVICE, 1), 0
    now: dict[tuple[str, int], Received] = {}
    for batch in (seqs[:cut], seqs[cut:]):
        streams = Streams(now, {DEVICE: 1})
        for seq in batch:
            streams.take(DEVICE, 1, seq)
        opened, closed, given_up = streams.gaps()
        assert min(opened, closed, given_up) >= 0
        still += opened - closed - given_up
        now = streams.now
    assert still == (now[key].missing if key in now else 0)


def test_what_a_device_gives_up_is_neither_missed_nor_late() -> None:
    streams = Streams({}, {DEVICE: 1})
    streams.take(DEVICE, 1, 5)
    assert streams.gaps() == (4, 0, 0)
    later = Streams(streams.now, {DEVICE: 1})
    later.give_up(DEVICE, 1, 1, 4)
    assert later.gaps() == (0, 0, 4)
    assert change_of(4, 1, 2) == (0, 1, 2)


def test_messages_count_by_kind_and_a_clock_that_is_ahead_makes_no_lag_below_nothing() -> None:
    said = [telemetry(NOW - timedelta(seconds=90)), telemetry(NOW + timedelta(hours=1), 2)]
    tally = tally_of(said, (), change_of(0, 0, 0), NOW)
    assert dict(tally.kinds) == {"telemetry": 2}
    assert [(lag.seconds, lag.weight) for lag in tally.lags] == [(90.0, 1), (0.0, 1)]
