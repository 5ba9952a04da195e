"""What is pushed, and when: sparingly, never at night, never to whom sees it live; and to known services alone."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_timezone
from hypothesis import given
from hypothesis import strategies as st

from cloud.push import rules
from cloud.push.rules import (
    A_DAY,
    AFTER,
    FORMS,
    LISTENS_EVERY,
    LISTENS_FOR,
    QUIET_FROM,
    QUIET_UNTIL,
    Drop,
    Phone,
    Send,
    Wait,
    Word,
    decide,
    endpoint_is_allowed,
    is_for,
    quiet_until,
    word_of_journey,
    word_of_result,
)
from cloud.record.events import Event
from mobile_menu.rules.situation import Zone

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
HOUR = timedelta(hours=1)
NEWS = FORMS[Word.PARCEL_LATE]
BERLIN = get_timezone("Europe/Berlin")
KNOWN = ("push.example.com", ".push.example.net", "127.0.0.1:8443")
zones = st.sampled_from(
    [get_timezone(name) for name in ("Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles", "UTC")]
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  the time zone is given beside it


def phone(*told: datetime, listens_until: datetime | None = None) -> Phone:
    return Phone(UTC, told, listens_until)


def event(type_: str, source: str = "operator", **data: object) -> Event:
    return Event(id="e", type=type_, at=NOON, source=source, journey_id="j", data=data)


def test_by_day_a_message_leaves() -> None:
    assert decide(phone(), NEWS, LATER, NOON) == Send()


def test_whose_page_is_open_is_told_there_and_nowhere_else() -> None:
    assert decide(phone(listens_until=NOON + AFTER), NEWS, LATER, NOON) == Drop("seen")
    assert decide(phone(listens_until=NOON), NEWS, LATER, NOON) == Send()


def test_an_answer_waits_while_the_page_is_open_since_it_is_known_by_itself_whether_it_was_read() -> None:
    answer, until = FORMS[Word.ANSWER], NOON + AFTER
    assert decide(phone(listens_until=until), answer, LATER, NOON) == Wait(until)
    assert decide(phone(listens_until=until), answer, LATER, until) == Send()
    assert decide(phone(listens_until=until), answer, until, NOON) == Drop("seen")


def test_an_open_page_is_known_before_a_message_leaves_and_stays_known_between_two_looks() -> None:
    assert LISTENS_EVERY < AFTER
    assert LISTENS_EVERY * 2 < LISTENS_FOR


def test_at_night_it_waits_for_the_morning_and_what_is_stale_by_then_is_dropped() -> None:
    night = NOON.replace(hour=23)
    assert decide(phone(), NEWS, LATER, night) == Wait(NOON.replace(hour=8) + timedelta(days=1))
    assert decide(phone(), NEWS, night + HOUR, night) == Drop("late")


def test_a_phone_is_told_four_times_on_one_of_its_days_and_not_more() -> None:
    told = tuple(NOON - minutes * timedelta(minutes=1) for minutes in range(A_DAY))
    assert decide(phone(*told[1:]), NEWS, LATER, NOON) == Send()
    assert decide(phone(*told), NEWS, LATER, NOON) == Drop("enough")
    yesterday = tuple(at - timedelta(days=1) for at in told)
    assert decide(phone(*yesterday), NEWS, LATER, NOON) == Send()


@given(zone=zones, now=moments, lasts=st.timedeltas(timedelta(minutes=1), timedelta(days=2)))
def test_nothing_ever_leaves_in_the_phones_night_and_whatever_waits_leaves_by_day(
    zone: ZoneInfo, now: datetime, lasts: timedelta
) -> None:
    while True:
        found = decide(Phone(zone, (), None), NEWS, now + lasts, now)
        if not isinstance(found, Wait):
            break
        assert now < found.until < now + lasts
        now, lasts = found.until, now + lasts - found.until
    if isinstance(found, Send):
        assert QUIET_UNTIL <= now.astimezone(zone).time() < QUIET_FROM


@given(zone=zones, now=moments)
def test_the_night_ends_when_the_phones_clock_says_so_also_when_it_is_put_forward(
    zone: ZoneInfo, now: datetime
) -> None:
    until = quiet_until(now.astimezone(zone))
    if until is not None:
        assert timedelta(0) < until - now <= timedelta(hours=12)
        assert until.astimezone(zone).time() == QUIET_UNTIL


def test_in_the_night_in_which_clocks_go_forward_the_morning_comes_an_hour_earlier() -> None:
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=timezone(HOUR)).astimezone(BERLIN)
    until = quiet_until(evening)
    assert until is not None
    assert until.astimezone(UTC) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (event("case.answered"), Word.ANSWER),
        (event("case.answered", "phone"), None),
        (event("parcel.changed", "carrier", status="out_for_delivery"), Word.PARCEL_OUT),
        (event("parcel.changed", "carrier", status="in_transit"), None),
        (event("journey.stalled", "cloud", kind="parcel_late"), Word.PARCEL_LATE),
        (event("journey.stalled", "cloud", kind="fault_unattended"), Word.FAULT),
        (event("journey.stalled", "cloud", kind="install_stuck"), None),
        (event("journey.resumed", "cloud", kind="parcel_late"), None),
        (event("coupon.issued", "cloud"), None),
        (event("survey.answered", "phone"), None),
    ],
)
def test_what_matters_is_told_and_nothing_else(told: Event, word: Word | None) -> None:
    assert word_of_journey(told) is word


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event("parcel.changed", "carrier", status="out_for_delivery"), set()),
        (event("parcel.changed", "carrier", status="in_transit"), {Word.PARCEL_OUT}),
        (event("parcel.changed", "carrier", status="delivered"), {Word.PARCEL_OUT, Word.PARCEL_LATE}),
        (event("journey.resumed", "cloud", kind="parcel_late"), {Word.PARCEL_LATE}),
        (event("journey.resumed", "cloud", kind="fault_unattended"), {Word.FAULT}),
        (event("journey.resumed", "cloud", kind="install_stuck"), set()),
        (event("journey.stalled", "cloud", kind="fault_unattended"), set()),
        (event("case.closed"), set()),
        (event("product.left", "phone"), set(Word) - {Word.ANSWER}),
        (event("journey.closed", "operator"), set(Word) - {Word.ANSWER}),
    ],
)
def test_what_is_true_no_more_is_taken_back(told: Event, words: set[Word]) -> None:
    assert rules.ended_by(told) == words


def test_a_command_is_told_of_when_it_is_over() -> None:
    answers = [event("device.result", "device", status=status) for status in ("accepted", "done", "failed")]
    found = [word_of_result(answer) for answer in answers]
    assert found == [None, Word.COMMAND_DONE, Word.COMMAND_FAILED]
    assert word_of_result(event("device.status", "device", status="done")) is None


def test_who_stands_beside_a_product_is_not_told_of_its_fault() -> None:
    assert [zone for zone in Zone if not is_for(Word.FAULT, zone)] == [Zone.HERE, Zone.NEAR]
    assert all(is_for(word, zone) for word in Word if word is not Word.FAULT for zone in Zone)


def test_every_word_has_its_form() -> None:
    assert set(FORMS) == set(Word)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example.com/send/abc-_%3D?x=1",
        "https://a.push.example.net/w/?token=A",
        "https://127.0.0.1:8443/push/1",
        "https://push.example.com:443/send",
    ],
)
def test_an_address_of_a_known_push_service_is_taken(endpoint: str) -> None:
    assert endpoint_is_allowed(endpoint, KNOWN)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.com/x",
        "https://push.example.com",
        "https://push.example.com.evil.example/x",
        "https://evilpush.example.net/x",
        "https://evilpush.example.com/x",
        "https://a.push.example.com/x",
        "https://push.example.net/x",
        "https://push.example.com@evil.example/x",
        "https://user:pass@push.example.com/x",
        "https://push.example.com:8443/x",
        "https://127.0.0.1/x",
        "https://127.0.0.1:22/x",
        "https://127.0.0.1:8443@evil.example/x",
        "https://127.1:8443/x",
        "https://[::1]:8443/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://push.example.com\\@evil.example/x",
        "https://push.example.com/x y",
        "https://push.example.com/x\r\nHost: evil",
        "https://push.exampl\u0435.com/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_any_other_address_is_refused(endpoint: str) -> None:
    assert not endpoint_is_allowed(endpoint, KNOWN)


@given(st.text(max_size=80))
def test_without_known_services_nothing_is_allowed(endpoint: str) -> None:
    assert not endpoint_is_allowed(f"https://{endpoint}", ())
