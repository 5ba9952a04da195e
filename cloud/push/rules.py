"""What is worth a push message, and whether it may leave now. Pure.

Every word here is of service: none offers anything, so that distress holds none of them back.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from cloud.addresses import plain_host
from cloud.record.events import Event, EventType
from mobile_menu.rules.situation import Zone


class Word(StrEnum):
    ANSWER = "answer"
    """An expert has written."""
    PARCEL_OUT = "parcel_out"
    PARCEL_LATE = "parcel_late"
    FAULT = "fault"
    """The product needs a hand, and its customer is not beside it."""
    COMMAND_DONE = "command_done"
    COMMAND_FAILED = "command_failed"


class Form(NamedTuple):
    """topic: a newer word of the same topic takes the place of one that waits, here and on the phone. lasts: how long
    it is worth telling. is_read: it is known by itself whether the customer has read it.
    """

    topic: str
    lasts: timedelta
    urgent: bool = False
    is_read: bool = False


FORMS: Final[Mapping[Word, Form]] = MappingProxyType(
    {
        Word.ANSWER: Form("case", timedelta(days=2), urgent=True, is_read=True),
        Word.PARCEL_OUT: Form("parcel", timedelta(hours=12)),
        Word.PARCEL_LATE: Form("parcel", timedelta(days=2)),
        Word.FAULT: Form("fault", timedelta(hours=12)),
        Word.COMMAND_DONE: Form("command", timedelta(minutes=30)),
        Word.COMMAND_FAILED: Form("command", timedelta(minutes=30)),
    }
)
A_DAY: Final = 4
"""At most so many reach one phone on one of its days."""
QUIET_FROM: Final = time(21)
QUIET_UNTIL: Final = time(8)
AFTER: Final = timedelta(seconds=25)
"""A phone whose page is open has seen it by then, and is known to have its stream open (`LISTENS_FOR`)."""
_NOTHING: Final[frozenset[Word]] = frozenset()
_NOT_SO: Final = MappingProxyType(
    {"out_for_delivery": _NOTHING, "delivered": frozenset({Word.PARCEL_OUT, Word.PARCEL_LATE})}
)
_OVER: Final = MappingProxyType(
    {"parcel_late": frozenset({Word.PARCEL_LATE}), "fault_unattended": frozenset({Word.FAULT})}
)
_ENDPOINT: Final = re.compile(r"https://(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>/.*)")
LISTENS_EVERY: Final = timedelta(seconds=20)
LISTENS_FOR: Final = timedelta(seconds=45)
"""How long a stream that was open counts as open, unless it is seen again."""


def word_of_journey(event: Event) -> Word | None:
    """What this event tells the customer of its journey; None for what is no news to somebody away."""
    match event.type, event.data:
        case EventType.CASE_ANSWERED, _ if event.source == "operator":
            return Word.ANSWER
        case EventType.PARCEL_CHANGED, {"status": "out_for_delivery"}:
            return Word.PARCEL_OUT
        case EventType.JOURNEY_STALLED, {"kind": "parcel_late"}:
            return Word.PARCEL_LATE
        case EventType.JOURNEY_STALLED, {"kind": "fault_unattended"}:
            return Word.FAULT
        case _:
            return None


def ended_by(event: Event) -> frozenset[Word]:
    """What is true no more since this event: a word that says it, and waits, is taken back."""
    match event.type:
        case EventType.PARCEL_CHANGED:
            return _NOT_SO.get(str(event.data["status"]), frozenset({Word.PARCEL_OUT}))
        case EventType.JOURNEY_RESUMED:
            return _OVER.get(str(event.data["kind"]), _NOTHING)
        case EventType.JOURNEY_CLOSED | EventType.PRODUCT_LEFT:
            return frozenset(Word) - {Word.ANSWER}
        case _:
            return _NOTHING


def word_of_result(event: Event) -> Word | None:
    """What a device's answer tells whoever chose the command; None while it is not over."""
    if event.type != EventType.DEVICE_RESULT:
        return None
    words = {"done": Word.COMMAND_DONE, "failed": Word.COMMAND_FAILED, "expired": Word.COMMAND_FAILED}
    return words.get(str(event.data.get("status")))


def is_for(word: Word, zone: Zone) -> bool:
    """Whether somebody there is told: who stands beside a product sees what is wrong with it."""
    return word is not Word.FAULT or zone not in {Zone.HERE, Zone.NEAR}


class Phone(NamedTuple):
    """One subscription at a moment. told: when push messages left for it. listens_until: a live stream is open."""

    zone: tzinfo
    told: tuple[datetime, ...]
    listens_until: datetime | None


class Send(NamedTuple):
    """It leaves now."""


class Wait(NamedTuple):
    """It leaves then, if it is still worth telling."""

    until: datetime


class Drop(NamedTuple):
    """It does not leave. why: `seen`, `late`, `enough`."""

    why: str


def decide(phone: Phone, form: Form, expires_at: datetime, now: datetime) -> Send | Wait | Drop:
    """Whether a message that is due leaves `now`: not to whom sees it live, not at night, not more than enough.

    What is read by itself is asked about again when the page is closed: an open menu says that there is an answer, and
    not what it is.
    """
    if now >= expires_at:
        return Drop("late")
    if phone.listens_until is not None and now < phone.listens_until:
        waits = form.is_read and phone.listens_until < expires_at
        return Wait(phone.listens_until) if waits else Drop("seen")
    here = now.astimezone(phone.zone)
    morning = quiet_until(here)
    if morning is not None:
        return Wait(morning) if morning < expires_at else Drop("late")
    today = sum(at.astimezone(phone.zone).date() == here.date() for at in phone.told)
    return Drop("enough") if today >= A_DAY else Send()


def quiet_until(here: datetime) -> datetime | None:
    """When the quiet hours end that `here` (with its zone) is in; None while it is day."""
    if QUIET_UNTIL <= here.time() < QUIET_FROM:
        return None
    days = 1 if here.time() >= QUIET_FROM else 0
    morning = datetime.combine(here.date() + timedelta(days=days), QUIET_UNTIL)
    # A zone that changes its clocks tonight says itself, on the way, how far it is until then.
    until = here
    for _ in range(3):
        until += morning - until.replace(tzinfo=None)
        until = until.astimezone(UTC).astimezone(here.tzinfo)
    return until


def endpoint_is_allowed(endpoint: str, services: tuple[str, ...]) -> bool:
    """Whether this is the address of a push service that is known: nothing else is ever called.

    services: hosts, `.example.com` for all below it; with `:port` where it is not 443.
    """
    parts = _ENDPOINT.fullmatch(endpoint)
    host = None if parts is None else plain_host(f"https://{parts['host']}{parts['rest']}")
    return parts is not None and host is not None and any(_is(host, parts["port"], one) for one in services)


def _is(host: str, port: str | None, service: str) -> bool:
    name, _, its_port = service.partition(":")
    same = host.endswith(name) if name.startswith(".") else host == name
    return same and (port or "443") == (its_port or "443")
