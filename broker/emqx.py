"""EMQX 5 as the broker: its files, rendered from settings, with the rules of `broker.acl` asked for over HTTP.

Written after EMQX's documentation. Unlike Mosquitto's, these files are not run by the tests; the hook that they name
is.
"""

from string import Template
from typing import Annotated, Final

import msgspec

from broker.contract.messages import MAX_PAYLOAD_BYTES
from broker.errors import OpenDoorError
from broker.external import TRUST, is_loopback

CONFIGURATION: Final = "emqx.conf"
RULES: Final = "acl.conf"
API_KEYS: Final = "api-keys"
KEY: Final = "server-key.pem"
CERTIFICATE: Final = "server.pem"
AUTH_PATH: Final = "/hooks/broker/auth"
ACL_PATH: Final = "/hooks/broker/acl"

_Word = Annotated[str, msgspec.Meta(pattern=r'^[^\x00-\x1f"\\$]+$')]
"""A setting must not be able to end the string in which it stands, nor stand for a variable."""


class EmqxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How EMQX listens and what it asks. directory: absolute, where its files lie. hook_url: of our HTTP service.

    service_tls: services come by TLS, and must when their address is not loopback. api_key: name and secret, with a
    colon between, for `throughline broker guard`.
    """

    directory: _Word
    tls_host: _Word = "127.0.0.1"
    tls_port: int = 8883
    service_host: _Word = "127.0.0.1"
    service_port: int = 1884
    service_tls: bool = False
    service_user: _Word = "tl-cloud"
    hook_url: _Word
    hook_token: _Word
    api_key: _Word
    max_connections: int = 100_000
    max_service_connections: int = 1000
    max_keepalive_s: int = 300
    max_queued_messages: int = 100_000
    max_inflight_messages: int = 4096
    max_packet_bytes: int = MAX_PAYLOAD_BYTES + 8 * 1024
    session_expiry: _Word = "7d"


def emqx_files(settings: EmqxSettings) -> dict[str, str]:
    """File names under `settings.directory` and their contents. Not among them: `KEY`, `CERTIFICATE` and `TRUST`.

    Raises msgspec.ValidationError when a text of the settings would not stay in its string, and OpenDoorError for a
    listener that would let the service's password leave the machine in the clear.
    """
    msgspec.convert(msgspec.to_builtins(settings), EmqxSettings)
    if not settings.service_tls and not is_loopback(settings.service_host):
        raise OpenDoorError(host=settings.service_host, port=settings.service_port)
    own = {name: getattr(settings, name) for name in EmqxSettings.__struct_fields__}
    values = {
        **own,
        "tls": _bind(settings.tls_host, settings.tls_port),
        "service": _bind(settings.service_host, settings.service_port),
        "kind": "ssl" if settings.service_tls else "tcp",
        "service_options": _SERVICE_TLS if settings.service_tls else "",
        "rules": f"{settings.directory}/{RULES}",
        "api_keys": f"{settings.directory}/{API_KEYS}",
        "auth_path": AUTH_PATH,
        "acl_path": ACL_PATH,
        "key": f"{settings.directory}/{KEY}",
        "certificate": f"{settings.directory}/{CERTIFICATE}",
        "trust": f"{settings.directory}/{TRUST}",
    }
    return {
        CONFIGURATION: _Template(_Template(_CONFIGURATION).safe_substitute(values)).substitute(values),
        RULES: _Template(_RULES).substitute(values),
        API_KEYS: f"{settings.api_key}:administrator\n",
    }


class _Template(Template):
    """`<name>` is filled in; `${name}` is EMQX's own."""

    pattern = r"<(?:(?P<named>[a-z_]+)|(?P<braced>(?!))|(?P<escaped>(?!))|(?P<invalid>(?!)))>"  # type: ignore[assignment]  # string.Template compiles it


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_SERVICE_TLS: Final = """\
  ssl_options {
    certfile = "<certificate>"
    keyfile = "<key>"
    verify = verify_none
    versions = ["tlsv1.3", "tlsv1.2"]
  }
"""

_RULES: Final = """\
%% EMQX for Throughline: what is decided without a question. Everything else is asked of the hook (see emqx.conf).
%% Rendered from settings: change those, not this file.

%% Nobody listens to the broker itself, or to everything.
{deny, all, subscribe, ["$SYS/#", {eq, "#"}, {eq, "+/#"}]}.
{deny, all, publish, ["$SYS/#"]}.

%% The cloud's own user does what it likes below tl/. Its name cannot be a device's: a device's is its product id.
{allow, {username, "<service_user>"}, all, ["tl/#"]}.
%% The workers' shared subscription: EMQX asks for the topics behind the group's name; should it ask for the whole:
{allow, {username, "<service_user>"}, subscribe, ["$share/+/tl/#"]}.
{deny, {username, "<service_user>"}.
"""

_CONFIGURATION: Final = """\
# EMQX 5 for Throughline. Rendered from settings: change those, not this file.
#
# For EMQX 5.8 or newer; with 5.7.1 the answer's expire_at has no effect, and before that there is no cert_pem, so that
# the hook lets nobody in. THIS FILE IS NOT RUN BY THE TESTS of Throughline: it follows EMQX's documentation. The hook
# that it names is tested over HTTP. Try it before you trust it: a revoked certificate, another unit's topic.

# --- Devices: TLS, with a certificate of their own ----------------------------------------------------------------
listeners.ssl.default {
  enable = true
  bind = "<tls>"
  max_connections = <max_connections>
  ssl_options {
    certfile = "<certificate>"
    keyfile = "<key>"
    # Who signs devices' certificates.
    cacertfile = "<trust>"
    verify = verify_peer
    fail_if_no_peer_cert = true
    versions = ["tlsv1.3", "tlsv1.2"]
    # Of TLS 1.2 only what has forward secrecy and authenticated encryption.
    ciphers = [
      "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"
    ]
    secure_renegotiate = true
    client_renegotiation = false
    # A slow handshake ends.
    handshake_timeout = 10s
  }
}

# --- Services: the cloud's own processes. Keep this address private. ----------------------------------------------
listeners.<kind>.services {
  enable = true
  bind = "<service>"
  max_connections = <max_service_connections>
  zone = services
<service_options>}

# --- No other door: no plain listener for devices, no web sockets. ------------------------------------------------
listeners.tcp.default.enable = false
listeners.ws.default.enable = false
listeners.wss.default.enable = false

# --- Who a client is, and what may wait ---------------------------------------------------------------------------
mqtt {
  # User name and client id are the certificate's common name, which is the product id, whatever the client says.
  peer_cert_as_username = cn
  peer_cert_as_clientid = cn
  max_qos_allowed = 1
  # Bytes. A larger packet ends the connection.
  max_packet_size = <max_packet_bytes>B
  # No CONNECT within this: closed.
  idle_timeout = 10s
  server_keepalive = <max_keepalive_s>
  max_subscriptions = 64
  session_expiry_interval = <session_expiry>
  shared_subscription = true
  max_inflight = 32
  max_mqueue_len = 256
  mqueue_store_qos0 = false
}

# Services read what all devices say: a batch of an ingest worker, and what waits while none is there.
zones.services.mqtt {
  max_inflight = <max_inflight_messages>
  max_mqueue_len = <max_queued_messages>
  max_subscriptions = infinity
  server_keepalive = disabled
}

# Sessions and queued messages survive a restart of a node, on disk and in the cluster.
durable_sessions.enable = true

# --- Who may come in: asked of the registry at each connection ------------------------------------------------------
# Certificate known and in force, user name, client id. Whoever is not allowed by it is refused, also when it is away.
authentication = [
  {
    mechanism = password_based
    backend = http
    method = post
    url = "<hook_url><auth_path>"
    headers { "content-type" = "application/json", "authorization" = "Bearer <hook_token>" }
    body {
      username = "${username}"
      clientid = "${clientid}"
      password = "${password}"
      cert_common_name = "${cert_common_name}"
      cert_pem = "${cert_pem}"
    }
    connect_timeout = 5s
    request_timeout = 5s
    pool_size = 16
  }
]

# --- Who may do what: a few rules of the file, then the hook, then no. ----------------------------------------------
authorization {
  no_match = deny
  # A device that repeats a refused message for ever would help nobody: it goes nowhere, and the connection stays.
  deny_action = ignore
  cache { enable = true, max_size = 32, ttl = 1m }
  sources = [
    { type = file, enable = true, path = "<rules>" },
    {
      type = http
      enable = true
      method = post
      url = "<hook_url><acl_path>"
      headers { "content-type" = "application/json", "authorization" = "Bearer <hook_token>" }
      body {
        username = "${username}"
        clientid = "${clientid}"
        action = "${action}"
        topic = "${topic}"
        qos = "${qos}"
        retain = "${retain}"
      }
      connect_timeout = 5s
      request_timeout = 5s
      pool_size = 16
    }
  ]
}

# --- The door of the guard, which ends the sessions of revoked devices ----------------------------------------------
# On this machine alone; in front of another one put TLS. Change the dashboard's own password before anything else.
dashboard.listeners.http.bind = "127.0.0.1:18083"
api_key.bootstrap_file = "<api_keys>"

log.console.level = warning
"""
