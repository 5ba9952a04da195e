"""Secrets that people type or programs carry: claim codes and bearer tokens.

How often one may try is not decided here.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Final, NewType

ClaimCode = NewType("ClaimCode", str)
"""Ten characters of `ALPHABET`, as compared; people see it through `display`."""

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L or O to be read as 1 or 0, and no U, so that few words arise by chance."""

CODE_LENGTH: Final = 10
"""50 bits: with a handful of attempts per person, guessing is hopeless; longer is tiresome to type."""

CLAIM_HASH_BYTES: Final = 32
_GROUP: Final = 5
_CONFUSED: Final = str.maketrans("OIL", "011")
_PREFIX: Final = re.compile(r"[a-z]{2,8}_")


def new_claim_code() -> ClaimCode:
    """A fresh code from the system's random source."""
    return ClaimCode("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))


def display(code: ClaimCode) -> str:
    """The code as it is printed: `7QK4M-2XW9D`."""
    return "-".join(code[start : start + _GROUP] for start in range(0, CODE_LENGTH, _GROUP))


def normalise(typed: str) -> ClaimCode | None:
    """The code that a person meant: any case, width, spaces and dashes; O for 0, I and L for 1. None: it is no code."""
    if len(typed) > 4 * CODE_LENGTH:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper()
    kept = "".join(mark for mark in plain if not mark.isspace() and unicodedata.category(mark) != "Pd")
    code = kept.translate(_CONFUSED)
    return ClaimCode(code) if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


def claim_hash(pepper: bytes, product_id: str, code: ClaimCode) -> bytes:
    """What is stored in place of the code: 32 bytes.

    50 bits could be searched by whoever has the rows, so the hash is keyed with a pepper that is not in the database;
    the product's id in it makes a stored hash worthless for any other unit.
    """
    return hmac.digest(pepper, b"claim-code\0" + product_id.encode() + b"\0" + code.encode(), "sha256")


def claim_matches(stored: bytes, pepper: bytes, product_id: str, typed: str) -> bool:
    """`typed` is the code behind `stored`. Takes the same time wherever the first difference is."""
    code = normalise(typed)
    return code is not None and hmac.compare_digest(stored, claim_hash(pepper, product_id, code))


def new_token(prefix: str) -> str:
    """A bearer token with 256 random bits, such as `tlk_…`; the prefix says to people and leak scanners what it is.

    Raises ValueError when `prefix` is not 2 to 8 small letters and an underscore.
    """
    if not _PREFIX.fullmatch(prefix):
        msg = f"not a token prefix: {prefix!r}"
        raise ValueError(msg)
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored in place of the token: its SHA-256, 32 bytes.

    A slow or salted hash guards secrets that can be guessed. Nobody guesses 256 random bits, so a fast hash is safe,
    costs nothing per request, and, being the same each time, can be looked up by index.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
