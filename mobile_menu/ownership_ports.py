"""What the phone's people page needs from whoever keeps the record. The cloud implements it (`cloud/people.py`).

As in `ports.py`: plain functions that may block, one transaction each. Nobody is named: the people of a unit are roles
and dates.
"""

from datetime import datetime, timedelta
from typing import ClassVar, Literal, Protocol

import msgspec

from broker.contract.errors import ThroughlineError
from broker.contract.stages import Role
from mobile_menu.ports import Caller, Chosen


class NotYoursError(ThroughlineError):
    """There is no such thing, or it is not for you to do this with it."""

    code: ClassVar[str] = "not_yours"


class LinkRefusedError(ThroughlineError):
    """This link opens nothing: it was used, taken back, has expired, or never was one."""

    code: ClassVar[str] = "link_refused"


class TooManyPeopleError(ThroughlineError):
    """There are too many invitations or people; take one back, or remove somebody."""

    code: ClassVar[str] = "too_many_people"


class TransferRefusedError(ThroughlineError):
    """This transfer is not in the state that this call expects."""

    code: ClassVar[str] = "transfer_refused"


InvitedRole = Literal["household", "guest"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with the unit. id: to remove them by; empty for the owner. you: it is the caller."""

    id: str
    role: Role
    since: datetime | None = None
    expires_at: datetime | None = None
    you: bool = False


class OpenInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that nobody has taken; its link is not shown again."""

    id: str
    role: Role
    created_at: datetime
    expires_at: datetime


class LookingOn(msgspec.Struct, frozen=True, kw_only=True):
    """Others who have scanned the unit's label and were not let in, none of them named.

    seeing: how many of them see its state now, by proof that they stand at it. since: when the first of them came.
    ended_at: when the owner last ended them all.
    """

    count: int
    seeing: int
    since: datetime | None = None
    ended_at: datetime | None = None


class TransferState(msgspec.Struct, frozen=True, kw_only=True):
    """A change of hands. side: what the caller does in it. check_code: shown to both sides once somebody has accepted.

    journey_id: the new owner's, when it is done.
    """

    id: str
    product_id: str
    side: Literal["gives", "receives"]
    state: Literal["open", "accepted", "done"]
    expires_at: datetime
    check_code: str = ""
    journey_id: str = ""


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Who is with the unit, as far as the caller may see it. can: what the caller may do.

    onlookers: for who may end them. wiped: what became of the device's order to forget the user before; empty when
    there was none.
    """

    product_id: str
    role: Role
    can: tuple[str, ...]
    people: tuple[Person, ...]
    invitations: tuple[OpenInvitation, ...] = ()
    onlookers: LookingOn | None = None
    transfer: TransferState | None = None
    return_requested: bool = False
    wiped: Literal["", "waiting", "done", "failed"] = ""


class OneTimeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link to pass on. url: shown this once, also as qr, an SVG data URI; the
    secret stands after its number sign, which browsers send to nobody.
    """

    id: str
    url: str
    qr: str
    expires_at: datetime


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a link would do for whoever accepts it. stays_s: how long a guest may stay."""

    kind: Literal["invitation", "transfer"]
    role: Role
    model_name: str
    expires_at: datetime
    stays_s: int | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a link: a journey at once, or a transfer that waits for the owner's confirmation."""

    kind: Literal["invitation", "transfer"]
    product_id: str
    role: Role
    journey_id: str = ""
    transfer: TransferState | None = None


class ClaimCodeMade(msgspec.Struct, frozen=True, kw_only=True):
    """claim_code: shown this once; the one before opens nothing any more."""

    claim_code: str


class OwnershipPort(Protocol):
    """Ownership, as the phone service sees it. key: the caller's Idempotency-Key; source: where the call is from."""

    def people(self, caller: Caller, product_id: str) -> People:
        """Raises NotYoursError."""

    def invite(
        self, caller: Caller, product_id: str, role: InvitedRole, lasts: timedelta | None, key: str | None
    ) -> OneTimeLink:
        """Raises NotYoursError, TooManyPeopleError."""

    def withdraw(self, caller: Caller, product_id: str, invitation_id: str) -> None:
        """Raises NotYoursError."""

    def remove(self, caller: Caller, product_id: str, member_id: str) -> None:
        """Removes somebody, or, with one's own id, leaves. Raises NotYoursError."""

    def end_onlookers(self, caller: Caller, product_id: str) -> None:
        """Ends everybody who looks on without having been let in, until they scan it again. Raises NotYoursError."""

    def look(self, caller: Caller, code: str, source: str) -> Offer:
        """Raises LinkRefusedError, TooManyAttemptsError."""

    def accept(self, caller: Caller, code: str, source: str, key: str | None) -> Accepted:
        """Raises LinkRefusedError, TooManyAttemptsError, TooManyPeopleError, TransferRefusedError."""

    def start_transfer(self, caller: Caller, product_id: str, key: str | None) -> OneTimeLink:
        """Raises NotYoursError, and the port's own conflict when one is under way."""

    def transfer(self, caller: Caller, transfer_id: str) -> TransferState:
        """Raises NotYoursError."""

    def confirm_transfer(self, caller: Caller, transfer_id: str, key: str | None) -> TransferState:
        """Raises NotYoursError, TransferRefusedError."""

    def cancel_transfer(self, caller: Caller, transfer_id: str) -> None:
        """Raises NotYoursError, TransferRefusedError."""

    def ask_return(self, caller: Caller, product_id: str, key: str | None) -> Chosen:
        """Raises NotYoursError."""

    def wipe(self, caller: Caller, product_id: str, key: str | None) -> Chosen:
        """Raises NotYoursError."""

    def new_claim_code(self, caller: Caller, product_id: str, key: str | None) -> ClaimCodeMade:
        """Raises NotYoursError."""
