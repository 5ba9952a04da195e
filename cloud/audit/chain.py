"""The chain: what is hashed of an entry, how each leans on the one before, and where a chain is broken. Pure.

    hash(n) = SHA-256 over the canonical bytes of entry n, which hold hash(n - 1)

Who changes, takes out, puts in or swaps entries breaks the chain at that place, unless all that comes after is made
anew; then the newest hash, the head, is another one than somebody noted before.
"""

import hashlib
import json
import re
from enum import StrEnum
from typing import Final, NamedTuple

FORM: Final = "throughline-audit/1"
"""Stands in what is hashed, so that a later form can never be taken for this one."""
BEGINNING: Final = bytes(32)
"""What the first entry leans on."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Entry(NamedTuple):
    """One line of the log. at: RFC 3339 in UTC, with microseconds. No field holds anything personal."""

    seq: int
    at: str
    actor: str
    action: str
    route: str
    subject_kind: str
    subject_id: str
    outcome: str
    request: str


class Head(NamedTuple):
    """How far a chain was followed: its newest entry's number and hash."""

    seq: int
    hash: bytes


START: Final = Head(0, BEGINNING)


class Why(StrEnum):
    """How an entry shows that the log was touched."""

    MISSING = "missing"
    """The number before it, or more than one, is not there."""
    OUT_OF_PLACE = "out_of_place"
    """Its number comes before the first or a second time."""
    CHANGED = "changed"
    """It is not what was hashed, or what it leans on is not what was there."""
    UNREADABLE = "unreadable"
    """It holds what never was an entry."""


class Break(NamedTuple):
    """The first entry that is not as it was written. seq: the number that is missing or wrong."""

    seq: int
    why: Why


def canonical(previous: bytes, entry: Entry) -> bytes:
    """The one spelling of an entry and what it leans on: JSON with sorted names and no spaces, in ASCII."""
    document = {"form": FORM, "previous": previous.hex(), **entry._asdict()}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def link(previous: bytes, entry: Entry) -> bytes:
    """The entry's hash: 32 bytes."""
    return hashlib.sha256(canonical(previous, entry)).digest()


def follow(head: Head, seq: int, entry: Entry | None, found: bytes | None) -> Head | Break:
    """The chain with one entry more, or where it breaks. entry or found: None for what cannot be read."""
    if seq <= head.seq:
        return Break(seq, Why.OUT_OF_PLACE)
    if seq > head.seq + 1:
        return Break(head.seq + 1, Why.MISSING)
    if entry is None or found is None:
        return Break(seq, Why.UNREADABLE)
    expected = link(head.hash, entry)
    return Head(seq, expected) if expected == found else Break(seq, Why.CHANGED)


def read_hash(text: str) -> bytes | None:
    """A hash as somebody noted it, in hex; None for what is none."""
    plain = text.strip().lower()
    return bytes.fromhex(plain) if _HASH.fullmatch(plain) else None
