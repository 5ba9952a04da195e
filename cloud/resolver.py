"""The address on every label: a phone goes to the menu with this unit, a machine gets the link that it asks for.

HTTP of the resolver, for every path that begins with a GS1 key, and its description file. What it answers is decided
in `registry/resolving.py`; the scan is recorded by `scans.py`. Source: GS1-Conformant Resolver 1.2. Nothing in an
answer says whether a unit has an owner, or who that is.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from cloud import resolver_pages as pages
from cloud.errors import NotFoundError
from cloud.identity.visits import admit, app_address, with_visit
from cloud.problems import PROBLEM, problem
from cloud.registry import gs1, links, linkset
from cloud.registry.linktypes import Vocabularies
from cloud.registry.negotiation import JSON, JSON_LD, LINKSET_JSON, is_person, language_for, wants_html, weighted
from cloud.registry.resolving import Choices, Entry, Missing, Redirect, Whole, Wish, resolve, wish_of
from cloud.scans import scan
from cloud.web import Context, context_of
from mobile_menu.streams import etag_matches
from mobile_menu.visit_cookie import MAX_VISIT, cookie_name

public = APIRouter(tags=["public links"])
Parts = Annotated[Context, Depends(context_of)]
METHODS: Final = ("GET", "HEAD", "OPTIONS")
WELL_KNOWN: Final = "/.well-known/gs1resolver"
MACHINE_CACHE: Final = "public, max-age=60"
"""A link that an operator changes is everywhere a minute later."""
NEVER: Final = "no-store"
VARY: Final = "Accept, Accept-Language"
SAID_SO: Final = '299 - "linkType=all is deprecated; ask for linkType=linkset"'


class Asked(NamedTuple):
    """A request, as far as it decides the answer. query: as it came."""

    request: Request
    context: Context
    link: gs1.DigitalLink
    wish: Wish
    query: str

    @property
    def base(self) -> str:
        return self.context.settings.url

    @property
    def html(self) -> bool:
        return wants_html(self.wish.accept)

    @property
    def language(self) -> str:
        return language_for(self.request.headers.get("accept-language", ""), pages.LANGUAGES)


_LINKSET_SCHEMA: Final = {"type": "object", "required": ["linkset"], "properties": {"linkset": {"type": "array"}}}
_LINKSET_CONTENT: Final = {form: {"schema": _LINKSET_SCHEMA} for form in (LINKSET_JSON, JSON_LD, JSON)}
_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}
_PROBLEM: Final = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The linkset (RFC 9264), or a page of it", "content": {**_LINKSET_CONTENT, **_PAGE}},
    300: {"description": "Several links are equally good", "content": {**_LINKSET_CONTENT, **_PAGE}},
    303: {"description": "A person: the scan is recorded, and the menu opens with this unit"},
    304: {"description": "The linkset has not changed"},
    307: {"description": "On to the link that is asked for, or to the default link"},
    400: {"description": "Not a GS1 Digital Link", "content": {**_PROBLEM, **_PAGE}},
    404: {"description": "Nothing is known of this, or no link of this type", "content": {**_PROBLEM, **_PAGE}},
}
_QUERY: Final = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": what}
    for name, what in (
        ("linkType", "`linkset`, or the type of the link that is wanted, such as `gs1:pip`"),
        ("context", "a country, ISO 3166-1 alpha-2"),
    )
]
_EXTRA: Final[dict[str, Any]] = {"parameters": _QUERY}


@public.get(
    "/01/{gtin}", status_code=307, response_class=Response, responses=RESPONSES, openapi_extra=_EXTRA,
    dependencies=[Depends(admit)],
)  # fmt: skip
def resolve_model(request: Request, context: Parts, gtin: str) -> Response:  # noqa: ARG001 - read as it came
    """A model's address: to the menu, or to the link that is asked for."""
    return answer(request, context)


@public.get(
    "/01/{gtin}/{qualifiers:path}", status_code=307, response_class=Response, responses=RESPONSES,
    openapi_extra=_EXTRA, dependencies=[Depends(admit)],
)  # fmt: skip
def resolve_item(request: Request, context: Parts, gtin: str, qualifiers: str) -> Response:  # noqa: ARG001 - likewise
    """The address on a label, `…/21/{serial}`, and that of a lot, `…/10/{lot}`: percent-encoded, in GS1's order."""
    return answer(request, context)


@public.head("/01/{rest:path}", include_in_schema=False, dependencies=[Depends(admit)])
def head(request: Request, context: Parts, rest: str) -> Response:  # noqa: ARG001 - likewise
    """The same without a body; never a scan."""
    return _bodiless(answer(request, context))


@public.options("/01/{rest:path}", include_in_schema=False)
def options(request: Request, context: Parts, rest: str) -> Response:  # noqa: ARG001 - likewise
    """What may be asked, and where the linkset is. Looks nothing up."""
    parsed = _parsed(request)
    if isinstance(parsed, gs1.Gs1Problem):
        return problem(400, parsed.code, parsed.detail)
    return Response(None, 204, {"Allow": ", ".join(METHODS), "Link": _link_header(parsed, context.settings.url)})


@public.get(WELL_KNOWN, response_model=dict[str, Any])
def describe(request: Request, context: Parts) -> Response:
    """The resolver description file of GS1-Conformant Resolver, section 3."""
    settings = context.settings
    words = settings.vocabularies
    found = linkset.description(settings.url, settings.resolver_name, settings.resolver_contact, words)
    return _cached(request, msgspec.json.encode(found), JSON, "public, max-age=3600")


@public.head(WELL_KNOWN, include_in_schema=False)
def describe_head(request: Request, context: Parts) -> Response:
    return _bodiless(describe(request, context))


@public.options(WELL_KNOWN, include_in_schema=False)
def describe_options() -> Response:
    return Response(None, 204, {"Allow": ", ".join(METHODS)})


def any_key(request: Request, context: Parts, rest: str) -> Response:
    """Keys that no product has, and a key without a value: well formed and unknown here, or not well formed."""
    if request.method == "OPTIONS":
        return options(request, context, rest)
    return head(request, context, rest) if request.method == "HEAD" else answer(request, context)


for _key in sorted(gs1.keys()):
    public.add_api_route(f"/{_key}/{{rest:path}}", any_key, methods=list(METHODS), include_in_schema=False)


# --- the answer ---


def answer(request: Request, context: Context) -> Response:
    """What the address and the headers ask for."""
    parsed = _parsed(request)
    if isinstance(parsed, gs1.Gs1Problem):
        return _refusal(request, 400, parsed.code, parsed.detail)
    asked = _asked(request, context, parsed)
    with context.db.reading() as tx:
        found = links.find(tx, parsed, asked.base)
    return _unknown(asked) if found is None else _resolved(asked, found)


def _resolved(asked: Asked, found: links.Found) -> Response:
    match resolve(found.entries, asked.wish):
        case Whole():
            return _whole(asked, found.entries)
        case Choices(entry):
            return _choices(asked, entry)
        case Missing():
            detail = "there is no link of this type; linkType=linkset lists those that are there"
            return _refusal(asked.request, 404, "link_type_missing", detail, _common(asked))
        case Redirect(link):
            opened = link.opens_menu and is_person(asked.request.method, asked.request.headers)
            return _scanned(asked, found) if opened else _redirect(asked, link.href)


def _parsed(request: Request) -> gs1.DigitalLink | gs1.Gs1Problem:
    """The address as it came, percent-encoded; one slash at its end is passed over (2.13)."""
    raw = request.scope.get("raw_path", b"").decode("latin-1").removesuffix("/")
    query = request.scope["query_string"].decode("latin-1")
    return gs1.parse_digital_link(f"https://label.invalid{raw}" + (f"?{query}" if query else ""))


def _asked(request: Request, context: Context, link: gs1.DigitalLink) -> Asked:
    given = link.extension
    kind = given.get("linkType", "")
    accept, languages = request.headers.get("accept", ""), request.headers.get("accept-language", "")
    wish = wish_of(kind, context.settings.vocabularies.short(kind), accept, languages, given.get("context", ""))
    return Asked(request, context, link, wish, request.scope["query_string"].decode("latin-1"))


def _scanned(asked: Asked, found: links.Found) -> Response:
    """Records the scan in one transaction, and opens the menu."""
    secure = asked.context.settings.https
    cookie = asked.request.cookies.get(cookie_name(secure=secure), "")
    token = cookie if 0 < len(cookie) <= MAX_VISIT else None
    product_id = None if found.unit is None else found.unit.id
    keys = asked.context.keys
    try:
        journey_id, fresh = asked.context.db.run(lambda tx: scan(tx, keys, found.model.gtin, product_id, token))
    except NotFoundError:  # it was retired this moment
        return _unknown(asked)
    unit = {} if found.unit is None else {"gtin": found.model.gtin, "serial": found.unit.serial}
    address = linkset.with_query(app_address(asked.base, journey_id, **unit), asked.query)
    response = with_visit(address, fresh, secure=secure)
    response.headers.update({"Link": _link_header(asked.link, asked.base), "Vary": VARY})
    return response


def _redirect(asked: Asked, href: str) -> Response:
    """On to a link, with the whole query (2.12). What a browser could have got is kept by no cache: the next one that
    asks with the same headers may be a person, whose scan counts.
    """
    cache = NEVER if asked.html else MACHINE_CACHE
    headers = {**_common(asked), "Location": linkset.with_query(href, asked.query), "Cache-Control": cache}
    return Response(None, 307, headers)


def _whole(asked: Asked, entries: tuple[Entry, ...]) -> Response:
    words = asked.context.settings.vocabularies
    headers = _common(asked) | ({"Warning": SAID_SO} if asked.wish.deprecated else {})
    if asked.html and not linkset.names_a_form(asked.wish.accept):
        page = pages.links_page(asked.language, entries[-1].description, entries, linkset.linked_data(entries, words))
        return _page(page, 200, headers)
    form = linkset.form_for(asked.wish.accept)
    return _cached(asked.request, _encoded(entries, form, words), form, MACHINE_CACHE, headers)


def _choices(asked: Asked, entry: Entry) -> Response:
    """300: the links that are equally good, for the client or the person to choose from (2.6.3)."""
    words = asked.context.settings.vocabularies
    headers = {**_common(asked), "Cache-Control": NEVER}
    if asked.html:
        page = pages.links_page(asked.language, entry.description, (entry,), linkset.linked_data((entry,), words))
        return _page(page, 300, headers)
    form = linkset.form_for(asked.wish.accept)
    return Response(_encoded((entry,), form, words), 300, headers, form)


def _unknown(asked: Asked) -> Response:
    """404, with the same words for what never was here and for what is retired."""
    headers = {**_common(asked), "Cache-Control": NEVER}
    if asked.html:
        return _page(pages.unknown_page(asked.language, asked.link.path), 404, headers)
    return problem(404, "not_found", "nothing is known here of what this address names", None, headers)


def _refusal(request: Request, status: int, code: str, detail: str, more: Mapping[str, str] | None = None) -> Response:
    headers = {**(more or {}), "Vary": VARY, "Cache-Control": NEVER}
    if wants_html(weighted(request.headers.get("accept", ""))):
        language = language_for(request.headers.get("accept-language", ""), pages.LANGUAGES)
        return _page(pages.refusal_page(language, status), status, headers)
    return problem(status, code, detail, None, headers)


def _page(page: pages.Page, status: int, headers: Mapping[str, str]) -> Response:
    more = {
        "Content-Language": page.language,
        "Content-Security-Policy": pages.POLICY,
        "Referrer-Policy": "no-referrer",
    }
    given = {"Cache-Control": NEVER, "X-Content-Type-Options": "nosniff", **more, **headers}
    return Response(page.html, status, given, "text/html")


def _encoded(entries: tuple[Entry, ...], form: str, words: Vocabularies) -> bytes:
    make = linkset.linked_data if form == JSON_LD else linkset.linkset
    return msgspec.json.encode(make(entries, words))


def _cached(request: Request, body: bytes, form: str, cache: str, more: Mapping[str, str] | None = None) -> Response:
    """The body with its ETag; 304 when the client has it."""
    etag = hashlib.sha256(form.encode() + b"\0" + body).hexdigest()[:20]
    headers = {**(more or {}), "Cache-Control": cache, "ETag": f'"{etag}"'}
    if etag_matches(request.headers.get("if-none-match", ""), etag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, form)


def _common(asked: Asked) -> dict[str, str]:
    return {"Link": _link_header(asked.link, asked.base), "Vary": VARY}


def _link_header(link: gs1.DigitalLink, base: str) -> str:
    return linkset.linkset_header(link.address(base))


def _bodiless(response: Response) -> Response:
    """For HEAD: the headers as GET's would be, Content-Length too."""
    response.body = b""
    return response


def routers() -> tuple[APIRouter, ...]:
    return (public,)
