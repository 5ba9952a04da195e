"""Reading a unit's GS1 Digital Link: which GTIN and serial its path names. No resolving, no network."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

GTIN_LENGTHS = frozenset({8, 12, 13, 14})


class UnitName(NamedTuple):
    """gtin: 14 digits, padded with zeros on the left."""

    gtin: str
    serial: str


def unit_of_uri(uri: str) -> UnitName | None:
    """The unit that `…/01/{gtin}/…/21/{serial}` names, or None when it names none.

    The path may begin with segments of the host's own, and may carry other qualifiers (22, 10) in between; values are
    percent-decoded after the path is split, so that a serial may contain a slash. Source: GS1 Digital Link URI syntax
    1.3, sections 4 and 5.
    """
    try:
        path = urlsplit(uri.strip()).path
    except ValueError:
        return None
    segments = path.strip("/").split("/")
    for at in range(len(segments) - 3):
        if segments[at] != "01":
            continue
        values = [unquote(value) for value in segments[at + 1 :]]
        gtin = padded_gtin(values[0])
        qualifiers = dict(zip(values[1::2], values[2::2], strict=False))
        if gtin and qualifiers.get("21"):
            return UnitName(gtin, qualifiers["21"])
    return None


def padded_gtin(text: str) -> str | None:
    """A GTIN-8, -12, -13 or -14 as 14 digits; None when it is none. The check digit is for the registry to judge."""
    if len(text) not in GTIN_LENGTHS or not (text.isascii() and text.isdigit()):
        return None
    return text.zfill(14)
