"""A parcel carrier that speaks as EasyPost does: `tracker.updated` events with an HMAC over the raw body."""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import httpx
import msgspec

from broker.contract.ids import new_id
from broker.contract.messages import Json
from device_sim.calls import Caller, Outsider
from device_sim.device import utc_now

Status = Literal[
    "unknown",
    "pre_transit",
    "in_transit",
    "out_for_delivery",
    "delivered",
    "available_for_pickup",
    "return_to_sender",
    "failure",
    "cancelled",
    "error",
]

USUAL_WAY: Final[tuple[Status, ...]] = ("pre_transit", "in_transit", "out_for_delivery", "delivered")
_DETAILS: Final[dict[Status, tuple[str, str]]] = {
    "pre_transit": ("label_created", "Shipping label created"),
    "in_transit": ("arrived_at_facility", "Arrived at the sorting centre"),
    "out_for_delivery": ("out_for_delivery", "With the driver"),
    "delivered": ("arrived_at_destination", "Delivered"),
    "failure": ("unable_to_deliver", "Delivery failed"),
    "return_to_sender": ("return", "On its way back"),
}
_CITIES: Final[dict[Status, str]] = {
    "pre_transit": "Rotterdam",
    "in_transit": "Utrecht",
    "out_for_delivery": "Amersfoort",
    "delivered": "Amersfoort",
    "failure": "Amersfoort",
    "return_to_sender": "Utrecht",
}


class Scan(msgspec.Struct, frozen=True):
    """One line of the parcel's story."""

    status: Status
    at: datetime


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    tracking_code: str
    promised_at: datetime | None = None
    scans: tuple[Scan, ...] = ()

    @property
    def status(self) -> Status:
        return self.scans[-1].status if self.scans else "unknown"


def moved(parcel: Parcel, status: Status, at: datetime, promised_at: datetime | None = None) -> Parcel:
    """The parcel with one more scan, and perhaps another promise."""
    return msgspec.structs.replace(
        parcel, scans=(*parcel.scans, Scan(status, at)), promised_at=promised_at or parcel.promised_at
    )


def tracker_event(parcel: Parcel, event_id: str, at: datetime, carrier: str = "SimParcel") -> dict[str, Json]:
    """The Event object of `tracker.updated` for the parcel as it is."""
    before = parcel.scans[-2].status if len(parcel.scans) > 1 else "unknown"
    promised = _rfc3339(parcel.promised_at) if parcel.promised_at else None
    tracker = {
        "id": f"trk_{parcel.tracking_code}",
        "object": "Tracker",
        "mode": "test",
        "tracking_code": parcel.tracking_code,
        "status": parcel.status,
        "status_detail": _detail(parcel.status)[0],
        "created_at": _rfc3339(parcel.scans[0].at if parcel.scans else at),
        "updated_at": _rfc3339(parcel.scans[-1].at if parcel.scans else at),
        "est_delivery_date": promised,
        "carrier": carrier,
        "tracking_details": [_tracking_detail(scan, carrier) for scan in parcel.scans],
        "finalized": parcel.status in {"delivered", "cancelled"},
        "is_return": parcel.status == "return_to_sender",
        "public_url": f"https://track.example/{parcel.tracking_code}",
    }
    return {
        "id": event_id,
        "object": "Event",
        "mode": "test",
        "description": "tracker.updated",
        "created_at": _rfc3339(at),
        "updated_at": _rfc3339(at),
        "previous_attributes": {"status": before},
        "status": "pending",
        "pending_urls": [],
        "completed_urls": [],
        "result": tracker,
    }


def signature(secret: str, body: bytes) -> str:
    """The value of `X-Hmac-Signature`: the secret is normalised (NFKD) before it becomes the key."""
    key = unicodedata.normalize("NFKD", secret).encode()
    return f"hmac-sha256-hex={hmac.new(key, body, hashlib.sha256).hexdigest()}"


class Carrier(Outsider):
    """One carrier. Each news of a parcel is one event; the same can be sent again, or news held back and mixed up."""

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        path: str = "/hooks/carrier/easypost",
        clock: Callable[[], datetime] = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(Caller(base_url, transport=transport))
        self._secret, self._path, self._clock = secret, path, clock

    async def accept(self, tracking_code: str, promised_in: timedelta = timedelta(days=3)) -> Parcel:
        """Takes a parcel and says so."""
        return await self.move(
            Parcel(tracking_code=tracking_code, promised_at=self._clock() + promised_in), "pre_transit"
        )

    async def move(self, parcel: Parcel, status: Status, *, promised_at: datetime | None = None) -> Parcel:
        """Scans the parcel in its next status, now, and says so."""
        # Receivers order news by this time, so no two scans of a parcel have the same.
        earliest = parcel.scans[-1].at + timedelta(milliseconds=1) if parcel.scans else self._clock()
        parcel = moved(parcel, status, max(self._clock(), earliest), promised_at)
        await self.send(self.news(parcel))
        return parcel

    async def deliver(self, parcel: Parcel) -> Parcel:
        """Takes it the rest of the usual way."""
        done = {scan.status for scan in parcel.scans}
        for status in USUAL_WAY:
            if status not in done:
                parcel = await self.move(parcel, status)
        return parcel

    def news(self, parcel: Parcel) -> bytes:
        """The event's body, unsent: what is sent twice is the same event."""
        at = self._clock()
        return msgspec.json.encode(tracker_event(parcel, f"evt_{new_id(at)}", at))

    async def send(self, *bodies: bytes) -> None:
        """Sends them in the order given, whatever happened first."""
        for body in bodies:
            headers = {"X-Hmac-Signature": signature(self._secret, body), "Content-Type": "application/json"}
            await self._http.call("POST", self._path, content=body, headers=headers)

    async def send_badly(self, bodies: Sequence[bytes]) -> None:
        """The newest first, and everything twice: a receiver must end where it would have ended anyway."""
        await self.send(*reversed(bodies), *bodies)


def _detail(status: Status) -> tuple[str, str]:
    return _DETAILS.get(status, ("unknown", status.replace("_", " ").capitalize()))


def _tracking_detail(scan: Scan, carrier: str) -> dict[str, Json]:
    code, text = _detail(scan.status)
    return {
        "object": "TrackingDetail",
        "message": text,
        "description": text,
        "status": scan.status,
        "status_detail": code,
        "datetime": _rfc3339(scan.at),
        "source": carrier,
        "tracking_location": _location(scan.status),
    }


def _location(status: Status) -> dict[str, Json]:
    city = _CITIES.get(status)
    where = {"city": city, "state": None, "country": "NL" if city else None, "zip": None}
    return {"object": "TrackingLocation", **where}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
