"""What texts may quote: named values of a situation. A value that is not known is the word `unknown`, for texts to
select on.
"""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Literal, NamedTuple

from babel import Locale
from babel.numbers import format_decimal, get_currency_precision
from fluent.runtime.types import fluent_date, fluent_number

from mobile_menu.rules.content import Content
from mobile_menu.rules.derived import in_distress
from mobile_menu.rules.situation import CommandState, Level, Situation, Step, SupplyLevel
from mobile_menu.rules.texts import Texts

UNKNOWN = "unknown"
MOST = 10**15
"""Of a number that a text quotes; a larger one is told as this. Whoever sees it learns that it is beyond belief."""


class Element(NamedTuple):
    """What one of several like items is about, or how far an item's command is. rank: its place among them."""

    id: str
    rank: int
    step: Step | None = None
    is_next: bool = False
    supply: SupplyLevel | None = None
    reason: str = ""
    command: CommandState | None = None


class View:
    """A situation in one language, to be quoted from. Made for one menu and dropped with it."""

    __slots__ = ("_told", "content", "element", "situation", "texts")

    def __init__(self, situation: Situation, content: Content, texts: Texts, element: Element | None = None) -> None:
        self.situation = situation
        self.content = content
        self.texts = texts
        self.element = element
        self._told: dict[str, object] = {}

    def about(self, element: Element) -> "View":
        """The same situation, for an item about this element."""
        return View(self.situation, self.content, self.texts, element)

    def fact(self, name: str) -> object:
        """The value of a name; `unknown` when the situation does not tell."""
        told = self._told.get(name)
        if told is None:
            told = self._told[name] = self._read(name)
        return told

    def _read(self, name: str) -> object:
        if name.startswith("usage_"):
            figure = self.situation.device.usage.get(name.removeprefix("usage_"))
            return UNKNOWN if figure is None else _told(figure)
        read = FACTS.get(name)
        value = read(self) if read else None
        return UNKNOWN if value is None or value == "" else _told(value)

    def reason_label(self, keyword: str) -> str:
        """A state reason in words: ours in this language, else the registry's English label, else the keyword."""
        known = self.texts.by_id.get(f"reason-{keyword}")
        if known is not None and known.plain is not None:
            return known.plain
        return self.content.reason_labels.get(keyword) or in_words(keyword)


def _told(value: object) -> object:
    """A value that can be written out: devices tell any number, and decimals do not go as far as floats."""
    if type(value) is float and not isfinite(value):
        return UNKNOWN
    if type(value) is int or type(value) is float:
        return max(-MOST, min(value, MOST))
    return value


def in_words(name: str) -> str:
    """`install_toner` as `Install toner`: what is shown of a name that has no text."""
    return name.replace("_", " ").replace("-", " ").strip().capitalize()


def number_as_written(digits: str, language: str) -> str:
    """A whole number in the language's own figures."""
    return str(format_decimal(int(digits), locale=Locale.parse(language.replace("-", "_"))))


@lru_cache(maxsize=256)
def _money(amount: int, currency: str, language: str) -> str:
    """An amount in the minor unit as people write it: `$50`, `49,90 €`. Fluent always writes the cents."""
    digits = get_currency_precision(currency)
    value = Decimal(max(-MOST, min(amount, MOST))).scaleb(-digits)
    shown = 0 if value == value.to_integral_value() else digits
    locale = Locale.parse(language.replace("-", "_"))
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (shown, shown)
    return str(pattern.apply(value, locale, currency=currency, currency_digits=False))


def _date(at: datetime | None) -> object:
    """In UTC: equal times must be written alike, as a text that was written for one is remembered for the other."""
    if at is None:
        return None
    return fluent_date(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))


def _whole(number: float | None) -> int | None:
    return None if number is None or not isfinite(number) else int(max(0.0, min(number, 36500.0)))


def _offer(view: View) -> object:
    offer = view.content.offer
    return _money(offer.amount, offer.currency, view.texts.language) if offer else None


def _coupon(view: View) -> object:
    coupon = view.situation.relation.coupon
    return _money(coupon.amount, coupon.currency, view.texts.language) if coupon else _offer(view)


def _coupon_expires(view: View) -> object:
    coupon = view.situation.relation.coupon
    return _date(coupon.expires_at) if coupon else None


def _first_reason(view: View, *, last: bool) -> object:
    device = view.situation.device
    reasons = device.last_reasons if last else device.reasons
    return view.reason_label(reasons[0]) if reasons else None


def _lowest_supply(view: View) -> object:
    known = [supply for supply in view.situation.device.supplies if supply.level_percent >= 0]
    return in_words(min(known, key=lambda supply: supply.level_percent).name) if known else None


def _supply_fact(part: Literal["name", "color", "level", "days"]) -> Callable[[View], object]:
    def read(view: View) -> object:
        supply = view.element.supply if view.element else None
        if supply is None:
            return None
        match part:
            case "name":
                return in_words(supply.name)
            case "color":
                # Many a printer tells no colour, and names the supply by it.
                return (supply.color or supply.name).lower()
            case "level" if supply.level_percent >= 0:
                return fluent_number(min(supply.level_percent, MOST) / 100, style="percent")
            case "level":
                return "some" if supply.level_percent == -3 else None
            case "days":
                return _whole(supply.days_left)

    return read


def _step_of(view: View) -> Step | None:
    return view.element.step if view.element else None


def _step_name(view: View) -> object:
    step = _step_of(view)
    return in_words(step.id) if step else None


def _step_by(view: View) -> object:
    step = _step_of(view)
    return (step.done_by or step.witness) if step else None


def _command_of(view: View) -> CommandState | None:
    return view.element.command if view.element else None


def _progress(view: View) -> object:
    """The state, and more: `waiting` while it cannot reach the device, `expired` when its time was up."""
    command = _command_of(view)
    if command is None:
        return None
    if command.expired:
        return "expired"
    waits = command.state in {"queued", "sent"} and view.situation.device.level is Level.OFFLINE
    return "waiting" if waits else command.state


def _progress_reason(view: View) -> object:
    """Why the device did not do it, where its words are state reasons; the gravest stands first."""
    command = _command_of(view)
    told = command.detail.partition(",")[0].strip() if command else ""
    keyword = told.removesuffix("-error").removesuffix("-warning").removesuffix("-report")
    return view.reason_label(keyword) if keyword in view.content.reason_labels else None


def _yes(held: bool) -> str:
    return "yes" if held else "no"


FACTS: dict[str, Callable[[View], object]] = {
    "model": lambda v: v.situation.model_name or v.texts.format("product", v.fact),
    "brand": lambda v: v.situation.brand,
    "stage": lambda v: str(v.situation.stage),
    "level": lambda v: str(v.situation.device.level),
    "zone": lambda v: str(v.situation.place.zone),
    "proven": lambda v: _yes(v.situation.place.proven),
    "in_distress": lambda v: _yes(in_distress(v.situation)),
    "reason": lambda v: _first_reason(v, last=False),
    "last_reason": lambda v: _first_reason(v, last=True),
    "this_reason": lambda v: v.reason_label(v.element.reason) if v.element and v.element.reason else None,
    "days_left": lambda v: _whole(v.situation.device.days_left),
    "lowest_supply": _lowest_supply,
    "supply_name": _supply_fact("name"),
    "supply_color": _supply_fact("color"),
    "supply_level": _supply_fact("level"),
    "supply_days": _supply_fact("days"),
    "step_name": _step_name,
    "step_by": _step_by,
    "steps_done": lambda v: sum(step.done for step in v.situation.steps),
    "steps_all": lambda v: len(v.situation.steps),
    "progress": _progress,
    "progress_percent": lambda v: command.percent if (command := _command_of(v)) else None,
    "progress_reason": _progress_reason,
    "progress_lasts_min": lambda v: command.lasts_min if (command := _command_of(v)) else None,
    "promised": lambda v: _date(v.situation.parcel.promised_at),
    "parcel": lambda v: str(v.situation.parcel.state),
    "parcel_detail": lambda v: v.situation.parcel.detail,
    "carrier": lambda v: v.situation.parcel.carrier,
    "shop": lambda v: v.situation.place.shop.name if v.situation.place.shop else None,
    "shop_address": lambda v: v.situation.place.shop.address if v.situation.place.shop else None,
    "coupon": _coupon,
    "coupon_expires": _coupon_expires,
    "offer": _offer,
    "has_case": lambda v: _yes(v.situation.relation.case is not None),
    "unread": lambda v: v.situation.relation.case.unread if v.situation.relation.case else 0,
    "firmware": lambda v: v.situation.device.firmware,
    "closed_reason": lambda v: v.situation.closed_reason,
}
