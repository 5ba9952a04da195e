"""Who the simulated devices are: read from, and written to, a file of JSON lines.

{"id": "01j...", "gtin": "09506000134352", "serial": "A1", "certificate": "...", "beacon_key": "<32 hex digits>"}
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from device_sim.errors import CredentialsFileError
from device_sim.session import Identity


class Credential(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """id: the product id. certificate: the file with its key and certificates; password: for a plain listener.
    beacon_key: 16 bytes in hex; beacon_uid: namespace and instance, 32 hex digits.
    """

    id: str
    password: str = ""
    certificate: str = ""
    gtin: str = ""
    serial: str = ""
    beacon_key: str = ""
    beacon_uid: str = ""
    claim_code: str = ""
    uri: str = ""

    def __post_init__(self) -> None:
        if not (self.password or self.certificate):
            msg = "neither a password nor a certificate"
            raise ValueError(msg)

    @property
    def identity(self) -> Identity:
        return Identity(self.id, self.password, self.certificate)


_DECODER = msgspec.json.Decoder(Credential)


def load_credentials(path: Path) -> tuple[Credential, ...]:
    """All of the file's devices; empty lines are skipped. Raises CredentialsFileError with the line's number."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_DECODER.decode(line))
        except msgspec.DecodeError as error:
            msg = f"{path}, line {number}: {error}"
            raise CredentialsFileError(msg, path=str(path), line=number) from None
    return tuple(found)


def save_credentials(path: Path, credentials: Iterable[Credential]) -> None:
    """Writes them so that only this user can read them: they are secrets."""
    path.touch(mode=0o600)
    path.write_bytes(b"".join(msgspec.json.encode(credential) + b"\n" for credential in credentials))
