"""What items do when they are chosen: one function each, by the `do` of the content."""

from collections.abc import Callable
from typing import Literal

from broker.contract.messages import Json
from cloud import situations
from cloud.beside import zone_of
from cloud.campaigns import service as campaigns
from cloud.care import service as care
from cloud.commerce import coupons
from cloud.control import asking
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.ownership import members, proofs
from cloud.ownership.rules import Standing, act_of, may
from cloud.ownership.sight import seen
from cloud.record import service as record
from cloud.record.events import SCORE_RANGE, Event, EventType
from cloud.secrets import Keys
from mobile_menu.ports import ChoiceRefusedError, Chosen, ChosenItem, ItemUnavailableError
from mobile_menu.rules.menu import command_of
from mobile_menu.rules.situation import Zone


def carry_out(tx: Transaction, keys: Keys, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    """Does what the item says. Raises ItemUnavailableError for what nothing here can do, and for what is not theirs to
    do with this unit, whatever a menu offered.
    """
    if not _may_choose(tx, journey, item):
        raise ItemUnavailableError
    if item.action in WISHES:
        return _wish(tx, keys, journey, item)
    action = ACTIONS.get(item.action)
    if action is None:
        msg = f"no such action: {item.action}"
        raise ItemUnavailableError(msg)
    return action(tx, journey, item)


def _may_choose(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> bool:
    zone, _ = zone_of(tx, journey.id)
    unit = situations.unit_in_view(tx, journey, zone)
    standing = Standing.ONLOOKER if unit is None else members.standing_of(tx, unit, journey.person_id)
    at_demo_unit = unit is not None and situations.is_demo(unit)
    may_send_back = unit is None or bool(journey.facts.orders)
    return may(standing, act_of(item.action, at_demo_unit=at_demo_unit, may_send_back=may_send_back))


def _command(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    """One of a kind runs on a unit at a time: a second choice joins it, and uses up no proof."""
    zone, _ = zone_of(tx, journey.id)
    unit = situations.unit_in_view(tx, journey, zone)
    if unit is None:
        raise ItemUnavailableError
    kind = asking.Kind(*command_of(item.arguments, item.id))
    row = asking.running(tx, unit.id, kind)
    if row is not None:
        asking.join(tx, journey, row, item.id)
        return Chosen(item_id=item.id, outcome="command_joined", command_id=row.id)
    if item.needs_proof:
        proofs.use(tx, journey, unit, kind.name, at_demo_unit=situations.is_demo(unit))
    row = asking.begin(tx, journey, unit.id, kind, item.id)
    _note_choice(tx, journey, item)
    return Chosen(item_id=item.id, outcome="command_queued", command_id=row.id)


def _step(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    step, epoch = str(item.arguments.get("step", "")), journey.facts.epoch
    data: dict[str, Json] = {"epoch": epoch, "step": step, "witness": "customer"}
    _append(tx, journey, EventType.INSTALL_STEP_DONE, f"step:{journey.id}:{epoch}:{step}", data)
    return Chosen(item_id=item.id, outcome="step_done")


def _coupon(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    zone, _ = zone_of(tx, journey.id)
    row = coupons.issue_coupon(tx, journey, zone.subject_id if zone.zone is Zone.SHOP else None)
    return Chosen(item_id=item.id, outcome="coupon_issued", detail=row.code)


def _survey(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    """The answer is kept once for what was asked about, whichever phone gave it first."""
    asked = situations.survey_due(tx, seen(tx, journey).journey)
    if asked is None or asked.kind != item.arguments.get("survey"):
        raise ItemUnavailableError(item_id=item.id)
    score = int(item.choice)
    lowest, highest = SCORE_RANGE[asked.kind]
    if not lowest <= score <= highest:
        raise ChoiceRefusedError(item_id=item.id)
    about = f"{asked.kind.value}:{asked.about.isoformat()}"
    data: dict[str, Json] = {"kind": asked.kind.value, "score": score}
    _append(tx, journey, EventType.SURVEY_ANSWERED, f"survey:{journey.id}:{about}", data)
    lifecycle.touch(tx, journey.id)
    return Chosen(item_id=item.id, outcome="answered")


def _share(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    row = campaigns.referral_of(tx, journey)
    lifecycle.touch(tx, journey.id)
    return Chosen(item_id=item.id, outcome="noted", detail=f"/r/{row.code}")


def _wish(tx: Transaction, keys: Keys, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    """What only a person can do: it is noted, and goes into the journey's case, where an expert answers."""
    wish, outcome = WISHES[item.action]
    if item.action == "return":
        _note_return(tx, journey)
    else:
        _note_choice(tx, journey, item)
    about = str(item.arguments.get("topic") or item.arguments.get("reason") or "").replace("_", " ")
    care.escalate(tx, keys, seen(tx, journey).journey, f"{wish}: {about}" if about else wish, b"")
    return Chosen(item_id=item.id, outcome=outcome)


def _note_return(tx: Transaction, journey: lifecycle.Journey) -> None:
    version = max((order.version for order in journey.facts.orders.values()), default=1)
    _append(tx, journey, EventType.RETURN_REQUESTED, f"return:{journey.id}:{version}", {"version": version})
    lifecycle.touch(tx, journey.id)


def _note(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    _note_choice(tx, journey, item)
    return Chosen(item_id=item.id, outcome="noted")


def _note_choice(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> None:
    event_id = f"chosen:{journey.id}:{item.id}:{tx.now.timestamp():.6f}"
    said: dict[str, Json] = {"answer": item.choice} if item.choice else {}
    _append(tx, journey, EventType.ITEM_CHOSEN, event_id, {"item": item.id, "do": item.action, **said})


def _append(tx: Transaction, journey: lifecycle.Journey, kind: EventType, event_id: str, data: dict[str, Json]) -> None:
    """A touchpoint of the customer's, on the phone."""
    event = Event(
        id=event_id,
        type=kind,
        at=tx.now,
        source="phone",
        channel="phone_app",
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
        data=data,
    )
    record.append(tx, [event])


ACTIONS: dict[str, Callable[[Transaction, lifecycle.Journey, ChosenItem], Chosen]] = {
    "command": _command,
    "step": _step,
    "coupon": _coupon,
    "share": _share,
    "survey": _survey,
    "wait": _note,
    "note": _note,
}
"""What content may ask for, and the cloud does by itself."""

WISHES: dict[str, tuple[str, Literal["noted", "call_requested", "return_requested"]]] = {
    "call": ("The customer asks an expert to get in touch", "call_requested"),
    "cancel_order": ("The customer asks to cancel the order", "call_requested"),
    "return": ("The customer asks to return or exchange the product", "return_requested"),
}
"""What content may ask for, and a person does: the operator's words for it, and what the phone is told.

We know no phone number, so that an expert gets in touch in the case. The shop cancels an order: its word counts, and
until then the order stands.
"""
