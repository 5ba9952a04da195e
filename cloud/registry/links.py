"""The links that operators keep for the resolver: of a model, of a lot of it, of one unit; and what they add up to.

Menus have links of their own, in the model (`shop`, `reorder` …). The resolver shows those too, each under the type
that fits it, as long as the model has no link of that type here: they are never copied, so that they cannot differ.
"""

import re
from typing import Final, NamedTuple

import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.addresses import plain_host
from cloud.db import Transaction, table_of
from cloud.errors import FieldProblem, InvalidError
from cloud.record import service as record
from cloud.registry import gs1
from cloud.registry.linktypes import Vocabularies
from cloud.registry.resolving import Entry, Link
from cloud.registry.service import checked_gtin, find_unit, read_model, read_unit
from cloud.registry.tables import LinkRow, ModelRow, ProductRow

link_table = table_of(LinkRow)

MAX_LINKS: Final = 50
MAX_HREF: Final = 2_000
RETIRED: Final = "retired"
MENU_TYPE: Final = "gs1:support"
"""Of the link to our own menu: it is where the customer finds guides, help and an expert."""
FROM_MENUS: Final = {
    "product": "gs1:pip",
    "shop": "gs1:hasRetailers",
    "video": "gs1:relatedVideo",
    "reorder": "gs1:purchaseSuppliesOrAccessories",
}
"""The type of each of a model's own links that has one; for `compare` and `nearest_shop` there is no word."""

_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
"""BCP 47, as far as the linkset schema of GS1 goes: it takes no longer tags."""
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class Subject(NamedTuple):
    """What links belong to: a model; with a lot or a unit, that one of it."""

    gtin: str
    lot: str | None = None
    product_id: str | None = None


class Found(NamedTuple):
    """The levels of what an address names, most specific first, and the unit when it names one.

    model: of the GTIN. unit: None for an address without a serial.
    """

    model: ModelRow
    unit: ProductRow | None
    entries: tuple[Entry, ...]


# --- keeping ---


def of_model(tx: Transaction, gtin: str, lot: str | None = None) -> Subject:
    """The model, or a lot of it, as a subject. Raises InvalidError for a lot that is none, NotFoundError."""
    model = read_model(tx, checked_gtin(gtin))
    if lot is not None:
        checked = gs1.check_serial(lot)  # a lot (10) is written as a serial (21) is: X..20
        if isinstance(checked, gs1.Gs1Problem):
            raise InvalidError(problems=(FieldProblem("/lot", "invalid_lot", "1 to 20 characters of GS1's CSET 82"),))
    return Subject(model.gtin, lot=lot)


def of_unit(tx: Transaction, product_id: str) -> Subject:
    """The unit as a subject. Raises NotFoundError."""
    return Subject(read_unit(tx, product_id).product.gtin, product_id=product_id)


def kept(tx: Transaction, subject: Subject) -> tuple[Link, ...]:
    """The subject's own links, in their order."""
    rows = tx.session.execute(sa.select(link_table).where(_here(subject)).order_by(link_table.c.position))
    return tuple(_link(row) for row in rows)


def replace(tx: Transaction, subject: Subject, links: tuple[Link, ...], words: Vocabularies) -> tuple[Link, ...]:
    """The subject has these links from now on, and no others. Raises InvalidError."""
    named = tuple(link._replace(type=words.short(link.type) or "") for link in links)
    problems = [one for place, link in enumerate(named) for one in _problems(place, link, words)]
    problems += _problems_together(named)
    if problems:
        raise InvalidError(problems=tuple(problems))
    record.lock(tx, {f"links:{subject.gtin}:{subject.lot}:{subject.product_id}"})  # two lists at once would be mixed
    forget(tx, subject)
    rows = [_row(tx, subject, place, link) for place, link in enumerate(named)]
    if rows:
        tx.session.execute(sa.insert(link_table), rows)
    return named


def forget(tx: Transaction, subject: Subject) -> None:
    """The subject has no links of its own any more."""
    tx.session.execute(sa.delete(link_table).where(_here(subject)))


# --- resolving ---


def find(tx: Transaction, link: gs1.DigitalLink, base_url: str) -> Found | None:
    """What is known of the item that the address names; None when that is nothing.

    A serial that is not registered, or whose unit is retired, is unknown; a lot, a variant (22) and a TPX (235) that
    nobody has told of are passed over, and their model answers. Whose a unit is, is not looked at.
    """
    model = tx.session.get(ModelRow, link.gtin) if link.gtin else None
    if model is None:
        return None
    unit = find_unit(tx, model.gtin, link.serial) if link.serial else None
    if link.serial and (unit is None or unit.state == RETIRED):
        return None
    lot = next((value for ai, value in link.path if ai == "10"), None)
    return Found(model, unit, _entries(tx, model, unit, lot, base_url))


def _entries(
    tx: Transaction, model: ModelRow, unit: ProductRow | None, lot: str | None, base_url: str
) -> tuple[Entry, ...]:
    at_lot = link_table.c.lot == lot if lot is not None else sa.false()
    here = sa.and_(link_table.c.gtin == model.gtin, sa.or_(link_table.c.lot.is_(None), at_lot))
    mine = link_table.c.product_id == unit.id if unit is not None else sa.false()
    statement = sa.select(link_table).where(here, sa.or_(link_table.c.product_id.is_(None), mine))
    rows = list(tx.session.execute(statement.order_by(link_table.c.position)))
    name, gtin = f"{model.brand} {model.name}", gs1.Gtin(model.gtin)
    menu = Link(MENU_TYPE, f"{base_url}/app/", f"{name}: your menu", is_default=True, own=False, opens_menu=True)
    found = []
    if unit is not None:
        own = tuple(_link(row) for row in rows if row.product_id is not None)
        anchor = gs1.digital_link(base_url, gtin, gs1.Serial(unit.serial))
        found.append(Entry(anchor, f"{name}, serial number {unit.serial}", _with_default(own, menu)))
    own = tuple(_link(row) for row in rows if row.lot is not None)
    if lot is not None and own:
        path = (gs1.Element("01", gtin), gs1.Element("10", lot))
        found.append(Entry(gs1.DigitalLink(base_url, path).canonical(base_url), f"{name}, lot {lot}", own))
    own = tuple(_link(row) for row in rows if row.product_id is None and row.lot is None)
    whole = own + _from_menus(model, own)
    found.append(Entry(gs1.digital_link(base_url, gtin), name, _with_default(whole, menu)))
    return tuple(found)


def _with_default(links: tuple[Link, ...], menu: Link) -> tuple[Link, ...]:
    return links if any(link.is_default for link in links) else (*links, menu)


def _from_menus(model: ModelRow, own: tuple[Link, ...]) -> tuple[Link, ...]:
    taken = {link.type for link in own}
    name = f"{model.brand} {model.name}"
    return tuple(
        Link(kind, model.links[key], name, own=False)
        for key, kind in FROM_MENUS.items()
        if model.links.get(key) and kind not in taken
    )


# --- rows, and what is wrong with a link ---


def _here(subject: Subject) -> sa.ColumnElement[bool]:
    if subject.product_id is not None:
        return link_table.c.product_id == subject.product_id
    lot = link_table.c.lot.is_(None) if subject.lot is None else link_table.c.lot == subject.lot
    return sa.and_(link_table.c.gtin == subject.gtin, link_table.c.product_id.is_(None), lot)


def _link(row: sa.Row[tuple[object, ...]]) -> Link:
    return Link(
        type=row.type,
        href=row.href,
        title=row.title,
        languages=tuple(row.languages),
        media_type=row.media_type,
        contexts=tuple(row.contexts),
        is_default=row.is_default,
    )


def _row(tx: Transaction, subject: Subject, position: int, link: Link) -> dict[str, object]:
    return {
        "id": new_id(tx.now),
        **subject._asdict(),
        "position": position,
        "type": link.type,
        "href": link.href,
        "title": link.title,
        "languages": list(link.languages),
        "media_type": link.media_type,
        "contexts": list(link.contexts),
        "is_default": link.is_default,
    }


def _problems(place: int, link: Link, words: Vocabularies) -> list[FieldProblem]:
    at = f"/links/{place}"
    found = []
    if not link.type or not words.may_be_kept(link.type):
        known = ", ".join(f"{prefix}:" for prefix in words.namespaces)
        found.append(FieldProblem(f"{at}/type", "unknown_link_type", f"a link type of one of {known}"))
    if len(link.href) > MAX_HREF or plain_host(link.href) is None:
        found.append(FieldProblem(f"{at}/href", "invalid_link", "a plain https address"))
    if not link.title.strip() or not link.title.isprintable():
        found.append(FieldProblem(f"{at}/title", "invalid_title", "a title in one line"))
    checks = (("hreflang", link.languages, _LANGUAGE, "en or en-GB"), ("context", link.contexts, _COUNTRY, "DE"))
    for name, values, form, example in checks:
        if len(set(values)) != len(values) or not all(form.fullmatch(value) for value in values):
            found.append(FieldProblem(f"{at}/{name}", f"invalid_{name}", f"each of the form {example}, once"))
    if link.media_type and not _MEDIA_TYPE.fullmatch(link.media_type):
        found.append(FieldProblem(f"{at}/media_type", "invalid_media_type", "of the form text/html"))
    return found


def _problems_together(links: tuple[Link, ...]) -> list[FieldProblem]:
    found = []
    if len(links) > MAX_LINKS:
        found.append(FieldProblem("/links", "too_many", f"{MAX_LINKS} links at most"))
    if sum(link.is_default for link in links) > 1:
        found.append(FieldProblem("/links", "several_defaults", "one link at most is the default"))
    plain = [link._replace(title="", is_default=False) for link in links]
    twice = [place for place, link in enumerate(plain) if link in plain[:place]]
    found += [FieldProblem(f"/links/{place}", "duplicate", "this link is there already") for place in twice]
    return found
