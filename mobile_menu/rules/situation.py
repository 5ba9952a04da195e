"""The situation: everything that a menu may depend on, and nothing else.

Whatever is not here cannot put an item on a customer's phone, and whatever is here can be previewed and replayed.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from broker.contract.messages import Json
from broker.contract.stages import Role, Stage


class Level(StrEnum):
    """How the device is, in one word. `unknown`: it has never been heard of."""

    UNKNOWN = "unknown"
    OFFLINE = "offline"
    OK = "ok"
    BUSY = "busy"
    ATTENTION = "attention"
    ERROR = "error"


class Zone(StrEnum):
    """Where the phone is with respect to the unit, or to a shop."""

    HERE = "here"
    """At arm's length of the unit."""
    NEAR = "near"
    """In the same room."""
    AWAY = "away"
    SHOP = "shop"
    """Inside the fence of a shop, and near no unit."""
    UNKNOWN = "unknown"


class Onlooker(StrEnum):
    """Whether it is somebody else's unit, to which the owner has not let this person in."""

    NO = "no"
    BESIDE = "beside"
    """It is, and they have proven that they stand at it: they see what they would see there."""
    ELSEWHERE = "elsewhere"
    """It is, and nothing shows that they stand at it: they see the model, and nothing of the unit."""


class ParcelState(StrEnum):
    NONE = "none"
    LABEL = "label"
    MOVING = "moving"
    OUT_FOR_DELIVERY = "out_for_delivery"
    LATE = "late"
    FAILED = "failed"
    DELIVERED = "delivered"


class SupplyLevel(msgspec.Struct, frozen=True, kw_only=True):
    """level_percent: 0 to 100, negative when not known (RFC 3805). days_left: None when it cannot be told."""

    name: str
    level_percent: int
    color: str = ""
    days_left: float | None = None


class CommandState(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was chosen: it runs, or has ended a little while ago. state: as in `menu.Progress`.

    expired: it failed because its time was up before the device did it. lasts_min: how long it counts, in minutes.
    detail: the device's own words, such as state reasons.
    """

    name: str
    arguments: dict[str, Json] = {}
    state: Literal["queued", "sent", "accepted", "running", "done", "failed"]
    percent: int | None = None
    expired: bool = False
    detail: str = ""
    lasts_min: int = 10


FirmwareState = Literal["current", "available", "installing", "failed"]
"""Of the firmware after the one that runs, as far as the device tells."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """reasons: state reasons without their severity suffix, the gravest first. since: when `level` began."""

    level: Level = Level.UNKNOWN
    state: str = ""
    reasons: tuple[str, ...] = ()
    since: datetime | None = None
    supplies: tuple[SupplyLevel, ...] = ()
    days_left: float | None = None
    last_reasons: tuple[str, ...] = ()
    """What it last said before it went offline."""
    firmware: str = ""
    firmware_state: FirmwareState = "current"
    usage: dict[str, float] = {}
    """Figures of its use that items may quote, such as `pages_total`."""
    demo_unit: bool = False
    """It stands in a shop for everybody to try."""
    commands: tuple[CommandState, ...] = ()
    """What it was told of late, one of a kind: a name with its arguments."""


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    address: str = ""
    url: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """proven: the phone showed the unit's ephemeral id a moment ago."""

    zone: Zone = Zone.UNKNOWN
    shop: Shop | None = None
    proven: bool = False


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    state: ParcelState = ParcelState.NONE
    promised_at: datetime | None = None
    carrier: str = ""
    tracking_url: str = ""
    detail: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the installation checklist. witness: who may tick it."""

    id: str
    required: bool
    witness: Literal["device", "customer"]
    done: bool = False
    done_by: str = ""


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """amount: in the currency's minor unit (5000 USD is $50)."""

    code: str
    amount: int
    currency: str
    expires_at: datetime | None = None
    redeemed: bool = False


class Case(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    unread: int = 0


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """What is between the customer and us. distress: the causes that hold now; while one does, nothing is offered."""

    case: Case | None = None
    distress: tuple[str, ...] = ()
    stalls: tuple[str, ...] = ()
    """`parcel_late`, `install_stuck`, `fault_unattended`, `silent`."""
    coupon: Coupon | None = None
    referral_url: str = ""
    consent: tuple[str, ...] = ()
    surveys_due: tuple[str, ...] = ()
    order_id: str = ""
    order_status: str = ""
    return_requested: bool = False


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where items may lead: set by the model, the shop, the operator. Empty means there is none."""

    shop: str = ""
    product: str = ""
    compare: str = ""
    video: str = ""
    reorder: str = ""
    nearest_shop: str = ""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """language: what the phone asked for, as Accept-Language. closed_reason: set in stage `closed`. until: when it
    changes by time alone, because a proof of place or the word about a command ends.
    """

    journey_id: str
    stage: Stage
    profile: str
    language: str = "en"
    model_name: str = ""
    brand: str = ""
    gtin: str = ""
    serial: str = ""
    product_id: str = ""
    role: Role = Role.VISITOR
    onlooker: Onlooker = Onlooker.NO
    device: Device = Device()
    place: Place = Place()
    parcel: Parcel = Parcel()
    steps: tuple[Step, ...] = ()
    relation: Relation = Relation()
    links: Links = Links()
    closed_reason: str = ""
    until: datetime | None = None
