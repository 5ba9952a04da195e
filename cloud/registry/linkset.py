"""The forms in which a resolver speaks to machines: linksets, `Link` headers, the description file. Pure.

Sources: RFC 9264 (linkset), RFC 8288 (Link), GS1-Conformant Resolver 1.2, 2.10 and 3, and GS1's linkset schema.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from broker.contract.messages import Json
from cloud.registry.linktypes import DEFAULT_LINK, DEFAULT_LINK_MULTI, Vocabularies
from cloud.registry.negotiation import JSON, JSON_LD, LINKSET_JSON, Weighted
from cloud.registry.resolving import Entry, Link

CONTEXT: Final = "https://ref.gs1.org/standards/resolver/linkset-context"
"""What makes JSON-LD of a linkset."""
CONTEXT_HEADER: Final = (
    f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="{JSON_LD}"; title="GS1 linkset context"'
)
FORMS: Final = frozenset({LINKSET_JSON, JSON_LD, JSON})
SUPPORTED_KEYS: Final = ("01",)
COUNTRIES: Final = {"nameOfList": "ISO 3166-1 alpha-2", "url": "https://www.iso.org/iso-3166-country-codes.html"}
"""The values of a link's context."""


def linkset(entries: tuple[Entry, ...], words: Vocabularies) -> dict[str, Json]:
    """All levels, each with its own anchor. Their union is what applies to the item that was asked about."""
    return {"linkset": [_object(entry, words) for entry in entries]}


def linked_data(entries: tuple[Entry, ...], words: Vocabularies) -> dict[str, Json]:
    """The same as JSON-LD: with its context inside, for those who read no headers."""
    return {"@context": CONTEXT, **linkset(entries, words)}


def form_for(accept: tuple[Weighted, ...]) -> str:
    """The media type in which a linkset goes out: what is asked for by its name, else a linkset's own."""
    named = [one.value for one in sorted(accept, key=lambda one: -one.weight) if one.weight > 0]
    return next((one for one in named if one in FORMS), LINKSET_JSON)


def names_a_form(accept: tuple[Weighted, ...]) -> bool:
    """A form of a linkset is asked for by its name."""
    return any(one.value in FORMS and one.weight > 0 for one in accept)


def linkset_header(uri: str) -> str:
    """The `Link` header that leads to the linkset. uri: the address that was asked, without its query."""
    return f'<{uri}?linkType=linkset>; rel="linkset"; type="{LINKSET_JSON}"; title="All links", {CONTEXT_HEADER}'


def description(root: str, name: str, contact: str, words: Vocabularies) -> dict[str, Json]:
    """The resolver description file, `/.well-known/gs1resolver`."""
    found: dict[str, Json] = {
        "resolverRoot": root,
        "name": name,
        "supportedPrimaryKeys": list(SUPPORTED_KEYS),
        "supportedLinkType": [
            {"namespace": namespace, "prefix": f"{prefix}:"} for prefix, namespace in words.namespaces.items()
        ],
        "linkTypeDefaultCanBeLinkset": False,
        "supportedContextValuesExternal": [dict(COUNTRIES)],
        "jsonLdContextLocation": CONTEXT,
    }
    if contact:
        found["contact"] = {"fn": contact}
    return found


def with_query(href: str, query: str) -> str:
    """The address with a query added to its own, in front of its fragment. query: as it came, percent-encoded."""
    if not query:
        return href
    address, hash_, fragment = href.partition("#")
    joint = "" if address.endswith(("?", "&")) else "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{query}{hash_}{fragment}"


def _object(entry: Entry, words: Vocabularies) -> dict[str, Json]:
    found: dict[str, Json] = {"anchor": entry.anchor, "itemDescription": entry.description}
    default = entry.default
    if default is not None:
        # A default link has a title and nothing else (2.5.8); what it is about, it says below under its own type.
        found[words.full(DEFAULT_LINK)] = [{"href": default.href, "title": default.title}]
    if entry.variants:
        found[words.full(DEFAULT_LINK_MULTI)] = [_target(link) for link in entry.variants]
    types = dict.fromkeys(link.type for link in entry.links)
    return found | {words.full(one): [_target(link) for link in entry.links if link.type == one] for one in types}


def _target(link: Link) -> dict[str, Json]:
    more: Mapping[str, Json] = {
        "type": link.media_type,
        "hreflang": list(link.languages),
        "context": list(link.contexts),
    }
    return {"href": link.href, "title": link.title} | {name: value for name, value in more.items() if value}
