"""What the phone service needs from whoever keeps the record. The cloud implements it (`cloud/menus.py`).

All functions are plain and may block; the service calls them in threads. Each call is one transaction. What goes wrong
is one of the errors below; the port's own errors (a database that is away) pass through.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, Protocol

import msgspec

from broker.contract.errors import ThroughlineError
from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from mobile_menu.rules.situation import Shop, Situation, Zone


class SessionRefusedError(ThroughlineError):
    """The session is unknown, has expired, or was ended."""

    code: ClassVar[str] = "session_refused"


class JourneyUnknownError(ThroughlineError):
    """There is no such journey, or it is somebody else's."""

    code: ClassVar[str] = "journey_unknown"


class ItemUnavailableError(ThroughlineError):
    """The menu does not offer this item now."""

    code: ClassVar[str] = "item_unavailable"


class ChoiceRefusedError(ThroughlineError):
    """This item asks for one of its choices, or for none."""

    code: ClassVar[str] = "choice_refused"


class ProofUsedError(ThroughlineError):
    """This proof of place has opened this once already; the product sends the next one within minutes."""

    code: ClassVar[str] = "proof_used"


class ClaimRefusedError(ThroughlineError):
    """The code does not open this unit, or there is no such unit."""

    code: ClassVar[str] = "claim_refused"


class AlreadyClaimedError(ThroughlineError):
    """Somebody owns this unit; its owner can invite you."""

    code: ClassVar[str] = "already_claimed"


class UnitInShopError(ThroughlineError):
    """This unit stands in a shop to be tried, and is nobody's to take; the shop can sell you one."""

    code: ClassVar[str] = "unit_in_shop"


class TooManyAttemptsError(ThroughlineError):
    """Too many attempts; try again later."""

    code: ClassVar[str] = "too_many_attempts"

    def __init__(self, *, retry_after_s: int) -> None:
        """retry_after_s: until another attempt is looked at."""
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s=retry_after_s)


class ProofNeededError(ThroughlineError):
    """This acts on the product, and so needs the phone to stand beside it."""

    code: ClassVar[str] = "proof_needed"


class Caller(msgspec.Struct, frozen=True):
    """Whose phone it is. person_id: opaque, never shown to the phone. language: what this request asked for. until: the
    end of the access token that was shown.
    """

    person_id: str
    session_id: str
    language: str = "en"
    until: datetime = datetime.max.replace(tzinfo=UTC)


class SessionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """token: for each call, until `expires_at`, which is `expires_in_s` seconds from now, whatever the phone's clock
    says. refresh_token: for the next pair, once.
    """

    token: str
    expires_at: datetime
    expires_in_s: int
    refresh_token: str
    refresh_expires_at: datetime


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What makes this browser's later visits those of the same visitor: for its cookie, never for a page's script."""

    token: str
    lasts: timedelta


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """visit: None when the browser has one that counts."""

    started: SessionStarted
    visit: Visit | None = None


class JourneySummary(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    stage: Stage
    role: Role
    model_name: str
    profile: str
    serial: str = ""
    product_id: str = ""


class BeaconTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A beacon that means something to this journey. ids: `eddystone-uid:<hex>`, `ibeacon:<uuid>:<major>:<minor>`.

    shop_id: where a demo unit stands.
    """

    ids: tuple[str, ...]
    subject: Literal["product", "demo_unit", "shop"]
    subject_id: str
    rssi_at_1m_dbm: int
    shop_id: str = ""


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """A partner shop's circle. radius in metres, position in WGS 84 degrees."""

    shop: Shop
    latitude: float
    longitude: float
    radius_m: float


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone could be near to, and the zone it was last in."""

    beacons: tuple[BeaconTarget, ...] = ()
    fences: tuple[Fence, ...] = ()
    zone: "ZoneState"


class ZoneState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of proximity: the zone, since when, and the change that is waiting for its dwell.

    smoothed_dbm: RSSI by beacon subject, at `heard_at`; forgotten when it is older than the time-out.
    """

    zone: Zone = Zone.UNKNOWN
    subject_id: str = ""
    since: datetime | None = None
    candidate: Zone | None = None
    candidate_subject_id: str = ""
    candidate_since: datetime | None = None
    heard_at: datetime | None = None
    smoothed_dbm: dict[str, float] = {}


class ChosenItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the menu offers it at this moment; `action` is what the content says it does.

    choice: the answer to a survey, or whether a guide helped. needs_proof: it takes a proof of place, which is used up
    by it.
    """

    id: str
    kind: str
    action: str
    arguments: dict[str, Json] = {}
    choice: str = ""
    needs_proof: bool = False


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing an item led to. command_id: a command on its way, whose progress and result come through `live`;
    `command_joined`: it was on its way already, and there is one.
    """

    item_id: str
    outcome: Literal[
        "noted",
        "command_queued",
        "command_joined",
        "step_done",
        "coupon_issued",
        "call_requested",
        "return_requested",
        "answered",
    ]
    command_id: str | None = None
    detail: str = ""


class CaseMessage(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    author: Literal["customer", "expert"]
    text: str
    at: datetime


class CaseThread(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    journey_id: str
    status: Literal["open", "answered", "closed"]
    opened_at: datetime
    messages: tuple[CaseMessage, ...]


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    journey_id: str
    product_id: str
    role: Role


class MenuPort(Protocol):
    """The record, as the phone service sees it. `key`: the caller's Idempotency-Key; the same key, the same answer."""

    def start_session(self, visit_token: str | None, key: str | None) -> SessionOpened:
        """A session of its own for this phone: of the visitor whose `visit_token` it is, else of a new person.

        Who is new gets a visit too. Two persons never become one, whoever else is signed in on this phone.
        """

    def caller(self, token: str, language: str) -> Caller:
        """Whose token it is. Raises SessionRefusedError."""

    def journeys(self, caller: Caller) -> Sequence[JourneySummary]:
        """The caller's journeys, the one that changed last first."""

    def situation(self, caller: Caller, journey_id: str) -> Situation:
        """Raises JourneyUnknownError."""

    def version(self, journey_id: str) -> int:
        """Moves whenever the situation of this journey may have; 0 when there is no such journey."""

    def surroundings(self, caller: Caller, journey_id: str) -> Surroundings:
        """Raises JourneyUnknownError."""

    def enter_zone(self, caller: Caller, journey_id: str, zone: ZoneState, ephemeral_ids: Sequence[str]) -> None:
        """Keeps the zone, and checks the ephemeral ids (hex, Eddystone-EID) that the phone heard for proof of place."""

    def choose(self, caller: Caller, journey_id: str, item: ChosenItem, key: str | None) -> Chosen:
        """Does what the item says.

        Raises JourneyUnknownError, ItemUnavailableError, ProofNeededError, ProofUsedError, TooManyAttemptsError.
        """

    def answered(self, caller: Caller, journey_id: str, item_id: str, key: str, choice: str = "") -> Chosen | None:
        """What `choose` answered to this caller under this key, if it did. Raises KeyReusedError of the record when the
        key was another call's.

        A choice often takes its own item off the menu (a step done, a coupon issued); a phone that repeats the call,
        because the answer was lost on the way, must still get that answer.
        """

    def open_case(self, caller: Caller, journey_id: str, text: str, menu: bytes, key: str | None) -> CaseThread:
        """Escalates to an expert, with stage, twin, timeline and the menu on the phone attached.

        A journey has one open case at a time: a second call adds its text to that one.
        """

    def add_message(self, caller: Caller, case_id: str, text: str, key: str | None) -> CaseThread:
        """Raises JourneyUnknownError when the case is not the caller's."""

    def cases(self, caller: Caller, journey_id: str, *, seen: bool = True) -> Sequence[CaseThread]:
        """All threads of the journey, newest first. seen: marks the expert's messages as read; a push does not."""

    def claim(
        self,
        caller: Caller,
        gtin: str,
        serial: str,
        code: str | None,
        ephemeral_id: str | None,
        key: str | None,
        source: str = "",
    ) -> Claimed:
        """source: where the call is from, as `limits.source_of` says, for its counts; empty: not known.

        Raises ClaimRefusedError, AlreadyClaimedError, UnitInShopError, TooManyAttemptsError.
        """

    def export(self, caller: Caller) -> dict[str, Json]:
        """Everything that is held of this person, provided and observed (GDPR article 20)."""

    def opt_out(self, token: str) -> dict[str, Json]:
        """Erases the person, in one transaction; the signed receipt. Every token of the session does, also one that has
        expired or was replaced, and later gets the same receipt.

        Raises SessionRefusedError for a token that never was one.
        """
