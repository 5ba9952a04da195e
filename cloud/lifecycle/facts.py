"""The facts of a journey, and how two sets of them become one. No event and no profile is read here.

Every field is a join: for a single value the higher order key of its own source wins (or the lower, for what came
first), maps join key by key, and a newer epoch takes the place of an older one. So facts can be joined in any order and
any number of times, and end the same. What facts mean (a stage, a stall) is decided elsewhere; here nothing is judged.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from broker.contract.messages import Instant
from broker.contract.stages import Role
from cloud.record.events import CloseReason, OrderStatus, ParcelStatus, SurveyKind, Witness

Key = tuple[datetime | int | str, ...]


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every fact carries: when it happened (UTC, its source's clock), and the event that says so."""

    at: Instant
    event_id: str

    @property
    def key(self) -> Key:
        """The order key. It ends with the event's id, so that no two facts ever tie."""
        return (self.at, self.event_id)


class Touch(Mark, frozen=True, kw_only=True):
    """One contact. subject_id: the campaign, referral code, coupon or demo unit, as `type` says."""

    type: str
    channel: str = ""
    subject_id: str = ""


class Order(Mark, frozen=True, kw_only=True):
    """The newest version of an order."""

    version: int
    status: OrderStatus

    @property
    def key(self) -> Key:
        return (self.version, self.at, self.event_id)

    @property
    def stands(self) -> bool:
        return self.status in (OrderStatus.PLACED, OrderStatus.FULFILLED)


class Scan(Mark, frozen=True, kw_only=True):
    """A carrier's word about a parcel; `at` is the carrier's time. tracking_url: its page about the parcel, if told."""

    carrier: str = ""
    detail: str = ""
    tracking_url: str = ""


class Promise(Mark, frozen=True, kw_only=True):
    """When the carrier expects to deliver, and, in `at`, when it said so."""

    promised_at: Instant


class Parcel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest scan of each status, so that what they mean together does not depend on the order of arrival."""

    scans: dict[ParcelStatus, Scan] = {}
    promise: Promise | None = None


class Claim(Mark, frozen=True, kw_only=True):
    """The newest claim: in which role, how possession was shown, and in which epoch of the unit."""

    epoch: int
    role: Role
    how: str

    @property
    def key(self) -> Key:
        return (self.epoch, self.at, self.event_id)


class Contact(Mark, frozen=True, kw_only=True):
    """The device's first contact in an epoch. Its own counters order it, not its clock."""

    boot: int
    seq: int

    @property
    def key(self) -> Key:
        return (self.boot, self.seq, self.event_id)


class Epoch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What belongs to one life of the unit, between one factory reset or change of hands and the next.

    steps: by step and witness, the first time that this witness saw it done.
    """

    number: int = 0
    contact: Contact | None = None
    steps: dict[str, dict[Witness, Mark]] = {}


class Return(Mark, frozen=True, kw_only=True):
    """version: the order's."""

    version: int
    received: bool

    @property
    def key(self) -> Key:
        return (self.version, int(self.received), self.at, self.event_id)


class Closed(Mark, frozen=True, kw_only=True):
    reason: CloseReason


class Case(Mark, frozen=True, kw_only=True):
    """The newest version of a case."""

    version: int
    is_open: bool

    @property
    def key(self) -> Key:
        return (self.version, int(not self.is_open), self.at, self.event_id)


class Answer(Mark, frozen=True, kw_only=True):
    """The last answer to one kind of survey."""

    score: int


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of one journey. The empty value is a journey of which nothing is known.

    orders: by order id; parcels: by tracking code; cases: by case id; answers: by survey.
    handed_on_epoch: the newest epoch that began with a change of hands; claims of earlier ones have ended.
    erased: the person is gone; then nothing else is kept.
    """

    first_touch: Touch | None = None
    last_touch: Touch | None = None
    first_engaged: Touch | None = None
    last_engaged: Touch | None = None
    orders: dict[str, Order] = {}
    parcels: dict[str, Parcel] = {}
    claim: Claim | None = None
    handed_on_epoch: int = 0
    life: Epoch = Epoch()
    returned: Return | None = None
    closed: Closed | None = None
    cases: dict[str, Case] = {}
    answers: dict[SurveyKind, Answer] = {}
    erased: Mark | None = None

    @property
    def epoch(self) -> int:
        """The unit's current epoch."""
        return self.life.number

    @property
    def standing_claim(self) -> Claim | None:
        """The claim, unless the unit has been handed on since."""
        claim = self.claim
        return claim if claim is not None and claim.epoch >= self.handed_on_epoch else None

    @property
    def has_open_case(self) -> bool:
        return any(case.is_open for case in self.cases.values())

    @property
    def return_requested(self) -> bool:
        """A return was asked for and has not come in."""
        return self.returned is not None and not self.returned.received


NOTHING: Final = Facts()

_M = TypeVar("_M", bound=Mark)
_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")


def join(a: Facts, b: Facts) -> Facts:
    """Both sets of facts as one. Commutative, associative, idempotent; `NOTHING` changes nothing."""
    erased = first(a.erased, b.erased)
    if erased is not None:
        return Facts(erased=erased)
    return Facts(
        first_touch=first(a.first_touch, b.first_touch),
        last_touch=last(a.last_touch, b.last_touch),
        first_engaged=first(a.first_engaged, b.first_engaged),
        last_engaged=last(a.last_engaged, b.last_engaged),
        orders=_join_maps(a.orders, b.orders, _higher),
        parcels=_join_maps(a.parcels, b.parcels, _join_parcels),
        claim=last(a.claim, b.claim),
        handed_on_epoch=max(a.handed_on_epoch, b.handed_on_epoch),
        life=_join_epochs(a.life, b.life),
        returned=last(a.returned, b.returned),
        closed=first(a.closed, b.closed),
        cases=_join_maps(a.cases, b.cases, _higher),
        answers=_join_maps(a.answers, b.answers, _higher),
    )


def holds(known: Epoch, said: Epoch) -> bool:
    """All of `said` is in `known` already: joining them changes nothing. Quicker than to join and compare."""
    if known.number != said.number:
        return known.number > said.number
    if said.contact is not None and (known.contact is None or said.contact.key < known.contact.key):
        return False
    for step, words in said.steps.items():
        marks = known.steps.get(step)
        if marks is None:
            return False
        for witness, mark in words.items():
            if witness not in marks or mark.key < marks[witness].key:
                return False
    return True


def first(a: _M | None, b: _M | None) -> _M | None:
    """The one with the lower order key."""
    if a is None or b is None:
        return a or b
    return _lower(a, b)


def last(a: _M | None, b: _M | None) -> _M | None:
    """The one with the higher order key."""
    if a is None or b is None:
        return a or b
    return _higher(a, b)


def encode_facts(facts: Facts) -> bytes:
    """The facts as JSON; equal facts have equal bytes."""
    return msgspec.json.encode(facts, order="deterministic")


def decode_facts(text: bytes | str) -> Facts:
    """What `encode_facts` wrote. Raises msgspec.ValidationError."""
    return msgspec.json.decode(text, type=Facts)


def _lower(a: _M, b: _M) -> _M:
    return a if a.key <= b.key else b


def _higher(a: _M, b: _M) -> _M:
    return a if a.key >= b.key else b


def _join_maps(a: dict[_K, _V], b: dict[_K, _V], join_values: Callable[[_V, _V], _V]) -> dict[_K, _V]:
    if not a or not b:
        return a or b
    return {**a, **b, **{key: join_values(a[key], b[key]) for key in a.keys() & b.keys()}}


def _join_parcels(a: Parcel, b: Parcel) -> Parcel:
    return Parcel(scans=_join_maps(a.scans, b.scans, _higher), promise=last(a.promise, b.promise))


def _join_epochs(a: Epoch, b: Epoch) -> Epoch:
    if a.number != b.number:
        return a if a.number > b.number else b
    if a == b:
        return a
    return Epoch(number=a.number, contact=first(a.contact, b.contact), steps=_join_maps(a.steps, b.steps, _join_steps))


def _join_steps(a: dict[Witness, Mark], b: dict[Witness, Mark]) -> dict[Witness, Mark]:
    return _join_maps(a, b, _lower)
