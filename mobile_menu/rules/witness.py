"""Situations that an item's condition asks for: how content is shown to be reachable before it is published."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice, product

from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from mobile_menu.rules.compose import is_withheld
from mobile_menu.rules.conditions import Condition, holds
from mobile_menu.rules.content import ItemSpec
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

MAX_TRIED = 4096
"""Situations tried for one item. A condition of content needs a handful."""

_SOME_DAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def witness(spec: ItemSpec) -> Situation | None:
    """A situation in which the item shows; None when none was found among those that its condition names."""
    for choices in islice(_choices(spec.when), MAX_TRIED):
        situation = situation_of(choices)
        if holds(spec.when, situation) is not None and not is_withheld(spec, situation):
            return situation
    return None


def _choices(condition: Condition) -> Iterator[dict[str, Json]]:
    """Every way to give each field that the condition names, at any depth, one of the values it names, or none."""
    named = _named(condition)
    if "stage" not in named:
        named["stage"] = dict.fromkeys(Stage)
    names = list(named)
    for values in product(*([*named[name], None] for name in names)):
        chosen = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield chosen if "link" not in named or "link" in chosen else {**chosen, "no_links": True}


def _named(condition: Condition) -> dict[str, dict[Json, None]]:
    named: dict[str, dict[Json, None]] = {}
    for name in condition.__struct_fields__:
        value = getattr(condition, name)
        match name, value:
            case _, None:
                continue
            case "any_", _:
                nested = list(value)
            case "not_", _:
                nested = [value]
            case _, bool():
                named.setdefault(name, {})[value] = None
                continue
            case _:
                named.setdefault(name, {}).update(dict.fromkeys(value))
                continue
        for one in nested:
            for inner, values in _named(one).items():
                named.setdefault(inner, {}).update(values)
    return named


def situation_of(chosen: Mapping[str, Json]) -> Situation:
    """The plainest situation in which the chosen fields of a condition are so; `no_links`: nothing leads anywhere."""
    site = "" if chosen.get("no_links") else "https://example.com/"
    shop = Shop(id="shop", name="Shop", url=site) if chosen.get("has_shop", True) else None
    return Situation(
        journey_id="witness",
        stage=chosen.get("stage", Stage.SUPPORT),
        profile="witness",
        gtin="unit" if site else "",
        serial="unit" if site else "",
        product_id="unit" if site else "",
        role=chosen.get("role", Role.OWNER),
        onlooker=chosen.get("onlooker", Onlooker.NO),
        device=_device(chosen),
        place=Place(zone=chosen.get("zone", Zone.UNKNOWN), shop=shop, proven=chosen.get("proven", False)),
        parcel=Parcel(
            state=chosen.get("parcel", ParcelState.NONE),
            promised_at=_SOME_DAY if chosen.get("has_promise") else None,
            tracking_url=site,
        ),
        steps=_steps(chosen),
        relation=_relation(chosen, site),
        links=Links(**dict.fromkeys(Links.__struct_fields__, site)),
        closed_reason=chosen.get("closed_reason", ""),
    )


def _device(chosen: Mapping[str, Json]) -> Device:
    return Device(
        level=chosen.get("level", Level.OK),
        reasons=(chosen["reason"],) if "reason" in chosen else (),
        last_reasons=(chosen["last_reason"],) if "last_reason" in chosen else (),
        supplies=(SupplyLevel(name="black", level_percent=50),) if chosen.get("supplies") else (),
        days_left=9.0 if chosen.get("days_left") else None,
        usage={chosen["usage"]: 1.0} if "usage" in chosen else {},
        firmware_state=chosen.get("firmware", "current"),
        demo_unit=chosen.get("demo_unit", False),
        commands=(CommandState(name=chosen["command"], state="running"),) if "command" in chosen else (),
    )


def _steps(chosen: Mapping[str, Json]) -> tuple[Step, ...]:
    if "next_step" not in chosen and not chosen.get("has_steps"):
        return ()
    return (Step(id=chosen.get("next_step", "unpack"), required=True, witness="customer"),)


def _relation(chosen: Mapping[str, Json], site: str) -> Relation:
    unread = int(chosen.get("unread", False))
    has_case = chosen.get("has_case", bool(unread))
    return Relation(
        case=Case(id="case", unread=unread) if has_case else None,
        distress=("witness",) if chosen.get("in_distress") else (),
        stalls=(chosen["stall"],) if "stall" in chosen else (),
        coupon=Coupon(code="WITNESS", amount=5000, currency="USD") if chosen.get("has_coupon", True) else None,
        referral_url=site,
        consent=(chosen["consent"],) if "consent" in chosen else (),
        surveys_due=(chosen["survey"],) if "survey" in chosen else (),
        return_requested=chosen.get("return_requested", False),
    )
