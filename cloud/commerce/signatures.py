"""Who sent this webhook? Signatures of shops and carriers, each in its own form. Pure: the time is given.

A wrong signature is a value. What the body says is `carriers.py`'s affair, and it is read only after this. Secrets
come as a list, so that an old one and a new one hold side by side while they are changed.
"""

import base64
import binascii
import hmac
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may be from ours, either way (what the Standard Webhooks libraries allow)."""

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the beginning of every secret, and none itself
_MAX_SIGNATURES: Final = 16


class Verified(NamedTuple):
    """The sender holds the secret.

    id: the message's own, for noticing repetition. at: the signed time. Each None where the scheme signs none; then
    the event's id in the body guards against replay.
    """

    id: str | None
    at: datetime | None


class SignatureProblem(NamedTuple):
    """Why the message is not to be believed. detail holds nothing secret."""

    code: Literal["missing_signature", "bad_signature", "old_signature"]
    detail: str


Verifier = Callable[[Sequence[str], Mapping[str, str], bytes, datetime], Verified | SignatureProblem]
"""Takes secrets, headers, the raw body and the time now (timezone-aware)."""


def verify_standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Verified | SignatureProblem:
    """Standard Webhooks 1.0.0, symmetric (`v1`). Raises ValueError for a secret that is not `whsec_` and base64."""
    keys = [_standard_key(secret) for secret in secrets]
    message_id, stamp, given = (_header(headers, f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not (message_id and stamp and given):
        return _missing("webhook-id, webhook-timestamp and webhook-signature")
    at = _time(stamp)
    if at is None:
        return _bad("webhook-timestamp is no time")
    signed = f"{message_id}.{stamp}.".encode("utf-8", "surrogatepass") + body
    offered = [part.removeprefix("v1,") for part in given.split()[:_MAX_SIGNATURES] if part.startswith("v1,")]
    if not _any_equal((base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys), offered):
        return _bad("no signature fits")
    return _fresh(message_id, at, now)


def sign_standard(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks for `body`. Raises ValueError for a secret that is none."""
    stamp = str(int(at.timestamp()))
    digest = hmac.digest(_standard_key(secret), f"{message_id}.{stamp}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def verify_easypost(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, _now: datetime
) -> Verified | SignatureProblem:
    """EasyPost: hexadecimal HMAC of the body, the secret in Unicode's NFKD form. Signs neither id nor time."""
    given = _header(headers, "x-hmac-signature")
    if not given:
        return _missing("X-Hmac-Signature")
    keys = [unicodedata.normalize("NFKD", secret).encode() for secret in secrets]
    right = ("hmac-sha256-hex=" + hmac.digest(key, body, "sha256").hex() for key in keys)
    return Verified(None, None) if _any_equal(right, [given]) else _bad("the signature does not fit")


def verify_shippo(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Verified | SignatureProblem:
    """Shippo: `t=<unix>,v1=<hexadecimal HMAC of "<t>.<body>">`, as public integrations describe it. Signs no id."""
    given = _header(headers, "shippo-auth-signature")
    if not given:
        return _missing("Shippo-Auth-Signature")
    pairs = [part.strip().partition("=") for part in given.split(",")[:_MAX_SIGNATURES]]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    at = _time(stamp)
    if at is None:
        return _bad("t is no time")
    signed = f"{stamp}.".encode() + body
    right = (hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets)
    if not _any_equal(right, [value for name, _, value in pairs if name == "v1"]):
        return _bad("the signature does not fit")
    return _fresh(None, at, now)


def verify_aftership(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, _now: datetime
) -> Verified | SignatureProblem:
    """AfterShip: base64 HMAC of the body, as public integrations describe it. Signs neither id nor time."""
    given = _header(headers, "aftership-hmac-sha256")
    if not given:
        return _missing("aftership-hmac-sha256")
    right = (base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode() for secret in secrets)
    return Verified(None, None) if _any_equal(right, [given]) else _bad("the signature does not fit")


CARRIER_VERIFIERS: Final[Mapping[str, Verifier]] = {
    "easypost": verify_easypost,
    "shippo": verify_shippo,
    "aftership": verify_aftership,
}
"""By the name in `/hooks/carrier/{carrier}`."""


def _standard_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        msg = "a secret of Standard Webhooks is `whsec_` and base64"
        raise ValueError(msg) from error
    if not key:
        msg = "a secret of Standard Webhooks may not be empty"
        raise ValueError(msg)
    return key


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _time(stamp: str) -> datetime | None:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):
        return None
    return datetime.fromtimestamp(int(stamp), UTC)


def _any_equal(right: Iterator[str], offered: Sequence[str]) -> bool:
    """Compares each with each and does not stop at the first that fits, so that the time taken tells nothing."""
    answers = [
        hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogatepass")) for one in right for other in offered
    ]
    return any(answers)


def _fresh(message_id: str | None, at: datetime, now: datetime) -> Verified | SignatureProblem:
    """The time is judged last: only the sender's own time is worth a word about."""
    if abs(now - at) > TOLERANCE:
        side = "before" if at < now else "after"
        minutes = int(TOLERANCE.total_seconds() // 60)
        return SignatureProblem("old_signature", f"signed at {at.isoformat()}, more than {minutes} minutes {side} now")
    return Verified(message_id, at)


def _missing(names: str) -> SignatureProblem:
    return SignatureProblem("missing_signature", f"needs the header {names}")


def _bad(detail: str) -> SignatureProblem:
    return SignatureProblem("bad_signature", detail)
