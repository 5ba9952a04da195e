"""What one event adds to the facts of its journey. Pure, and total: malformed data and unknown types add nothing.

The meaning of an event never depends on what is known already; that is what makes the order of arrival harmless.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from cloud.lifecycle.facts import (
    NOTHING,
    Answer,
    Case,
    Claim,
    Closed,
    Contact,
    Epoch,
    Facts,
    Mark,
    Order,
    Parcel,
    Promise,
    Return,
    Scan,
    Touch,
)
from cloud.record.event_data import (
    CampaignClicked,
    CampaignViewed,
    CaseChanged,
    CouponIssued,
    CouponRedeemed,
    Data,
    DemoTried,
    DeviceBirth,
    DeviceEvent,
    DeviceFactoryReset,
    DeviceStatus,
    FromDevice,
    InstallStepDone,
    JourneyClosed,
    OrderChanged,
    ParcelChanged,
    Problem,
    ProductClaimed,
    ProductTransferred,
    ReferralFollowed,
    ReturnChanged,
    SurveyAnswered,
    data_of,
)
from cloud.record.events import Event, EventType, ParcelStatus, Source, Witness
from cloud.registry.profiles import InstallStep, Profile, Sign, shown_by_status
from cloud.twin.health import stripped_reasons

ENGAGING: Final = frozenset(
    {
        EventType.CAMPAIGN_CLICKED,
        EventType.REFERRAL_FOLLOWED,
        EventType.COUPON_ISSUED,
        EventType.COUPON_REDEEMED,
        EventType.DEMO_TRIED,
    }
)
"""What makes somebody engaged. The stage after a campaign's own is `engaged` or a later one, and a later one is reached
by its own facts alone; so every click engages, whatever the campaign's stage."""

TOUCHES: Final = ENGAGING | {EventType.CAMPAIGN_VIEWED, EventType.PRODUCT_SCANNED}

WITHOUT_FACTS: Final = frozenset(
    {
        EventType.DEVICE_PRESENCE,
        EventType.TWIN_DESIRED,
        EventType.JOURNEY_OPENED,
        EventType.JOURNEY_LINKED,
        EventType.JOURNEY_PARTED,
        EventType.ONLOOKERS_ENDED,
        EventType.JOURNEY_STALLED,
        EventType.JOURNEY_RESUMED,
        EventType.ITEM_CHOSEN,
        EventType.PROOF_DOUBTED,
        EventType.SESSION_REUSED,
        EventType.PERSON_JOINED,
        EventType.JOURNEY_JOINED,
    }
)
"""Kept in the journal and projected elsewhere; no journey moves by them."""


_NO_WORDS: Final[Mapping[Witness, Mark]] = MappingProxyType({})

OF_THE_MACHINE: Final = frozenset({EventType.DEVICE_STATUS, EventType.DEVICE_EVENT, EventType.DEVICE_RESULT})
"""Said by the machine, and about its life in this epoch alone."""


def facts_of(event: Event, profile: Profile) -> Facts:
    """The facts that this event alone establishes."""
    data = data_of(event)
    mark = Mark(at=_utc(event.at), event_id=event.id)
    if isinstance(data, Problem):
        return NOTHING
    if event.type == EventType.PERSON_ERASED:
        return Facts(erased=mark)
    if event.type in TOUCHES:
        return _of_touch(event, data, mark)
    if isinstance(data, FromDevice | InstallStepDone):
        return Facts(life=_of_machine(event, data, mark, profile))
    return _of_record(event, data, mark)


def is_old_news(known: Epoch, status: Event, profile: Profile) -> bool:
    """Whatever this status shows, `known` has it: it is of an earlier life, or the machine has witnessed before all
    that a status can witness. Quicker than to find out what it shows; false does not say that it is news.
    """
    number = status.data.get("epoch") or 0
    if type(number) is not int or number > known.number:
        return False
    if number < known.number:
        return True
    key = (_utc(status.at), status.id)
    marks = [known.steps.get(step.id, _NO_WORDS).get(Witness.DEVICE) for step in profile.steps_by_status]
    return all(mark is not None and mark.key <= key for mark in marks)


def _of_touch(event: Event, data: Data, mark: Mark) -> Facts:
    match data:
        case CampaignViewed(campaign_id=subject) | CampaignClicked(campaign_id=subject):
            pass
        case ReferralFollowed(referral=subject) | DemoTried(product_id=subject):
            pass
        case CouponIssued(coupon_id=subject) | CouponRedeemed(coupon_id=subject):
            pass
        case _:
            subject = ""
    touch = Touch(at=mark.at, event_id=mark.event_id, type=event.type, channel=event.channel, subject_id=subject)
    engaged = touch if event.type in ENGAGING else None
    return Facts(first_touch=touch, last_touch=touch, first_engaged=engaged, last_engaged=engaged)


def _of_record(event: Event, data: Data, mark: Mark) -> Facts:  # noqa: PLR0911 - one return for each kind of fact
    at, event_id = mark.at, mark.event_id
    match data:
        case OrderChanged(order_id=order_id, version=version, status=status):
            return Facts(orders={order_id: Order(at=at, event_id=event_id, version=version, status=status)})
        case ParcelChanged():
            return Facts(parcels={data.tracking_code: _of_parcel(data, event_id)})
        case ProductClaimed(epoch=epoch, role=role, how=how):
            claim = Claim(at=at, event_id=event_id, epoch=epoch, role=role, how=how)
            return Facts(claim=claim, life=Epoch(number=epoch))
        case ProductTransferred(epoch=epoch):
            return Facts(handed_on_epoch=epoch, life=Epoch(number=epoch))
        case ReturnChanged(version=version):
            received = event.type == EventType.RETURN_RECEIVED
            return Facts(returned=Return(at=at, event_id=event_id, version=version, received=received))
        case JourneyClosed(reason=reason):
            return Facts(closed=Closed(at=at, event_id=event_id, reason=reason))
        case CaseChanged(case_id=case_id, version=version):
            is_open = event.type != EventType.CASE_CLOSED
            return Facts(cases={case_id: Case(at=at, event_id=event_id, version=version, is_open=is_open)})
        case SurveyAnswered(kind=kind, score=score):
            return Facts(answers={kind: Answer(at=at, event_id=event_id, score=score)})
        case _:
            return NOTHING


def _of_parcel(data: ParcelChanged, event_id: str) -> Parcel:
    scanned_at = _utc(data.status_at)
    scans: dict[ParcelStatus, Scan] = {
        data.status: Scan(
            at=scanned_at,
            event_id=event_id,
            carrier=data.carrier,
            detail=data.detail,
            tracking_url=data.tracking_url,
        )
    }
    if data.promised_at is None:
        return Parcel(scans=scans)
    return Parcel(scans=scans, promise=Promise(at=scanned_at, event_id=event_id, promised_at=_utc(data.promised_at)))


def _of_machine(event: Event, data: FromDevice | InstallStepDone, mark: Mark, profile: Profile) -> Epoch:
    if isinstance(data, InstallStepDone):
        # Whatever a phone says about its witness, it is the customer's word.
        witness = Witness.CUSTOMER if event.source == Source.PHONE else data.witness
        known = data.step in profile.step_by_id
        return Epoch(number=data.epoch, steps={data.step: {witness: mark}} if known else {})
    asked = profile.steps_by_status if isinstance(data, DeviceStatus) else profile.steps
    steps = {step.id: {Witness.DEVICE: mark} for step in asked if _witnesses(data, step, profile)}
    return Epoch(number=data.epoch or 0, contact=_contact(data, mark), steps=steps)


def _contact(data: FromDevice, mark: Mark) -> Contact | None:
    """A birth; and a factory reset, which is the new epoch's first word and keeps the journey in install until it."""
    if not isinstance(data, DeviceBirth | DeviceFactoryReset):
        return None
    return Contact(at=mark.at, event_id=mark.event_id, boot=data.boot, seq=data.seq)


def _witnesses(data: FromDevice, step: InstallStep, profile: Profile) -> bool:
    if isinstance(data, DeviceEvent) and data.name == "install_step_done":
        return data.data.get("step") == step.id
    return any(_shows(data, sign, profile) for sign in step.witnessed_by)


def _shows(data: FromDevice, sign: Sign, profile: Profile) -> bool:
    match data:
        case DeviceBirth():
            return sign.birth
        case DeviceEvent(name=name):
            return sign.event == name
        case DeviceStatus(reported=reported) if sign.status is not None:
            return shown_by_status(sign.status, reported, stripped_reasons(reported, profile))
        case _:
            return False


def _utc(at: datetime) -> datetime:
    """A time without a zone is UTC, so that the same event means the same on every machine."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
