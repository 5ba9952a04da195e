"""HTTP of the resolver's links: operators keep them for a model, a lot of it, or one unit. Thin."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from cloud.identity.permissions import Permission
from cloud.registry import links
from cloud.registry.linktypes import Vocabularies
from cloud.registry.resolving import Link
from cloud.web import Call, calls

api = APIRouter(prefix="/api/v1", tags=["links"])
Read = Annotated[Call, calls(Permission.LINKS_READ)]
Write = Annotated[Call, calls(Permission.LINKS_WRITE)]
Lot = Annotated[str, Path(min_length=1, max_length=20, description="AI (10)")]


class LinkIn(BaseModel):
    """A link of the resolver."""

    type: Annotated[str, Field(max_length=200, description="`gs1:pip`, or its full IRI")]
    href: Annotated[
        str,
        Field(
            max_length=links.MAX_HREF,
            description="a plain https address as RFC 3986 writes it, without a user and without another port",
        ),
    ]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    hreflang: Annotated[list[str], Field(max_length=20, description="`en` or `en-GB`")] = []
    media_type: Annotated[str, Field(max_length=100, description="`text/html`")] = ""
    context: Annotated[list[str], Field(max_length=50, description="countries, ISO 3166-1 alpha-2")] = []
    default: Annotated[bool, Field(description="where the address leads when nothing else is asked for")] = False


class LinksIn(BaseModel):
    links: Annotated[list[LinkIn], Field(max_length=links.MAX_LINKS)]


class LinksOut(BaseModel):
    """The links that are kept here; what a resolver answers has those of the levels above too."""

    links: list[LinkIn]


def _taken(body: LinksIn) -> tuple[Link, ...]:
    return tuple(
        Link(
            type=one.type,
            href=one.href,
            title=one.title,
            languages=tuple(one.hreflang),
            media_type=one.media_type,
            contexts=tuple(one.context),
            is_default=one.default,
        )
        for one in body.links
    )


def _shown(found: tuple[Link, ...]) -> LinksOut:
    return LinksOut(
        links=[
            LinkIn(
                type=one.type,
                href=one.href,
                title=one.title,
                hreflang=list(one.languages),
                media_type=one.media_type,
                context=list(one.contexts),
                default=one.is_default,
            )
            for one in found
        ]
    )


def _words(call: Call) -> Vocabularies:
    return call.context.settings.vocabularies


@api.get("/models/{gtin}/links")
def read_model_links(gtin: str, call: Read) -> LinksOut:
    """The model's links."""
    return call.read(lambda tx: _shown(links.kept(tx, links.of_model(tx, gtin))))


@api.put("/models/{gtin}/links")
def put_model_links(gtin: str, body: LinksIn, call: Write) -> LinksOut:
    """The model has these links from now on, and no others."""

    def use_case(tx: Any) -> LinksOut:
        return _shown(links.replace(tx, links.of_model(tx, gtin), _taken(body), _words(call)))

    return call.write(LinksOut, use_case)


@api.delete("/models/{gtin}/links", status_code=204)
def delete_model_links(gtin: str, call: Write) -> None:
    """The model has no links of its own any more; its address leads to the menu."""
    call.write(type(None), lambda tx: links.forget(tx, links.of_model(tx, gtin)))


@api.get("/models/{gtin}/lots/{lot:path}/links")
def read_lot_links(gtin: str, lot: Lot, call: Read) -> LinksOut:
    """The links of one lot of the model."""
    return call.read(lambda tx: _shown(links.kept(tx, links.of_model(tx, gtin, lot))))


@api.put("/models/{gtin}/lots/{lot:path}/links")
def put_lot_links(gtin: str, lot: Lot, body: LinksIn, call: Write) -> LinksOut:
    """The lot has these links from now on, beside those of its model."""

    def use_case(tx: Any) -> LinksOut:
        return _shown(links.replace(tx, links.of_model(tx, gtin, lot), _taken(body), _words(call)))

    return call.write(LinksOut, use_case)


@api.delete("/models/{gtin}/lots/{lot:path}/links", status_code=204)
def delete_lot_links(gtin: str, lot: Lot, call: Write) -> None:
    """The lot has no links of its own any more."""
    call.write(type(None), lambda tx: links.forget(tx, links.of_model(tx, gtin, lot)))


@api.get("/products/{product_id}/links")
def read_unit_links(product_id: str, call: Read) -> LinksOut:
    """The links of one unit."""
    return call.read(lambda tx: _shown(links.kept(tx, links.of_unit(tx, product_id))))


@api.put("/products/{product_id}/links")
def put_unit_links(product_id: str, body: LinksIn, call: Write) -> LinksOut:
    """The unit has these links from now on, in front of those of its lot and its model."""

    def use_case(tx: Any) -> LinksOut:
        return _shown(links.replace(tx, links.of_unit(tx, product_id), _taken(body), _words(call)))

    return call.write(LinksOut, use_case)


@api.delete("/products/{product_id}/links", status_code=204)
def delete_unit_links(product_id: str, call: Write) -> None:
    """The unit has no links of its own any more."""
    call.write(type(None), lambda tx: links.forget(tx, links.of_unit(tx, product_id)))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
