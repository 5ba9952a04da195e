"""What a device asks to be certified, checked strictly: its request (PKCS#10), and the word that it says for a renewal.

Pure. A request is taken as proof that the sender has the key in it, and as nothing else: subject and extensions are not
even looked at. Wrong input is a value.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from cloud.identity.authority import key_print

MAX_REQUEST_CHARACTERS: Final = 8 * 1024
"""A request for a P-256 key has some 500; whoever sends ten times as much sends something else."""
MAX_SIGNATURE_BYTES: Final = 80
"""An ECDSA signature on P-256 in DER has at most 72."""
RENEWAL: Final = "throughline certificate renewal 1"
"""The first line of what is signed, so that the signature means nothing anywhere else."""

# Each part of these begins with what the part before it cannot hold: nothing is tried twice, however long the text is.
_REQUEST: Final = re.compile(
    r"\s*-----BEGIN ((?:NEW )?)CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END \1CERTIFICATE REQUEST-----\s*"
)
_CERTIFICATE: Final = re.compile(r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_SIGNED_WITH: Final = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    }
)


class RequestProblem(NamedTuple):
    """Why a request is not taken. code is stable; detail is for people."""

    code: str
    detail: str


class Request(NamedTuple):
    """A public key whose private half the sender has. digest: the SHA-256 of the request's DER."""

    public_key: ec.EllipticCurvePublicKey
    digest: bytes

    @property
    def key_print(self) -> bytes:
        return key_print(self.public_key)


def read_request(pem: str) -> Request | RequestProblem:
    """The key of a certificate request: one PEM block, a key on P-256, signed by that key."""
    if len(pem) > MAX_REQUEST_CHARACTERS:
        return RequestProblem("too_large", f"more than {MAX_REQUEST_CHARACTERS} characters")
    found = _REQUEST.fullmatch(pem)
    der = None if found is None else _decoded(found[2])
    if der is None:
        return RequestProblem("not_pem", "not one PEM block CERTIFICATE REQUEST, and nothing else")
    try:
        return _checked(x509.load_der_x509_csr(der), der)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return RequestProblem("not_a_request", "not a PKCS#10 request, or one of a kind that nobody here knows")


def _checked(csr: x509.CertificateSigningRequest, der: bytes) -> Request | RequestProblem:
    key = csr.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return RequestProblem("wrong_key", "the key is to be ECDSA on P-256 (prime256v1)")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) not in csr.tbs_certrequest_bytes:
        # Explicit parameters can describe a curve that is nearly P-256; one spelling of a key is enough.
        return RequestProblem("wrong_key", "the key is to be a point, uncompressed, on the curve by its name")
    if csr.signature_algorithm_oid not in _SIGNED_WITH:
        return RequestProblem("wrong_signature", "the request is to be signed with ECDSA and SHA-256, -384 or -512")
    if not csr.is_signature_valid:
        return RequestProblem("wrong_signature", "the request is not signed by the key in it")
    if not der.endswith(bytes([0x03, len(csr.signature) + 1, 0]) + csr.signature):
        # A bit string may say that its last bits do not count: a second spelling of a signature that ends in zeros.
        return RequestProblem("wrong_signature", "the signature is to be whole bytes")
    return Request(key, hashlib.sha256(der).digest())


def read_certificate(pem: str) -> bytes | None:
    """The DER of one PEM block CERTIFICATE, not looked into; None when it is anything else."""
    found = _CERTIFICATE.fullmatch(pem) if len(pem) <= MAX_REQUEST_CHARACTERS else None
    return None if found is None else _decoded(found[1])


def read_signature(text: str) -> bytes | None:
    """A signature in base64; None when it is none."""
    found = _decoded(text) if len(text) <= 2 * MAX_SIGNATURE_BYTES else None
    return found if found is not None and len(found) <= MAX_SIGNATURE_BYTES else None


def renewal_statement(certificate: bytes, request: bytes, at: datetime) -> bytes:
    """What the current key signs to renew: four lines. certificate, request: the SHA-256 of their DER; at: the time of
    the call, written in UTC and whole seconds, such as `2026-01-31T08:00:00Z`.
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{RENEWAL}\n{certificate.hex()}\n{request.hex()}\n{moment}\n".encode()


def is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, statement: bytes) -> bool:
    """`signature` (ECDSA with SHA-256, DER) is this key's over `statement`."""
    try:
        key.verify(signature, statement, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(text: str) -> bytes | None:
    """What stands there in base64, spelled as it should be: one content has one spelling."""
    plain = "".join(text.split())
    try:
        found = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == plain else None
