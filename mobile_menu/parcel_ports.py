"""What the phone's view of a parcel needs of the record. The cloud implements it (`cloud/parcel_stories.py`)."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from mobile_menu.ports import Caller
from mobile_menu.rules.situation import ParcelState

ScanStatus = Literal[
    "unknown",
    "label_created",
    "in_transit",
    "stale",
    "attempt_failed",
    "failed",
    "out_for_delivery",
    "available_for_pickup",
    "cancelled",
    "returning",
    "delivered",
]
"""The carriers' words in one neutral language."""


class ParcelScan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. at: the carrier's time. detail, place: in the carrier's own words, empty when it said nothing."""

    status: ScanStatus
    at: datetime
    detail: str = ""
    place: str = ""


class ParcelStory(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parcel of a journey is, and how it got there.

    state: as the menu names it. status: of the scan that counts, and current_at its time; None when nothing was
    scanned. promised_at: the carrier's newest estimate; first_promised_at: its first one, when that was another day.
    tracking_url: the carrier's own page, https, or empty. scans: newest first.
    """

    journey: str
    state: ParcelState = ParcelState.NONE
    status: ScanStatus | None = None
    current_at: datetime | None = None
    carrier: str = ""
    tracking_code: str = ""
    tracking_url: str = ""
    promised_at: datetime | None = None
    first_promised_at: datetime | None = None
    scans: tuple[ParcelScan, ...] = ()


class ParcelPort(Protocol):
    def parcel(self, caller: Caller, journey_id: str) -> ParcelStory:
        """The parcel that the menu speaks of; one without scans when there is none. Raises JourneyUnknownError."""
