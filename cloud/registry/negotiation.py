"""What a request's headers ask for: languages and media types with their weights, and whether a person is asking.

Sources: RFC 9110, 12.4.2 (weights) and 12.5; RFC 4647, 3.4 (lookup of language tags); W3C Fetch Metadata. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

LINKSET_JSON: Final = "application/linkset+json"
JSON_LD: Final = "application/ld+json"
JSON: Final = "application/json"
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
MAX_HEADER: Final = 1_000
"""Characters of a header that are looked at: no honest one is longer."""

_ROBOT: Final = re.compile(
    r"(?<!cu)bot\b|crawl|spider|preview|facebookexternalhit|whatsapp/|skypeuri|embedly|curl/|wget/|python-|okhttp/"
    r"|go-http|java/|libwww|lighthouse|validator",
    re.IGNORECASE,
)
"""User agents that say they are no person's browser: link previews, crawlers, libraries. A robot that lies is counted
by the rate limit like anybody else; CUBOT makes phones.
"""
_PURPOSES: Final = ("purpose", "sec-purpose", "x-purpose", "x-moz")


class Weighted(NamedTuple):
    """One thing that a header names. weight: 0 to 1; 0 is a refusal."""

    value: str
    weight: float


def weighted(header: str) -> tuple[Weighted, ...]:
    """The things that a header such as `text/html, */*;q=0.8` names, small letters, in the header's order."""
    found = []
    for part in header[:MAX_HEADER].split(","):
        value, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if value:
            found.append(Weighted(value, _weight(parameters)))
    return tuple(found)


def media_weight(accept: tuple[Weighted, ...], media_type: str) -> float:
    """How welcome a media type is: by the most exact range that covers it. Without any range all are."""
    if not accept:
        return 1.0
    kind = media_type.partition("/")[0]
    for wanted in (media_type, f"{kind}/*", "*/*"):
        weights = [one.weight for one in accept if one.value == wanted]
        if weights:
            return max(weights)
    return 0.0


def language_rank(wanted: tuple[Weighted, ...], languages: Iterable[str]) -> tuple[float, int]:
    """How welcome a page in these languages is; (0, 0): not at all. Higher is better.

    The weight counts first, then how close the tag is: the same (3), the same language with a region more, such as
    `en-GB` for `en` (2), or a region less, `en` for `en-US` (1). `*` takes what is not named otherwise.
    """
    best = (0.0, 0)
    for tag in (one.lower() for one in languages):
        named = [(one.weight, _closeness(one.value, tag)) for one in wanted if one.value != "*"]
        close = [one for one in named if one[1]]
        others = [(one.weight, 0) for one in wanted if one.value == "*"]
        refused = any(weight == 0 and closeness >= 2 for weight, closeness in close)
        ranks = [] if refused else [one for one in close if one[0] > 0] or others
        best = max([best, *ranks])
    return best


def language_for(header: str, languages: tuple[str, ...]) -> str:
    """The one of our languages that the header likes best; the first when it likes none."""
    wanted = weighted(header)
    ranked = [(language_rank(wanted, (one,)), -place, one) for place, one in enumerate(languages)]
    return max(ranked)[2]


def wants_html(accept: tuple[Weighted, ...]) -> bool:
    """HTML is asked for by its name, as every browser does; `*/*` alone is what programs send."""
    return any(one.value in HTML and one.weight > 0 for one in accept)


def wants_linkset(accept: tuple[Weighted, ...]) -> bool:
    """A linkset is asked for by its media type, and HTML is not preferred to it."""
    asked = max((one.weight for one in accept if one.value == LINKSET_JSON), default=0.0)
    page = max((one.weight for one in accept if one.value in HTML), default=0.0)
    return asked > 0 and asked >= page


def is_person(method: str, headers: Mapping[str, str]) -> bool:
    """Somebody opens the address in a browser, now. headers: their names in small letters.

    Not so: HEAD; what does not ask for HTML; a page's part, such as an image or a frame; what a browser fetches
    before anybody has asked for it; a robot that says so.
    """
    if method != "GET" or not wants_html(weighted(headers.get("accept", ""))):
        return False
    if headers.get("sec-fetch-dest", "document") != "document":
        return False
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        return False
    if any("prefetch" in headers.get(name, "") or "preview" in headers.get(name, "") for name in _PURPOSES):
        return False
    return _ROBOT.search(headers.get("user-agent", "")[:MAX_HEADER]) is None


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            plain = value.strip()  # float strips less than strip does
            return float(plain) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", plain) else 0.0
    return 1.0


def _closeness(wanted: str, tag: str) -> int:
    if wanted == tag:
        return 3
    if tag.startswith(wanted + "-"):
        return 2
    return 1 if wanted.startswith(tag + "-") else 0
