"""How many links may go to one address, and what the one who reads its mail can always do. Pure.

Whoever types an address need not have it. So nobody may be flooded through us, and what strangers ask for must not keep
out the one who has the mailbox:

    a session   5 links within an hour, whatever addresses they go to
    an address  10 mails on one day (UTC), whoever asks; a mail that was taken back before it left is none
    a mailbox   each mail bears the address's mark of the day. A session that was told that no more mail goes out can
                complete its own wish with that mark: strangers have used up the day, so such a mail is there
    shown       whoever completes a link has the mailbox: the day begins anew for it, with another mark
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

PER_SESSION: Final = 5
"""Links that one session may ask for within an hour."""
SESSION_WINDOW: Final = timedelta(hours=1)
PER_ADDRESS: Final = 10
"""Mails to one address on one day (UTC), unless its owner shows up in between."""


class Day(NamedTuple):
    """What an address has had on one day. mails: since its owner was last there; turn: how often they were."""

    mails: int = 0
    turn: int = 0


def asked(day: Day) -> tuple[Day, bool]:
    """The day after a wish for one more link, and whether a mail goes out for it."""
    sends = day.mails < PER_ADDRESS
    return (day._replace(mails=day.mails + 1) if sends else day), sends


def taken_back(day: Day, mails: int) -> Day:
    """The day when so many of its mails have not left, and never will."""
    return day._replace(mails=max(0, day.mails - mails))


def shown(day: Day) -> Day:
    """The day when somebody has shown that they read the mail of the address. Marks of before count no more."""
    return Day(mails=0, turn=day.turn + 1)


def begin_of(at: datetime) -> datetime:
    """When the day began."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def end_of(at: datetime) -> datetime:
    """When the next day begins: an address gets mail again from then on."""
    return begin_of(at) + timedelta(days=1)


def session_wait(earlier: Sequence[datetime], now: datetime) -> timedelta:
    """How long until a session that asked at these times may ask again; 0 when it may now."""
    recent = sorted(at for at in earlier if at > now - SESSION_WINDOW)
    return timedelta(0) if len(recent) < PER_SESSION else recent[-PER_SESSION] + SESSION_WINDOW - now
