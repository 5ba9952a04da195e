"""The brokers as a deployment runs them: who may come in, by the registry's word, and which doors are open.

The embedded broker is started here. Mosquitto's and EMQX's files are in `broker_files.py`, who ends the sessions of
revoked devices there is `broker_guard.py`, and who answers a broker's questions over HTTP is `broker_hook.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

from broker import embedded
from broker.external import is_loopback
from broker.gatekeeper import Certificate, Credential
from broker.tls import TlsSettings
from cloud.clock import system_clock
from cloud.db import Database
from cloud.errors import SetupError
from cloud.identity import devices
from cloud.identity import service as identity
from cloud.identity.tls_files import server_certificate, trust_file
from cloud.secrets import Keys
from cloud.settings import Settings

log = logging.getLogger("throughline.broker")

RENEWAL_LOOK_S: Final = 3600.0
"""How often it is looked whether the broker's own certificate is due."""


def check(settings: Settings) -> None:
    """Raises SetupError for listeners that would let a password leave this machine in the clear."""
    local = is_loopback(settings.mqtt_host)
    if settings.plain_devices and not local:
        msg = (
            f"plain_devices lets devices come with passwords in the clear, so mqtt_host must be a loopback address "
            f"such as 127.0.0.1, and not {settings.mqtt_host}; leave it off, and let devices come by TLS"
        )
        raise SetupError(msg, host=settings.mqtt_host)
    if settings.broker == "embedded" and settings.mqtt_tls:
        msg = "mqtt_tls is for an external broker; to the embedded one the cloud speaks on this machine alone"
        raise SetupError(msg)
    if settings.broker == "embedded" and not local:
        msg = (
            f"the plain listener of the embedded broker is for this machine alone, so mqtt_host must be a loopback "
            f"address such as 127.0.0.1, and not {settings.mqtt_host}; devices of other machines come by TLS, to "
            f"mqtt_tls_host"
        )
        raise SetupError(msg, host=settings.mqtt_host)
    if not local and not settings.mqtt_tls:
        msg = (
            f"the cloud's own password would go to the broker at {settings.mqtt_host} in the clear; set mqtt_tls, and "
            f"mqtt_ca_file when a public authority does not vouch for the broker"
        )
        raise SetupError(msg, host=settings.mqtt_host)


def names_of(settings: Settings) -> tuple[str, ...]:
    """Names and addresses at which devices may look for the broker, for its certificate."""
    wildcards = {"", "0.0.0.0", "::"}  # noqa: S104 - not bound, but left out
    asked = (settings.mqtt_public_host, settings.mqtt_tls_host, "localhost", "127.0.0.1")
    return tuple(dict.fromkeys(name for name in asked if name not in wildcards))


class Registry:
    """Who may connect: a broker's gatekeeper, answered from the registry."""

    def __init__(self, db: Database, settings: Settings, keys: Keys) -> None:
        self._db = db
        self._own = {settings.mqtt_username: Credential("service", identity.secret_hash(keys.mqtt_password))}

    def credential(self, username: str) -> Credential | None:
        if username in self._own:
            return self._own[username]
        with self._db.reading() as tx:
            found = identity.device_secret(tx, username)
        return None if found is None else Credential("device", found[0], revoked=found[1])

    def certificate(self, fingerprint: bytes) -> Certificate | None:
        with self._db.reading() as tx:
            found = devices.certificate_of(tx, fingerprint)
        return None if found is None else Certificate(found.product_id, found.not_after, revoked=found.revoked)

    def ended_after(self, mark: int) -> tuple[int, list[str]]:
        with self._db.reading() as tx:
            return devices.ended_after(tx, mark)

    def now(self) -> datetime:
        return self._db.clock()


async def serve(
    settings: Settings, keys: Keys, db: Database, ready: Callable[[int], None], stop: asyncio.Event
) -> None:
    """The embedded broker in this process. Raises PortTakenError, TlsFilesError, NoAuthorityError, SetupError."""
    check(settings)
    listen = embedded.EmbeddedSettings(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        plain_devices=settings.plain_devices,
        tls=_tls_settings(settings, keys),
    )
    registry = Registry(db, settings, keys)
    async with _renewing(settings, keys):
        await embedded.serve(listen, registry, lambda plain, _tls: ready(plain), stop)


def _tls_settings(settings: Settings, keys: Keys) -> TlsSettings:
    own = str(server_certificate(settings.keys_dir, keys, names_of(settings), system_clock()))
    return TlsSettings(
        certificate=own,
        key=own,
        trust=str(trust_file(settings.keys_dir)),
        host=settings.mqtt_tls_host,
        port=settings.mqtt_tls_port,
        own_time=settings.time_travel,
    )


@contextlib.asynccontextmanager
async def _renewing(settings: Settings, keys: Keys) -> AsyncIterator[None]:
    """The broker's certificate is made anew in time; the broker takes the new file up by itself."""

    async def look() -> None:
        while True:
            await asyncio.sleep(RENEWAL_LOOK_S)
            try:
                await asyncio.to_thread(server_certificate, settings.keys_dir, keys, names_of(settings), system_clock())
            except Exception:
                log.warning("the broker's certificate could not be looked after", exc_info=True)

    task = asyncio.create_task(look(), name="broker certificate")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
