"""How a simulated device comes to its identity: it makes a key, has it certified with a one-time token, and renews in
time with the key that it has. The private key never leaves the device's folder.

Files of a folder, for this user alone:

    {product id}.pem       key, certificate and issuing authority: what the device connects with
    {product id}.next.key  a key whose request was sent, until its certificate is there: so an answer that was lost can
                           be asked for again
    ca.pem                 the root that the device trusts
"""

import asyncio
import base64
import hashlib
import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from broker.contract.messages import Json
from device_sim.calls import Caller, Outsider
from device_sim.errors import NotCertifiedError, OutsiderError

log = logging.getLogger(__name__)

RENEWAL: Final = "throughline certificate renewal 1"
LOOK_EVERY_S: Final = 600.0
_END: Final = "-----END CERTIFICATE-----\n"
PrivateKey = ec.EllipticCurvePrivateKey


class Beacon(NamedTuple):
    """What the device makes its ephemeral ids of, in hex."""

    uid: str
    key: str


class CertificateFolder:
    """The files of any number of devices."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def ca_file(self) -> Path:
        """The root that the devices trust."""
        return self._folder / "ca.pem"

    def file(self, product_id: str) -> Path:
        """What this device connects with."""
        return self._folder / f"{product_id}.pem"

    def certificate(self, product_id: str) -> x509.Certificate:
        """Raises NotCertifiedError."""
        return x509.load_pem_x509_certificate(self._content(product_id))

    def key(self, product_id: str) -> PrivateKey:
        """Raises NotCertifiedError."""
        return _key(self._content(product_id))

    def next_key(self, product_id: str) -> PrivateKey:
        """The key that is to be certified next: one that was begun with, or a fresh one, on disk before it is used."""
        path = self._next(product_id)
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return _key(path.read_bytes())

    def keep(self, product_id: str, certificate: str, chain: str) -> None:
        """The certificate of the next key, which takes the place of the one before. Raises NotCertifiedError when it is
        another key's.
        """
        key = self._next(product_id).read_bytes()
        if x509.load_pem_x509_certificate(certificate.encode()).public_key() != _key(key).public_key():
            msg = f"{product_id} was given a certificate for a key that is not its own"
            raise NotCertifiedError(msg)
        issuing, root = (part + _END for part in chain.split(_END)[:2])
        _write(self.ca_file, root.encode())
        _write(self.file(product_id), key + certificate.encode() + issuing.encode())
        self._next(product_id).unlink()

    def _next(self, product_id: str) -> Path:
        return self._folder / f"{product_id}.next.key"

    def _content(self, product_id: str) -> bytes:
        try:
            return self.file(product_id).read_bytes()
        except OSError as error:
            msg = f"{product_id} has no certificate in {self._folder}"
            raise NotCertifiedError(msg) from error


class Enroller(Outsider):
    """Certifies devices at a service. clock: what the devices take for the time."""

    def __init__(
        self,
        base_url: str,
        folder: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(Caller(base_url, transport=transport))
        self.files = CertificateFolder(folder)
        self._clock = clock

    async def enrol(self, product_id: str, token: str) -> Beacon:
        """The device's first certificate. Raises RefusedError, UnreachableError, NotCertifiedError."""
        body = {"token": token, "csr": request_pem(self.files.next_key(product_id))}
        made = await self._http.json("POST", "/enrol", body)
        self._keep(product_id, made)
        return Beacon(made["beacon_uid"], made["beacon_key"])

    async def renew(self, product_id: str) -> None:
        """The device's next certificate. Raises RefusedError, UnreachableError, NotCertifiedError."""
        current, key = self.files.certificate(product_id), self.files.key(product_id)
        csr = request_pem(self.files.next_key(product_id))
        at = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = key.sign(statement(current, csr, at), ec.ECDSA(SHA256()))
        body = {
            "certificate": current.public_bytes(Encoding.PEM).decode(),
            "csr": csr,
            "at": at,
            "signature": base64.b64encode(signature).decode(),
        }
        self._keep(product_id, await self._http.json("POST", "/enrol/renew", body))

    def is_due(self, product_id: str) -> bool:
        """A third of the certificate's time is left, or less. Raises NotCertifiedError."""
        one = self.files.certificate(product_id)
        lasts = one.not_valid_after_utc - one.not_valid_before_utc
        return self._clock() >= one.not_valid_after_utc - lasts / 3

    async def renew_due(self, product_ids: Iterable[str]) -> int:
        """Renews those that are due; how many. One that cannot be now is tried again at the next look."""
        count = 0
        for product_id in product_ids:
            try:
                if self.is_due(product_id):
                    await self.renew(product_id)
                    count += 1
            except OutsiderError as error:
                log.warning("the certificate of %s could not be renewed: %s", product_id, error.code)
        return count

    async def keep_renewing(self, product_ids: tuple[str, ...], every_s: float = LOOK_EVERY_S) -> None:
        """Looks after the certificates until it is cancelled."""
        while True:
            await self.renew_due(product_ids)
            await asyncio.sleep(every_s)  # between two looks: a certificate ages by itself

    def _keep(self, product_id: str, made: Json) -> None:
        if made["product_id"] != product_id:
            msg = f"{product_id} was given the certificate of {made['product_id']}"
            raise NotCertifiedError(msg)
        self.files.keep(product_id, made["certificate"], made["chain"])


def request_pem(key: PrivateKey) -> str:
    """A certificate request (PKCS#10) for the key. It has no subject: the service says who this is."""
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def statement(certificate: x509.Certificate, csr: str, at: str) -> bytes:
    """What the current key signs to renew: the purpose, the certificate, the request and the time, a line each."""
    request = x509.load_pem_x509_csr(csr.encode()).public_bytes(Encoding.DER)
    digest = hashlib.sha256(request).hexdigest()
    return f"{RENEWAL}\n{certificate.fingerprint(SHA256()).hex()}\n{digest}\n{at}\n".encode()


def _key(content: bytes) -> PrivateKey:
    found = load_pem_private_key(content, None)
    assert isinstance(found, ec.EllipticCurvePrivateKey)  # noqa: S101 - this module wrote it
    return found


def _write(path: Path, content: bytes) -> None:
    """Replaced as a whole, and readable by this user alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft.replace(path)
