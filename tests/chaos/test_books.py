"""The books themselves: they notice what is lost, doubled, invented or promised too early; the reference is right."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import Accepted, Rejection, decode_up
from broker.contract.ids import new_id
from broker.contract.messages import Birth, Status
from broker.contract.topics import up_topic
from tests.chaos.charts import Point, Sum, charted, differing
from tests.chaos.ledger import Line, reckon
from tests.chaos.scenarios import SCENARIOS, shares
from tests.chaos.script import POISON, Known, encoded, folded, poisoned, said
from tests.chaos.wire import Packet, packets

UNIT = new_id(datetime(2026, 11, 22, tzinfo=UTC))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def line(**options: object) -> Line:
    return Line(**{"product_id": UNIT, "boot": 1, "said": 3, "acknowledged": {1, 2, 3}, "confirmed": 3, **options})  # type: ignore[arg-type]  # by name


def once(*numbers: int) -> dict[str, dict[int, int]]:
    return {UNIT: dict.fromkeys(numbers, 1)}


def test_books_that_agree_have_nothing_to_say() -> None:
    assert reckon([line()], once(1, 2, 3)) == ((), (), (), (), ())


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    assert reckon([line(confirmed=1)], once(1, 2)).lost == ((UNIT, 3),)
    assert reckon([line(confirmed=1, follows=False)], once(1, 2)).lost_unheard == ((UNIT, 3),)


def test_what_nobody_acknowledged_is_not_lost() -> None:
    assert reckon([line(confirmed=2, acknowledged={1, 2})], once(1, 2)).lost == ()


def test_a_watermark_above_what_is_stored_is_a_lie() -> None:
    assert reckon([line(acknowledged=set(), follows=False)], once(1, 3)).lied == ((UNIT, 2),)
    assert reckon([line(confirmed=4)], once(1, 2, 3)).lied == ((UNIT, 4),)


def test_what_is_there_twice_or_was_never_said_or_had_to_be_refused_is_named() -> None:
    assert reckon([line()], {UNIT: {1: 1, 2: 2, 3: 1}}).doubled == ((UNIT, 2),)
    assert reckon([line()], once(1, 2, 3, 4)).invented == ((UNIT, 4),)
    assert reckon([line(refused=frozenset({2}))], once(1, 2, 3)).invented == ((UNIT, 2),)


def test_what_had_to_be_refused_is_not_missed() -> None:
    assert reckon([line(refused=frozenset({2}))], once(1, 3)) == ((), (), (), (), ())


@given(st.integers(1, 40), st.integers(1, 5_000))
def test_every_message_of_the_script_is_taken_and_every_poisoned_one_is_not(boot: int, seq: int) -> None:
    good, bad = said(boot, seq), poisoned(boot, seq)
    taken = decode_up(up_topic(UNIT, good.kind), encoded(good, boot, seq, NOW))
    assert isinstance(taken, Accepted)
    refused = decode_up(up_topic(UNIT, bad.kind), encoded(bad, boot, seq, NOW))
    # A NUL in a text obeys the contract; that no database keeps it is found later.
    assert isinstance(refused, Rejection) or (isinstance(refused.message, Birth) and "\0" in refused.message.firmware)


@pytest.mark.parametrize("payload", POISON.values(), ids=list(POISON))
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    assert isinstance(decode_up(f"tl/v1/{UNIT}/up/status", payload), Rejection)


@given(st.lists(st.integers(1, 60), unique=True), st.integers())
def test_the_reference_goes_by_the_numbers_and_not_by_the_order(numbers: list[int], seed: int) -> None:
    shuffled = list(numbers)
    Random(seed).shuffle(shuffled)  # noqa: S311 - only an order
    assert folded(Known({}), 1, shuffled) == folded(Known({}), 1, numbers)


def test_the_reference_keeps_the_last_word_of_each_field() -> None:
    known = folded(Known({}), 2, range(1, 8))
    statuses = [said(2, seq).fields["reported"] for seq in (3, 5, 7)]
    assert [Status(boot=2, seq=1, at=NOW, reported=one).reported for one in statuses] == statuses
    assert statuses == [
        {"state": "idle", "lamp-2-1": 3},
        {"state": "processing", "lamp-2-2": None, "pages_total": 2_000_005},
        {
            "state": "idle",
            "lamp-2-3": 7,
            "pages_total": 2_000_007,
            "supplies": [{"name": "black", "level_percent": 93}],
        },
    ]
    state = {"state": "idle", "pages_total": 2_000_007, "supplies": [{"name": "black", "level_percent": 93}]}
    assert known == Known({**state, "lamp-2-1": 3, "lamp-2-3": 7}, "1.2", 2)


def test_a_field_that_comes_and_goes_is_gone_in_the_reference() -> None:
    removing = next(seq for seq in range(3, 500, 2) if None in said(1, seq).fields.get("reported", {}).values())
    name = next(name for name, value in said(1, removing).fields["reported"].items() if value is None)
    assert name not in folded(Known({name: 1}), 1, [removing]).reported


@given(st.integers(0, 70_000), st.integers(0, 12))
def test_packets_are_cut_where_they_end(length: int, missing: int) -> None:
    digits, left = b"", length
    while True:
        left, digit = divmod(left, 128)
        digits += bytes([digit | 0x80 if left else digit])
        if not left:
            break
    whole = b"\x30" + digits + bytes(length)
    assert packets(whole + b"\x40") == ([Packet(0x30, 0, bytes(length))], b"\x40")
    part = whole[: max(0, len(whole) - 1 - missing)]
    assert packets(part) == ([], part)


def test_a_run_shares_out_all_of_its_messages() -> None:
    own = shares(100_000)
    assert set(own) == {(one.name, kind) for one in SCENARIOS for kind in one.stands}
    assert abs(sum(own.values()) - 100_000) <= len(own)


# --- the series ---


def points(*numbers: int) -> list[Point]:
    """Half a minute apart, from 23:58 on."""
    start = datetime(2026, 11, 22, 23, 58, tzinfo=UTC)
    return [Point(UNIT, 1, seq, start + timedelta(seconds=30 * at)) for at, seq in enumerate(numbers)]


def test_the_reference_of_the_series_counts_each_message_in_its_minute_hour_and_day() -> None:
    found = charted(points(2, 4, 6, 8, 10))
    warm = {(cell.every, cell.start): one for cell, one in found.items() if cell.name == "fuser_temperature"}
    day, minute = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 23, 58, tzinfo=UTC)
    assert warm["day", day] == Sum(4, 182.0, 188.0, 740.0, 188.0)
    assert warm["hour", day.replace(hour=23)] == warm["day", day]
    assert warm["minute", minute] == Sum(2, 182.0, 184.0, 366.0, 184.0)
    assert warm["day", day + timedelta(days=1)] == Sum(1, 190.0, 190.0, 190.0, 190.0)
    assert {cell.unit for cell in found} == {"Cel", "W", "%"}


@given(st.lists(st.integers(1, 24).map(lambda half: 2 * half), unique=True), st.integers())
def test_the_reference_of_the_series_goes_by_the_time_and_not_by_the_order(numbers: list[int], seed: int) -> None:
    some = points(*numbers)
    shuffled = list(some)
    Random(seed).shuffle(shuffled)  # noqa: S311 - only an order
    assert charted(shuffled) == charted(some)


def test_a_message_that_is_counted_twice_or_not_at_all_is_noticed_in_every_series() -> None:
    right = charted(points(2, 4, 6))
    assert differing(right, right) == []
    for wrong in (charted(points(2, 4)), charted([*points(2, 4, 6), points(2)[0]])):
        assert len(differing(wrong, right)) >= 3 * 3
