"""The files of a broker that is not embedded, made from this deployment's settings, keys and registry.

What their lines mean stands in `broker.external` and `broker.emqx`, and in the files themselves.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from broker import emqx
from broker.external import (
    DEVICE_PASSWORDS,
    REVOKED,
    SERVER,
    SERVICE_PASSWORDS,
    TRUST,
    MosquittoSettings,
    mosquitto_files,
    password_file,
)
from cloud.brokers import names_of
from cloud.clock import system_clock
from cloud.db import Database
from cloud.errors import SetupError
from cloud.identity import devices
from cloud.identity.authority_files import AuthorityFiles
from cloud.identity.tls_files import server_certificate, trust_file
from cloud.mosquitto_enforcer import write_file
from cloud.secrets import Keys
from cloud.settings import Settings

_KEY_END: Final = b"-----END PRIVATE KEY-----\n"


class ChangingFiles:
    """What a Mosquitto beside us must have anew now and then: revocation list, trusted authorities, own certificate."""

    def __init__(self, settings: Settings, keys: Keys, db: Database) -> None:
        self._settings = settings
        self._keys = keys
        self._db = db
        self._authority = AuthorityFiles(settings.keys_dir, keys)

    def __call__(self) -> Mapping[str, bytes]:
        """By name. Raises NoAuthorityError, SetupError, and what the database raises."""
        with self._db.reading() as tx:
            revoked = devices.crl(tx, self._authority())
        return {REVOKED: revoked, **tls_files(self._settings, self._keys)}


def tls_files(settings: Settings, keys: Keys, now: datetime | None = None) -> dict[str, bytes]:
    """The broker's own key and chain, in one file, and whom it verifies devices by. Raises as above."""
    own = server_certificate(settings.keys_dir, keys, names_of(settings), now or system_clock())
    return {SERVER: own.read_bytes(), TRUST: trust_file(settings.keys_dir).read_bytes()}


def mosquitto_folder(
    settings: Settings, keys: Keys, db: Database, folder: Path, *, user: str, plain_port: int = 0
) -> dict[str, bytes]:
    """All of Mosquitto's files, by name. plain_port: of a listener for devices with passwords; 0: none.

    Raises NoAuthorityError, SetupError, OpenDoorError, msgspec.ValidationError.
    """
    listen = MosquittoSettings(
        directory=str(folder.absolute()),
        tls_host=settings.mqtt_tls_host,
        tls_port=settings.mqtt_tls_port,
        plain_port=plain_port,
        service_host=settings.mqtt_host,
        service_port=settings.mqtt_port,
        service_tls=settings.mqtt_tls,
        user=user,
        max_queued_messages=settings.broker_queue_messages,
        max_queued_bytes=settings.broker_queue_bytes,
    )
    passwords = password_file([(settings.mqtt_username, keys.mqtt_password)])
    written = {name: text.encode() for name, text in mosquitto_files(listen).items()}
    return {
        **written,
        SERVICE_PASSWORDS: passwords.encode(),
        DEVICE_PASSWORDS: _kept(folder / DEVICE_PASSWORDS),
        **ChangingFiles(settings, keys, db)(),
    }


def emqx_folder(settings: Settings, keys: Keys, folder: Path) -> dict[str, bytes]:
    """All of EMQX's files, by name. Raises NoAuthorityError, SetupError, msgspec.ValidationError."""
    own = tls_files(settings, keys)
    key, _, chain = own[SERVER].partition(_KEY_END)
    given = emqx.EmqxSettings(
        directory=str(folder.absolute()),
        tls_host=settings.mqtt_tls_host,
        tls_port=settings.mqtt_tls_port,
        service_host=settings.mqtt_host,
        service_port=settings.mqtt_port,
        service_tls=settings.mqtt_tls,
        service_user=settings.mqtt_username,
        hook_url=settings.url,
        hook_token=keys.hook_token,
        api_key=keys.emqx_key,
        max_queued_messages=settings.broker_queue_messages,
    )
    written = {name: text.encode() for name, text in emqx.emqx_files(given).items()}
    return {**written, emqx.KEY: key + _KEY_END, emqx.CERTIFICATE: chain, TRUST: own[TRUST]}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes the folder and writes the files, for its owner alone. Raises SetupError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in files.items():
            write_file(folder / name, content)
    except OSError as error:
        msg = f"cannot write {error.filename or folder}: {error.strerror}; --out names another folder"
        raise SetupError(msg, path=str(folder)) from error


def _kept(path: Path) -> bytes:
    """Passwords of devices that stand there already stay."""
    return path.read_bytes() if path.exists() else b""
