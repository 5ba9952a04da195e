"""A push service and a browser for tests: over real TLS, and opening what it gets by RFC 8291 with code of its own."""

import base64
import hashlib
import hmac
import json
import os
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Browser:
    """What a browser makes when it subscribes."""

    key: ec.EllipticCurvePrivateKey
    secret: bytes

    @classmethod
    def new(cls) -> "Browser":
        return cls(ec.generate_private_key(CURVE), os.urandom(16))

    @property
    def p256dh(self) -> str:
        return text_of(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @property
    def auth(self) -> str:
        return text_of(self.secret)


def opened(browser: Browser, body: bytes) -> bytes:
    """What a message says to this browser."""
    salt, (size, length) = body[:16], struct.unpack("!LB", body[16:21])
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert len(sealed) <= size
    shared = browser.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
    first = _mac(browser.secret, shared)
    material = _mac(first, b"WebPush: info\0" + plain(browser.p256dh) + sender + b"\1")
    second = _mac(salt, material)
    key = _mac(second, b"Content-Encoding: aes128gcm\0\1")[:16]
    nonce = _mac(second, b"Content-Encoding: nonce\0\1")[:12]
    padded = AESGCM(key).decrypt(nonce, sealed, None)
    said, mark, _ = padded.rstrip(b"\0").rpartition(b"\2")
    assert mark
    return said


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def verified(header: str) -> tuple[dict[str, Any], str]:
    """What an `Authorization: vapid` claims, and the key by which that is true."""
    scheme, _, rest = header.partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    said, _, signature = given["t"].rpartition(".")
    raw = plain(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, plain(given["k"]))
    public.verify(pair, said.encode(), ec.ECDSA(hashes.SHA256()))
    head, claims = (json.loads(plain(part)) for part in said.split("."))
    assert (scheme, head) == ("vapid", {"typ": "JWT", "alg": "ES256"})
    return claims, given["k"]


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """got: what came, in order. answers: (status, headers) from the first on, before 201 for all."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def known(self) -> str:
        """As the setting `push_services` names it."""
        return f"127.0.0.1:{self.port}"

    def endpoint(self, name: str = "a") -> str:
        return f"https://{self.known}/push/{name}"


@contextmanager
def running_push_service(cert: tuple[Path, Path]) -> Iterator[PushService]:
    """cert: certificate and key, as PEM files."""
    service = PushService()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*cert)

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = service.answers.pop(0) if service.answers else (201, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="push service")
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
