"""Mosquitto as the broker: its files, rendered from settings, so that both brokers obey the rules of `broker.acl`.

Two listeners. Devices meet one of TLS where user name and client id are the certificate's common name, whatever they
claim. Services need several sessions under one name, so they have a listener of their own, for a private network, with
passwords: a device's certificate opens nothing there, and a service's password nothing outside.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Final

import msgspec

from broker.contract.messages import MAX_PAYLOAD_BYTES
from broker.contract.topics import Up
from broker.errors import OpenDoorError
from broker.tls import CIPHERS

CONFIGURATION: Final = "mosquitto.conf"
DEVICE_RULES: Final = "devices.acl"
SERVICE_RULES: Final = "services.acl"
DEVICE_PASSWORDS: Final = "devices.passwd"
SERVICE_PASSWORDS: Final = "services.passwd"
SERVER: Final = "server.pem"
TRUST: Final = "trust.pem"
REVOKED: Final = "revoked.pem"
PID: Final = "mosquitto.pid"

SALT_BYTES: Final = 12
"""What Mosquitto 2.0 reads and writes."""
DEFAULT_ITERATIONS: Final = 101
"""Mosquitto's own. Enough, because our passwords are 256 random bits: there is nothing to guess."""

_Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]+$")]
"""A setting must not be able to begin another line of the file."""


class MosquittoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Mosquitto listens and what it keeps. directory: absolute; where all its files and the store live.

    tls_port: of the devices' listener; they show a certificate there; 0: none. plain_port: of a second one, where
    passwords cross in the clear: on this machine's loopback only; 0: none. service_tls: services come by TLS, and must
    when their address is not loopback. user: whom Mosquitto becomes when it is started as root. autosave_interval:
    seconds, or, with autosave_on_changes, a number of changes; what came since is lost when Mosquitto is killed.
    memory_limit_bytes: of the whole Mosquitto; 0: as much as the machine has.
    """

    directory: _Line
    tls_host: _Line = "127.0.0.1"
    tls_port: int = 8883
    plain_host: _Line = "127.0.0.1"
    plain_port: int = 0
    service_host: _Line = "127.0.0.1"
    service_port: int = 1884
    service_tls: bool = False
    user: _Line = "mosquitto"
    max_connections: int = 100_000
    max_service_connections: int = 1000
    max_keepalive_s: int = 300
    max_queued_messages: int = 100_000
    max_queued_bytes: int = 256 * 1024 * 1024
    max_inflight_messages: int = 4096
    max_packet_bytes: int = MAX_PAYLOAD_BYTES + 8 * 1024
    memory_limit_bytes: int = 1024 * 1024 * 1024
    sys_interval_s: int = 5
    autosave_interval: int = 30
    autosave_on_changes: bool = False


def mosquitto_files(settings: MosquittoSettings) -> dict[str, str]:
    """File names under `settings.directory` and their contents. Not among them: the two password files, which
    `password_file` makes, and certificate, key, trusted authorities and revocation list (`SERVER`, `TRUST`, `REVOKED`).

    Raises msgspec.ValidationError when a text of the settings would not stay on its line, and OpenDoorError for a
    listener that would let passwords leave the machine in the clear.
    """
    msgspec.convert(msgspec.to_builtins(settings), MosquittoSettings)
    if settings.plain_port and not is_loopback(settings.plain_host):
        raise OpenDoorError(host=settings.plain_host, port=settings.plain_port)
    if not settings.service_tls and not is_loopback(settings.service_host):
        raise OpenDoorError(host=settings.service_host, port=settings.service_port)
    return {
        CONFIGURATION: _configuration(settings),
        DEVICE_RULES: _device_rules(),
        SERVICE_RULES: _service_rules(),
    }


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host`, an address or `localhost`, stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def password_line(username: str, password: str, salt: bytes, iterations: int = DEFAULT_ITERATIONS) -> str:
    """One line of a password file in Mosquitto's `$7$` form: PBKDF2 with SHA-512, 64 bytes, in base 64. salt: 12 bytes.

    Raises ValueError when the username cannot stand in such a line, or the salt is of another length.
    """
    if not username or ":" in username or not username.isprintable() or len(salt) != SALT_BYTES:
        message = "a username without colon and control characters, and a salt of 12 bytes"
        raise ValueError(message)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"{username}:$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_file(passwords: Iterable[tuple[str, str]]) -> str:
    """A password file for these usernames and passwords. Draws the salts. Mosquitto reads it again on SIGHUP."""
    lines = [password_line(username, password, secrets.token_bytes(SALT_BYTES)) for username, password in passwords]
    return "".join(f"{line}\n" for line in lines)


def _configuration(settings: MosquittoSettings) -> str:
    values = {
        "s": settings,
        "on_changes": str(settings.autosave_on_changes).lower(),
        "device_rules": DEVICE_RULES,
        "service_rules": SERVICE_RULES,
        "device_passwords": DEVICE_PASSWORDS,
        "service_passwords": SERVICE_PASSWORDS,
        "pid": PID,
        "server": f"{settings.directory}/{SERVER}",
        "trust": f"{settings.directory}/{TRUST}",
        "revoked": f"{settings.directory}/{REVOKED}",
        "ciphers": CIPHERS,
    }
    tls = _TLS_DEVICES if settings.tls_port else ""
    parts = [_GENERAL, tls, _PLAIN_DEVICES if settings.plain_port else _NO_PLAIN_DEVICES, _SERVICES]
    if settings.service_tls:
        parts.append(_SERVICE_TLS)
    return "".join(parts).format(**values)


def _device_rules() -> str:
    said = "".join(f"pattern write tl/v1/%u/up/{kind.value}\n" for kind in Up)
    return (
        "# Devices. %u is the username, which is the product id. What is not granted here is refused.\n"
        "# Mosquitto 2.0 grants any subscription and asks again before each delivery: a device that subscribes to\n"
        "# everything still hears only what is meant for it.\n"
        f"{said}pattern read tl/v1/%u/down/#\n"
    )


def _service_rules() -> str:
    return (
        "# The cloud's own users: all who are in this listener's password file. A `topic` line would hold for one\n"
        "# user, or for nobody; a `pattern` holds for all. Of $SYS they hear how full the queues are, no more.\n"
        "pattern readwrite tl/#\n"
        "pattern read $SYS/broker/store/messages/#\n"
        "pattern read $SYS/broker/retained messages/count\n"
        "pattern read $SYS/broker/publish/messages/dropped\n"
    )


_GENERAL: Final = """\
# Mosquitto for Throughline. Rendered from settings: change those, not this file.

# Each listener has its own passwords and rules. Must stand first.
per_listener_settings true

# Whom to become when started as root.
user {s.user}
# Where `throughline broker guard` finds the process that it signals.
pid_file {s.directory}/{pid}

# --- What is kept -------------------------------------------------------------------------------------------------
# Sessions, queued and retained messages survive a restart. Mosquitto acknowledges a message when it is in memory; it
# reaches the disk at the next save, so a killed Mosquitto loses what came since. Devices that follow the watermark
# (down/stored) send that again; others lose it.
persistence true
persistence_location {s.directory}/
# Seconds; with autosave_on_changes a number of changes. A save writes the whole store.
autosave_interval {s.autosave_interval}
autosave_on_changes {on_changes}
# Sessions that nobody comes back to stay: persistent_client_expiration is left out with intent. Mosquitto 2.0.11 ends
# with a segmentation fault when a session is taken over that is on its list of those to expire. The guard ends the
# sessions of revoked devices; the others wait for their device.

# --- What may wait ------------------------------------------------------------------------------------------------
# For each session, behind those in flight. Beyond it Mosquitto drops silently; its own default is 1000.
max_queued_messages {s.max_queued_messages}
max_queued_bytes {s.max_queued_bytes}
# Sent and not yet acknowledged: how large a batch of an ingest worker can be. Mosquitto's own default is 20.
max_inflight_messages {s.max_inflight_messages}
queue_qos0_messages false
# Bytes of all that Mosquitto holds; 0: no limit. Beyond it a message is dropped, and who sent or should have had it is
# disconnected. Subscriptions and queues of everybody count together, so let the system limit the process as well.
memory_limit {s.memory_limit_bytes}

# --- What may come ------------------------------------------------------------------------------------------------
# Bytes. A larger packet ends the connection before it is read. (message_size_limit would read and acknowledge it.)
max_packet_size {s.max_packet_bytes}
# Seconds. An MQTT 5 client is told this one instead of a longer one. Mosquitto 2.0.11 lets an MQTT 3.1.1 client ask for
# more, or for none: its half-open connection then stays until TCP gives up.
max_keepalive {s.max_keepalive_s}
# Seconds. How often $SYS says how full the queues are; services hear that, and devices nothing of it.
sys_interval {s.sys_interval_s}
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
connection_messages false
"""

_TLS_DEVICES: Final = """
# --- Devices: TLS, with a certificate of their own ----------------------------------------------------------------
listener {s.tls_port} {s.tls_host}
allow_anonymous false
acl_file {s.directory}/{device_rules}
# Key and chain of this server, in one file. Read again on SIGHUP.
certfile {server}
keyfile {server}
# Who signs devices' certificates.
cafile {trust}
require_certificate true
# Whose certificate was revoked. Mosquitto reads it at the start and on SIGHUP, and closes no connection for it; both is
# done by `throughline broker guard`, which also makes the list anew in time: once it is out of date, nobody gets in.
crlfile {revoked}
# TLS 1.2 is the oldest; of it only what has forward secrecy and authenticated encryption.
tls_version tlsv1.2
ciphers {ciphers}
# The user name is the certificate's common name, which is the product id, whatever the client says.
use_identity_as_username true
# The client id, the key of a session, is the user name: nobody can take over somebody else's.
use_username_as_clientid true
allow_zero_length_clientid false
max_connections {s.max_connections}
max_qos 1
"""

_NO_PLAIN_DEVICES: Final = """
# --- Devices without TLS: no such listener. -----------------------------------------------------------------------
"""

_PLAIN_DEVICES: Final = """
# --- Devices without TLS, with passwords: for trying things out on this machine alone -----------------------------
listener {s.plain_port} {s.plain_host}
allow_anonymous false
password_file {s.directory}/{device_passwords}
acl_file {s.directory}/{device_rules}
use_username_as_clientid true
allow_zero_length_clientid false
max_connections {s.max_connections}
max_qos 1
"""

_SERVICES: Final = """
# --- Services: the cloud's own processes. Keep this address private. ----------------------------------------------
listener {s.service_port} {s.service_host}
allow_anonymous false
password_file {s.directory}/{service_passwords}
acl_file {s.directory}/{service_rules}
# Client ids are free here: the guard ends the session of a revoked device by taking its client id over.
allow_zero_length_clientid false
max_connections {s.max_service_connections}
max_qos 1
"""

_SERVICE_TLS: Final = """# Passwords may leave the machine here: services verify this server's certificate first.
certfile {server}
keyfile {server}
tls_version tlsv1.2
ciphers {ciphers}
"""
