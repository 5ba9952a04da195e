"""Eddystone-EID: the ephemeral id that a device's beacon sends, and that only the device and the cloud can compute.

Source: Google's Eddystone specification, `eddystone-eid/eid-computation.md`.
"""

from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

DEFAULT_EXPONENT = 9
"""A new ephemeral id every 512 seconds."""


def temporary_key(identity_key: bytes, time_s: int) -> bytes:
    """The key of the 65,536 seconds around `time_s` (32 bits, since the beacon's own epoch)."""
    return _aes128(identity_key, bytes(11) + b"\xff\x00\x00" + (time_s >> 16 & 0xFFFF).to_bytes(2, "big"))


def ephemeral_id(identity_key: bytes, time_s: int, exponent: int = DEFAULT_EXPONENT) -> bytes:
    """The 8 bytes on the air at `time_s`. exponent: K, 0 to 15. Raises ValueError for anything out of its range."""
    if len(identity_key) != 16 or not 0 <= exponent <= 15 or not 0 <= time_s < 2**32:
        msg = "an identity key has 16 bytes, K is 0 to 15, a beacon's time has 32 bits"
        raise ValueError(msg)
    quantum = time_s >> exponent << exponent
    block = bytes(11) + bytes([exponent]) + quantum.to_bytes(4, "big")
    return _aes128(temporary_key(identity_key, time_s), block)[:8]


def ids_around(identity_key: bytes, at: datetime, exponent: int = DEFAULT_EXPONENT) -> frozenset[str]:
    """The ids (hex) that count at `at`: the current one and its neighbours, for clocks that are a little off."""
    return frozenset(windows_around(identity_key, at, exponent))


def windows_around(identity_key: bytes, at: datetime, exponent: int = DEFAULT_EXPONENT) -> dict[str, int]:
    """The number of the window of 2^K seconds in which each id that counts at `at` is sent; numbers grow with time."""
    now_s, step = int(at.timestamp()), 1 << exponent
    times = ((now_s + shift) & 0xFFFFFFFF for shift in (-step, 0, step))
    return {ephemeral_id(identity_key, time_s, exponent).hex(): time_s >> exponent for time_s in times}


def _aes128(key: bytes, block: bytes) -> bytes:
    # One block under one key is what the specification asks for; there is no second block that ECB could betray.
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - see above
    return encryptor.update(block) + encryptor.finalize()
