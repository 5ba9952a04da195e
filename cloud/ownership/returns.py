"""A unit comes back, or is taken out of use: what an operator confirms."""

import msgspec

from cloud.db import Transaction
from cloud.errors import RetiredError
from cloud.identity import devices
from cloud.lifecycle import service as lifecycle
from cloud.ownership import claim_codes, handover
from cloud.record import service as record
from cloud.record.events import CloseReason, Event, EventType
from cloud.registry import service as registry
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """claim_code: for whoever gets the unit next; shown this once."""

    product_id: str
    claim_code: str


def take_back(tx: Transaction, keys: Keys, product_id: str) -> TakenBack:
    """The unit has come in: it is nobody's, begins anew, and can be sold again.

    Raises NotFoundError, RetiredError.
    """
    unit = _held(tx, product_id)
    for one in lifecycle.open_with(tx, product_id):
        if one.person_id == unit.owner_person_id:
            _note_received(tx, one)
    _end(tx, unit, CloseReason.RETURNED)
    return TakenBack(product_id=product_id, claim_code=claim_codes.make(tx, keys, product_id))


def retire(tx: Transaction, product_id: str) -> None:
    """Takes the unit out of use: it is nobody's, what it says is refused, and its password, its certificates and an
    open token end. Raises NotFoundError, RetiredError.
    """
    unit = _held(tx, product_id)
    _end(tx, unit, CloseReason.RETIRED)
    registry.retire(tx, product_id)
    devices.revoke(tx, product_id)


def _held(tx: Transaction, product_id: str) -> ProductRow:
    registry.read_unit(tx, product_id)
    record.lock(tx, {product_id})
    tx.session.expire_all()
    unit = registry.read_unit(tx, product_id).product
    if unit.state == "retired":
        raise RetiredError
    return unit


def _end(tx: Transaction, unit: ProductRow, reason: CloseReason) -> None:
    if unit.owner_person_id is not None:
        registry.move_ownership(tx, unit.id, unit.owner_person_id, None)
    handover.begin_anew(tx, unit.id, reason, "operator")


def _note_received(tx: Transaction, journey: lifecycle.Journey) -> None:
    asked = journey.facts.returned
    version = asked.version if asked else max((order.version for order in journey.facts.orders.values()), default=1)
    received = Event(
        id=f"returned:{journey.id}:{version}",
        type=EventType.RETURN_RECEIVED,
        at=tx.now,
        source="operator",
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
        data={"version": version},
    )
    record.append(tx, [received])
