"""Mosquitto as the broker: its files, rendered from settings, so that both brokers obey the rules of `broker.acl`.

Two listeners. Devices meet one where the client id is the username, whatever they claim. Services need several sessions
under one name, so they have a listener of their own, for a private network, with its own passwords: a device's password
opens nothing there, and a service's nothing outside. TLS would be more lines of the device listener.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from broker.contract.messages import MAX_PAYLOAD_BYTES
from broker.contract.topics import Up

CONFIGURATION: Final = "mosquitto.conf"
DEVICE_RULES: Final = "devices.acl"
SERVICE_RULES: Final = "services.acl"
DEVICE_PASSWORDS: Final = "devices.passwd"
SERVICE_PASSWORDS: Final = "services.passwd"

SALT_BYTES: Final = 12
"""What Mosquitto 2.0 reads and writes."""
DEFAULT_ITERATIONS: Final = 101
"""Mosquitto's own. Enough, because our passwords are 256 random bits: there is nothing to guess."""

_Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]+$")]
"""A setting must not be able to begin another line of the file."""


class MosquittoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Mosquitto listens and what it keeps. directory: absolute; where the files and the store live.

    host: of the devices' listener. Passwords cross it in the clear, so it is this machine's until somebody opens it.
    user: whom Mosquitto becomes when it is started as root. autosave_interval: seconds, or, with autosave_on_changes, a
    number of changes; what came since is lost when Mosquitto is killed.
    """

    directory: _Line
    host: _Line = "127.0.0.1"
    port: int = 1883
    service_host: _Line = "127.0.0.1"
    service_port: int = 1884
    user: _Line = "mosquitto"
    max_connections: int = 100_000
    max_service_connections: int = 1000
    max_keepalive_s: int = 300
    max_queued_messages: int = 100_000
    max_queued_bytes: int = 256 * 1024 * 1024
    max_inflight_messages: int = 4096
    max_packet_bytes: int = MAX_PAYLOAD_BYTES + 8 * 1024
    session_expiry: _Line = "7d"
    autosave_interval: int = 30
    autosave_on_changes: bool = False


def mosquitto_files(settings: MosquittoSettings) -> dict[str, str]:
    """File names under `settings.directory` and their contents; the two password files are made by `password_file`.

    Raises msgspec.ValidationError when a text of the settings would not stay on its line.
    """
    msgspec.convert(msgspec.to_builtins(settings), MosquittoSettings)
    return {
        CONFIGURATION: _configuration(settings),
        DEVICE_RULES: _device_rules(),
        SERVICE_RULES: _service_rules(),
    }


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
    return _GENERAL.format(s=settings, on_changes=str(settings.autosave_on_changes).lower()) + _LISTENERS.format(
        s=settings,
        device_rules=DEVICE_RULES,
        service_rules=SERVICE_RULES,
        device_passwords=DEVICE_PASSWORDS,
        service_passwords=SERVICE_PASSWORDS,
    )


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
        "# user, or for nobody; a `pattern` holds for all. $SYS is not granted.\n"
        "pattern readwrite tl/#\n"
    )


_GENERAL: Final = """\
# Mosquitto for Throughline. Rendered from settings: change those, not this file.

# Each listener has its own passwords and rules. Must stand first.
per_listener_settings true

# Whom to become when started as root.
user {s.user}

# --- What is kept -------------------------------------------------------------------------------------------------
# Sessions, queued and retained messages survive a restart. Mosquitto acknowledges a message when it is in memory; it
# reaches the disk at the next save, so a killed Mosquitto loses what came since. Devices that follow the watermark
# (down/stored) send that again; others lose it.
persistence true
persistence_location {s.directory}/
# Seconds; with autosave_on_changes a number of changes. A save writes the whole store.
autosave_interval {s.autosave_interval}
autosave_on_changes {on_changes}
# A session that nobody comes back to.
persistent_client_expiration {s.session_expiry}

# --- What may wait ------------------------------------------------------------------------------------------------
# For each session, behind those in flight. Beyond it Mosquitto drops silently; its own default is 1000.
max_queued_messages {s.max_queued_messages}
max_queued_bytes {s.max_queued_bytes}
# Sent and not yet acknowledged: how large a batch of an ingest worker can be. Mosquitto's own default is 20.
max_inflight_messages {s.max_inflight_messages}
queue_qos0_messages false

# --- What may come ------------------------------------------------------------------------------------------------
# Bytes. A larger packet ends the connection before it is read. (message_size_limit would read and acknowledge it.)
max_packet_size {s.max_packet_bytes}
# Seconds. An MQTT 5 client is told this one instead of a longer one. Mosquitto 2.0.11 lets an MQTT 3.1.1 client ask for
# more, or for none: its half-open connection then stays until TCP gives up.
max_keepalive {s.max_keepalive_s}
# $SYS is read by nobody.
sys_interval 0
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
connection_messages false
"""

_LISTENERS: Final = """
# --- Devices ------------------------------------------------------------------------------------------------------
listener {s.port} {s.host}
allow_anonymous false
password_file {s.directory}/{device_passwords}
acl_file {s.directory}/{device_rules}
# The client id, the key of a session, is the username: nobody can take over somebody else's.
use_username_as_clientid true
allow_zero_length_clientid false
max_connections {s.max_connections}
max_qos 1

# --- Services: the cloud's own processes. Keep this address private. ----------------------------------------------
listener {s.service_port} {s.service_host}
allow_anonymous false
password_file {s.directory}/{service_passwords}
acl_file {s.directory}/{service_rules}
allow_zero_length_clientid false
max_connections {s.max_service_connections}
max_qos 1
"""
