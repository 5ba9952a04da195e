"""Laws of the series: in whatever parts and order the messages come, they end as one who counts them all in order."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import accumulate, pairwise
from random import Random
from statistics import fmean

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cloud.twin.rules import CLOCK_BELIEVED
from cloud.twin.series_rules import (
    MAX_FIELDS,
    MAX_GAP,
    MOST_MEASURED,
    WIDTH,
    Batch,
    Bucket,
    Buckets,
    Every,
    Measured,
    Reading,
    Tallies,
    from_text,
    in_batches,
    merged,
    microseconds,
    minutes,
    next_together,
    no_heavier,
    readings_of,
    start_of,
    to_text,
    wider,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
times = st.integers(-3 * 86_400, 0).map(lambda seconds: NOON + timedelta(seconds=seconds))
measurements = st.builds(
    Measured,
    name=st.sampled_from(["temp", "power", "pages"]),
    value=st.integers(-1_000, 1_000).map(float),
    unit=st.sampled_from(["", "W"]),
    at=st.none() | times,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Reading]:
    """Messages of two units, each (boot, seq) once, in any order of time."""
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(["a", "b"]), times, st.lists(measurements, min_size=1, max_size=4)), max_size=20
        )
    )
    return [
        Reading(product_id, 1, seq, microseconds(at), microseconds(NOON), tuple(measured))
        for seq, (product_id, at, measured) in enumerate(drawn)
    ]


def counted(history: list[Reading], every: Every) -> dict[tuple[str, datetime, str, str], tuple[float, ...]]:
    """A reference that has everything before it."""
    found: dict[tuple[str, datetime, str, str], list[tuple[tuple[datetime, int, int], float]]] = defaultdict(list)
    for one in history:
        for place, measured in enumerate(one.measurements):
            at = measured.at or datetime.fromtimestamp(one.time_us / 1e6, UTC)
            key = one.product_id, start_of(at, every), measured.name, measured.unit
            found[key].append(((at, one.seq, place), measured.value))
    return {
        key: (len(of), min(v for _, v in of), max(v for _, v in of), fmean(v for _, v in of), max(of)[1])
        for key, of in found.items()
    }


def told(buckets: Buckets) -> dict[tuple[str, datetime, str, str], tuple[float, ...]]:
    return {
        (product_id, start, one.name, one.unit): (one.count, one.low, one.high, one.mean, one.last)
        for (product_id, start), bucket in buckets.items()
        for one in bucket.fields.values()
    }


def both(one: Buckets, other: Buckets) -> Buckets:
    found = dict(one)
    for key, bucket in other.items():
        found[key] = merged(found[key], bucket) if key in found else bucket
    return found


def alike(
    one: dict[tuple[str, datetime, str, str], tuple[float, ...]],
    other: dict[tuple[str, datetime, str, str], tuple[float, ...]],
) -> bool:
    """Equal; means but for the last bit."""
    return one.keys() == other.keys() and all(
        math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-9) for key in one for x, y in zip(one[key], other[key], strict=True)
    )


@given(histories(), st.sampled_from(Every))
def test_a_history_at_once_is_what_one_counts_who_has_it_all(history: list[Reading], every: Every) -> None:
    assert alike(told(wider(minutes(history), every)), counted(history, every))


@given(histories(), st.randoms(use_true_random=False), st.integers(1, 6), st.sampled_from(Every))
def test_parts_in_any_order_come_to_the_same(history: list[Reading], random: object, size: int, every: Every) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's own Random
    parts = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    whole: Buckets = reduce(both, (wider(minutes(part), every) for part in parts), {})
    assert alike(told(whole), counted(history, every))


@given(histories(), st.integers(1, 6))
def test_as_text_and_part_by_part_into_one_tally_is_as_all_at_once(history: list[Reading], size: int) -> None:
    tallies = Tallies()
    for at in range(0, len(history), size):
        tallies.add(readings_of(msgspec.json.encode(history[at : at + size])))
    assert tallies.buckets() == minutes(history)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given beside
def test_microseconds_lose_nothing_of_a_time(at: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(at)) == at


@given(histories())
def test_an_hour_is_what_its_minutes_are_and_a_day_what_its_hours_are(history: list[Reading]) -> None:
    found = minutes(history)
    assert alike(told(wider(wider(found, Every.HOUR), Every.DAY)), told(wider(found, Every.DAY)))


@given(histories())
def test_what_is_kept_is_read_again_as_it_was(history: list[Reading]) -> None:
    for bucket in minutes(history).values():
        assert from_text(to_text(bucket), bucket.left_out) == bucket


@given(times, st.sampled_from(Every))
def test_a_time_lies_in_its_bucket(at: datetime, every: Every) -> None:
    start = start_of(at, every)
    assert start <= at < start + WIDTH[every]
    assert start_of(start, every) == start


def reading(*measured: Measured, seq: int = 1, time: datetime = NOON) -> Reading:
    return Reading("a", 1, seq, microseconds(time), microseconds(NOON), measured)


def test_a_device_that_invents_names_fills_no_bucket_beyond_its_room_and_what_is_left_out_is_counted() -> None:
    invented = [
        reading(*(Measured(name=f"n{at + 300 * seq}", value=1.0) for at in range(300)), seq=seq) for seq in range(3)
    ]
    (at_once,) = minutes(invented).values()
    one_by_one = reduce(merged, (bucket for one in invented for bucket in minutes([one]).values()), Bucket({}))
    for bucket in (at_once, one_by_one):
        assert (len(bucket.fields), bucket.left_out) == (MAX_FIELDS, 900 - MAX_FIELDS)
    known = merged(at_once, *minutes([reading(Measured(name="n0", value=5.0), seq=9)]).values())
    assert known.fields["n0", ""].count == 2, "who has a room keeps it"


def test_the_largest_numbers_come_to_no_infinity_that_json_cannot_say() -> None:
    (bucket,) = minutes([reading(*[Measured(name="t", value=1.7e308)] * 3)]).values()
    (again,) = merged(bucket, bucket).fields.values()
    assert from_text(to_text(Bucket({("t", ""): again})), 0).fields["t", ""].mean <= 1.7e308
    assert math.isfinite(again.total)


def test_a_measurement_of_a_time_that_cannot_be_right_lies_at_its_receipt() -> None:
    absurd = [NOON + timedelta(days=300), NOON - CLOCK_BELIEVED - timedelta(seconds=1)]
    found = minutes([reading(*(Measured(name="t", value=1.0, at=at) for at in absurd))])
    assert set(found) == {("a", NOON)}


waiting = st.lists(st.tuples(st.integers(1, 3 * MAX_GAP), st.integers(1, 50)), max_size=30).map(
    lambda drawn: [
        Batch(number, NOON, count)
        for number, count in zip(
            [sum(gap for gap, _ in drawn[: at + 1]) for at in range(len(drawn))], [n for _, n in drawn], strict=True
        )
    ]
)


@given(waiting, st.integers(1, 200))
def test_the_next_batches_are_the_first_ones_not_too_many_and_close_together(batches: list[Batch], most: int) -> None:
    taken = next_together(batches, most)
    assert list(taken) == batches[: len(taken)]
    assert bool(taken) == bool(batches)
    assert len(taken) <= 1 or sum(one.messages for one in taken) <= most
    assert all(after.id - before.id <= MAX_GAP for before, after in pairwise(taken))
    if 0 < len(taken) < len(batches):
        following = batches[len(taken)]
        full = sum(one.messages for one in taken) + following.messages > most
        assert full or following.id - taken[-1].id > MAX_GAP


@given(waiting, st.randoms(use_true_random=False), st.integers(0, 5_000))
def test_a_round_is_the_first_batches_and_no_heavier_than_it_may_be_unless_it_is_one(
    batches: list[Batch], random: Random, most: int
) -> None:
    weights = {one.id: random.choice([0, 1, 100, 4_000]) for one in batches}
    asked: list[int] = []

    def weight(taken: tuple[Batch, ...]) -> int:
        asked.append(len(taken))
        return sum(weights[one.id] for one in taken)

    taken = no_heavier(tuple(batches), weight, most)
    assert list(taken) == batches[: len(taken)]
    assert bool(taken) == bool(batches)
    assert len(taken) < 2 or sum(weights[one.id] for one in taken) <= most
    assert all(after < before for before, after in pairwise(asked))
    if sum(weights.values()) <= most:
        assert list(taken) == batches, "what is light is taken as it is"
        assert len(asked) <= 1


@given(st.integers(2, 1_000), st.integers(1, 10_000), st.floats(0.01, 0.7))
def test_of_batches_that_weigh_the_same_nearly_as_much_is_taken_as_may_be(count: int, each: int, part: float) -> None:
    batches = tuple(Batch(number, NOON, 1) for number in range(count))
    most = int(count * each * part)
    taken = no_heavier(batches, lambda some: each * len(some), most)
    assert len(taken) == max(most // each, 1)


def test_where_one_weighs_nearly_all_that_may_be_it_is_soon_found() -> None:
    batches = tuple(Batch(number, NOON, 1) for number in range(1_000))
    asked: list[int] = []

    def weight(taken: tuple[Batch, ...]) -> int:
        asked.append(len(taken))
        return 1_000 + len(taken) - 1

    assert no_heavier(batches, weight, 1_000) == batches[:1]
    assert len(asked) < 30


@given(st.lists(st.integers(1, 512), min_size=1, max_size=300), st.sampled_from([1, 100]))
def test_messages_are_noted_in_batches_that_are_whole_where_they_can_be_and_never_larger_than_one_may_be(
    measured: list[int], times: int
) -> None:
    measured = measured * times
    sizes = in_batches(measured)
    assert sum(sizes) == len(measured)
    ends = list(accumulate(sizes))
    sums = [sum(measured[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
    assert all(one <= MOST_MEASURED for one in sums)
    assert all(one + measured[end] > MOST_MEASURED for one, end in zip(sums, ends[:-1], strict=False))
