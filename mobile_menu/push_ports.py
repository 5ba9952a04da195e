"""What the push calls need of the record. The cloud implements it (`cloud/subscriptions.py`). As in `ports.py`,
functions are plain and may block, and each call is one transaction.
"""

from typing import ClassVar, Protocol

import msgspec

from broker.contract.errors import ThroughlineError
from mobile_menu.ports import Caller


class PushRefusedError(ThroughlineError):
    """This is no address of a push service that is known here, or its keys or its time zone are none."""

    code: ClassVar[str] = "push_refused"


class PushState(msgspec.Struct, frozen=True, kw_only=True):
    """public_key: for the browser's `applicationServerKey` (RFC 8292), base64url; empty: there is no
    push here. on: this session is told by it.
    """

    public_key: str
    on: bool


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser's PushSubscription holds, and the time zone by which its nights go (IANA's name)."""

    endpoint: str
    p256dh: str
    auth: str
    time_zone: str


class PushPort(Protocol):
    """The record, as the push calls see it."""

    def state(self, caller: Caller) -> PushState:
        """Whether this session is told by push."""

    def subscribe(self, caller: Caller, wanted: Subscription) -> PushState:
        """Tells this session's browser from now on; it has one subscription. Raises PushRefusedError,
        SessionRefusedError.
        """

    def unsubscribe(self, caller: Caller) -> None:
        """Tells it nothing any more."""
