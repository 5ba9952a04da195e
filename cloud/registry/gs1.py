"""GTINs, serials and GS1 Digital Link URIs: check, build, parse. Pure: no clock, no I/O, no randomness.

What each application identifier (AI) may hold is in `gs1_syntax.py`; who answers for a URI is the resolver's affair.
The parser is as strict as the GS1 Syntax Engine: what it lets through may be stored, compared and printed.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple, NewType
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from cloud.registry.gs1_syntax import CSET_82, Ai, association_problem, check_digit, table, value_problem

Gtin = NewType("Gtin", str)
"""Fourteen digits with the right check digit; shorter GTINs have zeros in front."""

Serial = NewType("Serial", str)
"""1 to 20 characters of CSET 82."""

GS1_RESOLVER: Final = "https://id.gs1.org"
MAX_URI_CHARACTERS: Final = 4096

_STEM: Final = re.compile(r"(https?|HTTPS?)://([^/]*)(/.*)?", re.DOTALL)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9.\-:\[\]]+")
_URI: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Gs1Problem(NamedTuple):
    """Why a text is not what it should be. code is stable; detail is for people."""

    code: str
    detail: str


class Element(NamedTuple):
    """One AI and its value, not percent-encoded."""

    ai: str
    value: str


class DigitalLink(NamedTuple):
    """A URI that obeys GS1 Digital Link, taken apart.

    path: the key, then its qualifiers in order. attributes: AIs of the query, as they came. extensions: the other
    parameters of the query (`linkType`, `utm_source` …), still percent-encoded.
    """

    stem: str
    path: tuple[Element, ...]
    attributes: tuple[Element, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> Element:
        return self.path[0]

    @property
    def gtin(self) -> Gtin | None:
        """The GTIN, when the key is one (01)."""
        return Gtin(self.key.value) if self.key.ai == "01" else None

    @property
    def serial(self) -> Serial | None:
        """The serial of a GTIN (21)."""
        found = [value for ai, value in self.path if ai == "21"]
        return Serial(found[0]) if found and self.gtin else None

    @property
    def element_string(self) -> str:
        """As people read it: `(01)09506000134352(21)ABC123`."""
        return "".join(f"({ai}){value}" for ai, value in (*self.path, *self.attributes))

    @property
    def extension(self) -> dict[str, str]:
        """The other parameters by name, decoded; of one that is there twice, the first."""
        return {name: unquote_plus(value) for name, value in reversed(self.extensions)}

    def canonical(self, stem: str = GS1_RESOLVER) -> str:
        """The one spelling for this content: equal things have equal canonical URIs."""
        return _spelled(stem, self.path, self.attributes)

    def address(self, stem: str) -> str:
        """The item's own URI below `stem`: what its path says, without attributes."""
        return _spelled(stem, self.path)


def check_gtin(text: str) -> Gtin | Gs1Problem:
    """The GTIN-8, -12, -13 or -14 in `text`, with zeros in front to fourteen digits."""
    if not (text.isascii() and text.isdecimal()):
        return Gs1Problem("gtin_characters", "a GTIN is made of digits only")
    if len(text) not in {8, 12, 13, 14}:
        return Gs1Problem("gtin_length", f"a GTIN has 8, 12, 13 or 14 digits, not {len(text)}")
    right = check_digit(text[:-1])
    if text[-1] != right:
        return Gs1Problem("gtin_check_digit", f"the last digit should be {right}")
    return Gtin(text.zfill(14))


def check_serial(text: str) -> Serial | Gs1Problem:
    """The serial (AI 21) in `text`."""
    if not 1 <= len(text) <= 20:
        return Gs1Problem("serial_length", f"a serial has 1 to 20 characters, not {len(text)}")
    wrong = sorted(set(text) - CSET_82)
    if wrong:
        return Gs1Problem("serial_characters", f"a serial may not contain {wrong[0]!r} (GS1 CSET 82)")
    return Serial(text)


def digital_link(base_url: str, gtin: Gtin, serial: Serial | None = None) -> str:
    """The URI for a unit's QR code; without a serial, its model's. Raises ValueError for a bad `base_url`."""
    stem = _STEM.fullmatch(base_url.rstrip("/"))
    if stem is None or not _DOMAIN.fullmatch(stem[2]) or not _URI.fullmatch(base_url) or re.search(r"[?#]", base_url):
        msg = f"not the beginning of a GS1 Digital Link: {base_url!r}"
        raise ValueError(msg)
    path = [Element("01", gtin)] + ([Element("21", serial)] if serial else [])
    return _spelled(base_url, path)


def link_from_elements(elements: Iterable[Element], stem: str = GS1_RESOLVER) -> DigitalLink | Gs1Problem:
    """The link that says `elements`, in any order; the first key among them becomes the link's key."""
    items = tuple(dict.fromkeys(elements))
    for ai, value in items:
        problem = _element_problem(ai, value)
        if problem:
            return problem
    key = next((item for item in items if table()[item.ai].is_key), None)
    if key is None:
        return _no_key()
    # The order that uses most of what is there; the first in the table where two do equally well.
    order = max(table()[key.ai].sequences, key=lambda codes: sum(item.ai in codes for item in items))
    qualifiers = sorted((item for item in items if item.ai in order), key=lambda item: order.index(item.ai))
    path = (key, *qualifiers)
    link = DigitalLink(stem, path, tuple(item for item in items if item not in path))
    return _set_problem(link) or link


def parse_digital_link(uri: str, *, short_gtin: bool = False) -> DigitalLink | Gs1Problem:
    """What `uri` says, or why it is no GS1 Digital Link.

    short_gtin: take GTIN-8, -12 and -13 without their zeros, as early labels had them. Convenience alphas
    (`/gtin/…/ser/…`), unknown AIs and a trailing slash are refused, as in URI Syntax 1.3 and later.
    """
    if len(uri) > MAX_URI_CHARACTERS:
        return Gs1Problem("uri_too_long", f"more than {MAX_URI_CHARACTERS} characters")
    if not _URI.fullmatch(uri) or _BAD_ESCAPE.search(uri):
        return Gs1Problem("uri_characters", "a character that may not stand in a URI, or a broken percent-encoding")
    address, _, query = uri.partition("#")[0].partition("?")
    parts = _STEM.fullmatch(address)
    if parts is None or not _DOMAIN.fullmatch(parts[2]):
        return Gs1Problem("uri_form", "not an http or https URI with a domain")
    segments = (parts[3] or "").split("/")[1:]
    start = _key_position(segments)
    if start is None:
        return _no_key()
    path = [_path_element(code, raw) for code, raw in zip(segments[start::2], segments[start + 1 :: 2], strict=True)]
    attributes, extensions = _query(query)
    stem = "/".join([f"{parts[1]}://{parts[2]}", *segments[:start]])
    link = DigitalLink(
        stem,
        tuple(_long(element) if short_gtin else element for element in path),
        tuple(_long(element) if short_gtin else element for element in attributes),
        extensions,
    )
    return _link_problem(link) or link


@cache
def keys() -> frozenset[str]:
    """The AIs that are keys, such as `01`."""
    return frozenset(code for code, ai in table().items() if ai.is_key)


def begins_with_key(path: str) -> bool:
    """The path of an address begins with a GS1 key, such as `/01/…`: it is a Digital Link, well formed or not."""
    return path.startswith("/") and path.split("/", 2)[1] in keys()


def _spelled(stem: str, path: Iterable[Element], attributes: Sequence[Element] = ()) -> str:
    levels = "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in path)
    # AIs of predefined length come first, as in a barcode, where that saves separators.
    ordered = sorted(attributes, key=lambda element: not table()[element.ai].is_predefined)
    query = "&".join(f"{ai}={quote(value, safe='')}" for ai, value in ordered)
    return stem.rstrip("/") + levels + ("?" + query if query else "")


def _key_position(segments: Sequence[str]) -> int | None:
    """Where the rightmost key stands; None when something else than AI and value pairs comes after every key."""
    for position in range(len(segments) - 2, -1, -2):
        ai = table().get(segments[position])
        if ai is None:
            return None
        if ai.is_key:
            return position
    return None


def _path_element(code: str, raw: str) -> Element:
    return Element(code, _decoded(raw))


def _query(query: str) -> tuple[tuple[Element, ...], tuple[tuple[str, str], ...]]:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&")) if name]
    attributes = tuple(Element(name, _decoded(value.replace("+", " "))) for name, value in pairs if name.isdecimal())
    return attributes, tuple((name, value) for name, value in pairs if not name.isdecimal())


def _decoded(raw: str) -> str:
    return unquote_to_bytes(raw).decode("latin-1")  # what is not ASCII stays visible, and no AI takes it


def _long(element: Element) -> Element:
    ai, value = element
    return Element(ai, value.zfill(14)) if ai == "01" and len(value) in {8, 12, 13} else element


def _link_problem(link: DigitalLink) -> Gs1Problem | None:
    elements = (*link.path, *link.attributes)
    problems = (_element_problem(ai, value) for ai, value in elements)
    first = next((problem for problem in problems if problem), None)
    if first:
        return first
    codes = [ai for ai, _ in elements]
    twice = next((ai for ai in codes if codes.count(ai) > 1), None)
    if twice:
        return Gs1Problem("ai_repeated", f"AI ({twice}) is there twice")
    return _set_problem(link)


def _element_problem(code: str, value: str) -> Gs1Problem | None:
    ai = table().get(code)
    if ai is None:
        return Gs1Problem("ai_unknown", f"there is no AI ({code})")
    problem = value_problem(ai, value)
    return Gs1Problem("ai_value", f"AI ({code}) {problem}") if problem else None


def _set_problem(link: DigitalLink) -> Gs1Problem | None:
    key = table()[link.key.ai]
    qualifiers = [ai for ai, _ in link.path[1:]]
    if not _may_follow(key, qualifiers):
        return Gs1Problem("path_order", f"({') ('.join(qualifiers)}) may not follow ({key.code}) like this")
    for code, _ in link.attributes:
        if not table()[code].is_attribute:
            return Gs1Problem("ai_not_in_query", f"AI ({code}) may not stand in the query")
        if any(_may_follow(key, [*qualifiers[:at], code, *qualifiers[at:]]) for at in range(len(qualifiers) + 1)):
            return Gs1Problem("ai_belongs_in_path", f"AI ({code}) belongs in the path")
    problem = association_problem(frozenset(ai for ai, _ in (*link.path, *link.attributes)))
    return Gs1Problem("ai_association", problem) if problem else None


def _may_follow(key: Ai, qualifiers: Sequence[str]) -> bool:
    return any(list(qualifiers) == [code for code in order if code in qualifiers] for order in key.sequences)


def _no_key() -> Gs1Problem:
    return Gs1Problem("no_key", "no GS1 key with a value in the path")
