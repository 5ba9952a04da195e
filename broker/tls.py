"""TLS of the embedded broker: its context, the handshake within bounds, and who the client's certificate says it is."""

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from broker.errors import TlsFilesError
from broker.gatekeeper import Peer

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption, nothing else. TLS 1.3 has no others."""
_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME; Python has no name for it."""


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The TLS listener. certificate: its chain, key: the private key, trust: who signs devices' certificates; paths of
    PEM files, read again when they change. host: an address; port 0: any free one.

    own_time: certificates' times are compared with the broker's clock and not by OpenSSL with the system's, for a
    deployment whose clock is put forward.
    """

    certificate: str
    key: str
    trust: str
    host: str = "127.0.0.1"
    port: int = 8883
    own_time: bool = False

    @property
    def files(self) -> tuple[str, str, str]:
        return self.certificate, self.key, self.trust


class ContextKeeper:
    """The context of the newest files. A renewed certificate is served without a restart."""

    def __init__(self, settings: TlsSettings) -> None:
        """Raises TlsFilesError for files that cannot be used."""
        self._settings = settings
        self._stamp = _stamp(settings)
        self.context: ssl.SSLContext = make_context(settings)

    def refresh(self) -> bool:
        """Reads changed files; whether there was something new. Raises TlsFilesError, and keeps what it had."""
        stamp = _stamp(self._settings)
        if stamp == self._stamp:
            return False
        self.context = make_context(self._settings)
        self._stamp = stamp
        return True


def make_context(settings: TlsSettings) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, a client certificate required. Raises TlsFilesError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.verify_mode = ssl.CERT_REQUIRED
    # No tickets and no renegotiation: who a connection is never changes. A TLS 1.2 client may still resume a session by
    # its id, and then shows its certificate no second time: the registry is asked about it at CONNECT all the same.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if settings.own_time:
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        context.load_verify_locations(settings.trust)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsFilesError(certificate=settings.certificate, key=settings.key, trust=settings.trust) from error
    return context


async def handshake(writer: asyncio.StreamWriter, context: ssl.SSLContext, limit_s: float) -> Peer | None:
    """Turns an accepted connection into TLS; who the client is, or None when it has not shown it in time.

    Must be called before anything awaits in the connection's task: asyncio then has not read a byte yet, so that the
    client's first words reach TLS and not the stream. Aborting the transport that the writer had before ends it at
    once, also for who gets None.
    """
    try:
        await writer.start_tls(context, ssl_handshake_timeout=limit_s)
    except (OSError, EOFError, AttributeError):
        # AttributeError: asyncio's own, when the connection was lost without an error during the handshake.
        return None
    secured: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    der = secured.getpeercert(binary_form=True) if secured else None
    return None if secured is None or der is None else peer_of(der, secured.getpeercert() or {})


def peer_of(der: bytes, facts: Mapping[str, Any]) -> Peer | None:
    """Who a verified certificate names. facts: as `SSLObject.getpeercert` gives them. None when it does not name one
    product, by exactly one common name and one URI.
    """
    names = [value for part in facts.get("subject", ()) for kind, value in part if kind == "commonName"]
    uris = [value for kind, value in facts.get("subjectAltName", ()) if kind == "URI"]
    if len(names) != 1 or len(uris) != 1:
        return None
    return Peer(names[0], uris[0], hashlib.sha256(der).digest())


def _stamp(settings: TlsSettings) -> tuple[tuple[int, int, int], ...] | None:
    """Changes when a file is replaced; None when one is missing."""
    try:
        found = [Path(name).stat() for name in settings.files]
    except OSError:
        return None
    return tuple((one.st_mtime_ns, one.st_ino, one.st_size) for one in found)
