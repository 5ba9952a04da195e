"""HTTP of devices: tokens and ends for operators, enrolment and renewal for devices, the authority for all. Thin."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from broker.contract.errors import ThroughlineError
from cloud.db import Transaction
from cloud.identity import authority, devices, enrolment
from cloud.identity.authority_files import Authority, AuthorityFiles
from cloud.identity.enrolment import Enrolled, Terms
from cloud.identity.permissions import Permission
from cloud.metrics import catalogue
from cloud.settings import Settings
from cloud.web import Call, Context, Page, Time, calls, context_of
from mobile_menu.limits import Gate, Limit

ENROLMENTS: Final = Limit(burst=600, per_minute=300)
"""A factory enrols its units from one address; a token of 256 bits is not guessed at any rate."""
PEM: Final = "application/x-pem-file"
LISTED_EVERY_S: Final = 60
"""A list that nothing was added to is signed anew at most so often."""

api = APIRouter(prefix="/api/v1", tags=["identity"])
public = APIRouter(tags=["devices"])
Enrol = Annotated[Call, calls(Permission.DEVICES_ENROL)]
Revoke = Annotated[Call, calls(Permission.DEVICES_REVOKE)]
Read = Annotated[Call, calls(Permission.UNITS_READ)]
Parts = Annotated[Context, Depends(context_of)]


class TokenOut(BaseModel):
    """token: shown this once; `POST /enrol` takes it, once, until it expires."""

    token: str
    expires_at: datetime


class CertificateOut(BaseModel):
    """serial, fingerprint: hex. valid_until: its end, or the end of its grace once it was renewed."""

    serial: str
    fingerprint: str
    created_at: datetime
    not_after: datetime
    valid_until: datetime
    revoked_at: datetime | None


class EnrolIn(BaseModel):
    """csr: PKCS#10 in PEM, a key on P-256. What it says besides its key is not looked at."""

    token: Annotated[str, Field(min_length=1, max_length=128)]
    csr: Annotated[str, Field(min_length=1, max_length=16_384)]


class RenewIn(BaseModel):
    """certificate: the current one, PEM. signature: ECDSA with SHA-256, DER in base64, by its key over four lines:
    `throughline certificate renewal 1`, the SHA-256 of the certificate's DER and of the request's DER in hex, and `at`
    in UTC and whole seconds; each line ends with a line feed.
    """

    certificate: Annotated[str, Field(min_length=1, max_length=16_384)]
    csr: Annotated[str, Field(min_length=1, max_length=16_384)]
    at: Time
    signature: Annotated[str, Field(min_length=1, max_length=256)]


class CertifiedOut(BaseModel):
    """certificate, chain: PEM; the chain is the issuing authority and the root. renew_at: when to ask for the next."""

    product_id: str
    certificate: str
    chain: str
    not_after: datetime
    renew_at: datetime


class EnrolledOut(CertifiedOut):
    """beacon_uid, beacon_key: hex, for the unit's ephemeral ids (Eddystone-EID)."""

    beacon_uid: str
    beacon_key: str


# --- operators ---


@api.post("/products/{product_id}/enrolment", status_code=201)
def issue_token(product_id: str, call: Enrol) -> TokenOut:
    """A one-time token to enrol the unit with; an older one ends with it."""
    lasts = timedelta(hours=call.context.settings.enrolment_hours)

    def use_case(tx: Transaction) -> TokenOut:
        return TokenOut(**msgspec.structs.asdict(enrolment.issue_token(tx, product_id, lasts)))

    return call.write(TokenOut, use_case)


@api.get("/products/{product_id}/certificates")
def list_certificates(product_id: str, call: Read) -> Page[CertificateOut]:
    """The unit's certificates, the newest first."""

    def read(tx: Transaction) -> Page[CertificateOut]:
        return Page(items=[_certificate_out(row) for row in devices.certificates_of(tx, product_id)], next=None)

    return call.read(read)


@api.post("/products/{product_id}/revoke", status_code=204)
def revoke(product_id: str, call: Revoke) -> None:
    """Ends the unit's identity: its password, its certificates and an open enrolment token. Its connection drops."""
    call.write(type(None), lambda tx: devices.revoke(tx, product_id))


def _certificate_out(row: Any) -> CertificateOut:
    return CertificateOut(
        serial=row.serial,
        fingerprint=row.fingerprint.hex(),
        created_at=row.created_at,
        not_after=row.not_after,
        valid_until=row.valid_until,
        revoked_at=row.revoked_at,
    )


# --- devices ---


async def _admit(request: Request) -> None:
    """Raises TooManyAttemptsError for an address that asks too often."""
    gate: Gate = request.app.state.enrol_gate
    gate.enter(request.client.host if request.client else "")


_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    403: {"description": "The token, or the certificate, is not valid here; nothing says why"},
    409: {"description": "The device's clock is off, or the unit has too many certificates"},
    503: {"description": "There is no certificate authority yet"},
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: _REFUSALS[status] for status in statuses}


@public.post("/enrol", status_code=201, dependencies=[Depends(_admit)], responses=_refusals(403, 503))
def enrol(body: EnrolIn, parts: Parts, request: Request) -> EnrolledOut:
    """A device's first certificate, for its one-time token. Who asks again soon with the same key gets the same."""
    known = _authority(request)
    terms = terms_of(parts.settings)

    def use_case(tx: Transaction) -> EnrolledOut:
        made = enrolment.enrol(tx, known, terms, body.token, body.csr)
        beacon = enrolment.beacon_of(tx, parts.keys, made.product_id)
        return EnrolledOut(**_certified(made), beacon_uid=beacon.uid, beacon_key=beacon.key.hex())

    with _counted(parts, "enrolled"):
        return parts.db.run(use_case)


@public.post("/enrol/renew", status_code=201, dependencies=[Depends(_admit)], responses=_refusals(403, 409, 503))
def renew(body: RenewIn, parts: Parts, request: Request) -> CertifiedOut:
    """A device's next certificate, for a signature by the key of its current one, which stays valid."""
    known = _authority(request)
    terms = terms_of(parts.settings)

    def use_case(tx: Transaction) -> CertifiedOut:
        given = body.model_dump()
        return CertifiedOut(**_certified(enrolment.renew(tx, known, terms, **given)))

    with _counted(parts, "renewed"):
        return parts.db.run(use_case)


@contextlib.contextmanager
def _counted(parts: Context, outcome: str) -> Iterator[None]:
    """Counts what becomes of the request."""
    try:
        yield
    except ThroughlineError:
        parts.meters.add(catalogue.ENROLMENTS, label="refused")
        raise
    parts.meters.add(catalogue.ENROLMENTS, label=outcome)


def terms_of(settings: Settings) -> Terms:
    """What the settings say of certificates."""
    grace = timedelta(hours=settings.certificate_grace_hours) if settings.certificate_grace_hours else None
    return Terms(settings.url, timedelta(days=settings.certificate_days), grace)


def _certified(made: Enrolled) -> dict[str, Any]:
    return msgspec.structs.asdict(made)


def _authority(request: Request) -> Authority:
    """Raises NoAuthorityError."""
    files: AuthorityFiles = request.app.state.authority
    return files()


# --- everybody ---


class RevocationLists:
    """The lists as they were signed last; signed anew when something has ended since, or a minute has passed."""

    def __init__(self) -> None:
        self._signed: tuple[tuple[object, ...], bytes] | None = None

    def __call__(self, tx: Transaction, known: Authority) -> bytes:
        state = (devices.newest_mark(tx), int(tx.now.timestamp()) // LISTED_EVERY_S, len(known.issuers))
        signed = self._signed
        if signed is None or signed[0] != state:
            signed = (state, devices.crl(tx, known))
            self._signed = signed
        return signed[1]


@public.get("/ca/root.pem", response_class=Response, responses=_refusals(503))
def read_root(request: Request) -> Response:
    """The root's certificate: what a device trusts."""
    return _pem(authority.pem(_authority(request).root), max_age_s=3600)


@public.get("/ca/chain.pem", response_class=Response, responses=_refusals(503))
def read_chain(request: Request) -> Response:
    """The issuing authority and the root: what a broker verifies devices by."""
    return _pem(_authority(request).chain, max_age_s=3600)


@public.get("/ca/crl.pem", response_class=Response, responses=_refusals(503))
def read_revoked(parts: Parts, request: Request) -> Response:
    """What was revoked: one list for each issuing authority."""
    lists: RevocationLists = request.app.state.revocation_lists
    known = _authority(request)
    with parts.db.reading() as tx:
        return _pem(lists(tx, known), max_age_s=LISTED_EVERY_S)


def _pem(content: str | bytes, *, max_age_s: int) -> Response:
    return Response(content, media_type=PEM, headers={"Cache-Control": f"public, max-age={max_age_s}"})


def routers() -> tuple[APIRouter, ...]:
    return (api, public)
