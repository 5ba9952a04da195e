"""Where the certificate authority lies: files under `data_dir`/keys, and the root's key in a folder elsewhere.

    keys/ca/root.pem            the anchor of trust; its key is offline
    keys/ca/issuing-0001.pem    an issuing authority, and issuing-0001.key, encrypted under the deployment's master key;
                                the highest number issues, the earlier ones still sign their revocation lists
    keys/ca/trust.pem           all of them: what a broker verifies devices by

A root's key is written encrypted only: under a passphrase that is shown once, or that the operator chose. Where nobody
made an authority before the first start, it lies in keys/root-to-take-offline.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from broker.contract.errors import ThroughlineError
from cloud.errors import ConflictError, SetupError
from cloud.identity import authority
from cloud.identity.authority import SERIAL_BITS, Issuer
from cloud.registry.codes import ALPHABET
from cloud.secrets import Keys

ROOT_CERTIFICATE: Final = "root.pem"
ROOT_KEY: Final = "root.key"
OFFLINE_ROOT: Final = "root-to-take-offline"
TRUST: Final = "trust.pem"
_PASSPHRASE_GROUPS, _PASSPHRASE_GROUP = 5, 6


class NoAuthorityError(ThroughlineError):
    """This deployment has no certificate authority that can issue; `throughline ca show` says more."""

    code: ClassVar[str] = "no_authority"


class PassphraseError(ThroughlineError):
    """This passphrase does not open the root's key."""

    code: ClassVar[str] = "passphrase"


class Authority(NamedTuple):
    """The root's certificate, and the issuing authorities, the newest last."""

    root: x509.Certificate
    issuers: tuple[Issuer, ...]

    @property
    def current(self) -> Issuer:
        """The one that issues."""
        return self.issuers[-1]

    def issuer(self, key_id: str) -> Issuer | None:
        """The one with this key identifier; None when it was put aside."""
        return next((one for one in self.issuers if one.id == key_id), None)

    @property
    def chain(self) -> str:
        """What stands between a new certificate and the root, and the root, as PEM."""
        return authority.pem(self.current.certificate, self.root)


def new_serial() -> int:
    """128 random bits, and never 0."""
    return 1 + secrets.randbelow(2**SERIAL_BITS)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def new_passphrase() -> str:
    """150 random bits, in a form that can be written down: five groups of six characters that are not confused."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_PASSPHRASE_GROUP)) for _ in range(_PASSPHRASE_GROUPS))
    return "-".join(groups)


# --- making ---


def make_at_first_start(keys_dir: Path, keys: Keys, now: datetime) -> str | None:
    """An authority, when there is none; the passphrase of its root's key, which is kept nowhere. None: there is one.

    The root's key lies encrypted in `OFFLINE_ROOT`, from where the operator may take it away.
    """
    if exists(keys_dir):
        return None
    offline, passphrase = keys_dir / OFFLINE_ROOT, new_passphrase()
    # What a start that was cut short left here has signed nothing that is in use, and nobody knows its passphrase.
    shutil.rmtree(offline, ignore_errors=True)
    make(keys_dir, keys, now, offline=offline, passphrase=passphrase)
    return passphrase


def authority_dir(keys_dir: Path) -> Path:
    return keys_dir / "ca"


def exists(keys_dir: Path) -> bool:
    """There is an authority here."""
    return (authority_dir(keys_dir) / ROOT_CERTIFICATE).exists()


def make(keys_dir: Path, keys: Keys, now: datetime, *, offline: Path, passphrase: str, replace: bool = False) -> None:
    """A root, its key encrypted in `offline`, and the first issuing authority. replace: one that is there is put aside.

    Raises ConflictError when there is an authority, or another root's key in `offline`; SetupError when a folder cannot
    be written.
    """
    if exists(keys_dir) and not replace:
        msg = f"{authority_dir(keys_dir)} holds an authority already; `ca renew` gives it a new issuing key"
        raise ConflictError(msg)
    key = new_key()
    root = Issuer(authority.root_certificate(key, new_serial(), now), key)
    try:
        _write_root(offline, root, passphrase)
        with _whole(authority_dir(keys_dir)) as folder:
            write_whole(folder / ROOT_CERTIFICATE, authority.pem(root.certificate).encode(), 0o644)
            _add_issuing(folder, keys, root, now)
            if exists(keys_dir):  # only once the new one is written: a full disk must not leave the system without any
                authority_dir(keys_dir).rename(keys_dir / f"ca-until-{now:%Y%m%dT%H%M%S}")
    except OSError as error:
        raise unwritable(error) from error


def renew(keys_dir: Path, keys: Keys, now: datetime, *, offline: Path, passphrase: str) -> Authority:
    """A new issuing authority beside the earlier ones, signed by the root in `offline`.

    Raises NoAuthorityError, PassphraseError, SetupError when the root there is another one or cannot be read.
    """
    before = load(keys_dir, keys)
    root = Issuer(before.root, _root_key(offline / ROOT_KEY, passphrase))
    if root.key.public_key() != before.root.public_key():
        msg = f"the root's key in {offline} is not the key of {authority_dir(keys_dir) / ROOT_CERTIFICATE}"
        raise SetupError(msg)
    try:
        _add_issuing(authority_dir(keys_dir), keys, root, now)
    except OSError as error:
        raise unwritable(error) from error
    return load(keys_dir, keys)


def _write_root(offline: Path, root: Issuer, passphrase: str) -> None:
    offline.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (offline / ROOT_KEY).exists():
        msg = f"{offline / ROOT_KEY} is there already, and is not overwritten"
        raise ConflictError(msg)
    write_whole(offline / ROOT_KEY, key_pem(root.key, BestAvailableEncryption(passphrase.encode())), 0o600)
    write_whole(offline / ROOT_CERTIFICATE, authority.pem(root.certificate).encode(), 0o644)


def _root_key(path: Path, passphrase: str) -> ec.EllipticCurvePrivateKey:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}; --offline names the folder with the root's key"
        raise SetupError(msg) from error
    try:
        key = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError) as error:
        raise PassphraseError from error
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - only keys of ours open with our passphrase
    return key


def _add_issuing(folder: Path, keys: Keys, root: Issuer, now: datetime) -> None:
    """The key first: a certificate is there only with its key."""
    numbers = [int(path.stem.rpartition("-")[2]) for path in folder.glob("issuing-*.pem")]
    path = folder / f"issuing-{max(numbers, default=0) + 1:04}.pem"
    key = new_key()
    certificate = authority.issuing_certificate(root, key.public_key(), new_serial(), now)
    sealed = key_pem(key, BestAvailableEncryption(keys.authority_secret))
    write_whole(path.with_suffix(".key"), sealed, 0o600)
    write_whole(path, authority.pem(certificate).encode(), 0o644)
    _write_trust(folder)


def _write_trust(folder: Path) -> None:
    parts = [folder / ROOT_CERTIFICATE, *sorted(folder.glob("issuing-*.pem"))]
    write_whole(folder / TRUST, b"".join(part.read_bytes() for part in parts), 0o644)


# --- reading ---


def load(keys_dir: Path, keys: Keys) -> Authority:
    """The authority of this deployment. Raises NoAuthorityError when there is none, SetupError when its files do not
    fit the master key or one another.
    """
    folder = authority_dir(keys_dir)
    if not exists(keys_dir):
        raise NoAuthorityError
    try:
        root = _certificate(folder / ROOT_CERTIFICATE)
        issuers = tuple(_issuer(path, keys) for path in sorted(folder.glob("issuing-*.pem")))
    except OSError as error:
        msg = f"cannot read the authority in {folder}: {error.strerror}"
        raise SetupError(msg) from error
    if not issuers:
        raise NoAuthorityError
    return Authority(root, issuers)


def _issuer(path: Path, keys: Keys) -> Issuer:
    certificate = _certificate(path)
    try:
        key = load_pem_private_key(path.with_suffix(".key").read_bytes(), keys.authority_secret)
    except (ValueError, TypeError) as error:
        msg = f"{path.with_suffix('.key')} does not open with this deployment's master key; restore both together"
        raise SetupError(msg) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        msg = f"{path.with_suffix('.key')} is not the key of {path}"
        raise SetupError(msg)
    return Issuer(certificate, key)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        msg = f"{path} holds no certificate; restore it from the backup"
        raise SetupError(msg) from error


class AuthorityFiles:
    """The authority as a service uses it: read when it is first asked for, and again when its folder has changed."""

    def __init__(self, keys_dir: Path, keys: Keys) -> None:
        self._keys_dir = keys_dir
        self._keys = keys
        self._known: tuple[int, Authority] | None = None

    def __call__(self) -> Authority:
        """Raises NoAuthorityError, SetupError."""
        try:
            changed = authority_dir(self._keys_dir).stat().st_mtime_ns
        except OSError:
            raise NoAuthorityError from None
        known = self._known
        if known is None or known[0] != changed:
            known = (changed, load(self._keys_dir, self._keys))
            self._known = known
        return known[1]


# --- files ---


def key_pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` says."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600 from the beginning
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder that comes to be with all that the block puts into it. Of two at once one raises OSError."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def unwritable(error: OSError) -> SetupError:
    return SetupError(f"cannot write {error.filename}: {error.strerror}")
