"""Keys, certificate requests and renewals, as a device makes them."""

import base64
import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def request_of(key: PrivateKey, name: str = "whoever") -> str:
    """A PKCS#10 request for the key, as PEM; what it says of its subject is nobody's business."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def certificate_of(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def print_of(pem: str) -> bytes:
    """The fingerprint of a certificate."""
    return hashlib.sha256(certificate_of(pem).public_bytes(Encoding.DER)).digest()


def signed_renewal(key: PrivateKey, certificate: str, csr: str, at: datetime) -> str:
    """The signature for a renewal, in base64. Written out here, so that the form cannot change unnoticed."""
    digest = hashlib.sha256(x509.load_pem_x509_csr(csr.encode()).public_bytes(Encoding.DER)).hexdigest()
    moment = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    said = f"throughline certificate renewal 1\n{print_of(certificate).hex()}\n{digest}\n{moment}\n"
    return base64.b64encode(key.sign(said.encode(), ec.ECDSA(SHA256()))).decode()
