"""From a situation and content to a menu: pure and total. What may show is data; how it is put together stands here."""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeVar

import msgspec

from broker.contract.stages import Stage
from mobile_menu.rules.conditions import Because
from mobile_menu.rules.content import Chosen, Content, ItemSpec, Left, ReadyItem, offers
from mobile_menu.rules.derived import coupon_is_valid, in_distress, link_target
from mobile_menu.rules.facts import Element, View, number_as_written
from mobile_menu.rules.menu import (
    Action,
    Choice,
    Composed,
    GuideStep,
    Item,
    Menu,
    Order,
    Progress,
    Section,
    StatusLine,
    command_of,
)
from mobile_menu.rules.qr import qr_data_uri
from mobile_menu.rules.situation import Onlooker, ParcelState, Situation, Step
from mobile_menu.rules.texts import negotiate

__all__ = ["ITEM_HREF", "Content", "compose_menu", "withheld"]

ITEM_HREF = "/menu/v1/items/"

_NOT_IN_IDS = re.compile(r"[^a-z0-9_.-]+")

T = TypeVar("T")

_PARCEL_LEVELS: dict[ParcelState, Literal["none", "busy", "attention", "error", "ok"]] = {
    ParcelState.NONE: "none",
    ParcelState.LABEL: "busy",
    ParcelState.MOVING: "busy",
    ParcelState.OUT_FOR_DELIVERY: "busy",
    ParcelState.LATE: "attention",
    ParcelState.FAILED: "error",
    ParcelState.DELIVERED: "ok",
}


class Shown(NamedTuple):
    """An item that shows, why, and its place: what compares smaller stands further up."""

    place: tuple[int, int, int, int, int]
    ready: ReadyItem
    because: Because
    element: Element | None


def compose_menu(situation: Situation, content: Content) -> Composed:
    """The menu for this situation, and what stands behind its items. Equal situations give equal menus, always."""
    language = negotiate(situation.language, content.languages)
    view, chosen = View(situation, content, content.texts[language]), content.select(situation)
    sections: dict[str, list[Item]] = {}
    orders: dict[str, Order] = {}
    for shown in sorted(_shown(situation, content, chosen), key=_place):
        item, order = _item(shown, view)
        sections.setdefault(shown.ready.spec.section, []).append(item)
        if order is not None:
            orders[item.id] = order
    menu = Menu(
        journey=situation.journey_id,
        stage=situation.stage,
        title=_line(chosen.titles, view),
        language=language,
        status=_status(chosen, view),
        sections=tuple(
            Section(id=section, title=view.texts.format(f"section-{section}", view.fact), items=tuple(items))
            for section, items in sections.items()
        ),
        etag="",
        until=situation.until if situation.onlooker is Onlooker.BESIDE else None,
    )
    return Composed(msgspec.structs.replace(menu, etag=_etag(menu)), orders)


def withheld(spec: ItemSpec, situation: Situation) -> Iterator[str]:
    """All that keeps an item away whose condition holds, each in a few words."""
    if offers(spec) and in_distress(situation):
        yield "in_distress=true"
    if spec.shows_coupon and not coupon_is_valid(situation):
        yield "no coupon"
    if spec.link is not None and not link_target(situation, spec.link):
        yield f"link {spec.link} leads nowhere"


def _place(shown: Shown) -> tuple[int, int, int, int, int]:
    return shown.place


def _etag(menu: Menu) -> str:
    return blake2b(msgspec.json.encode(menu), digest_size=16).hexdigest()


def _shown(situation: Situation, content: Content, chosen: Chosen) -> Iterator[Shown]:
    nothing_offered, reasons = in_distress(situation), len(situation.device.reasons)
    for ready, when, boosts in chosen.items:
        because = when if isinstance(when, tuple) else when(situation)
        spec = ready.spec
        if because is None or (ready.offers and nothing_offered):
            continue
        if (spec.link is not None or spec.shows_coupon) and not _leads_somewhere(spec, situation):
            continue
        priority, boosted = _priority(spec, boosts, situation) if boosts else (spec.priority, ())
        rank = _reason_rank(ready, situation) if ready.ranks_by_reason else reasons
        if spec.each is None:
            place = (-priority, ready.section_position, rank, ready.position, 0)
            yield Shown(place, ready, because + boosted or ("always",), None)
            continue
        for element in _elements(spec, situation, content):
            place = (-priority, ready.section_position, rank, ready.position, element.rank)
            yield Shown(place, ready, because + boosted + _because_of(element), element)


def _leads_somewhere(spec: ItemSpec, situation: Situation) -> bool:
    if spec.shows_coupon and not coupon_is_valid(situation):
        return False
    return spec.link is None or bool(link_target(situation, spec.link))


def _priority(spec: ItemSpec, boosts: tuple[tuple[int, Left], ...], situation: Situation) -> tuple[int, Because]:
    for priority, when in boosts:
        held = when if isinstance(when, tuple) else when(situation)
        if held is not None:
            return priority, held
    return spec.priority, ()


def _reason_rank(ready: ReadyItem, situation: Situation) -> int:
    """The device tells its gravest reason first, and so the fix for that one stands first."""
    reasons = situation.device.reasons
    return next((rank for rank, reason in enumerate(reasons) if reason in ready.ranks_by_reason), len(reasons))


def _elements(spec: ItemSpec, situation: Situation, content: Content) -> Iterator[Element]:
    match spec.each:
        case None:
            return
        case "step":
            yield from _steps(situation)
        case "supply":
            for rank, (suffix, supply) in enumerate(_named(situation.device.supplies, lambda s: s.name)):
                yield Element(suffix, rank, supply=supply)
        case "unnamed_reason":
            unnamed = [reason for reason in situation.device.reasons if reason not in content.named_reasons]
            for rank, (suffix, reason) in enumerate(_named(tuple(dict.fromkeys(unnamed)), str)):
                yield Element(suffix, rank, reason=reason)


def _steps(situation: Situation) -> Iterator[Element]:
    """The next open step first, then the others as they stand in the list, done ones last."""
    named = list(_named(situation.steps, lambda step: step.id))
    following = next((position for position, (_, step) in enumerate(named) if not step.done), None)
    for position, (suffix, step) in enumerate(named):
        rank = position + len(named) * step.done
        yield Element(suffix, rank, step=step, is_next=position == following)


def _named(things: Sequence[T], name: Callable[[T], str]) -> Iterator[tuple[str, T]]:
    """Each thing with a name that can stand in an address, and that no other of them has."""
    taken: set[str] = set()
    for thing in things:
        slug = _NOT_IN_IDS.sub("-", name(thing).lower()) or "x"
        unique, count = slug, 2
        while unique in taken:
            unique, count = f"{slug}.{count}", count + 1
        taken.add(unique)
        yield unique, thing


def _because_of(element: Element) -> Because:
    if element.step is not None:
        return (f"step={element.step.id}",)
    if element.supply is not None:
        return (f"supply={element.supply.name}",)
    return (f"reason={element.reason}",)


def _item(shown: Shown, view: View) -> tuple[Item, Order | None]:
    spec, element = shown.ready.spec, shown.element
    if element is None:
        return _kept_item(shown.ready, spec.id, shown.because, view)
    about = view.about(element)
    item_id = f"{spec.id}-{element.id}"
    if element.step is None:
        return _kept_item(shown.ready, item_id, shown.because, about)
    return _step_item(spec, item_id, shown.because, about, element.step)


def _kept_item(ready: ReadyItem, item_id: str, because: Because, view: View) -> tuple[Item, Order | None]:
    """The item as it was made for others, where it depends on the same: its reasons, where it leads, what it quotes."""
    spec, situation = ready.spec, view.situation
    if not ready.lasting or (spec.order is not None and situation.device.commands):
        return _plain_item(spec, item_id, because, view)
    language = view.texts.language
    leads = link_target(situation, spec.link) if spec.link else ""
    key = (language, item_id, because, leads, *[view.fact(name) for name in ready.variables[language]])
    made = view.content.made
    return made.get(key) or made.keep(key, _plain_item(spec, item_id, because, view))


def _plain_item(spec: ItemSpec, item_id: str, because: Because, view: View) -> tuple[Item, Order | None]:
    name, texts, fact = f"item-{spec.id}", view.texts, view.fact
    coupon = view.situation.relation.coupon if spec.shows_coupon else None
    item = Item(
        id=item_id,
        kind=spec.kind,
        title=texts.format(name, fact),
        detail=texts.format(f"{name}.detail", fact),
        icon=spec.icon,
        action=_action(spec, item_id, view.situation, texts.format(f"{name}.confirm", fact) or None),
        badge=texts.format(f"{name}.badge", fact).strip() or None,
        because=because,
        steps=_guide(name, view),
        code=coupon.code if coupon else "",
        qr=qr_data_uri(coupon.code) if coupon else "",
        choices=_choices(spec, view),
        progress=_progress(spec, view),
    )
    return item, _order(spec, view.content)


def _guide(name: str, view: View) -> tuple[GuideStep, ...]:
    """The steps of a message's guide, each with its picture."""
    texts = view.texts.steps(name, view.fact)
    pictures = view.content.step_pictures.get(name) or ("",) * len(texts)
    return tuple(GuideStep(text=text, picture=picture) for text, picture in zip(texts, pictures, strict=True))


def _choices(spec: ItemSpec, view: View) -> tuple[Choice, ...]:
    """A survey's answers. One without a text is its number, as the language writes it."""
    texts, named = view.texts, f"item-{spec.id}.choice-"
    return tuple(
        Choice(value=value, label=texts.format(named + value, view.fact) or number_as_written(value, texts.language))
        for value in spec.choices
    )


def _progress(spec: ItemSpec, view: View) -> Progress | None:
    """How far the item's command is, whoever chose it."""
    if spec.order is None or spec.order.do != "command":
        return None
    wanted = command_of(spec.order.arguments, spec.id)
    known = (one for one in view.situation.device.commands if (one.name, one.arguments) == wanted)
    command = next(known, None)
    if command is None:
        return None
    about = view.about(Element("", 0, command=command))
    done = view.texts.format(f"item-{spec.id}.done", about.fact) if command.state == "done" else ""
    text = done or view.texts.format("progress", about.fact)
    return Progress(state=command.state, percent=command.percent, text=text)


def _step_item(spec: ItemSpec, item_id: str, because: Because, view: View, step: Step) -> tuple[Item, Order | None]:
    """A line of the checklist: the next one shows how, an open one can be ticked by whom it is for, a done one says
    who saw it.
    """
    texts, fact = view.texts, view.fact
    name = f"step-{step.id}" if f"step-{step.id}" in texts.by_id else f"item-{spec.id}"
    is_next = view.element is not None and view.element.is_next
    can_tick = not step.done and step.witness == "customer"
    details = [texts.format(f"{name}.detail", fact)]
    if step.done:
        details = [texts.format(f"item-{spec.id}.seen", fact)]
    elif step.witness == "device":
        details.append(texts.format(f"item-{spec.id}.ticks-itself", fact))
    item = Item(
        id=item_id,
        kind=spec.kind,
        title=texts.format(name, fact),
        detail=" ".join(filter(None, details)),
        icon=spec.icon,
        action=Action(method="POST", href=ITEM_HREF + item_id) if can_tick else None,
        badge=texts.format(f"item-{spec.id}.next", fact) if is_next else None,
        because=because,
        steps=_guide(name, view) if is_next else (),
        done=step.done,
    )
    return item, Order(do="step", arguments={"step": step.id}) if can_tick else None


def _order(spec: ItemSpec, content: Content) -> Order | None:
    if spec.link is not None or spec.call is not None or spec.shows_coupon:
        return None
    if spec.order is None:
        return Order(do="note")
    arguments = spec.order.arguments
    if spec.order.do == "coupon" and content.offer is not None:
        arguments = {"amount": content.offer.amount, "currency": content.offer.currency, **arguments}
    return Order(do=spec.order.do, arguments=arguments, needs_proof=spec.order.needs_proof)


def _action(spec: ItemSpec, item_id: str, situation: Situation, confirm: str | None) -> Action | None:
    if spec.shows_coupon:
        return None
    if spec.link is not None:
        return Action(method="GET", href=link_target(situation, spec.link), confirm=confirm)
    if spec.call is not None:
        return Action(method=spec.call.method, href=spec.call.href, confirm=confirm)
    return Action(method="POST", href=ITEM_HREF + item_id, confirm=confirm)


def _line(lines: tuple[tuple[str, Left], ...], view: View) -> str:
    for text, when in lines:
        if isinstance(when, tuple) or when(view.situation) is not None:
            return view.texts.format(text, view.fact)
    return ""


def _status(chosen: Chosen, view: View) -> StatusLine:
    situation, text = view.situation, _line(chosen.statuses, view)
    match situation.stage:
        case Stage.INSTALL | Stage.SUPPORT:
            return StatusLine(text=text, level=situation.device.level.value, since=situation.device.since)
        case Stage.DELIVERY:
            return StatusLine(text=text, level=_PARCEL_LEVELS[situation.parcel.state])
        case Stage.INTERESTED | Stage.ENGAGED | Stage.CLOSED:
            return StatusLine(text=text, level="none")
