"""Devices and what they connect with: which certificates are valid, which ended, and how a unit's identity is ended.

Whoever serves devices asks here: `certificate_of` at each connection, `ended_after` now and then, `crl` for a broker
that cannot ask. How a certificate comes to be is in `enrolment.py`, what it says in `authority.py`, where the broker's
own one lies in `tls_files.py`; passwords of the plain listener are in `service.py`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
import sqlalchemy as sa

from cloud.db import Transaction, table_of
from cloud.errors import RetiredError
from cloud.identity import authority
from cloud.identity.authority import Ended, Withdrawn
from cloud.identity.authority_files import Authority
from cloud.identity.device_tables import DeviceCertificateRow, EndedRow, EnrolmentTokenRow
from cloud.identity.tables import DeviceCredentialRow
from cloud.record import service as record
from cloud.registry.service import Unit, read_unit

KEPT_AFTER_END: Final = timedelta(days=400)
"""For so long the key of a certificate is known after its end, so that it is not certified again."""
TOKENS_KEPT: Final = timedelta(hours=1)
"""After a token has expired: longer than a lost answer is repeated."""

certificate_table = table_of(DeviceCertificateRow)
token_table = table_of(EnrolmentTokenRow)
ended_table = table_of(EndedRow)


class DeviceCertificate(msgspec.Struct, frozen=True):
    """A certificate of ours. serial: in hex. not_after: also the end of its grace, when it was renewed."""

    product_id: str
    serial: str
    not_after: datetime
    revoked: bool


class Lapsed(NamedTuple):
    """A unit whose certificate came to its end. early: to that of its grace, while the certificate says otherwise."""

    product_id: str
    early: bool


# --- for those who serve devices ---


def certificate_of(tx: Transaction, fingerprint: bytes) -> DeviceCertificate | None:
    """The certificate with this SHA-256 over its DER; None when it is none of ours. Expired ones are known too."""
    row = tx.session.get(DeviceCertificateRow, fingerprint)
    if row is None:
        return None
    return DeviceCertificate(row.product_id, row.serial, row.valid_until, row.revoked_at is not None)


def ended_after(tx: Transaction, mark: int) -> tuple[int, list[str]]:
    """The newest mark, and the units of which a password or a certificate was ended after `mark`, each once.

    Marks rise in the order of the commits, so none is ever missed; 0 is before all. A unit in the list may have come
    back with a new certificate since: judge its connections anew rather than ending all of them.
    """
    query = sa.select(ended_table.c.number, ended_table.c.product_id).where(ended_table.c.number > mark)
    rows = tx.session.execute(query.order_by(ended_table.c.number)).all()
    return (rows[-1].number if rows else mark), list(dict.fromkeys(row.product_id for row in rows))


def newest_mark(tx: Transaction) -> int:
    """The mark of the last end; 0 when there was none. For who starts, and has nobody in yet."""
    return int(tx.session.execute(sa.select(sa.func.max(ended_table.c.number))).scalar() or 0)


def lapsed_after(tx: Transaction, since: datetime | None) -> list[Lapsed]:
    """Units of which a certificate came to its end after `since` and until now, the first first, each once.

    Nobody revoked it, so nothing was noted. A unit may have a newer one: judge its connections anew. None: ever.
    """
    column = certificate_table.c
    over = [column.valid_until <= tx.now, column.revoked_at.is_(None)]
    if since is not None:
        over.append(column.valid_until > since)
    early = (column.valid_until < column.not_after).label("early")
    rows = tx.session.execute(sa.select(column.product_id, early).where(*over).order_by(column.valid_until)).all()
    found: dict[str, bool] = {}
    for row in rows:
        found[row.product_id] = found.get(row.product_id, False) or bool(row.early)
    return [Lapsed(product_id, early) for product_id, early in found.items()]


def ends_of(tx: Transaction, fingerprints: Collection[bytes]) -> dict[bytes, datetime]:
    """Until when these certificates are valid, as `DeviceCertificate.not_after`; strangers are left out."""
    column = certificate_table.c
    query = sa.select(column.fingerprint, column.valid_until).where(column.fingerprint.in_(fingerprints))
    return {row.fingerprint: row.valid_until for row in tx.session.execute(query)}


def crl(tx: Transaction, known: Authority) -> bytes:
    """The revocation lists of all issuing authorities, as PEM, each valid for `authority.CRL_LASTS` from now.

    They name what was revoked, or was renewed and has had its grace, and would be valid otherwise.
    """
    ended = sa.or_(certificate_table.c.revoked_at.is_not(None), certificate_table.c.valid_until <= tx.now)
    query = sa.select(certificate_table).where(certificate_table.c.not_after > tx.now, ended)
    lines: dict[str, list[Withdrawn]] = {}
    for row in tx.session.execute(query.order_by(certificate_table.c.created_at)):
        revoked = row.revoked_at is not None
        line = Withdrawn(
            serial=int(row.serial, 16),
            at=row.revoked_at if revoked else row.valid_until,
            why=Ended.REVOKED if revoked else Ended.SUPERSEDED,
        )
        lines.setdefault(row.issuer, []).append(line)
    number = int(tx.now.timestamp() * 1_000_000)  # rises with time, which all processes share
    return b"".join(authority.revocation_list(one, lines.get(one.id, []), number, tx.now) for one in known.issuers)


def note_ended(tx: Transaction, product_id: str) -> None:
    """Says that the unit's connections are to be judged anew."""
    # The key lets no two have one number, so numbers come to light in their order; the lock only spares the second one
    # its second try.
    record.lock(tx, {"device ended"})
    tx.session.add(EndedRow(number=newest_mark(tx) + 1, product_id=product_id, ended_at=tx.now))
    tx.session.flush()


def unit_in_use(tx: Transaction, product_id: str) -> Unit:
    """The unit, held until the end of the transaction, for whoever gives it what it connects with.

    Raises NotFoundError, RetiredError.
    """
    record.lock(tx, {product_id})
    unit = read_unit(tx, product_id)
    tx.session.refresh(unit.product)  # somebody may have retired it since it was read here first
    if unit.product.state == "retired":
        raise RetiredError
    return unit


# --- the end ---


def revoke(tx: Transaction, product_id: str) -> None:
    """Ends all that the unit can connect with: password, certificates, and a token that is open. Raises NotFoundError.

    Afterwards only a new token, or a new password, lets it in again; a retired unit gets neither.
    """
    read_unit(tx, product_id)
    record.lock(tx, {product_id})
    password = tx.session.get(DeviceCredentialRow, product_id)
    ends = password is not None and password.revoked_at is None
    if password is not None and ends:
        password.revoked_at = tx.now
    for row in live_certificates(tx, product_id):
        row.revoked_at = tx.now
        ends = True
    tx.session.execute(sa.delete(token_table).where(token_table.c.product_id == product_id))
    tx.session.flush()
    if ends:
        note_ended(tx, product_id)


def live_certificates(tx: Transaction, product_id: str) -> list[DeviceCertificateRow]:
    """The unit's certificates that somebody could still use."""
    query = sa.select(DeviceCertificateRow).where(
        certificate_table.c.product_id == product_id,
        certificate_table.c.revoked_at.is_(None),
        certificate_table.c.not_after > tx.now,
    )
    return list(tx.session.execute(query).scalars())


def certificates_of(tx: Transaction, product_id: str) -> list[DeviceCertificateRow]:
    """All that the unit ever had and that are still known, the newest first. Raises NotFoundError."""
    read_unit(tx, product_id)
    query = sa.select(DeviceCertificateRow).where(certificate_table.c.product_id == product_id)
    return list(tx.session.execute(query.order_by(certificate_table.c.created_at.desc())).scalars())


def forget_ended(tx: Transaction) -> None:
    """Deletes tokens that enrol nothing any more, and certificates that ended long ago."""
    tx.session.execute(sa.delete(token_table).where(token_table.c.expires_at <= tx.now - TOKENS_KEPT))
    old = certificate_table.c.not_after <= tx.now - KEPT_AFTER_END
    tx.session.execute(sa.delete(certificate_table).where(old))
