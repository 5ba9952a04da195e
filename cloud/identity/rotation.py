"""Decides what a refresh token that is presented means: a new pair, the same pair once more, or a theft. Pure.

A session keeps the hash of the one refresh token that counts, and of the one before it. Whoever presents an older one
has a copy: the phone itself forgets each as soon as it has the next.
"""

import hmac
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

GRACE: Final = timedelta(seconds=10)
"""An answer that was lost is asked for again within moments; two tabs may also ask at once."""
KEY_COUNTS: Final = timedelta(hours=24)
"""So long the same Idempotency-Key is the same call; as long as other calls' answers are kept."""


class Verdict(Enum):
    """What follows from a refresh token that is one of the session's own."""

    ROTATE = auto()
    """It is the one that counts."""
    REPEAT = auto()
    """Its successor was made, and surely never arrived: the same answer again."""
    REUSED = auto()
    """It was replaced, and its successor has had time to arrive: two hold it."""


class Rotation(NamedTuple):
    """What a session remembers of its refresh tokens. Hashes: SHA-256; answer_key: that of the Idempotency-Key."""

    current: bytes
    previous: bytes | None
    rotated_at: datetime
    answer_key: bytes | None


def judge(known: Rotation, presented: bytes, key: bytes | None, now: datetime) -> Verdict:
    """What it means that this token is presented. presented, key: hashes.

    As soon as the successor is used, it is `previous` itself; so the one that is `previous` has a successor that nobody
    has used.
    """
    if hmac.compare_digest(presented, known.current):
        return Verdict.ROTATE
    if known.previous is None or not hmac.compare_digest(presented, known.previous):
        return Verdict.REUSED
    age = now - known.rotated_at
    same_call = key is not None and known.answer_key is not None and hmac.compare_digest(key, known.answer_key)
    return Verdict.REPEAT if age <= GRACE or (same_call and age < KEY_COUNTS) else Verdict.REUSED
