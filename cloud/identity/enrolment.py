"""How a unit comes to a certificate: the first with a one-time token, the next with the key of the one before.

Wrong tokens, and signatures that a stranger could make, all get the same answer. What is asked again because the answer
was lost gets the same certificate.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from broker.contract.errors import ThroughlineError
from cloud.db import Transaction
from cloud.errors import FieldProblem, InvalidError
from cloud.identity import authority, requests
from cloud.identity.authority_files import Authority, NoAuthorityError, new_serial
from cloud.identity.device_tables import DeviceCertificateRow, EnrolmentTokenRow
from cloud.identity.devices import certificate_table, live_certificates, token_table, unit_in_use
from cloud.identity.requests import Request, RequestProblem
from cloud.record import service as record
from cloud.registry import codes, gs1
from cloud.registry.service import Unit, read_unit
from cloud.secrets import Keys

MAX_LIVE: Final = 5
"""Certificates of one unit that are valid at a time: one, and those of renewals whose answers were lost."""
REPEATED_WITHIN: Final = timedelta(minutes=15)
"""For so long, who asks again with the same token (or certificate) and the same key gets the same answer."""
CLOCKS_DIFFER: Final = timedelta(minutes=15)


class EnrolmentRefusedError(ThroughlineError):
    """This token enrols nothing: it is unknown, used, expired or withdrawn."""

    code: ClassVar[str] = "enrolment_refused"


class RenewalRefusedError(ThroughlineError):
    """This certificate cannot be renewed: it is not a valid one of ours, or the signature is not its key's."""

    code: ClassVar[str] = "renewal_refused"


class ClockOffError(ThroughlineError):
    """The time in the renewal is too far from the service's; facts name the service's."""

    code: ClassVar[str] = "clock_off"


class TooManyCertificatesError(ThroughlineError):
    """The unit has as many valid certificates as it may have; wait until one ends, or enrol it anew."""

    code: ClassVar[str] = "too_many_certificates"


class Terms(msgspec.Struct, frozen=True):
    """What certificates are issued on. base_url: of the labels. grace: how long a renewed one lives on; None: to its
    end.
    """

    base_url: str
    lasts: timedelta
    grace: timedelta | None = None


class IssuedToken(msgspec.Struct, frozen=True):
    """token: this once."""

    token: str
    expires_at: datetime


class BeaconSecret(msgspec.Struct, frozen=True):
    """uid: namespace and instance, 32 hex digits. key: 16 bytes."""

    uid: str
    key: bytes

    def __repr__(self) -> str:
        return f"BeaconSecret({self.uid!r}, …)"  # a log must not hold the key


class Enrolled(msgspec.Struct, frozen=True):
    """A certificate, as PEM. chain: the issuing authority and the root. renew_at: when to ask for the next one."""

    product_id: str
    certificate: str
    chain: str
    not_after: datetime
    renew_at: datetime


# --- enrolment ---


def issue_token(tx: Transaction, product_id: str, lasts: timedelta) -> IssuedToken:
    """What the unit is enrolled with, once; an older one ends. Raises NotFoundError, RetiredError."""
    unit_in_use(tx, product_id)
    issued = IssuedToken(codes.new_token("tle_"), tx.now + lasts)
    row = EnrolmentTokenRow(
        product_id=product_id,
        token_hash=codes.token_hash(issued.token),
        created_at=tx.now,
        expires_at=issued.expires_at,
    )
    tx.session.merge(row)
    tx.session.flush()
    return issued


def beacon_of(tx: Transaction, keys: Keys, product_id: str) -> BeaconSecret:
    """What the unit makes its ephemeral ids of. Raises NotFoundError."""
    product = read_unit(tx, product_id).product
    return BeaconSecret(product.beacon_uid, keys.vault.open_own(product.beacon_key, product_id.encode()))


def enrol(tx: Transaction, known: Authority, terms: Terms, token: str, csr: str) -> Enrolled:
    """The first certificate of a unit, for a token that was not used yet.

    Raises InvalidError for a wrong request, which leaves the token as it is, and EnrolmentRefusedError.
    """
    request = _read(csr)
    known_by = token_table.c.token_hash == codes.token_hash(token)
    product_id = tx.session.execute(sa.select(token_table.c.product_id).where(known_by)).scalar_one_or_none()
    if product_id is None:
        raise EnrolmentRefusedError
    record.lock(tx, {product_id})  # a revocation comes before or after, and never in between
    open_ = sa.and_(known_by, token_table.c.used_at.is_(None), token_table.c.expires_at > tx.now)
    use = sa.update(token_table).where(open_).values(used_at=tx.now, key_print=request.key_print)
    wins = tx.session.execute(use).rowcount  # type: ignore[attr-defined]  # a cursor result has it
    row = tx.session.execute(sa.select(token_table).where(known_by)).one_or_none()
    if row is None:
        raise EnrolmentRefusedError
    if not wins:
        return _repeated(tx, known, row, request)
    unit = read_unit(tx, row.product_id)
    if unit.product.state == "retired":
        raise EnrolmentRefusedError
    made = _issue(tx, known, terms, unit, request, None)
    note = sa.update(token_table).where(token_table.c.product_id == row.product_id)
    tx.session.execute(note.values(fingerprint=made.fingerprint))
    return _answer(known, made)


def _repeated(tx: Transaction, known: Authority, row: Any, request: Request) -> Enrolled:
    """The same answer once more, for whom it was lost. Raises EnrolmentRefusedError.

    What was revoked meanwhile is not given again: its token went with it.
    """
    lately = row.used_at is not None and row.used_at + REPEATED_WITHIN > tx.now
    if not lately or row.key_print != request.key_print:
        raise EnrolmentRefusedError
    made = tx.session.get(DeviceCertificateRow, row.fingerprint)
    if made is None:
        raise EnrolmentRefusedError
    return _answer(known, made)


# --- renewal ---


def renew(
    tx: Transaction, known: Authority, terms: Terms, *, certificate: str, csr: str, at: datetime, signature: str
) -> Enrolled:
    """The next certificate of a unit, for the signature of its current key over `requests.renewal_statement`.

    The current one lives on: until its end, or for the grace. Raises InvalidError for a wrong request, ClockOffError,
    TooManyCertificatesError, and RenewalRefusedError for all that a stranger could try.
    """
    request = _read(csr)
    if abs(at - tx.now) > CLOCKS_DIFFER:
        msg = f"here it is {tx.now:%Y-%m-%dT%H:%M:%SZ}"
        raise ClockOffError(msg)
    current = _signer(tx, certificate, request, at, signature)
    record.lock(tx, {current.product_id})  # a revocation comes before or after, and never in between
    tx.session.refresh(current)
    unit = read_unit(tx, current.product_id)
    if current.revoked_at is not None or current.valid_until <= tx.now or unit.product.state == "retired":
        raise RenewalRefusedError
    known_one = _renewed_lately(tx, current, request)
    if known_one is not None:
        return _answer(known, known_one)
    if sum(one.valid_until > tx.now for one in live_certificates(tx, current.product_id)) >= MAX_LIVE:
        raise TooManyCertificatesError
    made = _issue(tx, known, terms, unit, request, current.fingerprint)
    if terms.grace is not None:
        current.valid_until = min(current.valid_until, tx.now + terms.grace)
    tx.session.flush()
    return _answer(known, made)


def _signer(tx: Transaction, certificate: str, request: Request, at: datetime, signature: str) -> DeviceCertificateRow:
    """The row of the certificate whose key made the signature, valid or not. Raises RenewalRefusedError."""
    der, signed = requests.read_certificate(certificate), requests.read_signature(signature)
    if der is None or signed is None:
        raise RenewalRefusedError
    row = tx.session.get(DeviceCertificateRow, authority.fingerprint(der))
    if row is None:
        raise RenewalRefusedError
    # What is ours is known by its fingerprint; the key is that of our own copy.
    key = x509.load_der_x509_certificate(row.der).public_key()
    statement = requests.renewal_statement(row.fingerprint, request.digest, at)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not requests.is_signed(key, signed, statement):
        raise RenewalRefusedError
    return row


def _renewed_lately(tx: Transaction, current: DeviceCertificateRow, request: Request) -> DeviceCertificateRow | None:
    """What the same call gave a moment ago."""
    query = sa.select(DeviceCertificateRow).where(
        certificate_table.c.renews == current.fingerprint,
        certificate_table.c.key_print == request.key_print,
        certificate_table.c.revoked_at.is_(None),
        certificate_table.c.created_at > tx.now - REPEATED_WITHIN,
    )
    return tx.session.execute(query).scalars().first()


# --- issuing ---


def _read(csr: str) -> Request:
    found = requests.read_request(csr)
    if isinstance(found, RequestProblem):
        raise InvalidError(problems=(FieldProblem("/csr", found.code, found.detail),))
    return found


def _issue(
    tx: Transaction, known: Authority, terms: Terms, unit: Unit, request: Request, renews: bytes | None
) -> DeviceCertificateRow:
    """Raises InvalidError for a key that is another unit's, or that was ended with its certificate."""
    _refuse_known_key(tx, unit.product.id, request)
    issuer = known.current
    uri = gs1.digital_link(terms.base_url, gs1.Gtin(unit.product.gtin), gs1.Serial(unit.product.serial))
    validity = authority.validity(issuer, tx.now, terms.lasts)
    serial = new_serial()
    made = authority.device_certificate(issuer, request.public_key, unit.product.id, uri, serial, validity)
    der = authority.der(made)
    row = DeviceCertificateRow(
        fingerprint=authority.fingerprint(der),
        product_id=unit.product.id,
        issuer=issuer.id,
        serial=f"{serial:032x}",
        key_print=request.key_print,
        der=der,
        created_at=tx.now,
        not_after=validity.ends,
        valid_until=validity.ends,
        renews=renews,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _refuse_known_key(tx: Transaction, product_id: str, request: Request) -> None:
    """A key belongs to one unit; and one whose certificate was revoked may be in foreign hands."""
    query = sa.select(certificate_table.c.product_id).where(
        certificate_table.c.key_print == request.key_print,
        sa.or_(certificate_table.c.product_id != product_id, certificate_table.c.revoked_at.is_not(None)),
    )
    if tx.session.execute(query.limit(1)).first() is not None:
        problem = FieldProblem("/csr", "key_known", "this key was certified before; make a new one for this unit")
        raise InvalidError(problems=(problem,))


def _answer(known: Authority, row: DeviceCertificateRow) -> Enrolled:
    certificate = x509.load_der_x509_certificate(row.der)
    issuer = known.issuer(row.issuer)
    if issuer is None:  # it was put aside a moment ago
        raise NoAuthorityError
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return Enrolled(
        product_id=row.product_id,
        certificate=authority.pem(certificate),
        chain=authority.pem(issuer.certificate, known.root),
        not_after=row.not_after,
        renew_at=certificate.not_valid_after_utc - lasts / 3,
    )
