"""X.509 as this deployment makes it: its root, its issuing authorities, what they certify, and what they revoke.

Pure: keys, times and serial numbers are given, so that what a certificate says can be read here and nowhere else. ECDSA
on P-256 with SHA-256 throughout (RFC 5480, RFC 5280); the nonce of a signature is OpenSSL's affair. Nothing of a
request but its public key gets into a certificate.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERIAL_BITS: Final = 128
BACKDATED: Final = timedelta(hours=1)
"""How long before it was made a certificate begins: clocks of devices and servers differ a little."""
ROOT_LASTS: Final = timedelta(days=20 * 365)
ISSUING_LASTS: Final = timedelta(days=5 * 365)
SERVER_LASTS: Final = timedelta(days=90)
CRL_LASTS: Final = timedelta(days=7)
"""A list whose time is over locks everybody out of a broker that reads it; it is made anew well before."""


class Ended(StrEnum):
    """Why a certificate ended before its time (RFC 5280, CRLReason)."""

    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Issuer(NamedTuple):
    """An issuing authority: its certificate, and the key that it signs with."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def id(self) -> str:
        """Its subject key identifier in hex: what is noted with each certificate that it issued."""
        return key_id(self.certificate)


class Validity(NamedTuple):
    """From when until when, both included; RFC 5280 counts whole seconds."""

    begins: datetime
    ends: datetime


class Withdrawn(NamedTuple):
    """A line of a revocation list."""

    serial: int
    at: datetime
    why: Ended


# --- authorities ---


def root_certificate(key: ec.EllipticCurvePrivateKey, serial: int, now: datetime) -> x509.Certificate:
    """The anchor of trust, signed by itself."""
    name = _authority_name("root", key.public_key())
    ends = now + ROOT_LASTS
    return _authority(name, key.public_key(), name, serial, _validity(now, ends), pathlen=1).sign(key, SHA256())


def issuing_certificate(root: Issuer, key: ec.EllipticCurvePublicKey, serial: int, now: datetime) -> x509.Certificate:
    """An authority that certifies devices and servers, and no other authority; it never outlives the root."""
    ends = min(now + ISSUING_LASTS, root.certificate.not_valid_after_utc)
    begun = _authority(
        _authority_name("issuing", key), key, root.certificate.subject, serial, _validity(now, ends), pathlen=0
    )
    return begun.add_extension(_issuer_key_id(root), critical=False).sign(root.key, SHA256())


def _authority(
    name: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, serial: int, validity: Validity, *, pathlen: int
) -> x509.CertificateBuilder:
    return (
        _begun(name, key, issuer, serial, validity)
        .add_extension(x509.BasicConstraints(ca=True, path_length=pathlen), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )


def _authority_name(what: str, key: ec.EllipticCurvePublicKey) -> x509.Name:
    # The digest keeps two deployments, and two issuing authorities of one, apart for whoever sees both.
    name = f"Throughline {what} {_subject_key_id(key).digest.hex()[:16]}"
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


# --- what they certify ---


def device_certificate(
    issuer: Issuer, key: ec.EllipticCurvePublicKey, product_id: str, uri: str, serial: int, validity: Validity
) -> x509.Certificate:
    """A unit's identity, for TLS clients only. uri: its GS1 Digital Link, as on its label (OPC UA part 21 does so)."""
    return _leaf(
        issuer,
        key,
        product_id,
        [x509.UniformResourceIdentifier(uri)],
        ExtendedKeyUsageOID.CLIENT_AUTH,
        serial,
        validity,
    )


def server_certificate(
    issuer: Issuer, key: ec.EllipticCurvePublicKey, names: Sequence[str], serial: int, validity: Validity
) -> x509.Certificate:
    """For the broker's TLS listener. names: host names and addresses at which devices reach it, one at least."""
    return _leaf(issuer, key, "MQTT broker", _hosts(names), ExtendedKeyUsageOID.SERVER_AUTH, serial, validity)


def still_serves(certificate: x509.Certificate, issuer: Issuer, names: Sequence[str], now: datetime) -> bool:
    """A server's certificate needs no successor yet: this issuer's, with these names, and more than a third is left."""
    found = certificate.extensions
    if found.get_extension_for_class(x509.AuthorityKeyIdentifier).value != _issuer_key_id(issuer):
        return False
    if list(found.get_extension_for_class(x509.SubjectAlternativeName).value) != _hosts(names):
        return False
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - SERVER_LASTS / 3


def validity(issuer: Issuer, now: datetime, lasts: timedelta) -> Validity:
    """For a certificate that is made now: a little back-dated, and never longer than its issuer's."""
    return _validity(now, min(now + lasts, issuer.certificate.not_valid_after_utc))


def _leaf(
    issuer: Issuer,
    key: ec.EllipticCurvePublicKey,
    name: str,
    alternatives: Sequence[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    serial: int,
    validity: Validity,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _begun(subject, key, issuer.certificate.subject, serial, validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(_issuer_key_id(issuer), critical=False)
        .sign(issuer.key, SHA256())
    )


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, serial: int, validity: Validity
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity.begins)
        .not_valid_after(validity.ends)
        .add_extension(_subject_key_id(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _hosts(names: Sequence[str]) -> list[x509.GeneralName]:
    return [_host(name) for name in dict.fromkeys(names)]


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _validity(now: datetime, ends: datetime) -> Validity:
    return Validity((now - BACKDATED).replace(microsecond=0), ends.replace(microsecond=0))


# --- what they take back ---


def revocation_list(issuer: Issuer, lines: Iterable[Withdrawn], number: int, now: datetime) -> bytes:
    """The list of one issuer (RFC 5280, 5), as PEM. number: higher with each list of this issuer."""
    begun = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update((now - BACKDATED).replace(microsecond=0))
        .next_update((now + CRL_LASTS).replace(microsecond=0))
        .add_extension(_issuer_key_id(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for one in lines:
        line = x509.RevokedCertificateBuilder().serial_number(one.serial)
        line = line.revocation_date(one.at.replace(microsecond=0))
        if one.why is Ended.SUPERSEDED:  # of the others no reason is known, and RFC 5280 asks to leave that unsaid
            line = line.add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
        begun = begun.add_revoked_certificate(line.build())
    return begun.sign(issuer.key, SHA256()).public_bytes(Encoding.PEM)


# --- names of keys and certificates ---


def fingerprint(der: bytes) -> bytes:
    """What a certificate is known by: the SHA-256 of its DER, 32 bytes."""
    return hashlib.sha256(der).digest()


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def key_print(key: ec.EllipticCurvePublicKey) -> bytes:
    """What a public key is known by: the SHA-256 of its SubjectPublicKeyInfo, 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def key_id(certificate: x509.Certificate) -> str:
    """The subject key identifier in hex."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return found.value.digest.hex()


def pem(*certificates: x509.Certificate) -> str:
    """One after another."""
    return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in certificates)


def _subject_key_id(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _issuer_key_id(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
