"""Keys: what is sealed under them, and what is signed. Who may open what, the callers decide.

Crypto-shredding: what is kept about a person is sealed under a key of their own, which exists only wrapped under the
master key. Delete the wrapped key, and every copy of what it sealed is noise, also in the append-only journal. A
backup from before holds the wrapped key still, until it expires or is purged. AES-256-GCM throughout; receipts are
signed with Ed25519.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.contract.errors import ThroughlineError
from cloud.errors import SetupError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FORM: Final = b"\x01"
"""First byte of everything sealed, so that a later form can be told from this one."""


class SealedError(ThroughlineError):
    """What is sealed cannot be opened: changed, cut, of another context, or of another key."""

    code: ClassVar[str] = "sealed"


class Keys(NamedTuple):
    """The secrets of a deployment. Whoever has these and the database has everything."""

    master_key: bytes
    signing_key: bytes

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (`claim codes`), from which neither the master key nor another follows."""
        return _derive(self.master_key, f"purpose: {purpose}")

    def __repr__(self) -> str:
        return "Keys(…)"  # a log must not hold them


class Vault:
    """Seals and opens. Holds nothing but keys, and may be shared by threads."""

    def __init__(self, master_key: bytes) -> None:
        """master_key: 32 random bytes, or ValueError."""
        if len(master_key) != KEY_BYTES:
            msg = f"a master key has {KEY_BYTES} bytes"
            raise ValueError(msg)
        self._wrapping = _derive(master_key, "vault: person keys")
        self._own = _derive(master_key, "vault: own")

    def new_person_key(self) -> bytes:
        """A fresh key for one person, wrapped. Delete it to erase all that was sealed under it."""
        return _seal(self._wrapping, secrets.token_bytes(KEY_BYTES), b"")

    def seal(self, wrapped: bytes, plaintext: bytes, context: bytes) -> bytes:
        """`plaintext` under a person's key: 29 bytes longer, never twice the same.

        context: says where it belongs (row and column); it is not stored, and it opens with the same only. Raises
        SealedError when `wrapped` is not a key of this vault.
        """
        return _seal(self._person_key(wrapped), plaintext, context)

    def open(self, wrapped: bytes, sealed: bytes, context: bytes) -> bytes:
        """What was sealed. Raises SealedError."""
        return _open(self._person_key(wrapped), sealed, context)

    def seal_own(self, plaintext: bytes, context: bytes) -> bytes:
        """`plaintext` under a key of the vault itself, for what belongs to no person or lives for a short time."""
        return _seal(self._own, plaintext, context)

    def open_own(self, sealed: bytes, context: bytes) -> bytes:
        """What `seal_own` sealed. Raises SealedError."""
        return _open(self._own, sealed, context)

    def _person_key(self, wrapped: bytes) -> bytes:
        return _open(self._wrapping, wrapped, b"")


class Signer:
    """Signs documents, such as the receipt of an erasure, so that anybody can check them later."""

    def __init__(self, signing_key: bytes) -> None:
        """signing_key: the 32 bytes of an Ed25519 private key, or ValueError."""
        self._key = Ed25519PrivateKey.from_private_bytes(signing_key)
        self.public_key: Final = self._key.public_key().public_bytes_raw()
        """To be published: 32 bytes."""
        self.key_id: Final = hashlib.sha256(self.public_key).hexdigest()[:16]

    def sign(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`document` with `key_id` and `signature` (base64). Raises ValueError when it has these, or is no JSON."""
        if {"key_id", "signature"} & document.keys():
            msg = "the document has a key_id or a signature already"
            raise ValueError(msg)
        named = {**document, "key_id": self.key_id}
        return {**named, "signature": base64.b64encode(self._key.sign(canonical_json(named))).decode()}


def verify(document: Mapping[str, Any], public_key: bytes) -> bool:
    """`document` is as its signer left it. public_key: 32 bytes, or ValueError."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    try:
        signature = base64.b64decode(document["signature"], validate=True)
        signed = canonical_json({name: value for name, value in document.items() if name != "signature"})
        key.verify(signature, signed)
    except (KeyError, TypeError, ValueError, binascii.Error, RecursionError, InvalidSignature):
        return False
    return True


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """The one spelling that is signed: names sorted by code point, no spaces, UTF-8, no NaN. Raises ValueError."""
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return text.encode()


def load_or_create_keys(directory: Path) -> Keys:
    """The keys in `directory`, made on the first call; readable by this user only.

    Processes that start at once end with the same keys. Raises SetupError for a file that others may read or that
    holds no key.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Keys(*(_load_or_create(directory / f"{name}.key") for name in ("master", "signing")))
    except OSError as error:
        msg = f"the keys in {directory} cannot be read or written: {error.strerror}"
        raise SetupError(msg, path=str(directory)) from error


def _load_or_create(path: Path) -> bytes:
    if not path.exists():
        _create(path, secrets.token_bytes(KEY_BYTES))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        msg = f"others may read {path}; chmod it to 600, and think about who may have"
        raise SetupError(msg, path=str(path))
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        msg = f"{path} holds no key; restore it from the backup: what is sealed cannot be opened without it"
        raise SetupError(msg, path=str(path))
    return key


def _create(path: Path, key: bytes) -> None:
    """Writes the whole file under another name and links it: whoever is first wins, and nobody ever sees a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600 from the beginning
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        _sync_directory(path.parent)
    finally:
        Path(name).unlink()


def _sync_directory(directory: Path) -> None:
    """So that a power cut after the first sealing does not take the key with it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"throughline " + purpose.encode()).derive(key)


def _seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, plaintext, _FORM + context)


def _open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    if len(sealed) < len(_FORM) + _NONCE_BYTES + _TAG_BYTES or not sealed.startswith(_FORM):
        raise SealedError
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, rest, _FORM + context)
    except InvalidTag:
        raise SealedError from None
