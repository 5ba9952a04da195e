"""What the record holds, in the form in which the phone gets it: `mobile_menu.ports`."""

from datetime import datetime
from typing import Any

from broker.contract.ibeacon import ibeacon_id
from broker.contract.stages import Stage
from cloud import situations
from cloud.care import service as care
from cloud.db import Transaction
from cloud.identity import phones
from cloud.lifecycle import service as lifecycle
from cloud.registry.service import read_model
from cloud.secrets import Keys
from mobile_menu.ports import (
    BeaconTarget,
    CaseMessage,
    CaseThread,
    Fence,
    JourneySummary,
    SessionStarted,
    ZoneState,
)
from mobile_menu.rules.situation import Shop

RSSI_AT_1M_DBM = -59
"""What our beacons are calibrated to; a convention, not a law."""


def started_of(pair: phones.Pair, now: datetime) -> SessionStarted:
    """A pair of tokens, as the phone gets it."""
    return SessionStarted(
        token=pair.token,
        expires_at=pair.expires_at,
        expires_in_s=max(0, int((pair.expires_at - now).total_seconds())),
        refresh_token=pair.refresh_token,
        refresh_expires_at=pair.refresh_expires_at,
    )


def summary_of(tx: Transaction, one: situations.Listed) -> JourneySummary:
    """A line in the list of journeys."""
    journey, unit = one.journey, one.unit
    model = read_model(tx, journey.gtin)
    return JourneySummary(
        id=journey.id,
        stage=Stage(journey.stage),
        role=one.role,
        model_name=model.name,
        profile=model.profile,
        serial=unit.serial if unit else "",
        product_id=unit.id if unit else journey.product_id or "",
    )


def beacons_of(tx: Transaction, journey: lifecycle.Journey, shops: list[Any]) -> list[BeaconTarget]:
    """What the phone may hear that matters to this journey."""
    found = []
    if journey.product_id is not None:
        unit = situations.unit_in_view(tx, journey, ZoneState())
        found += [_target("product", unit.id, unit.beacon_uid)] if unit else []
    else:
        units = situations.demo_units(tx, journey.gtin)
        found += [_target("demo_unit", row.id, row.beacon_uid, row.shop_id) for row in units]
    return found + [_target("shop", shop.id, shop.beacon_uid) for shop in shops]


def _target(subject: Any, subject_id: str, uid: str, shop_id: str = "") -> BeaconTarget:
    return BeaconTarget(
        ids=(f"eddystone-uid:{uid}", f"ibeacon:{ibeacon_id(uid)}"),
        subject=subject,
        subject_id=subject_id,
        rssi_at_1m_dbm=RSSI_AT_1M_DBM,
        shop_id=shop_id,
    )


def fence_of(row: Any) -> Fence:
    """A partner shop's place."""
    shop = Shop(id=row.id, name=row.name, address=row.address, url=row.url)
    return Fence(shop=shop, latitude=row.latitude, longitude=row.longitude, radius_m=row.radius_m)


def thread_of(tx: Transaction, keys: Keys, row: Any) -> CaseThread:
    """A case with all that was said in it."""
    messages = tuple(CaseMessage(**part) for part in care.messages(tx, keys, row))
    return CaseThread(
        id=row.id, journey_id=row.journey_id, status=row.status, opened_at=row.opened_at, messages=messages
    )
