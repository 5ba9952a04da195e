"""Menus for operators: what a customer has or had, why, why not something else, and what would be if.

A coupon's code is the customer's: who sees it here is who answers customers, and to all others it is left out.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from broker.contract.messages import Json
from cloud import situations
from cloud.content.checking import Checked
from cloud.content.current import content_of
from cloud.db import Transaction
from cloud.errors import ContentRefusedError, FieldProblem, InvalidError, NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.secrets import Keys
from cloud.served import service as served
from cloud.served.rules import Shown
from mobile_menu.content_loader import ContentError
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content import Content, ItemSpec
from mobile_menu.rules.explain import why_not
from mobile_menu.rules.menu import Menu
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.strict import patched, read_situation

WITHHELD: Final = ("code", "qr")
"""Of an item: what a till takes for money."""
FIXED: Final = ("journey_id", "profile")
"""Of a situation: with another one it would be another customer, or another product."""
ContentOf = Callable[[str], Content]
"""What menus of a profile are made of now."""


class Found(NamedTuple):
    """A menu of a journey. at: since when it was shown; None for the one of this moment, which nobody may have seen.
    version, digest: of the content that it was made of.
    """

    at: datetime | None
    language: str
    etag: str
    version: int
    digest: str
    shown: Shown


class Absent(msgspec.Struct, frozen=True):
    """An item that does not show, and what would have to be otherwise: as `mobile_menu.rules.explain.Missing`."""

    item: str
    why_not: tuple[dict[str, str], ...]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """menu: as it was or would be; each item says what put it there. absent: all other items of the content, in its
    order; None when the content of that time is not here any more. reproduced: composing it again gives these very
    bytes; None when that was not tried.
    """

    at: datetime | None = None
    language: str
    etag: str
    version: int
    digest: str
    reproduced: bool | None = None
    situation: msgspec.Raw
    menu: msgspec.Raw
    absent: tuple[Absent, ...] | None


# --- a journey's menu ---


def menu_now(tx: Transaction, journey_id: str, language: str, base_url: str, content_now: ContentOf) -> Found:
    """The menu that the journey has at this moment. Raises NotFoundError."""
    situation = situations.situation_of(tx, lifecycle.current_id(tx, journey_id), language, base_url)
    return _made(situation, content_now(situation.profile))


def menu_then(tx: Transaction, keys: Keys, journey_id: str, moment: datetime, language: str | None) -> Found:
    """The menu that the journey's phones had at a moment, byte for byte. language: in this one alone.

    Raises NotFoundError: nothing was shown until then, or it is not kept any more.
    """
    if moment > tx.now:
        problem = FieldProblem("/at", "in_the_future", "what will be shown then, nobody knows")
        raise InvalidError(problems=(problem,))
    journey = lifecycle.read(tx, lifecycle.current_id(tx, journey_id))
    known = served.at(tx, keys, [journey.id], moment, language)
    if known is None:
        msg = "nothing is known that was shown by then: nobody looked, or it was longer ago than it is kept"
        raise NotFoundError(msg)
    return Found(known.at, known.language, known.etag, known.version, known.digest, known.shown)


def explained(tx: Transaction, found: Found) -> Explained:
    """The why of a menu, and why not all else."""
    situation = msgspec.json.decode(found.shown.situation, type=Situation)
    content = _content_then(tx, situation.profile, found)
    again = None if content is None else _made(situation, content)
    return Explained(
        at=found.at,
        language=found.language,
        etag=found.etag,
        version=found.version,
        digest=found.digest,
        reproduced=None if again is None else again.shown.menu == found.shown.menu,
        situation=msgspec.Raw(found.shown.situation),
        menu=msgspec.Raw(found.shown.menu),
        absent=None if content is None else _absent(content, situation),
    )


def _content_then(tx: Transaction, profile: str, found: Found) -> Content | None:
    """The content that a menu was made of; None when it has gone: with an update of the program, version 0 does."""
    try:
        content = content_of(tx, profile, found.version)
    except (ContentError, NotFoundError):
        return None
    return content if content.digest == found.digest else None


# --- what would be ---


def preview(profile: str, written: dict[str, Json], content: Content) -> Explained:
    """The menu in any situation. Raises InvalidError with all that is wrong with the situation."""
    whole = {"journey_id": "preview", "profile": profile, **written}
    return _imagined(whole, {"journey_id": whole["journey_id"], "profile": profile}, content, "/situation")


def what_if(found: Found, patch: dict[str, Json], content_now: ContentOf) -> Explained:
    """The menu that the journey would have now, or would have had, if that were otherwise. patch: RFC 7396, over the
    situation. Raises InvalidError.
    """
    base = msgspec.json.decode(found.shown.situation)
    fixed = {name: base[name] for name in FIXED}
    return _imagined(patched(base, patch), fixed, content_now(fixed["profile"]), "/patch")


def _imagined(written: Json, fixed: dict[str, Json], content: Content, pointer: str) -> Explained:
    situation = read_situation(written)
    if not isinstance(situation, Situation):
        raise InvalidError(problems=tuple(FieldProblem(pointer + one.pointer, "wrong", one.what) for one in situation))
    for name, value in fixed.items():
        if getattr(situation, name) != value:
            problem = FieldProblem(f"{pointer}/{name}", "fixed", f"it is {value}, and stays so")
            raise InvalidError(problems=(problem,))
    made = _made(situation, content)
    return Explained(
        language=made.language,
        etag=made.etag,
        version=made.version,
        digest=made.digest,
        situation=msgspec.Raw(made.shown.situation),
        menu=msgspec.Raw(made.shown.menu),
        absent=_absent(content, situation),
    )


def usable(checked: Checked) -> Content:
    """Content that somebody works on; its own tests may fail. Raises ContentRefusedError for content with faults."""
    if checked.content is None:
        problems = (
            FieldProblem(f"/files/{one.file}", "fault", f"line {one.line}: {one.what}") for one in checked.faults
        )
        raise ContentRefusedError(problems=tuple(problems))
    return checked.content


def _made(situation: Situation, content: Content) -> Found:
    menu = compose_menu(situation, content).menu
    shown = Shown(msgspec.json.encode(menu), msgspec.json.encode(situation))
    return Found(None, menu.language, menu.etag, content.version, content.digest, shown)


def _absent(content: Content, situation: Situation) -> tuple[Absent, ...]:
    shown = _ids(compose_menu(situation, content).menu)
    return tuple(
        Absent(spec.id, tuple(one._asdict() for one in why_not(content.ready[spec.id], situation, content)))
        for spec in content.items
        if not _shows(spec, shown)
    )


def _ids(menu: Menu) -> set[str]:
    return {item.id for section in menu.sections for item in section.items}


def _shows(spec: ItemSpec, shown: set[str]) -> bool:
    if spec.each is None:
        return spec.id in shown
    return any(one.startswith(f"{spec.id}-") for one in shown)


# --- what is the customer's ---


def without_codes(menu: bytes) -> bytes:
    """A menu as those get it who are not to have the codes in it; the very same bytes when there are none."""
    whole = msgspec.json.decode(menu)
    items = [item for section in whole["sections"] for item in section["items"]]
    if not any(name in item for item in items for name in WITHHELD):
        return menu
    for item in items:
        for name in WITHHELD:
            item.pop(name, None)
    return msgspec.json.encode(whole)


def withheld(one: Explained) -> Explained:
    """The same for what is explained."""
    situation: Any = msgspec.json.decode(one.situation)
    coupon = situation["relation"]["coupon"]
    if coupon is not None:
        coupon["code"] = ""
    return msgspec.structs.replace(
        one,
        menu=msgspec.Raw(without_codes(bytes(one.menu))),
        situation=msgspec.Raw(msgspec.json.encode(situation)) if coupon is not None else one.situation,
    )
