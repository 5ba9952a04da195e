"""When an item shows: a small, total, typed condition over the situation, written as data.

A condition is a table of fields. Lists are "any of", fields are "and", `not` and `any` nest. There is nothing to call
and nothing to compute, so that every condition ends, none can fail, and a wrong name is refused when it is read.
"""

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from broker.contract.stages import Role, Stage
from mobile_menu.rules.situation import Level, Links, Onlooker, ParcelState, Situation, Zone

Because = tuple[str, ...]
"""What held, as `name=value`."""

Test = Callable[[Situation], Because | None]

T = TypeVar("T")
AnyOf = Annotated[tuple[T, ...], msgspec.Meta(min_length=1)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]*$")]
Stall = Literal["parcel_late", "install_stuck", "fault_unattended", "silent"]
LinkName = Literal[
    "shop", "product", "compare", "video", "reorder", "nearest_shop", "tracking", "referral", "shop_page", "claim"
]
"""`claim`: the form that makes the unit the customer's."""
CLAIM_FORM = "/app/"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All given fields hold; an empty condition always holds. reason, last_reason: any one of the device's is enough.

    link: one of these leads somewhere. usage: the device has told one of these figures. supplies: it has told its
    supply levels. command: it runs on the device, or has ended just now. next_step: this step of the installation is
    the first one open. in_distress: see `in_distress`.
    """

    stage: AnyOf[Stage] | None = None
    level: AnyOf[Level] | None = None
    reason: AnyOf[Word] | None = None
    last_reason: AnyOf[Word] | None = None
    zone: AnyOf[Zone] | None = None
    parcel: AnyOf[ParcelState] | None = None
    role: AnyOf[Role] | None = None
    onlooker: AnyOf[Onlooker] | None = None
    stall: AnyOf[Stall] | None = None
    survey: AnyOf[Word] | None = None
    usage: AnyOf[Word] | None = None
    command: AnyOf[Word] | None = None
    consent: AnyOf[Word] | None = None
    link: AnyOf[LinkName] | None = None
    next_step: AnyOf[Word] | None = None
    firmware: AnyOf[Literal["current", "available", "installing", "failed"]] | None = None
    closed_reason: AnyOf[Literal["returned", "transferred", "retired", "lapsed", "ended"]] | None = None
    demo_unit: bool | None = None
    proven: bool | None = None
    has_coupon: bool | None = None
    coupon_used: bool | None = None
    has_case: bool | None = None
    has_shop: bool | None = None
    has_promise: bool | None = None
    has_steps: bool | None = None
    unread: bool | None = None
    days_left: bool | None = None
    reason_told: bool | None = None
    supplies: bool | None = None
    in_distress: bool | None = None
    return_requested: bool | None = None
    any_: Annotated[tuple["Condition", ...], msgspec.Meta(min_length=1)] | None = msgspec.field(
        name="any", default=None
    )
    not_: "Condition | None" = msgspec.field(name="not", default=None)


def in_distress(situation: Situation) -> bool:
    """Whether anything holds back offers: a cause that the record names, or trouble that the situation itself shows.

    The second part keeps an offer away in the moment between a fault and the record's word about it. A new printer
    without paper reports an error too; that is no distress, but a step of its installation.
    """
    relation = situation.relation
    if relation.distress or relation.case is not None:
        return True
    match situation.stage:
        case Stage.DELIVERY:
            return situation.parcel.state in {ParcelState.LATE, ParcelState.FAILED}
        case Stage.SUPPORT:
            return situation.device.level is Level.ERROR
        case Stage.INTERESTED | Stage.ENGAGED | Stage.INSTALL | Stage.CLOSED:
            return False


def link_target(situation: Situation, name: LinkName) -> str:
    """Where a link leads in this situation; empty when there is none."""
    match name:
        case "tracking":
            return situation.parcel.tracking_url
        case "referral":
            return situation.relation.referral_url
        case "shop_page":
            return situation.place.shop.url if situation.place.shop else ""
        case "claim":
            return _claim_form(situation)
        case _:
            return str(getattr(situation.links, name))


def _claim_form(situation: Situation) -> str:
    """The phone page's own form, filled in but for the code. A demo unit stays the shop's."""
    if not (situation.product_id and situation.gtin and situation.serial) or situation.device.demo_unit:
        return ""
    asked = {"journey": situation.journey_id, "claim": "1", "gtin": situation.gtin, "serial": situation.serial}
    return f"{CLAIM_FORM}?{urlencode(asked)}"


def coupon_is_valid(situation: Situation) -> bool:
    """There is a coupon, and nobody has used it yet."""
    coupon = situation.relation.coupon
    return coupon is not None and not coupon.redeemed


def coupon_is_used(situation: Situation) -> bool:
    """The till has taken it: there is no second one."""
    coupon = situation.relation.coupon
    return coupon is not None and coupon.redeemed


def holds(condition: Condition, situation: Situation) -> Because | None:
    """Whether the condition holds: what held, or None when it does not."""
    return compile_condition(condition)(situation)


@lru_cache(maxsize=4096)
def compile_condition(condition: Condition) -> Test:
    """The condition as one function that only looks at what the condition names."""
    tests = [
        *(_value_test(label, read, set(wanted)) for label, read, wanted in _given(condition, _VALUES)),
        *(_flag_test(name, read, wanted) for name, read, wanted in _given(condition, _FLAGS)),
        *(_overlap_test(label, read, set(wanted)) for label, read, wanted in _given(condition, _SETS)),
    ]
    if condition.link is not None:
        tests.append(_link_test(condition.link))
    if condition.any_ is not None:
        tests.append(_any_test([compile_condition(one) for one in condition.any_]))
    if condition.not_ is not None:
        tests.append(_not_test(compile_condition(condition.not_), f"not({describe(condition.not_)})"))
    return _all_test(tests)


def describe(condition: Condition) -> str:
    """The condition in one line, for people: `stage=support & reason=media-jam|cover-open`."""
    given: list[str] = []
    for name, wanted in msgspec.to_builtins(condition).items():
        match name, wanted:
            case "any", _:
                given.append("(" + " or ".join(describe(one) for one in condition.any_ or ()) + ")")
            case "not", _:
                given.append(f"not({describe(condition.not_ or Condition())})")
            case _, bool():
                given.append(f"{_LABELS.get(name, name)}={str(wanted).lower()}")
            case _:
                given.append(f"{_LABELS.get(name, name)}={'|'.join(wanted)}")
    return " & ".join(given) or "always"


_LABELS = {"zone": "proximity"}

_VALUES: dict[str, Callable[[Situation], str]] = {
    "stage": lambda s: s.stage,
    "level": lambda s: s.device.level,
    "zone": lambda s: s.place.zone,
    "parcel": lambda s: s.parcel.state,
    "role": lambda s: s.role,
    "onlooker": lambda s: s.onlooker,
    "firmware": lambda s: s.device.firmware_state,
    "closed_reason": lambda s: s.closed_reason,
    "next_step": lambda s: next((step.id for step in s.steps if not step.done), ""),
}

_SETS: dict[str, Callable[[Situation], Collection[str]]] = {
    "reason": lambda s: s.device.reasons,
    "last_reason": lambda s: s.device.last_reasons,
    "stall": lambda s: s.relation.stalls,
    "survey": lambda s: s.relation.surveys_due,
    "usage": lambda s: s.device.usage,
    "command": lambda s: [one.name for one in s.device.commands],
    "consent": lambda s: s.relation.consent,
}

_FLAGS: dict[str, Callable[[Situation], bool]] = {
    "demo_unit": lambda s: s.device.demo_unit,
    "proven": lambda s: s.place.proven,
    "has_coupon": coupon_is_valid,
    "coupon_used": coupon_is_used,
    "has_case": lambda s: s.relation.case is not None,
    "has_shop": lambda s: s.place.shop is not None,
    "has_promise": lambda s: s.parcel.promised_at is not None,
    "has_steps": lambda s: bool(s.steps),
    "unread": lambda s: s.relation.case is not None and s.relation.case.unread > 0,
    "days_left": lambda s: s.device.days_left is not None,
    "reason_told": lambda s: any(reason != "none" for reason in s.device.reasons),
    "supplies": lambda s: bool(s.device.supplies),
    "in_distress": in_distress,
    "return_requested": lambda s: s.relation.return_requested,
}

LINK_NAMES: tuple[LinkName, ...] = LinkName.__args__  # type: ignore[attr-defined]  # a Literal tells its values so
if not set(Links.__struct_fields__) <= set(LINK_NAMES):
    message = "a link of the situation has no name that content can use"
    raise TypeError(message)

R = TypeVar("R")


def _given(condition: Condition, readers: dict[str, R]) -> list[tuple[str, R, Any]]:
    found = []
    for name, read in readers.items():
        wanted = getattr(condition, name)
        if wanted is not None:
            found.append((_LABELS.get(name, name), read, wanted))
    return found


def _value_test(label: str, read: Callable[[Situation], str], wanted: set[str]) -> Test:
    said: dict[str, Because] = {str(one): (f"{label}={one}",) for one in wanted}
    return lambda situation: said.get(read(situation))


def _overlap_test(label: str, read: Callable[[Situation], Collection[str]], wanted: set[str]) -> Test:
    said = {one: f"{label}={one}" for one in wanted}
    return lambda situation: tuple(said[one] for one in read(situation) if one in said) or None


def _flag_test(label: str, read: Callable[[Situation], bool], wanted: bool) -> Test:
    said = (f"{label}={str(wanted).lower()}",)
    return lambda situation: said if read(situation) == wanted else None


def _link_test(names: tuple[LinkName, ...]) -> Test:
    return lambda situation: tuple(f"link={name}" for name in names if link_target(situation, name)) or None


def _any_test(tests: list[Test]) -> Test:
    return lambda situation: next((because for test in tests if (because := test(situation)) is not None), None)


def _not_test(test: Test, said: str) -> Test:
    return lambda situation: (said,) if test(situation) is None else None


def _all_test(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def all_hold(situation: Situation) -> Because | None:
        because: Because = ()
        for test in tests:
            held = test(situation)
            if held is None:
                return None
            because += held
        return because

    return all_hold
