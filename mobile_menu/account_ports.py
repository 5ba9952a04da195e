"""What the account calls need of the record: sessions of phones, and the e-mail address. The cloud implements it
(`cloud/accounts.py`). As in `ports.py`, functions are plain and may block, and each call is one transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final, Literal, Protocol, get_args

import msgspec

from broker.contract.errors import ThroughlineError
from mobile_menu.ports import Caller, SessionStarted

Language = Literal["en", "de", "ar"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""Those that mails are written in; the first one is for whoever asks for none of them."""


class SessionUnknownError(ThroughlineError):
    """There is no such session, or it is somebody else's."""

    code: ClassVar[str] = "session_unknown"


class EmailLinkRefusedError(ThroughlineError):
    """This link does not count: it is too old, was replaced, or belongs to another phone."""

    code: ClassVar[str] = "email_link_refused"


class PhoneSession(msgspec.Struct, frozen=True, kw_only=True):
    """One of the caller's phones. current: the one that asks. refreshed_at: when it last fetched a new token.

    kind: `visit` for a browser that has no session now, and can begin one by the cookie that a link of ours set.
    """

    id: str
    kind: Literal["phone", "visit"]
    started_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    current: bool


class OthersEnded(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions and visits ended."""

    ended: int


class EmailState(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's verified address; null while there is none."""

    address: str | None
    verified_at: datetime | None


class EmailAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The same for every address: it says nothing of who has it.

    sent: a mail is on its way, and its link counts for `expires_in_s`. Not sent: the address has had as many as it gets
    on one day, and the link of the newest counts here, until another may be sent in `expires_in_s`.
    """

    sent: bool
    expires_in_s: int


class EmailVerified(msgspec.Struct, frozen=True, kw_only=True):
    """joined: the address was this person's on another phone already, and the two are one from now on."""

    address: str
    joined: bool


class AccountPort(Protocol):
    """The record, as the account calls see it."""

    def refresh(self, refresh_token: str, key: str | None) -> SessionStarted:
        """A new pair of tokens. Raises SessionRefusedError; for a token that was used before, the session has ended."""

    def sessions(self, caller: Caller) -> Sequence[PhoneSession]:
        """The caller's phones and visits, the one that was refreshed last first."""

    def end_session(self, caller: Caller, session_id: str) -> None:
        """Ends one of the caller's sessions or visits, and all of the same browser. Raises SessionUnknownError."""

    def end_others(self, caller: Caller) -> OthersEnded:
        """Ends all of the caller's sessions and visits but the one that asks. Raises SessionRefusedError."""

    def email(self, caller: Caller) -> EmailState:
        """The caller's address."""

    def ask_email(self, caller: Caller, address: str, language: Language) -> EmailAsked:
        """Sends a link to the address, which the session that asks can complete. Raises TooManyAttemptsError."""

    def verify_email(self, caller: Caller, token: str) -> EmailVerified:
        """Completes a link. Raises EmailLinkRefusedError."""

    def remove_email(self, caller: Caller) -> None:
        """The caller has no address any more, and links that are under way lead nowhere."""
