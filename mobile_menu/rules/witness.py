"""Situations that show an item: how content is proven to be reachable before it is published."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

from broker.contract.stages import Role, Stage
from mobile_menu.rules.content import ItemSpec, offers
from mobile_menu.rules.derived import LINK_NAMES
from mobile_menu.rules.names import NAMES
from mobile_menu.rules.satisfy import (
    CASE,
    COUPON,
    DISTRESS,
    NEXT,
    SOMETHING_ELSE,
    UNIT,
    UNREAD,
    AnyDemand,
    Between,
    Members,
    OneOf,
    Solution,
    Truth,
    formula,
    solutions,
)
from mobile_menu.rules.situation import (
    Case,
    CommandState,
    Coupon,
    Device,
    Level,
    Links,
    Onlooker,
    Parcel,
    ParcelState,
    Place,
    Relation,
    Shop,
    Situation,
    Step,
    SupplyLevel,
    Zone,
)
from mobile_menu.rules.tree import Condition, Flag, Has, Meets, both, negation

SITE = "https://example.com/"

W = TypeVar("W", bound=str)


def witness(condition: Condition) -> Situation | None:
    """A situation in which the condition holds; None when there is none. Raises TooEntangledError."""
    found = next(solutions(formula(condition)), None)
    return None if found is None else situation_of(found)


def showing(spec: ItemSpec, when: Condition) -> Condition:
    """All that must hold for the item to show: its condition, and that nothing withholds it."""
    parts = [when]
    if offers(spec):
        parts.append(negation(Flag("in_distress")))
    if spec.shows_coupon:
        parts.append(Flag("relation.coupon_valid"))
    if spec.link is not None:
        parts.append(Meets("links", (spec.link,)))
    match spec.each:
        case "step":
            parts.append(Has("steps"))
        case "supply":
            parts.append(Has("device.supplies"))
        case "unnamed_reason":
            parts.append(Meets("device.reasons", (SOMETHING_ELSE,)))
        case None:
            pass
    return both(*parts)


def situation_of(solution: Solution) -> Situation:
    """The plainest situation that meets the demands; without any: an owner's unit that works."""
    unit = "unit" if _true(solution, UNIT, plain=True) else ""
    linked = _members(solution, "links")
    return Situation(
        journey_id="witness",
        stage=Stage(_word(solution, "stage", Stage.SUPPORT)),
        profile="witness",
        model_name=_word(solution, "model_name", "Witness"),
        brand=_word(solution, "brand", "Witness"),
        gtin=unit,
        serial=unit,
        product_id=unit,
        role=Role(_word(solution, "role", Role.OWNER)),
        onlooker=Onlooker(_word(solution, "onlooker", Onlooker.NO)),
        device=_device(solution),
        place=Place(
            zone=Zone(_word(solution, "place.zone", Zone.UNKNOWN)),
            shop=_shop(solution),
            proven=_true(solution, "place.proven"),
        ),
        parcel=Parcel(
            state=ParcelState(_word(solution, "parcel.state", ParcelState.NONE)),
            promised_at=_time(solution, "parcel.promised_at"),
            tracking_url=SITE if "tracking" in linked else "",
        ),
        steps=_steps(solution),
        relation=_relation(solution),
        links=Links(**{name: SITE for name in Links.__struct_fields__ if name in linked}),
        closed_reason=_word(solution, "closed_reason", ""),
    )


def _device(solution: Solution) -> Device:
    firmware = _word(solution, "device.firmware_state", "current")
    return Device(
        level=Level(_word(solution, "device.level", Level.OK)),
        reasons=_members(solution, "device.reasons"),
        last_reasons=_members(solution, "device.last_reasons"),
        since=_time(solution, "device.since"),
        supplies=_supplies(solution),
        days_left=_number(solution, "device.days_left"),
        usage=dict(_figures(solution)),
        firmware_state=firmware,  # type: ignore[arg-type]  # its slot has no other words
        demo_unit=_true(solution, "device.demo_unit"),
        commands=tuple(CommandState(name=name, state="running") for name in _members(solution, "device.commands")),
    )


def _supplies(solution: Solution) -> tuple[SupplyLevel, ...]:
    if not _true(solution, "device.supplies"):
        return ()
    level = solution.get("device.lowest_supply_percent")
    if isinstance(level, Between) and not level.known:
        return (SupplyLevel(name="black", level_percent=-1),)
    known = _number(solution, "device.lowest_supply_percent")
    return (SupplyLevel(name="black", level_percent=50 if known is None else int(known)),)


def _shop(solution: Solution) -> Shop | None:
    if not _true(solution, "place.shop"):
        return None
    return Shop(id="shop", name="Shop", url=SITE if "shop_page" in _members(solution, "links") else "")


def _steps(solution: Solution) -> tuple[Step, ...]:
    if not _true(solution, "steps"):
        return ()
    return (Step(id=_word(solution, NEXT, "unpack"), required=True, witness="customer"),)


def _relation(solution: Solution) -> Relation:
    coupon = _word(solution, COUPON, "none")
    return Relation(
        case=Case(id="case", unread=int(_true(solution, UNREAD))) if _true(solution, CASE) else None,
        distress=("witness",) if _true(solution, DISTRESS) else (),
        stalls=_members(solution, "relation.stalls"),
        coupon=None
        if coupon == "none"
        else Coupon(code="WITNESS", amount=5000, currency="USD", redeemed=coupon == "used"),
        referral_url=SITE if "referral" in _members(solution, "links") else "",
        consent=_members(solution, "relation.consent"),
        surveys_due=_members(solution, "relation.surveys_due"),
        return_requested=_true(solution, "relation.return_requested"),
    )


def _word(solution: Solution, slot: str, plain: W) -> str:
    """The plain word where it is allowed, else the first one that is, in the order of the declaration."""
    demand = solution.get(slot)
    if not isinstance(demand, OneOf):
        return plain
    if demand.allowed is None:
        others = (f"{plain}-{number}" for number in range(2, len(demand.excluded) + 3))
        return next(one for one in (str(plain), *others) if one not in demand.excluded)
    if plain in demand.allowed:
        return plain
    declared = NAMES[slot].values if slot in NAMES else ()
    return next((one for one in declared if one in demand.allowed), min(demand.allowed))


def _members(solution: Solution, slot: str) -> tuple[str, ...]:
    demand = solution.get(slot)
    required = demand.required if isinstance(demand, Members) else frozenset()
    order = {name: position for position, name in enumerate(LINK_NAMES)}
    return tuple(sorted(required, key=lambda one: (order.get(one, 0), one)))  # type: ignore[call-overload]  # any word may be asked for


def _true(solution: Solution, slot: str, *, plain: bool = False) -> bool:
    demand = solution.get(slot)
    return demand.value if isinstance(demand, Truth) else plain


def _number(solution: Solution, slot: str) -> float | None:
    return _example(solution.get(slot))


def _example(demand: AnyDemand | None) -> float | None:
    return demand.example() if isinstance(demand, Between) and demand.known else None


def _time(solution: Solution, slot: str) -> datetime | None:
    seconds = _number(solution, slot)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _figures(solution: Solution) -> Iterator[tuple[str, float]]:
    for slot, demand in solution.items():
        if slot.startswith("device.usage["):
            value = _example(demand)
            if value is not None:
                yield slot.removeprefix("device.usage[").removesuffix("]"), value
