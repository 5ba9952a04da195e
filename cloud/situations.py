"""The situation of a journey, read from the record: everything that its menu may depend on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.stages import Role, Stage
from broker.contract.values import MAX_INTEGER
from cloud.beside import Beside, read_beside
from cloud.care import service as care
from cloud.commerce import coupons, partners
from cloud.commerce import service as commerce
from cloud.control import asking
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parcels import leading_parcel, parcel_state, tracking_url
from cloud.lifecycle.rules import steps_done
from cloud.lifecycle.surveys import Ask, due
from cloud.ownership import members
from cloud.ownership.rules import Act, Sight, may
from cloud.ownership.sight import Seen, seen
from cloud.registry.profiles import Profile, load_profile
from cloud.registry.service import product_table, read_with_unit
from cloud.registry.tables import ProductRow
from cloud.twin import service as twin
from cloud.twin.health import firmware_state
from cloud.twin.rules import Twin, condition, days_left
from mobile_menu.ports import Surroundings, ZoneState
from mobile_menu.rules.proximity import next_zone
from mobile_menu.rules.situation import (
    Case,
    CommandState,
    Coupon,
    Device,
    Level,
    Links,
    Onlooker,
    Parcel,
    Place,
    Relation,
    Shop,
    Situation,
    Step,
    SupplyLevel,
    Zone,
)


def situation_of(tx: Transaction, journey_id: str, language: str, base_url: str) -> Situation:
    """Raises NotFoundError."""
    return situation_in(tx, lifecycle.read(tx, journey_id), language, base_url)


def situation_in(tx: Transaction, known: lifecycle.Journey, language: str, base_url: str) -> Situation:
    """The same of a journey that was read in this transaction. A phone waits for this: each thing is read once."""
    model, _held = read_with_unit(tx, known.gtin, known.product_id)
    looked = seen(tx, known)
    journey, profile = looked.journey, load_profile(model.profile)
    beside = read_beside(tx, known)
    proven_until = beside.proven_until
    # A phone that went silent is nowhere: the zone times out by being looked at.
    zone = next_zone(beside.zone, Surroundings(zone=beside.zone), (), None, tx.now)
    unit = None if looked.sight is Sight.MODEL else unit_in_view(tx, journey, zone)
    # Whose state is not shown has a label all the same: what is printed on it, they know.
    named = unit or looked.unit
    twins = twin.read_many(tx, sorted({one for one in (journey.product_id, unit and unit.id) if one}))
    # Of a unit that is not the journey's own nothing is known yet.
    asks = unit is not None and (beside.commands or unit.id != known.product_id)
    commands = _commands(tx, journey, unit) if asks else []
    device = _device(tx, unit, profile, twins)
    return Situation(
        journey_id=journey.id,
        stage=Stage(journey.stage),
        profile=profile.name,
        language=language,
        model_name=model.name,
        brand=model.brand,
        gtin=model.gtin,
        serial=named.serial if named else "",
        product_id=named.id if named else "",
        role=role_of(journey, named),
        onlooker=_onlooker(looked),
        device=msgspec.structs.replace(device, commands=tuple(map(_command_state, commands))),
        place=_place(tx, zone, proven_until),
        parcel=_parcel(journey, profile, tx.now),
        steps=() if looked.sight is Sight.MODEL else _steps(journey, profile),
        relation=_relation(tx, journey, base_url, beside, _distress(tx, journey, profile, twins, beside)),
        links=_links(model.links, journey),
        closed_reason=journey.facts.closed.reason.value if journey.facts.closed else "",
        until=_ends(proven_until, tx.now, commands),
    )


def _onlooker(looked: Seen) -> Onlooker:
    if looked.unit is None or looked.sight is Sight.ALL:
        return Onlooker.NO
    return Onlooker.BESIDE if looked.sight is Sight.BESIDE else Onlooker.ELSEWHERE


def _ends(proven_until: datetime | None, now: datetime, commands: list[asking.Shown]) -> datetime | None:
    """When what shows ends by time alone: a proof of place that counts now, the word about a command."""
    proof = [proven_until] if proven_until is not None and proven_until > now else []
    return min([*proof, *(one.until for one in commands)], default=None)


def _commands(tx: Transaction, journey: lifecycle.Journey, unit: ProductRow | None) -> list[asking.Shown]:
    """Those that this customer chose; at home also what the others there chose, while it runs."""
    if unit is None:
        return []
    at_home = may(members.standing_of(tx, unit, journey.person_id), Act.COMMAND)
    return asking.shown(tx, unit.id, journey.id, sees_all=at_home)


def _command_state(one: asking.Shown) -> CommandState:
    return CommandState(
        name=one.kind.name,
        arguments=one.kind.arguments,
        state=one.told.state,
        percent=one.told.percent,
        expired=one.told.expired,
        detail=one.detail,
        lasts_min=one.lasts_min,
    )


def unit_in_view(tx: Transaction, journey: lifecycle.Journey, zone: ZoneState) -> ProductRow | None:
    """The journey's unit; while it has none, the demo unit that the phone is near. Of a journey that is closed, none:
    the unit may be somebody else's now.
    """
    if journey.closed:
        return None
    if journey.product_id is not None:
        return tx.session.get(ProductRow, journey.product_id)
    if zone.subject_id and zone.zone in (Zone.HERE, Zone.NEAR):
        near = tx.session.get(ProductRow, zone.subject_id)
        return near if near is not None and is_demo(near) and near.gtin == journey.gtin else None
    return None


def is_demo(unit: ProductRow) -> bool:
    """Stands in a shop for everybody to try; what has an owner is theirs, wherever it stands."""
    return unit.shop_id is not None and unit.owner_person_id is None


class Listed(NamedTuple):
    """A journey in the list of its person's, as they may see it. unit: theirs, or the one whose label they scanned."""

    journey: lifecycle.Journey
    role: Role
    unit: ProductRow | None


def listed(tx: Transaction, person_id: str) -> list[Listed]:
    """A person's journeys, the one that changed last first; when somebody's unit did, moves none up here."""
    found = []
    for one in lifecycle.of_person(tx, person_id):
        looked = seen(tx, one)
        unit = unit_in_view(tx, looked.journey, ZoneState()) or looked.unit
        found.append(Listed(looked.journey, role_of(one, unit), unit))
    return sorted(found, key=lambda one: (one.journey.changed_at, one.journey.id), reverse=True)


def role_of(journey: lifecycle.Journey, unit: ProductRow | None) -> Role:
    """The role as of now: who visited a unit that has got somebody else as its owner since is that owner's guest; and
    nobody is an owner but the one whom the registry names.
    """
    role = Role(journey.role)
    owner = unit.owner_person_id if unit is not None else None
    foreign = owner not in {None, journey.person_id}
    if role is Role.OWNER and unit is not None and owner != journey.person_id:
        role = Role.VISITOR
    return Role.GUEST if role is Role.VISITOR and foreign else role


def demo_units(tx: Transaction, gtin: str, limit: int = 100) -> list[Any]:
    """The units of this model that stand in shops."""
    query = sa.select(product_table).where(product_table.c.gtin == gtin, product_table.c.shop_id.is_not(None))
    return list(tx.session.execute(query.order_by(product_table.c.id).limit(limit)).all())


def _device(tx: Transaction, unit: ProductRow | None, profile: Profile, twins: Mapping[str, Twin]) -> Device:
    if unit is None:
        return Device()
    known = twins.get(unit.id)
    if known is None:
        return Device(demo_unit=is_demo(unit))
    now = condition(known, profile)
    offline = now.level is Level.OFFLINE
    supplies = tuple(_supply(tx, known, supply) for supply in now.supplies)
    return Device(
        level=now.level,
        state=now.state,
        reasons=() if offline else now.reasons,
        since=known.level_since,
        supplies=supplies,
        days_left=min((one.days_left for one in supplies if one.days_left is not None), default=None),
        last_reasons=now.reasons if offline else (),
        firmware=known.firmware,
        firmware_state=firmware_state(now.reasons, profile),
        usage=_usage(known, profile),
        demo_unit=is_demo(unit),
    )


def _supply(tx: Transaction, known: Twin, supply: SupplyLevel) -> SupplyLevel:
    left = days_left(supply.level_percent, known.usage.get(supply.name), tx.now)
    return msgspec.structs.replace(supply, days_left=left)


def _usage(known: Twin, profile: Profile) -> dict[str, float]:
    told = {name: known.values.get(name) for name in profile.usage}
    # What was kept before the contract bounded integers may be beyond every float.
    return {
        name: float(figure)
        for name, figure in told.items()
        if isinstance(figure, int | float) and abs(figure) <= MAX_INTEGER
    }


def _place(tx: Transaction, zone: ZoneState, proven_until: datetime | None) -> Place:
    shop = None
    if zone.zone is Zone.SHOP and zone.subject_id:
        row = partners.shop(tx, zone.subject_id)
        shop = Shop(id=row.id, name=row.name, address=row.address, url=row.url)
    return Place(zone=zone.zone, shop=shop, proven=proven_until is not None and proven_until > tx.now)


def _parcel(journey: lifecycle.Journey, profile: Profile, now: datetime) -> Parcel:
    leading = leading_parcel(journey.facts)
    return Parcel(
        state=parcel_state(journey.facts, profile, now),
        promised_at=leading.promised_at if leading else None,
        carrier=leading.scan.carrier if leading else "",
        tracking_url=tracking_url(journey.facts, leading.tracking_code) if leading else "",
        detail=leading.scan.detail if leading else "",
    )


def _steps(journey: lifecycle.Journey, profile: Profile) -> tuple[Step, ...]:
    done = steps_done(journey.facts, profile)
    return tuple(
        Step(
            id=step.id,
            required=step.required,
            witness=step.witness,
            done=step.id in done,
            done_by=done[step.id].witness.value if step.id in done else "",
        )
        for step in profile.steps
    )


def _relation(
    tx: Transaction, journey: lifecycle.Journey, base_url: str, beside: Beside, distress: tuple[str, ...]
) -> Relation:
    cases = care.of_journey(tx, journey.id) if beside.cases else []
    current = next((row for row in cases if row.status in care.OPEN), None)
    coupon = coupons.coupon_of(tx, journey.id) if beside.coupons else None
    order = next(iter(commerce.orders_of(tx, journey.id)), None) if beside.orders else None
    return Relation(
        case=None if current is None else Case(id=current.id, unread=care.unread_count(tx, [current.id])),
        distress=distress,
        stalls=tuple(dict.fromkeys(kind for kind, _ in journey.stalls)),
        coupon=None
        if coupon is None
        else Coupon(
            code=coupon.code,
            amount=coupon.amount,
            currency=coupon.currency,
            expires_at=coupon.expires_at,
            redeemed=coupon.redeemed_at is not None,
        ),
        referral_url=f"{base_url}/r/{beside.referral}" if beside.referral else "",
        order_id=order.id if order else "",
        order_status=order.status if order else "",
        surveys_due=(asked.kind.value,) if (asked := survey_due(tx, journey, distress)) else (),
        return_requested=journey.facts.return_requested,
    )


def survey_due(tx: Transaction, journey: lifecycle.Journey, distress: tuple[str, ...] | None = None) -> Ask | None:
    """What the customer may be asked now. distress: its causes, when known already."""
    causes = lifecycle.causes_of_distress(tx, journey) if distress is None else distress
    unit = unit_in_view(tx, journey, ZoneState())
    return due(
        journey.facts,
        stage=Stage(journey.stage),
        role=role_of(journey, unit),
        stage_since=journey.stage_since,
        in_distress=bool(causes),
        now=tx.now,
    )


def _distress(
    tx: Transaction, journey: lifecycle.Journey, profile: Profile, twins: Mapping[str, Twin], beside: Beside
) -> tuple[str, ...]:
    named = [journey.product_id] if journey.product_id else []
    return lifecycle.causes_of_distress(tx, journey, lifecycle.machines(tx, named, twins, beside.seen), profile)


def _links(links: dict[str, str], journey: lifecycle.Journey) -> Links:
    """The model's links; the shop's carries the journey's reference, so that the order can be tied to it."""
    shop = links.get("shop", "")
    if shop:
        shop += ("&" if "?" in shop else "?") + f"journey={journey.id}"
    return Links(**{**links, "shop": shop})
