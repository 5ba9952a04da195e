"""What the gallery of the phone shows: which situations, how far one taps into them, and what is said beside each.

The menus are composed from the content as it is packaged. Taking the pictures and writing the page is in `pictures.py`.
"""

from typing import Final, NamedTuple

from broker.contract.stages import Stage
from cloud.registry.profiles import load_profile
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.menu import Menu
from mobile_menu.rules.situation import Case, Device, Level, ParcelState, Place, Relation, Situation, Zone
from tests.house.situations import (
    AT_DEMO,
    BASE,
    COFFEE,
    ENGAGED,
    HERE,
    IN_SHOP,
    OFFLINE,
    SINCE,
    changed,
    checklist,
    fault,
    installing,
    parcel,
    printing,
    well,
)

UNNAMED: Final = "stacker-full"
"""A reason for which no guide is made: it gets the one for all others."""


class Shot(NamedTuple):
    """One picture. name: of its file. taps: what is tapped, one after the other, before it is taken (CSS).

    situation: None for the page of a phone that knows no product. shows: what must be there first, for what the service
    is asked after a tap. scrolls: to this first (CSS).
    """

    name: str
    caption: str
    situation: Situation | None
    taps: tuple[str, ...] = ()
    dark: bool = False
    shows: str = ""
    scrolls: str = ""

    @property
    def menu(self) -> Menu | None:
        return (
            None if self.situation is None else compose_menu(self.situation, load_content(self.situation.profile)).menu
        )


LEAD: Final = ".item.lead .main-part"
NEXT: Final = "dialog .sheet-foot .button:last-child"
SETTINGS: Final = ".settings-button"


def the_stages() -> dict[str, tuple[Shot, ...]]:
    """The way of a customer, stage by stage."""
    return {**_until_it_is_there(), **_with_it()}


def _until_it_is_there() -> dict[str, tuple[Shot, ...]]:
    return {
        "interested": (
            Shot("start", "A phone that knows no product yet", None),
            Shot("interested", "They look around", BASE),
            Shot("interested-guide", "What it can do, in pictures", BASE, (LEAD,)),
        ),
        "engaged": (
            Shot("engaged", "An advert was tapped: a coupon, a shop, an owner to ask", ENGAGED),
            Shot("engaged-shop", "In a partner shop: the coupon leads", IN_SHOP),
            Shot("engaged-coupon", "The coupon, for the till", IN_SHOP, (LEAD,)),
            Shot("engaged-demo", "Beside the demo unit: print a sample", AT_DEMO),
        ),
        "delivery": (
            Shot("delivery", "It is ordered, and on its way", parcel(ParcelState.MOVING)),
            Shot("delivery-parcel", "Every scan of the parcel", parcel(ParcelState.MOVING), (LEAD,), shows=".scan"),
            Shot("delivery-today", "It comes today", parcel(ParcelState.OUT_FOR_DELIVERY)),
            Shot(
                "delivery-late",
                "It is late: what happened, and a choice",
                parcel(ParcelState.LATE, stalls=("parcel_late",), distress=("parcel_late",)),
            ),
        ),
    }


def _with_it() -> dict[str, tuple[Shot, ...]]:
    stuck = installing(1, relation=Relation(stalls=("install_stuck",)))
    return {
        "install": (
            Shot(
                "install-away",
                "Delivered, and they are out: what to expect",
                installing(0, place=Place(zone=Zone.AWAY)),
            ),
            Shot("install", "The checklist, ticked as the printer sees it", installing(3)),
            Shot("install-step", "A step of it", installing(3), (LEAD,)),
            Shot("install-network", "The Wi-Fi: three ways in", installing(4)),
            Shot("install-stuck", "Two days without a step: people, a film, an exchange", stuck),
        ),
        "support": (
            Shot("support", "All is well", well()),
            Shot("support-command", "A test page is being printed", printing(), scrolls="[data-key=test-page]"),
            Shot(
                "support-survey",
                "One tap: how is it going?",
                well(relation=Relation(surveys_due=("nps",))),
                scrolls="[data-key=survey-nps]",
            ),
            Shot(
                "support-away",
                "A jam, and they are out: what is wrong, and who can help",
                fault("media-jam", place=Place(zone=Zone.AWAY)),
            ),
            Shot("support-offline", "Out of reach: causes, the likeliest first", OFFLINE),
        ),
        "closed": (
            Shot(
                "closed",
                "The journey has ended: help, and the way out, stay",
                changed(BASE, stage=Stage.CLOSED, closed_reason="transferred"),
            ),
        ),
    }


def the_fixes() -> dict[str, Shot]:
    """By reason: the menu that leads with its fix. Every reason that a guide names, and one that none does."""
    content = load_content("printer")
    reasons = (*sorted(content.named_reasons - {"none"}), "none", UNNAMED)
    return {reason: fix(reason) for reason in reasons if leads_with_a_fix(fault(reason))}


def leads_with_a_fix(situation: Situation) -> bool:
    return compose_menu(situation, load_content(situation.profile)).menu.sections[0].id == "fix"


def fix(reason: str) -> Shot:
    menu = Shot("", "", fault(reason)).menu
    assert menu is not None
    return Shot(f"fix-{reason}", f"{menu.status.text}: {menu.sections[0].items[0].title}", fault(reason))


def the_views() -> tuple[Shot, ...]:
    """What opens over a menu."""
    jam = fault("media-jam")
    return (
        Shot("guide-1", "The fix, step by step", jam, (LEAD,)),
        Shot("guide-4", "A picture for each step", jam, (LEAD, NEXT, NEXT, NEXT)),
        Shot("guide-end", "Did that help?", jam, (LEAD, *(NEXT,) * 7)),
        Shot("why", "Why do I see this?", jam, (".item.lead .why",)),
        Shot(
            "expert",
            "The conversation with an expert",
            changed(jam, relation=Relation(case=Case(id="c-1"))),
            (".top .help",),
            shows=".message.expert",
        ),
        Shot("products", "The products of this phone", well(), (".switch",)),
        Shot("settings", "The settings", well(), (SETTINGS,)),
        Shot("leave", "Leaving takes three taps", well(), (SETTINGS, "dialog.settings .button.danger")),
        Shot(
            "left",
            "They have left, with a receipt",
            well(),
            (SETTINGS, "dialog.settings .button.danger", "dialog:not(.settings) .button.danger"),
            shows=".left .receipt",
        ),
    )


def by_night() -> tuple[Shot, ...]:
    shots = (
        Shot("dark-engaged", "In a shop", IN_SHOP),
        Shot("dark-install", "The checklist", installing(3)),
        Shot("dark-support", "All is well", well()),
        Shot("dark-jam", "A paper jam", fault("media-jam")),
        Shot("dark-guide", "Its fix", fault("media-jam"), (LEAD, NEXT, NEXT)),
    )
    return tuple(one._replace(dark=True) for one in shots)


def in_other_languages() -> dict[str, tuple[Shot, ...]]:
    return {
        "de": (
            Shot("de-delivery", "It is on its way", changed(parcel(ParcelState.MOVING), language="de")),
            Shot("de-install", "The checklist", installing(3, "de")),
            Shot("de-jam", "A paper jam", fault("media-jam", "de")),
            Shot("de-guide", "Its fix", fault("media-jam", "de"), (LEAD,)),
        ),
        "ar": (
            Shot("ar-delivery", "It is on its way", changed(parcel(ParcelState.MOVING), language="ar")),
            Shot("ar-install", "The checklist", installing(3, "ar")),
            Shot("ar-support", "All is well", well("ar")),
            Shot("ar-jam", "A paper jam", fault("media-jam", "ar")),
            Shot("ar-guide", "Its fix", fault("media-jam", "ar"), (LEAD,)),
        ),
    }


def another_product() -> tuple[Shot, ...]:
    """The coffee machine, which is made of data alone."""
    asks = Device(level=Level.ATTENTION, since=SINCE)
    steps = checklist([step.id for step in load_profile("coffee").steps], 2)
    new = changed(COFFEE, stage=Stage.INSTALL, steps=steps, place=HERE, device=asks)
    broken = Device(level=Level.ERROR, reasons=("water-empty",), since=SINCE)
    empty = changed(COFFEE, stage=Stage.SUPPORT, place=HERE, device=broken)
    return (
        Shot("coffee-install", "Its own checklist", new),
        Shot("coffee-fix", "Its own faults", empty),
        Shot("coffee-guide", "Its own guides", empty, (LEAD,)),
    )


def every_shot() -> tuple[Shot, ...]:
    staged = (shot for shots in the_stages().values() for shot in shots)
    spoken = (shot for shots in in_other_languages().values() for shot in shots)
    return (*staged, *the_fixes().values(), *the_views(), *by_night(), *spoken, *another_product())
