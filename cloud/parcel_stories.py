"""Where a customer's parcel is, as the journal tells it: `mobile_menu.parcel_ports.ParcelPort`. One transaction."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from cloud.callers import own_journey
from cloud.db import Database, Transaction
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parcels import leading_parcel, parcel_state, tracking_url
from cloud.record import service as record
from cloud.record.event_data import ParcelChanged
from cloud.record.events import EventType
from cloud.registry.profiles import load_profile
from cloud.registry.service import read_model
from mobile_menu.parcel_ports import ParcelScan, ParcelStory
from mobile_menu.ports import Caller

MOST_SCANS = 100
"""Of one journey; the newest. No parcel has more, and a carrier that repeats itself fills no phone."""


class ParcelStories:
    """The port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def parcel(self, caller: Caller, journey_id: str) -> ParcelStory:
        with self._db.reading() as tx:
            return _story(tx, own_journey(tx, caller, journey_id))


def _story(tx: Transaction, journey: lifecycle.Journey) -> ParcelStory:
    leading = leading_parcel(journey.facts)
    if leading is None:
        return ParcelStory(journey=journey.id)
    told = [one for one in _told(tx, journey.id) if one.tracking_code == leading.tracking_code]
    return ParcelStory(
        journey=journey.id,
        state=parcel_state(journey.facts, load_profile(read_model(tx, journey.gtin).profile), tx.now),
        status=leading.status.value,
        current_at=leading.scan.at,
        carrier=leading.scan.carrier,
        tracking_code=leading.tracking_code,
        tracking_url=tracking_url(journey.facts, leading.tracking_code),
        promised_at=leading.promised_at,
        first_promised_at=_first_promise(told, leading.promised_at),
        scans=scans_of(told),
    )


def _told(tx: Transaction, journey_id: str) -> list[ParcelChanged]:
    """What carriers said of the journey's parcels, under every id that it had."""
    journal = record.journal
    query = (
        sa.select(journal.c.data)
        .where(journal.c.journey_id.in_(lifecycle.all_ids(tx, journey_id)), journal.c.type == EventType.PARCEL_CHANGED)
        .order_by(journal.c.seq.desc())
        .limit(MOST_SCANS)
    )
    return [msgspec.convert(data, ParcelChanged) for data in tx.session.execute(query).scalars()]


def scans_of(told: Iterable[ParcelChanged]) -> tuple[ParcelScan, ...]:
    """The scans, newest first. A carrier repeats its news, and sends them in any order: each scan is there once, with
    what was said of it in most words.
    """
    found: dict[tuple[datetime, str], ParcelScan] = {}
    for one in told:
        scan = ParcelScan(status=one.status.value, at=one.status_at, detail=one.detail, place=one.place)
        known = found.get((scan.at, scan.status))
        if known is None or len(known.detail + known.place) < len(scan.detail + scan.place):
            found[(scan.at, scan.status)] = scan
    return tuple(sorted(found.values(), key=lambda scan: (scan.at, scan.status), reverse=True))


def _first_promise(told: Iterable[ParcelChanged], now: datetime | None) -> datetime | None:
    """What was promised first, when it was another day than what is promised now."""
    promises = [(one.status_at, one.promised_at) for one in told if one.promised_at is not None]
    first = min(promises)[1] if promises else None
    return first if first is not None and now is not None and first.date() != now.date() else None
