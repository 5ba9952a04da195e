"""The brokers as a deployment runs them: who may come in, by the registry's word, and which doors are open.

The embedded broker is started here. Mosquitto's and EMQX's files are in `broker_files.py`, who ends the sessions of
revoked devices there is `broker_guard.py`, and who answers a broker's questions over HTTP is `broker_hook.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from broker import embedded
from broker.acl import MAX_QOS, Principal, may_publish, may_retain, may_subscribe
from broker.contract.ids import is_id
from broker.external import is_loopback
from broker.gatekeeper import (
    PROTOCOL_LEVEL,
    PROTOCOL_NAME,
    Certificate,
    ConnectFacts,
    Credential,
    Peer,
    admit,
    admit_certificate,
    worth_a_lookup,
)
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
    """Names and addresses at which devices and services may look for the broker, for its certificate."""
    wildcards = {"", "0.0.0.0", "::"}  # noqa: S104 - not bound, but left out
    asked = (settings.mqtt_public_host, settings.mqtt_tls_host, settings.mqtt_host, "localhost", "127.0.0.1")
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

    def ends_of(self, fingerprints: Sequence[bytes]) -> dict[bytes, datetime]:
        with self._db.reading() as tx:
            return devices.ends_of(tx, fingerprints)

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
            await asyncio.sleep(RENEWAL_LOOK_S)  # between two looks: a certificate ages by itself
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


class Judge:
    """An external broker's questions, answered by the rules that the embedded one obeys."""

    def __init__(self, registry: Registry, service_user: str) -> None:
        self._registry = registry
        self._service_user = service_user

    def admits(self, client_id: str, username: str, password: str, certificate: bytes | None) -> datetime | bool:
        """Whether this client may come in; with a certificate, until when. certificate: DER that the broker verified.

        Raises ValueError for one that cannot be read, and what the database raises.
        """
        connect = ConnectFacts(PROTOCOL_NAME, PROTOCOL_LEVEL, client_id, username, password, True, 0, None)
        if certificate is None:
            if not worth_a_lookup(connect, plain_devices=False).allowed:
                return False
            return admit(connect, self._registry.credential(username), plain_devices=False).allowed
        peer = _peer_of(certificate)
        if peer is None:
            return False
        known = self._registry.certificate(peer.fingerprint)
        allowed = admit_certificate(connect._replace(username=username or None), peer, known, self._registry.now())
        return known.not_after if allowed.allowed and known is not None else False

    def allows(self, username: str, action: str, topic: str, *, retained: bool = False, qos: int = 0) -> bool:
        """Whether who came in as `username` may `publish` on, or `subscribe` to, this topic."""
        if username == self._service_user:
            principal = Principal("service", username)
        elif is_id(username):
            principal = Principal("device", username)
        else:
            return False
        if qos > MAX_QOS:
            return False
        match action:
            case "publish":
                return may_publish(principal, topic).allowed and (not retained or may_retain(principal))
            case "subscribe":
                return may_subscribe(principal, topic).allowed
            case _:
                return False


def _peer_of(der: bytes) -> Peer | None:
    """Whom the certificate names; None when it does not name one unit. Raises ValueError."""
    certificate = x509.load_der_x509_certificate(der)
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = found.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        return None
    if len(names) != 1 or len(uris) != 1:
        return None
    return Peer(names[0], uris[0], certificate.fingerprint(SHA256()))
