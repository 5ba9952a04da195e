"""The laws of mail to an address: nobody is flooded, and no stranger keeps out the one who reads the mail."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.mail_limits import (
    PER_ADDRESS,
    PER_SESSION,
    SESSION_WINDOW,
    Day,
    asked,
    begin_of,
    end_of,
    session_wait,
    shown,
    taken_back,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTS = st.lists(
    st.sampled_from(["leave", "send", "show"]) | st.integers(1, PER_ADDRESS + 2).map(lambda times: "ask " * times),
    max_size=20,
).map(lambda acts: " ".join(acts).split())


@given(ACTS)
def test_an_address_gets_so_many_mails_a_day_and_who_is_refused_one_has_one_that_serves(acts: list[str]) -> None:
    """leave: all who wait to get mail take it back. send: what waits leaves. show: somebody reads a mail."""
    day, waiting, inbox = Day(), 0, list[int]()
    bound = PER_ADDRESS
    for act in acts:
        if act == "ask":
            day, sends = asked(day)
            waiting += sends
            assert sends or waiting or day.turn in inbox
        elif act == "leave":
            day, waiting = taken_back(day, waiting), 0
        elif act == "send":
            inbox += [day.turn] * waiting
            waiting = 0
        elif day.turn in inbox:
            day, bound = shown(day), bound + PER_ADDRESS + waiting
        assert len(inbox) + waiting <= bound


@given(st.integers(0, 500))
def test_without_the_owner_no_number_of_wishes_makes_more_mails(wishes: int) -> None:
    day, sent = Day(), 0
    for _ in range(wishes):
        day, sends = asked(day)
        sent += sends
    assert sent == min(wishes, PER_ADDRESS) == day.mails


def test_who_shows_up_makes_all_marks_of_before_worthless() -> None:
    assert shown(Day(PER_ADDRESS, 3)) == Day(0, 4)


@given(st.lists(st.timedeltas(timedelta(0), 2 * SESSION_WINDOW), max_size=12))
def test_a_session_that_waits_as_long_as_is_said_may_ask_and_not_before(ages: list[timedelta]) -> None:
    earlier = [NOW - age for age in ages]
    wait = session_wait(earlier, NOW)
    assert session_wait(earlier, NOW + wait) == timedelta(0)
    if wait:
        assert session_wait(earlier, NOW + wait - timedelta(microseconds=1)) > timedelta(0)
    assert (wait > timedelta(0)) is (sum(age < SESSION_WINDOW for age in ages) >= PER_SESSION)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis takes naive bounds and gives the zone
def test_a_day_is_one_of_utc(at: datetime) -> None:
    assert begin_of(at) <= at < end_of(at)
    assert end_of(at) - begin_of(at) == timedelta(days=1)
