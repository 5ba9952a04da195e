"""What a broker's TLS listener needs, as files: its own key and certificate, and what it verifies devices by.

keys/tls/server.pem         key, certificate and issuing authority of the listener, in one file, made anew by itself
keys/ca/trust.pem           the root and every issuing authority
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key

from cloud.errors import SetupError
from cloud.identity import authority
from cloud.identity.authority import Issuer
from cloud.identity.authority_files import (
    TRUST,
    authority_dir,
    key_pem,
    load,
    new_key,
    new_serial,
    unwritable,
    write_whole,
)
from cloud.secrets import Keys


def trust_file(keys_dir: Path) -> Path:
    """What a broker verifies devices by: the root and every issuing authority, as PEM."""
    return authority_dir(keys_dir) / TRUST


def server_certificate(keys_dir: Path, keys: Keys, names: Sequence[str], now: datetime) -> Path:
    """The file with key and chain of the broker's TLS listener; made, and made anew, when it is due.

    It is due when there is none, when a third of its time is left, when `names` (host names and addresses at which
    devices reach the broker) have changed, and when another authority issues. The file is replaced as a whole; whoever
    listens reads it again now and then. now: the real time, by which TLS judges. Raises NoAuthorityError, SetupError.
    """
    found = load(keys_dir, keys)
    path = keys_dir / "tls" / "server.pem"
    if not _serves(path, found.current, names, now):
        key = new_key()
        try:
            made = authority.server_certificate(
                found.current,
                key.public_key(),
                names,
                new_serial(),
                authority.validity(found.current, now, authority.SERVER_LASTS),
            )
        except ValueError as error:
            msg = f"these cannot all stand in a certificate: {', '.join(names)}"
            raise SetupError(msg) from error
        chain = authority.pem(made, found.current.certificate).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, key_pem(key, NoEncryption()) + chain, 0o600)
        except OSError as error:
            raise unwritable(error) from error
    return path


def _serves(path: Path, issuer: Issuer, names: Sequence[str], now: datetime) -> bool:
    try:
        content = path.read_bytes()
        load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except (OSError, ValueError):
        return False
    return authority.still_serves(certificate, issuer, names, now)
