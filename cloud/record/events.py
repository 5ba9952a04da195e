"""The event: one touchpoint, in any channel, as the journal keeps it; and the words that events are told in.

How the form may grow: readers ignore types and fields they do not know; writers only add optional fields; a name is
never used again for another meaning. What each type carries is in `event_data`; appending and reading are the journal's
service.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from broker.contract.messages import Instant, Json


class Source(StrEnum):
    """Who says that it happened."""

    DEVICE = "device"
    PHONE = "phone"
    SHOP = "shop"
    CARRIER = "carrier"
    CAMPAIGN = "campaign"
    OPERATOR = "operator"
    CLOUD = "cloud"


class Channel(StrEnum):
    """Where it happened, for the journey map."""

    WEB = "web"
    SOCIAL = "social"
    EMAIL = "email"
    STORE = "store"
    PHONE_APP = "phone_app"
    CALL_CENTRE = "call_centre"
    CARRIER = "carrier"
    DEVICE = "device"


class EventType(StrEnum):
    """All that can happen. `event_data.DATA` says what each carries."""

    CAMPAIGN_VIEWED = "campaign.viewed"
    CAMPAIGN_CLICKED = "campaign.clicked"
    PRODUCT_SCANNED = "product.scanned"
    REFERRAL_FOLLOWED = "referral.followed"
    COUPON_ISSUED = "coupon.issued"
    COUPON_REDEEMED = "coupon.redeemed"
    DEMO_TRIED = "demo.tried"
    PROOF_DOUBTED = "proof.doubted"
    ORDER_CHANGED = "order.changed"
    PARCEL_CHANGED = "parcel.changed"
    PRODUCT_CLAIMED = "product.claimed"
    PRODUCT_TRANSFERRED = "product.transferred"
    PRODUCT_LEFT = "product.left"
    ONLOOKERS_ENDED = "product.onlookers_ended"
    DEVICE_BIRTH = "device.birth"
    DEVICE_STATUS = "device.status"
    DEVICE_EVENT = "device.event"
    DEVICE_RESULT = "device.result"
    DEVICE_PRESENCE = "device.presence"
    DEVICE_FACTORY_RESET = "device.factory_reset"
    INSTALL_STEP_DONE = "install.step_done"
    RETURN_REQUESTED = "return.requested"
    RETURN_RECEIVED = "return.received"
    JOURNEY_CLOSED = "journey.closed"
    CASE_OPENED = "case.opened"
    CASE_ANSWERED = "case.answered"
    CASE_CLOSED = "case.closed"
    SURVEY_ANSWERED = "survey.answered"
    JOURNEY_STALLED = "journey.stalled"
    JOURNEY_RESUMED = "journey.resumed"
    PERSON_ERASED = "person.erased"
    JOURNEY_OPENED = "journey.opened"
    JOURNEY_LINKED = "journey.linked"
    JOURNEY_PARTED = "journey.parted"
    ITEM_CHOSEN = "item.chosen"
    TWIN_DESIRED = "twin.desired"
    SESSION_REUSED = "session.reused"
    PERSON_JOINED = "person.joined"
    JOURNEY_JOINED = "journey.joined"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """id: makes it idempotent, the same id is the same event. at: when it happened, by its source's clock.

    `type`, `source` and `channel` are bare strings so that an event from a newer writer can be kept and passed on.
    """

    id: str
    type: str
    at: Instant
    source: str
    channel: str = ""
    product_id: str | None = None
    journey_id: str | None = None
    person_id: str | None = None
    data: dict[str, Json] = {}


class OrderStatus(StrEnum):
    PLACED = "placed"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class ParcelStatus(StrEnum):
    """What carriers say, in one neutral language."""

    UNKNOWN = "unknown"
    LABEL_CREATED = "label_created"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    RETURNING = "returning"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALE = "stale"


class Witness(StrEnum):
    """Who saw that an installation step was done."""

    DEVICE = "device"
    CUSTOMER = "customer"
    EXPERT = "expert"


class CloseReason(StrEnum):
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    RETIRED = "retired"
    LAPSED = "lapsed"
    ENDED = "ended"
    """Somebody who was with another's unit is with it no more."""


class SurveyKind(StrEnum):
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"


SCORE_RANGE: Final[Mapping[SurveyKind, tuple[int, int]]] = MappingProxyType(
    {SurveyKind.NPS: (0, 10), SurveyKind.CSAT: (1, 5), SurveyKind.CES: (1, 7)}
)
