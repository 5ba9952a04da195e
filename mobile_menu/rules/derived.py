"""What follows from a situation without standing in it: distress, where links lead, whether a coupon still counts."""

from typing import Literal
from urllib.parse import urlencode

from broker.contract.stages import Stage
from mobile_menu.rules.situation import Level, Links, ParcelState, Situation

LinkName = Literal[
    "shop", "product", "compare", "video", "reorder", "nearest_shop", "tracking", "referral", "shop_page", "claim"
]
"""`claim`: the form that makes the unit the customer's."""
CLAIM_FORM = "/app/"

OWN_LINKS: frozenset[LinkName] = frozenset({"tracking", "referral", "claim"})
"""They lead to what is somebody's own."""

LINK_NAMES: tuple[LinkName, ...] = LinkName.__args__  # type: ignore[attr-defined]  # a Literal tells its values so
if not set(Links.__struct_fields__) <= set(LINK_NAMES):
    message = "a link of the situation has no name that content can use"
    raise TypeError(message)


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


def next_step(situation: Situation) -> str:
    """The first step of the installation that is open; empty when there is none."""
    return next((step.id for step in situation.steps if not step.done), "")


def lowest_supply_percent(situation: Situation) -> float | None:
    """The lowest level that any supply tells; None when none does."""
    return min((one.level_percent for one in situation.device.supplies if one.level_percent >= 0), default=None)


def reason_told(situation: Situation) -> bool:
    """The device says what is the matter: any reason but `none`."""
    return any(reason != "none" for reason in situation.device.reasons)
