"""What the event of each type carries beside its envelope, and the reading of it. See `events` for how it may grow."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from broker.contract.messages import Counter, Instant, Json, PresenceStatus, ResultStatus, Sequence
from broker.contract.stages import Role, Stage
from cloud.record.events import (
    SCORE_RANGE,
    CloseReason,
    Event,
    EventType,
    OrderStatus,
    ParcelStatus,
    SurveyKind,
    Witness,
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What an event carries beside its envelope. Also the data of `product.scanned`, `product.left`, `journey.parted`,
    `person.erased`, `person.joined` and `session.reused`: nothing.
    """


class CampaignViewed(Data, frozen=True, kw_only=True):
    campaign_id: Key


class CampaignClicked(Data, frozen=True, kw_only=True):
    """stage: the campaign's own, that is, of those whom it addresses."""

    campaign_id: Key
    stage: Stage = Stage.INTERESTED


class ReferralFollowed(Data, frozen=True, kw_only=True):
    """referral: a keyed hash of the link's code. The code is its owner's, and must go when they leave.

    `code` was a name of this data once, and is never read: what stands under it may be somebody's who has left.
    """

    referral: str = ""


class CouponIssued(Data, frozen=True, kw_only=True):
    """amount: in the currency's minor unit."""

    coupon_id: Key
    amount: int
    currency: str


class CouponRedeemed(Data, frozen=True, kw_only=True):
    coupon_id: Key


class DemoTried(Data, frozen=True, kw_only=True):
    """product_id: the demo unit, which is not the customer's own."""

    product_id: Key


class ProofDoubted(Data, frozen=True, kw_only=True):
    """A proof of place at a demo unit that was not believed. other_id: the demo unit, of a shop too far away, at which
    the same person proved to be. passed_s: between the two.
    """

    product_id: Key
    other_id: Key
    passed_s: int


class OrderChanged(Data, frozen=True, kw_only=True):
    """version: the shop's count of changes to this order; the higher one is the newer."""

    order_id: Key
    version: Counter
    status: OrderStatus


class ParcelChanged(Data, frozen=True, kw_only=True):
    """status_at: the carrier's time of the scan. promised_at: its newest estimate of the delivery. place: of the scan.
    tracking_url: the carrier's page about the parcel, https, to a host that the operator allows.
    """

    tracking_code: Key
    carrier: str
    status: ParcelStatus
    status_at: Instant
    promised_at: Instant | None = None
    detail: str = ""
    place: str = ""
    tracking_url: str = ""


class ProductClaimed(Data, frozen=True, kw_only=True):
    """how: what showed possession, such as `code`, `proximity`, `invitation`, `transfer`."""

    epoch: Counter
    role: Role
    how: str


class ProductTransferred(Data, frozen=True, kw_only=True):
    """epoch: the one that begins. Claims of earlier epochs end with it."""

    epoch: Counter


class OnlookersEnded(Data, frozen=True, kw_only=True):
    """The owner has ended everybody who looked at the unit without having been let in. count: how many those were."""

    count: Counter


class FromDevice(Data, frozen=True, kw_only=True):
    """epoch: as ingest stamped it when the message first came; without one it counts as 0."""

    boot: Counter
    seq: Sequence
    epoch: Counter | None = None


class DeviceBirth(FromDevice, frozen=True, kw_only=True):
    firmware: str = ""
    profile: str = ""
    capabilities: tuple[str, ...] = ()
    connection: Counter = 0


class DeviceStatus(FromDevice, frozen=True, kw_only=True):
    """reported: the fields that this message named, null for one that it removed."""

    reported: dict[str, Json]


class DeviceEvent(FromDevice, frozen=True, kw_only=True):
    name: Key
    data: dict[str, Json] = {}


class DeviceResult(FromDevice, frozen=True, kw_only=True):
    command_id: Key
    status: ResultStatus
    detail: str = ""
    data: dict[str, Json] = {}


class DevicePresence(Data, frozen=True, kw_only=True):
    boot: Counter
    connection: Counter
    status: PresenceStatus


class DeviceFactoryReset(FromDevice, frozen=True, kw_only=True):
    """epoch: the one that begins."""


class InstallStepDone(Data, frozen=True, kw_only=True):
    epoch: Counter
    step: Key
    witness: Witness


class ReturnChanged(Data, frozen=True, kw_only=True):
    """version: the order's."""

    version: Counter


class JourneyClosed(Data, frozen=True, kw_only=True):
    reason: CloseReason


class CaseChanged(Data, frozen=True, kw_only=True):
    """version: the case's count of changes."""

    case_id: Key
    version: Counter


class SurveyAnswered(Data, frozen=True, kw_only=True):
    kind: SurveyKind
    score: int

    def __post_init__(self) -> None:
        low, high = SCORE_RANGE[self.kind]
        if not low <= self.score <= high:
            msg = f"a score of {self.kind.value} is {low} to {high}"
            raise ValueError(msg)


class StallNoticed(Data, frozen=True, kw_only=True):
    """key: names the one instance of this kind of stall."""

    kind: Key
    key: Key


class JourneyOpened(Data, frozen=True, kw_only=True):
    """A journey begins: with a model, or, when the envelope names a product, with that unit."""

    gtin: Key
    role: Role = Role.VISITOR


class JourneyLinked(Data, frozen=True, kw_only=True):
    """From here on the journey is with the unit that the envelope names; role: what the customer is to it."""

    role: Role


class JourneyJoined(Data, frozen=True, kw_only=True):
    """other: the journey that goes on in the one that the envelope names, and is no more."""

    other: Key


class ItemChosen(Data, frozen=True, kw_only=True):
    """do: what the menu's item asked for, such as `call`, `wait`, `note`. answer: of a guide, whether it `helped` or
    `not_helped`.
    """

    item: Key
    do: Key
    answer: str = ""


class TwinDesired(Data, frozen=True, kw_only=True):
    """settings: those that an operator or the customer wishes; null takes one back."""

    settings: dict[str, Json]


DATA: Final[Mapping[EventType, type[Data]]] = MappingProxyType(
    {
        EventType.CAMPAIGN_VIEWED: CampaignViewed,
        EventType.CAMPAIGN_CLICKED: CampaignClicked,
        EventType.PRODUCT_SCANNED: Data,
        EventType.REFERRAL_FOLLOWED: ReferralFollowed,
        EventType.COUPON_ISSUED: CouponIssued,
        EventType.COUPON_REDEEMED: CouponRedeemed,
        EventType.DEMO_TRIED: DemoTried,
        EventType.PROOF_DOUBTED: ProofDoubted,
        EventType.ORDER_CHANGED: OrderChanged,
        EventType.PARCEL_CHANGED: ParcelChanged,
        EventType.PRODUCT_CLAIMED: ProductClaimed,
        EventType.PRODUCT_TRANSFERRED: ProductTransferred,
        EventType.DEVICE_BIRTH: DeviceBirth,
        EventType.DEVICE_STATUS: DeviceStatus,
        EventType.DEVICE_EVENT: DeviceEvent,
        EventType.DEVICE_RESULT: DeviceResult,
        EventType.DEVICE_PRESENCE: DevicePresence,
        EventType.DEVICE_FACTORY_RESET: DeviceFactoryReset,
        EventType.INSTALL_STEP_DONE: InstallStepDone,
        EventType.RETURN_REQUESTED: ReturnChanged,
        EventType.RETURN_RECEIVED: ReturnChanged,
        EventType.JOURNEY_CLOSED: JourneyClosed,
        EventType.CASE_OPENED: CaseChanged,
        EventType.CASE_ANSWERED: CaseChanged,
        EventType.CASE_CLOSED: CaseChanged,
        EventType.SURVEY_ANSWERED: SurveyAnswered,
        EventType.JOURNEY_STALLED: StallNoticed,
        EventType.JOURNEY_RESUMED: StallNoticed,
        EventType.PRODUCT_LEFT: Data,
        EventType.ONLOOKERS_ENDED: OnlookersEnded,
        EventType.PERSON_ERASED: Data,
        EventType.JOURNEY_OPENED: JourneyOpened,
        EventType.JOURNEY_LINKED: JourneyLinked,
        EventType.JOURNEY_PARTED: Data,
        EventType.ITEM_CHOSEN: ItemChosen,
        EventType.TWIN_DESIRED: TwinDesired,
        EventType.SESSION_REUSED: Data,
        EventType.PERSON_JOINED: Data,
        EventType.JOURNEY_JOINED: JourneyJoined,
    }
)
"""The data of each type. A type without a row here is a type without a meaning."""


class Problem(msgspec.Struct, frozen=True):
    """Why an event's data cannot be taken."""

    detail: str


def data_of(event: Event) -> Data | Problem:
    """The event's data in its typed form, or what is wrong with it. Never raises."""
    try:
        return msgspec.convert(event.data, type=DATA[EventType(event.type)])
    except msgspec.ValidationError as error:
        return Problem(str(error))
    except ValueError:
        return Problem(f"unknown type: {event.type}")
