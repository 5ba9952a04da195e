"""The one spelling of an e-mail address: what is compared, and what mail is sent to. Pure.

A subset of RFC 5321: a dot-string of ASCII before the @, a host name with at least two labels after it. No quoted
parts, no comments, no address literals; and no guesses about tags and dots, which are each mail server's own affair.
"""

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 254
"""Of a path of 256 octets (RFC 5321, section 4.5.3.1.3) without its angle brackets."""
MAX_LOCAL: Final = 64
MAX_LABEL: Final = 63
MAX_TYPED: Final = 1000
_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_ENCODED: Final = "=?"
"""Begins an encoded word (RFC 2047): in a header, such a name would be read as another one, or as none."""
_CHANGED_MEANING: Final = frozenset("ßς\u200c\u200d")
"""What the older form of international names (RFC 3490) writes as something else: it could be another host."""


def normalise(typed: str) -> str | None:
    """The address that a person meant, in ASCII and small letters; None: it is none that we can send to.

    The result alone is ever used. So whoever types a look-alike proves to have the look-alike, and nothing else.
    """
    if len(typed) > MAX_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).strip()
    local, at, host = plain.rpartition("@")
    if not at or not local.isascii():
        return None
    local, ascii_host = local.lower(), _host(host)
    if ascii_host is None or len(local) > MAX_LOCAL or not _LOCAL.fullmatch(local) or _ENCODED in local:
        return None
    address = f"{local}@{ascii_host}"
    return address if len(address) <= MAX_LENGTH else None


def _host(host: str) -> str | None:
    """The host's name in ASCII (RFC 3490), or None."""
    if not _CHANGED_MEANING.isdisjoint(host) or len(host) > MAX_LENGTH:
        return None
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = name.split(".")
    fits = len(labels) >= 2 and all(len(label) <= MAX_LABEL and _LABEL.fullmatch(label) for label in labels)
    # A name whose last label is a number would be an IPv4 address to some.
    return name if fits and not labels[-1].isdigit() else None
