"""A certificate authority of the tests' own: good certificates, and every kind of bad one. Files are PEM."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH
URI: Final = "https://id.example/01/09506000134352/21/A1"
SIGNS: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Files(NamedTuple):
    """Paths of a certificate's chain and of its key."""

    certificate: str
    key: str


class Wanted(NamedTuple):
    """What a client's certificate says. starts, ends: from now."""

    uris: tuple[str, ...] = (URI,)
    usage: x509.ObjectIdentifier = CLIENT
    starts: timedelta = timedelta(minutes=-5)
    ends: timedelta = timedelta(days=1)
    self_signed: bool = False


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class Authority:
    """A root and an issuing authority below it. folder: where the files go."""

    folder: Path
    name: str = "tests"
    _root_key: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    _key: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    @cached_property
    def root(self) -> x509.Certificate:
        return self._authority(_name(f"{self.name} root"), self._root_key, None)

    @cached_property
    def issuing(self) -> x509.Certificate:
        return self._authority(_name(f"{self.name} issuing"), self._key, self.root)

    @cached_property
    def trust(self) -> str:
        """The file with root and issuing certificate."""
        return self._write("trust", self.root.public_bytes(Encoding.PEM) + self.issuing.public_bytes(Encoding.PEM))

    def device(self, product_id: str, wanted: Wanted = Wanted()) -> tuple[Files, x509.Certificate]:  # noqa: B008 - frozen
        """A client's key and certificate."""
        key = _new_key()
        names = [x509.UniformResourceIdentifier(uri) for uri in wanted.uris]
        certificate = self._leaf(product_id, key, names, wanted)
        return self._files(f"device-{certificate.serial_number:x}", key, certificate), certificate

    def server(self, hosts: Sequence[str] = ("127.0.0.1", "localhost")) -> Files:
        """A server's key and certificate."""
        key = _new_key()
        names = [x509.IPAddress(ip_address(host)) if host[:1].isdigit() else x509.DNSName(host) for host in hosts]
        return self._files("server", key, self._leaf("broker", key, names, Wanted(usage=SERVER)))

    def crl(self, revoked: Iterable[x509.Certificate], *, at: datetime, lasts: timedelta = timedelta(days=1)) -> bytes:
        """The issuing authority's list, as PEM."""
        builder = x509.CertificateRevocationListBuilder(self.issuing.subject, at, at + lasts)
        for one in revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(one.serial_number, at).build())
        named = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(named, critical=False)
        builder = builder.add_extension(x509.CRLNumber(int(at.timestamp() * 1000)), critical=False)
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    def _authority(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, parent: x509.Certificate | None
    ) -> x509.Certificate:
        span = (timedelta(days=-1), timedelta(days=2))
        builder = _builder(subject, subject if parent is None else parent.subject, key, self._root_key, span)
        constraint = x509.BasicConstraints(ca=True, path_length=1 if parent is None else 0)
        builder = builder.add_extension(constraint, critical=True).add_extension(SIGNS, critical=True)
        return builder.sign(self._root_key, SHA256())

    def _leaf(
        self,
        common_name: str,
        key: ec.EllipticCurvePrivateKey,
        names: Sequence[x509.GeneralName],
        wanted: Wanted,
    ) -> x509.Certificate:
        signer = key if wanted.self_signed else self._key
        issuer = _name(common_name) if wanted.self_signed else self.issuing.subject
        builder = _builder(_name(common_name), issuer, key, signer, (wanted.starts, wanted.ends))
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([wanted.usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, SHA256())

    def _files(self, stem: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Files:
        chain = certificate.public_bytes(Encoding.PEM) + self.issuing.public_bytes(Encoding.PEM)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Files(self._write(stem, chain), self._write(f"{stem}-key", secret))

    def _write(self, stem: str, content: bytes) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.name}-{stem}.pem"
        path.write_bytes(content)
        return str(path)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    span: tuple[timedelta, timedelta],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + span[0])
        .not_valid_after(now + span[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
