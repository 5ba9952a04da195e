"""What items do when they are chosen: one function each, by the `do` of the content."""

from collections.abc import Callable

from broker.contract.messages import Json
from cloud import situations
from cloud.campaigns import service as campaigns
from cloud.commerce import service as commerce
from cloud.control import service as control
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from mobile_menu.ports import Chosen, ChosenItem, ItemUnavailableError
from mobile_menu.rules.situation import Zone


def carry_out(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    """Does what the item says. Raises ItemUnavailableError for what nothing here can do."""
    action = ACTIONS.get(item.action)
    if action is None:
        msg = f"no such action: {item.action}"
        raise ItemUnavailableError(msg)
    return action(tx, journey, item)


def _command(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    zone, _ = situations.zone_of(tx, journey.id)
    unit = situations.unit_in_view(tx, journey, zone)
    if unit is None:
        raise ItemUnavailableError
    name = str(item.arguments.get("name", item.id))
    arguments = {key: value for key, value in item.arguments.items() if key != "name"}
    row = control.queue(tx, unit.id, name, arguments, journey_id=journey.id, person_id=journey.person_id)
    _note_choice(tx, journey, item)
    return Chosen(item_id=item.id, outcome="command_queued", command_id=row.id)


def _step(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    step, epoch = str(item.arguments.get("step", "")), journey.facts.epoch
    data: dict[str, Json] = {"epoch": epoch, "step": step, "witness": "customer"}
    _append(tx, journey, EventType.INSTALL_STEP_DONE, f"step:{journey.id}:{epoch}:{step}", data)
    return Chosen(item_id=item.id, outcome="step_done")


def _coupon(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    zone, _ = situations.zone_of(tx, journey.id)
    row = commerce.issue_coupon(tx, journey, zone.subject_id if zone.zone is Zone.SHOP else None)
    return Chosen(item_id=item.id, outcome="coupon_issued", detail=row.code)


def _share(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    row = campaigns.referral_of(tx, journey)
    lifecycle.touch(tx, journey.id)
    return Chosen(item_id=item.id, outcome="noted", detail=f"/r/{row.code}")


def _call(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    _note_choice(tx, journey, item)
    return Chosen(item_id=item.id, outcome="call_requested")


def _return(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    version = max((order.version for order in journey.facts.orders.values()), default=1)
    _append(tx, journey, EventType.RETURN_REQUESTED, f"return:{journey.id}:{version}", {"version": version})
    lifecycle.touch(tx, journey.id)
    return Chosen(item_id=item.id, outcome="return_requested")


def _note(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> Chosen:
    _note_choice(tx, journey, item)
    return Chosen(item_id=item.id, outcome="noted")


def _note_choice(tx: Transaction, journey: lifecycle.Journey, item: ChosenItem) -> None:
    event_id = f"chosen:{journey.id}:{item.id}:{tx.now.timestamp():.6f}"
    _append(tx, journey, EventType.ITEM_CHOSEN, event_id, {"item": item.id, "do": item.action})


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
    "call": _call,
    "return": _return,
    "wait": _note,
    "note": _note,
    "cancel_order": _note,
    "tell_household": _note,
}
"""What content may ask for. The shop cancels an order: the wish is noted for it, and the shop's answer counts."""
