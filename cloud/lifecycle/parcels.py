"""What a parcel's scans mean together. Pure: the scans of one parcel came in any order, and some came late."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from cloud.lifecycle.facts import Facts, Parcel, Scan
from cloud.record.events import ParcelStatus
from cloud.registry.profiles import Profile
from mobile_menu.rules.situation import ParcelState

_PROGRESS: Final = (
    ParcelStatus.UNKNOWN,
    ParcelStatus.LABEL_CREATED,
    ParcelStatus.IN_TRANSIT,
    ParcelStatus.STALE,
    ParcelStatus.ATTEMPT_FAILED,
    ParcelStatus.FAILED,
    ParcelStatus.OUT_FOR_DELIVERY,
    ParcelStatus.AVAILABLE_FOR_PICKUP,
    ParcelStatus.CANCELLED,
    ParcelStatus.RETURNING,
    ParcelStatus.DELIVERED,
)
"""Of two scans at the same time, the one further on counts: carriers round their times."""

_FINAL: Final = frozenset({ParcelStatus.DELIVERED, ParcelStatus.RETURNING, ParcelStatus.CANCELLED})
_WENT_WRONG: Final = frozenset({ParcelStatus.FAILED, ParcelStatus.RETURNING, ParcelStatus.STALE})
_ON_TIME: Final = frozenset({ParcelStatus.AVAILABLE_FOR_PICKUP, ParcelStatus.CANCELLED, ParcelStatus.DELIVERED})

_MENU_STATE: Final[Mapping[ParcelStatus, ParcelState]] = MappingProxyType(
    {
        ParcelStatus.UNKNOWN: ParcelState.MOVING,
        ParcelStatus.LABEL_CREATED: ParcelState.LABEL,
        ParcelStatus.IN_TRANSIT: ParcelState.MOVING,
        ParcelStatus.STALE: ParcelState.FAILED,
        ParcelStatus.ATTEMPT_FAILED: ParcelState.MOVING,
        ParcelStatus.FAILED: ParcelState.FAILED,
        ParcelStatus.OUT_FOR_DELIVERY: ParcelState.OUT_FOR_DELIVERY,
        ParcelStatus.AVAILABLE_FOR_PICKUP: ParcelState.OUT_FOR_DELIVERY,
        ParcelStatus.CANCELLED: ParcelState.NONE,
        ParcelStatus.RETURNING: ParcelState.FAILED,
        ParcelStatus.DELIVERED: ParcelState.DELIVERED,
    }
)


class Standing(NamedTuple):
    """Where a parcel stands, by its deciding scan."""

    tracking_code: str
    status: ParcelStatus
    scan: Scan
    promised_at: datetime | None


def standing(tracking_code: str, parcel: Parcel) -> Standing:
    """The status that counts: the latest final one; else the latest of all but `unknown`.

    A final status (delivered, returning, cancelled) is left only for another final one: a scan of the journey that
    comes with a later time is a carrier's slip.
    """
    scans = parcel.scans
    known = (
        [status for status in scans if status in _FINAL]
        or [status for status in scans if status is not ParcelStatus.UNKNOWN]
        or list(scans)
    )
    status = max(known, key=lambda one: (scans[one].at, _PROGRESS.index(one)))
    promised_at = parcel.promise.promised_at if parcel.promise is not None else None
    return Standing(tracking_code, status, scans[status], promised_at)


def standings(facts: Facts) -> tuple[Standing, ...]:
    """Every parcel of the journey, by tracking code."""
    return tuple(standing(code, parcel) for code, parcel in sorted(facts.parcels.items()) if parcel.scans)


def leading_parcel(facts: Facts) -> Standing | None:
    """The one parcel to speak of: a delivered one, else the one that was scanned last."""
    found = standings(facts)
    return max(found, key=lambda one: (one.status is ParcelStatus.DELIVERED, one.scan.key), default=None)


def tracking_url(facts: Facts, tracking_code: str) -> str:
    """The carrier's page about the parcel, as the newest scan that names one says; empty when none does."""
    scans = facts.parcels[tracking_code].scans.values() if tracking_code in facts.parcels else ()
    newest = max((scan for scan in scans if scan.tracking_url), key=lambda scan: scan.key, default=None)
    return newest.tracking_url if newest is not None else ""


def late_from(parcel: Standing, grace: timedelta) -> datetime | None:
    """When the parcel became, or becomes, late or failed; None if it does not with what is known now."""
    if parcel.status in _WENT_WRONG:
        return parcel.scan.at
    if parcel.status in _ON_TIME or parcel.promised_at is None:
        return None
    return parcel.promised_at + grace


def parcel_state(facts: Facts, profile: Profile, now: datetime) -> ParcelState:
    """The leading parcel as the menu names it."""
    parcel = leading_parcel(facts)
    if parcel is None:
        return ParcelState.NONE
    state = _MENU_STATE[parcel.status]
    late = late_from(parcel, profile.thresholds.parcel_late_grace)
    return ParcelState.LATE if state is not ParcelState.FAILED and late is not None and late <= now else state
