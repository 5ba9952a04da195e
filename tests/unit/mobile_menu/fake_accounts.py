"""Accounts in memory: each person has the one phone that asks, and the address that it names, verified at once."""

from collections.abc import Sequence
from datetime import datetime

from mobile_menu.account_ports import (
    EmailAsked,
    EmailState,
    EmailVerified,
    Language,
    OthersEnded,
    PhoneSession,
    SessionUnknownError,
)
from mobile_menu.ports import Caller, SessionRefusedError, SessionStarted
from tests.unit.mobile_menu.fake_record import Clock


class FakeAccounts:
    """`AccountPort`, as a page needs it to be opened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._addresses: dict[str, str] = {}

    def refresh(self, refresh_token: str, key: str | None) -> SessionStarted:  # noqa: ARG002 - the port's signature
        raise SessionRefusedError

    def sessions(self, caller: Caller) -> Sequence[PhoneSession]:
        now: datetime = self._clock()
        return [
            PhoneSession(
                id=caller.session_id, kind="phone", started_at=now, refreshed_at=now, expires_at=now, current=True
            )
        ]

    def end_session(self, caller: Caller, session_id: str) -> None:
        if session_id != caller.session_id:
            raise SessionUnknownError

    def end_others(self, caller: Caller) -> OthersEnded:  # noqa: ARG002 - the port's signature
        return OthersEnded(ended=0)

    def email(self, caller: Caller) -> EmailState:
        address = self._addresses.get(caller.person_id)
        return EmailState(address=address, verified_at=self._clock() if address else None)

    def ask_email(self, caller: Caller, address: str, language: Language) -> EmailAsked:  # noqa: ARG002 - likewise
        self._addresses[caller.person_id] = address
        return EmailAsked(sent=True, expires_in_s=1800)

    def verify_email(self, caller: Caller, token: str) -> EmailVerified:  # noqa: ARG002 - likewise
        return EmailVerified(address=self._addresses[caller.person_id], joined=False)

    def remove_email(self, caller: Caller) -> None:
        self._addresses.pop(caller.person_id, None)
