"""How a message is sealed for one browser (RFC 8291 over RFC 8188) and signed by this deployment (RFC 8292).

Pure: keys, salt and time come in.
"""

import base64
import binascii
import struct
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey
CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5)."""
RECORD_BYTES: Final = 4096
PADDED_BYTES: Final = 1024
"""Every message is of this length, so that its length tells nobody which it is."""
SALT_BYTES: Final = 16
AUTH_BYTES: Final = 16
POINT_BYTES: Final = 65
SIGNED_FOR: Final = timedelta(hours=12)
"""RFC 8292 allows up to 24."""


def private_key(seed: bytes) -> PrivateKey:
    """The key that 32 secret bytes stand for."""
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, CURVE)


def public_point(key: PrivateKey) -> bytes:
    """The public key as an uncompressed point, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def b64(raw: bytes) -> str:
    """Base64url without padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """What `b64` wrote. Raises ValueError."""
    if "+" in text or "/" in text:
        msg = "the other alphabet of base64"
        raise ValueError(msg)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether these are a browser's keys: a point on the curve, and 16 bytes."""
    try:
        point, secret = unb64(p256dh), unb64(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError:
        return False
    return len(point) == POINT_BYTES and len(secret) == AUTH_BYTES


def seal(content: bytes, p256dh: bytes, auth: bytes, *, own: PrivateKey, salt: bytes, padded: int = 0) -> bytes:
    """The body of a push message, `Content-Encoding: aes128gcm`, in one record. own: made for this message alone; salt:
    16 random bytes. padded: the length up to which nothing is added.
    """
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    sender = public_point(own)
    shared = own.exchange(ec.ECDH(), receiver)
    material = _expand(shared, auth, b"WebPush: info\0" + p256dh + sender, 32)
    key = _expand(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _expand(material, salt, b"Content-Encoding: nonce\0", 12)
    plain = content + b"\2" + bytes(max(0, padded - len(content)))
    if len(plain) + 16 > RECORD_BYTES:
        msg = "too long for a push message"
        raise ValueError(msg)
    head = salt + struct.pack("!LB", RECORD_BYTES, len(sender)) + sender
    return head + AESGCM(key).encrypt(nonce, plain, None)


def signed(key: PrivateKey, origin: str, contact: str, now: datetime) -> str:
    """The header `Authorization` for a push service (RFC 8292). origin: of the service. contact: mailto: or https:."""
    claims = {"aud": origin, "exp": int((now + SIGNED_FOR).timestamp()), "sub": contact}
    head = b64(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    said = f"{head}.{b64(msgspec.json.encode(claims))}"
    r, s = decode_dss_signature(key.sign(said.encode(), ec.ECDSA(SHA256())))
    signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={said}.{signature}, k={b64(public_point(key))}"


def _expand(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
