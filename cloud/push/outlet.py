"""The way out: a POST to a push service (RFC 8030), over TLS that is checked, which follows no redirect."""

import math
import os
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.push import sealing
from cloud.push.rules import endpoint_is_allowed

TIMEOUT_S: Final = 10.0
LONGEST_WAIT: Final = timedelta(hours=1)


class Parcel(NamedTuple):
    """What is to be sent where. topic: 32 characters at most; a push service keeps the newest of each."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    content: bytes
    topic: str
    urgent: bool
    lasts: timedelta


class Taken(NamedTuple):
    """The push service has it."""


class Gone(NamedTuple):
    """This browser is not reached there any more: it is not to be tried again."""


class Refused(NamedTuple):
    """The push service will not take this message, however often it is asked. status: HTTP's."""

    status: int


class Later(NamedTuple):
    """It could not be sent now. wait: what the push service asks for, if it does."""

    wait: timedelta | None = None


Fate = Taken | Gone | Refused | Later


class Outlet(Protocol):
    def send(self, parcel: Parcel, now: datetime) -> Fate:
        """Hands it over. Raises nothing that a push service can bring about."""

    def close(self) -> None:
        """Lets go of its connections."""


class PushServices:
    """All of them, by one client, which keeps connections. services: as `endpoint_is_allowed` has them; no other host
    is called, whatever was allowed once. contact: whom a push service may write to, mailto: or https:.
    """

    def __init__(self, services: tuple[str, ...], key: sealing.PrivateKey, contact: str, ca_file: str = "") -> None:
        self._services = services
        self._key = key
        self._contact = contact
        tls = ssl.create_default_context(cafile=ca_file or None)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._client = httpx.Client(verify=tls, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    def send(self, parcel: Parcel, now: datetime) -> Fate:
        if not endpoint_is_allowed(parcel.endpoint, self._services):
            return Gone()
        own, salt = ec.generate_private_key(sealing.CURVE), os.urandom(sealing.SALT_BYTES)
        body = sealing.seal(parcel.content, parcel.p256dh, parcel.auth, own=own, salt=salt, padded=sealing.PADDED_BYTES)
        parts = urlsplit(parcel.endpoint)
        headers = {
            "Authorization": sealing.signed(self._key, f"{parts.scheme}://{parts.netloc}", self._contact, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, math.floor(parcel.lasts.total_seconds()))),
            "Urgency": "high" if parcel.urgent else "normal",
            "Topic": parcel.topic,
        }
        try:
            # Of the answer only the status counts: its body is not even read.
            with self._client.stream("POST", parcel.endpoint, content=body, headers=headers) as answer:
                return _fate(answer.status_code, answer.headers.get("retry-after", ""), now)
        except (httpx.HTTPError, httpx.InvalidURL):
            return Later()

    def close(self) -> None:
        self._client.close()


def _fate(status: int, retry_after: str, now: datetime) -> Fate:
    if 200 <= status < 300:
        return Taken()
    if status in {404, 410}:
        return Gone()
    if status == 429 or status >= 500:
        return Later(_wait(retry_after, now))
    return Refused(status)


def _wait(retry_after: str, now: datetime) -> timedelta | None:
    """Retry-After in its two forms (RFC 9110, 10.2.3), and no longer than an hour."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(timedelta(seconds=int(retry_after[:9])), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), LONGEST_WAIT)
