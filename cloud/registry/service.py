"""The registry: models and units. A unit's id, GTIN and serial never change; its claim code is shown once."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.messages import Json
from cloud.addresses import plain_host
from cloud.db import Transaction, table_of
from cloud.errors import ConflictError, DuplicateError, FieldProblem, InvalidError, NotFoundError, RetiredError
from cloud.record.bulk import asked
from cloud.registry import codes, gs1
from cloud.registry.importing import BadRow, Row
from cloud.registry.profiles import Profile, load_profile, profile_names
from cloud.registry.tables import ModelRow, ProductRow
from cloud.secrets import Keys

product_table = table_of(ProductRow)
model_table = table_of(ModelRow)
_WITH_UNIT = (
    sa.select(ModelRow, ProductRow)
    .outerjoin(ProductRow, product_table.c.id == sa.bindparam("product_id", type_=sa.String))
    .where(model_table.c.gtin == sa.bindparam("gtin", type_=sa.String))
)

BEACON_NAMESPACE = "746c0000000000000001"
"""Eddystone-UID namespace of all our beacons: 10 bytes, hex."""
_PROFILES = "registry.profiles"
"""In the memo: names of profiles by product."""
LINKS = ("shop", "product", "compare", "video", "reorder", "nearest_shop")


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as its registration answers. claim_code: this once."""

    id: str
    gtin: str
    serial: str
    uri: str
    claim_code: str


class Unit(NamedTuple):
    """A unit and its model, as most questions need them."""

    product: ProductRow
    model: ModelRow


def create_model(
    tx: Transaction,
    gtin: str,
    name: str,
    brand: str,
    profile: str,
    links: dict[str, str],
    telemetry_days: int | None = None,
) -> ModelRow:
    """Registers a product model. Raises InvalidError (GTIN, profile, links), DuplicateError."""
    checked = checked_gtin(gtin)
    problems = [
        FieldProblem(f"/links/{name}", "invalid_link", "a plain http or https address, or no such link")
        for name, link in links.items()
        if name not in LINKS or plain_host(link, ("https", "http")) is None
    ]
    if profile not in profile_names():
        problems.append(FieldProblem("/profile", "unknown_profile", f"one of {', '.join(profile_names())}"))
    if problems:
        raise InvalidError(problems=tuple(problems))
    if tx.session.get(ModelRow, checked) is not None:
        msg = f"a model with GTIN {checked} is registered already"
        raise DuplicateError(msg, gtin=checked)
    row = ModelRow(
        gtin=checked,
        name=name,
        brand=brand,
        profile=profile,
        links=dict(links),
        telemetry_days=telemetry_days,
        created_at=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def read_model(tx: Transaction, gtin: str) -> ModelRow:
    """Raises NotFoundError."""
    row = tx.session.get(ModelRow, gtin)
    if row is None:
        msg = "no such model"
        raise NotFoundError(msg)
    return row


def read_with_unit(tx: Transaction, gtin: str, product_id: str | None) -> tuple[ModelRow, ProductRow | None]:
    """The model, and a unit of it, in one query. As long as both are held, the transaction asks for neither again.
    Raises NotFoundError.
    """
    row = tx.session.execute(_WITH_UNIT, {"gtin": gtin, "product_id": product_id}).one_or_none()
    if row is None:
        msg = "no such model"
        raise NotFoundError(msg)
    return row[0], row[1]


def keep_telemetry(tx: Transaction, gtin: str, days: int | None) -> ModelRow:
    """How long telemetry of a model's units is kept: days; 0 for ever; None as the deployment says. Raises
    NotFoundError.
    """
    row = read_model(tx, gtin)
    row.telemetry_days = days
    tx.session.flush()
    return row


def list_models(tx: Transaction) -> list[ModelRow]:
    """All models, by name."""
    return list(tx.session.execute(sa.select(ModelRow).order_by(model_table.c.name, model_table.c.gtin)).scalars())


def checked_gtin(text: str, pointer: str = "/gtin") -> gs1.Gtin:
    """The GTIN with 14 digits. Raises InvalidError, which points at the field."""
    checked = gs1.check_gtin(text)
    if isinstance(checked, gs1.Gs1Problem):
        raise InvalidError(problems=(FieldProblem(pointer, checked.code, checked.detail),))
    return checked


def checked_serial(text: str, pointer: str = "/serial") -> gs1.Serial:
    """The serial, when GS1's AI (21) can carry it. Raises InvalidError."""
    checked = gs1.check_serial(text)
    if isinstance(checked, gs1.Gs1Problem):
        raise InvalidError(problems=(FieldProblem(pointer, checked.code, checked.detail),))
    return checked


def register(tx: Transaction, keys: Keys, base_url: str, gtin: str, serial: str | None) -> Registered:
    """Registers one unit; without a serial it is given one. Raises InvalidError, NotFoundError, DuplicateError."""
    model = read_model(tx, checked_gtin(gtin))
    chosen = checked_serial(serial) if serial is not None else new_serial()
    query = sa.select(product_table.c.id).where(product_table.c.gtin == model.gtin, product_table.c.serial == chosen)
    if tx.session.execute(query).first() is not None:
        msg = "a unit with this GTIN and serial is registered already"
        raise DuplicateError(msg, gtin=model.gtin, serial=chosen)
    values, answer = _new_unit(tx, keys, base_url, model.gtin, chosen)
    tx.session.execute(sa.insert(product_table), [values])
    return answer


def new_serial() -> gs1.Serial:
    """A serial that nobody can guess from another: 12 characters, about 60 bits."""
    return gs1.Serial("".join(secrets.choice(codes.ALPHABET) for _ in range(12)))


def _new_unit(tx: Transaction, keys: Keys, base_url: str, gtin: str, serial: str) -> tuple[dict[str, Any], Registered]:
    product_id, code = new_id(tx.now), codes.new_claim_code()
    values = {
        "id": product_id,
        "gtin": gtin,
        "serial": serial,
        "state": "registered",
        "claim_hash": codes.claim_hash(keys.pepper, product_id, code),
        "owner_person_id": None,
        "shop_id": None,
        "beacon_uid": BEACON_NAMESPACE + secrets.token_hex(6),
        "beacon_key": keys.vault.seal_own(secrets.token_bytes(16), product_id.encode()),
        "created_at": tx.now,
    }
    uri = gs1.digital_link(base_url, gs1.Gtin(gtin), gs1.Serial(serial))
    return values, Registered(id=product_id, gtin=gtin, serial=serial, uri=uri, claim_code=codes.display(code))


def register_many(tx: Transaction, keys: Keys, base_url: str, rows: Iterable[Row]) -> Iterator[Registered | BadRow]:
    """Registers a batch of rows: what is registered already or has no model is a BadRow; the caller decides on all or
    nothing, by raising.
    """
    batch = list(rows)
    models = set(tx.session.execute(sa.select(model_table.c.gtin)).scalars())
    taken = _taken(tx, [(row.gtin, row.serial) for row in batch if row.serial is not None])
    values = []
    for row in batch:
        if row.gtin not in models:
            yield BadRow(row.line, "gtin", "unknown_model", "no model with this GTIN is registered")
        elif (row.gtin, row.serial) in taken:
            yield BadRow(row.line, "serial", "duplicate", "this unit is registered already")
        else:
            unit, answer = _new_unit(tx, keys, base_url, row.gtin, row.serial or new_serial())
            values.append(unit)
            yield answer
    if values:
        tx.session.execute(sa.insert(product_table), values)


def _taken(tx: Transaction, wanted: list[tuple[str, str | None]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for start in range(0, len(wanted), 5_000):
        pair = sa.tuple_(product_table.c.gtin, product_table.c.serial)
        query = sa.select(product_table.c.gtin, product_table.c.serial).where(pair.in_(wanted[start : start + 5_000]))
        found.update((gtin, serial) for gtin, serial in tx.session.execute(query))
    return found


def read_unit(tx: Transaction, product_id: str) -> Unit:
    """Raises NotFoundError."""
    row = tx.session.get(ProductRow, product_id)
    if row is None:
        msg = "no such product"
        raise NotFoundError(msg)
    return Unit(row, read_model(tx, row.gtin))


def read_units(tx: Transaction, product_ids: list[str]) -> list[Unit]:
    """The same of many, in their order. Raises NotFoundError when one of them is none."""
    query = sa.select(ProductRow, ModelRow).join(ModelRow, model_table.c.gtin == product_table.c.gtin)
    wanted = query.where(product_table.c.id.in_(set(product_ids)))
    found = {product.id: Unit(product, model) for product, model in tx.session.execute(wanted)}
    missing = next((one for one in product_ids if one not in found), None)
    if missing is not None:
        msg = f"no such product: {missing}"
        raise NotFoundError(msg)
    return [found[one] for one in product_ids]


def find_unit(tx: Transaction, gtin: str, serial: str) -> ProductRow | None:
    """The unit that a label names, when it is registered."""
    query = sa.select(ProductRow).where(product_table.c.gtin == gtin, product_table.c.serial == serial)
    return tx.session.execute(query).scalar_one_or_none()


def list_products(
    tx: Transaction,
    *,
    query: str | None,
    state: str | None,
    after: str | None,
    limit: int,
    ids: list[str] | None = None,
) -> list[Any]:
    """Units in the order of their registration, newest first. query: the beginning of a serial, or a GTIN."""
    statement = sa.select(product_table).order_by(product_table.c.id.desc()).limit(limit)
    if query:
        like = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(
            sa.or_(product_table.c.serial.like(like, escape="\\"), product_table.c.gtin == query)
        )
    if state:
        statement = statement.where(product_table.c.state == state)
    if ids is not None:
        statement = statement.where(product_table.c.id.in_(ids))
    if after:
        statement = statement.where(product_table.c.id < after)
    return list(tx.session.execute(statement).all())


def retire(tx: Transaction, product_id: str) -> None:
    """Takes a unit out of use: its messages are refused from now on. Raises NotFoundError, RetiredError.

    Its owner and its identity end elsewhere: `cloud/ownership/returns.py` does the whole of it.
    """
    unit = read_unit(tx, product_id)
    if unit.product.state == "retired":
        raise RetiredError
    unit.product.state = "retired"
    tx.session.flush()
    tx.changes.products.add(product_id)


def place_in_shop(tx: Transaction, product_id: str, shop_id: str | None) -> None:
    """Makes the unit a demo unit of a shop, or takes it out of there.

    Raises NotFoundError, ConflictError for a unit that has an owner: what stands in a shop is nobody's.
    """
    read_unit(tx, product_id)
    here = sa.update(product_table).where(product_table.c.id == product_id)
    free = here if shop_id is None else here.where(product_table.c.owner_person_id.is_(None))
    done = tx.session.execute(free.values(shop_id=shop_id))
    tx.session.expire_all()
    if done.rowcount != 1:  # type: ignore[attr-defined]  # a cursor result has it
        msg = "this product has an owner"
        raise ConflictError(msg)
    tx.changes.products.add(product_id)


def take_ownership(tx: Transaction, product_id: str, person_id: str) -> bool:
    """Compare-and-set: true for the one caller that finds the unit without an owner, and in no shop."""
    free = sa.update(product_table).where(
        product_table.c.id == product_id, product_table.c.owner_person_id.is_(None), product_table.c.shop_id.is_(None)
    )
    done = tx.session.execute(free.values(owner_person_id=person_id))
    tx.session.expire_all()
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a cursor result has it


def move_ownership(tx: Transaction, product_id: str, giver: str, receiver: str | None) -> bool:
    """Compare-and-set: true for the one caller that finds the unit still the giver's. receiver: None for nobody."""
    theirs = sa.update(product_table).where(product_table.c.id == product_id, product_table.c.owner_person_id == giver)
    done = tx.session.execute(theirs.values(owner_person_id=receiver))
    tx.session.expire_all()
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a cursor result has it


def set_claim_code(tx: Transaction, product_id: str, claim_hash: bytes) -> None:
    """The unit's claim code is another one from now on."""
    tx.session.execute(sa.update(product_table).where(product_table.c.id == product_id).values(claim_hash=claim_hash))
    tx.session.expire_all()


def drop_ownership(tx: Transaction, person_id: str) -> list[str]:
    """Cuts every unit from this person; the ids of those."""
    owned = list(
        tx.session.execute(sa.select(product_table.c.id).where(product_table.c.owner_person_id == person_id)).scalars()
    )
    tx.session.execute(
        sa.update(product_table).where(product_table.c.owner_person_id == person_id).values(owner_person_id=None)
    )
    tx.session.expire_all()
    return owned


def states_of(tx: Transaction, product_ids: list[str]) -> dict[str, str]:
    """The state of each of the ids that names a unit."""
    if not product_ids:
        return {}
    rows = asked(tx, _STATES[tx.sqlite], product_ids)
    profiles = tx.memo.setdefault(_PROFILES, {})
    profiles.update({product_id: profile for product_id, _, profile in rows})
    return {product_id: state for product_id, state, _ in rows}


_STATES: Final[Mapping[bool, str]] = {
    False: (
        "SELECT product.id, product.state, model.profile FROM product JOIN model ON model.gtin = product.gtin "
        "WHERE product.id = ANY(CAST(%s AS TEXT[]))"
    ),
    True: (
        "SELECT product.id, product.state, model.profile FROM product JOIN model ON model.gtin = product.gtin "
        "WHERE product.id IN (SELECT value FROM json_each(?))"
    ),
}
"""By whether it is SQLite."""


def profiles_of(tx: Transaction, product_ids: list[str]) -> dict[str, Profile]:
    """The profile of each unit, by its model; both never change."""
    known: dict[str, str] = tx.memo.get(_PROFILES, {})
    if not all(product_id in known for product_id in product_ids):
        states_of(tx, product_ids)
        known = tx.memo[_PROFILES]
    return {product_id: load_profile(known[product_id]) for product_id in product_ids if product_id in known}


def as_json(row: Any, base_url: str) -> dict[str, Json]:
    """A unit as operators see it. Whose it is, is not in it."""
    return {
        "id": row.id,
        "gtin": row.gtin,
        "serial": row.serial,
        "state": row.state,
        "uri": gs1.digital_link(base_url, gs1.Gtin(row.gtin), gs1.Serial(row.serial)),
        "claimed": row.owner_person_id is not None,
        "shop_id": row.shop_id,
        "beacon_uid": row.beacon_uid,
        "created_at": row.created_at,
    }
