"""Shares of a batch and of a minute: laws that hold for every crowd."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cloud import fairness
from cloud.fairness import RESERVE, Allowance, Limit, Waiting, deal, water_level

crowds = st.lists(st.builds(Waiting, st.sampled_from("abcdefgh"), st.integers(1, 400)), max_size=60)
batches = st.tuples(st.integers(1, 40), st.integers(1, 6_000))


@given(wanted=st.lists(st.integers(0, 50), max_size=20), limit=st.integers(0, 300))
def test_a_level_lets_nobody_beyond_the_limit_and_could_be_no_higher(wanted: list[int], limit: int) -> None:
    level = water_level(wanted, limit)
    assert sum(min(want, level) for want in wanted) <= limit
    higher = sum(min(want, level + 1) for want in wanted)
    assert higher > limit or level == max(wanted, default=0)


@given(waiting=crowds, batch=batches)
def test_a_batch_is_full_or_everything_is_in_it_and_each_device_keeps_its_order(
    waiting: list[Waiting], batch: tuple[int, int]
) -> None:
    messages, size = batch
    chosen = deal(waiting, messages, size)
    taken = [one for one, comes in zip(waiting, chosen, strict=True) if comes]
    assert len(taken) <= messages
    sizes = [one.size for one in taken]
    assert sum(sizes) - max(sizes, default=0) < size, "but for one message"
    full = len(taken) == messages or sum(sizes) >= size
    assert full or all(chosen)
    assert taken or not waiting
    for device in {one.device for one in waiting}:
        own = [comes for one, comes in zip(waiting, chosen, strict=True) if one.device == device]
        assert own == sorted(own, reverse=True), "a later message of a device does not overtake an earlier one"


@given(waiting=crowds, batch=batches)
def test_who_wants_no_more_than_a_fair_share_gets_all_of_it_however_much_the_others_want(
    waiting: list[Waiting], batch: tuple[int, int]
) -> None:
    messages, size = batch
    chosen = deal(waiting, messages, size)
    number, bytes_ = Counter(one.device for one in waiting), Counter[str]()
    for one in waiting:
        bytes_[one.device] += one.size
    devices = len(number)
    if any(one.size * devices > size for one in waiting):
        return  # a message that is larger than a share may take the room of others
    for device in number:
        if number[device] * devices <= messages and bytes_[device] * devices <= size:
            assert all(comes for one, comes in zip(waiting, chosen, strict=True) if one.device == device)


def test_a_flood_takes_what_the_others_leave() -> None:
    flood = [Waiting("loud", 100)] * 3_900
    quiet = [Waiting(f"quiet {number}", 100) for number in range(100)]
    chosen = deal([*flood, *quiet], 2_000, 10_000_000)
    assert chosen == [True] * 1_900 + [False] * 2_000 + [True] * 100


@given(said=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), max_size=60), limit=st.integers(1, 20))
def test_each_device_has_its_minute_for_itself_and_no_more_than_that(said: list[tuple[str, int]], limit: int) -> None:
    allowance = Allowance(Limit(limit, 200))
    allowance.begin(1)
    got, size = Counter[str](), Counter[str]()
    for device, own in said:
        fits = got[device] < limit and size[device] + own <= 200
        admitted = allowance.admits(device, own)
        if not admitted:
            allowance.refuse(device)
        else:
            assert fits
            got[device] += 1
            size[device] += own
    alone = Allowance(Limit(limit, 200))
    alone.begin(1)
    for own in [own for device, own in said if device == "a"]:
        if alone.admits("a", own):
            got["a"] -= 1
        else:
            alone.refuse("a")
    assert got["a"] == 0, "what b says changes nothing for a"


def test_what_was_refused_once_stays_refused_until_the_next_minute() -> None:
    allowance = Allowance(Limit(0, 100))
    allowance.begin(7)
    assert allowance.admits("a", 90)
    assert not allowance.admits("a", 20)
    assert allowance.refuse("a")
    assert not allowance.refuse("a")
    assert not allowance.admits("a", 1), "a stream gets one hole in a minute, and not one for each message"
    allowance.begin(7)
    assert not allowance.admits("a", 1)
    allowance.begin(8)
    assert allowance.admits("a", 90)


def test_a_last_will_has_a_reserve_and_no_more() -> None:
    allowance = Allowance(Limit(32, 0))
    allowance.begin(1)
    assert all(allowance.admits("a", 1) for _ in range(32))
    allowance.refuse("a")
    assert [allowance.admits("a", 1, urgent=True) for _ in range(32 // RESERVE + 1)] == [True, True, False]


def test_of_too_many_devices_those_are_remembered_that_are_near_their_limit() -> None:
    allowance = Allowance(Limit(32, 0))
    allowance.begin(1)
    assert all(allowance.admits("loud", 1) for _ in range(32))
    for number in range(fairness.REMEMBERED):
        allowance.admits(str(number), 1)
    allowance.begin(1)
    assert not allowance.admits("loud", 1)
    assert allowance.remembered == 1
