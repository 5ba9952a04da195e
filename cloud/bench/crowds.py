"""Who holds the phones of a bench: sessions and journeys by the thousand, made by the system's own services."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from broker.contract.codec import encode
from broker.contract.messages import Birth
from broker.contract.stages import Role
from broker.contract.topics import Up, up_topic
from cloud.bench import messages
from cloud.bench.customer import Customer
from cloud.bench.phones import Phone
from cloud.bench.stand import GTIN, Stand
from cloud.commerce import partners
from cloud.db import Transaction
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.service import journey_table
from cloud.registry import service as registry
from cloud.twin import ingest

AT_ONCE: Final = 200
"""Made in one transaction."""
One = TypeVar("One")
Made = TypeVar("Made")


def of_one_journey(here: Stand, customer: Customer, count: int) -> list[Phone]:
    """So many phones of one person, each with a session of its own, with the same journey open."""
    query = sa.select(journey_table.c.person_id).where(journey_table.c.id == customer.journey_id)

    def opened(tx: Transaction, part: Sequence[int]) -> list[Phone]:
        person_id = str(tx.session.execute(query).scalar_one())
        return [Phone(phones.open_phone(tx, here.keys, person_id).token, customer.journey_id) for _ in part]

    return _made(here, range(count), opened)


def of_units(here: Stand, product_ids: Sequence[str]) -> list[Phone]:
    """A phone for each of these, which may be the same: of somebody with a journey of their own, who scanned it."""

    def opened(tx: Transaction, part: Sequence[str]) -> list[Phone]:
        return [_visitor(tx, here, product_id) for product_id in part]

    return _made(here, product_ids, opened)


def _visitor(tx: Transaction, here: Stand, product_id: str) -> Phone:
    person_id = identity.new_person(tx, here.keys)
    journey = lifecycle.open_journey(tx, person_id, GTIN, product_id, Role.VISITOR, "phone")
    return Phone(phones.open_phone(tx, here.keys, person_id).token, journey.id)


def demo_unit(here: Stand, number: int) -> Customer:
    """The unit stands in a shop, has reported, and can connect; nobody's, so with no token and no journey."""
    unit = here.units[number]

    def stand(tx: Transaction) -> str:
        place = {"latitude": 37.4, "longitude": -122.1, "radius_m": 100.0}
        shop = partners.create_shop(tx, name="Bench", address="1 Main", url="https://shop.example", **place)
        registry.place_in_shop(tx, unit.id, shop.id)
        return identity.issue_credential(tx, here.keys, unit.id).password

    password = here.db.run(stand)
    spoken(here, [unit.id])
    return Customer("", "", unit.id, password)


def spoken(here: Stand, product_ids: Sequence[str]) -> None:
    """These have reported, and are well."""
    at = datetime.now(UTC)
    birth = encode(Birth(boot=1, seq=1, at=at, firmware="1.0", profile="printer", connection=1))
    said = [(Up.BIRTH, birth), (Up.STATUS, messages.status(1, 2, at))]

    def take(tx: Transaction, part: Sequence[str]) -> list[None]:
        ingest.take(tx, [(up_topic(product_id, kind), payload) for product_id in part for kind, payload in said])
        return []

    _made(here, product_ids, take)


def _made(here: Stand, every: Sequence[One], make: Callable[[Transaction, Sequence[One]], list[Made]]) -> list[Made]:
    found: list[Made] = []
    for start in range(0, len(every), AT_ONCE):
        part = every[start : start + AT_ONCE]
        found += here.db.run(lambda tx, part=part: make(tx, part))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    return found
