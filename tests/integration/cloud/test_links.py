"""The links that operators keep for the resolver: what is taken, what is refused, and what they add up to."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.identity.permissions import OperatorRole
from cloud.registry import gs1, links
from cloud.registry.linktypes import Vocabularies
from cloud.registry.resolving import Link
from tests.integration.cloud.resolving import BASE, VOC, bearer, client, link, made_app, put
from tests.integration.cloud.world import GTIN, World, at_once

MODEL = f"models/{GTIN}/links"
ACME = "https://acme.example/voc/"


@pytest.fixture
def world(sqlite_world: World) -> World:
    return sqlite_world


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    yield from made_app(world, link_vocabularies=(f"acme={ACME}",))


@pytest.fixture
async def operator(app: FastAPI, world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **bearer(world)) as found:
        yield found


async def test_links_are_put_read_and_deleted_at_each_level(operator: httpx.AsyncClient, world: World) -> None:
    unit = world.unit()
    whole = link("gs1:pip", "about", "en", "de-AT", media_type="text/html", context=["DE", "AT"], default=True)
    for path in (MODEL, f"models/{GTIN}/lots/L%2F1/links", f"products/{unit.id}/links"):
        assert (await operator.get(f"/api/v1/{path}")).json() == {"links": []}
        await put(operator, path, link("gs1:faqs", "old"))
        await put(operator, path, whole, link("gs1:faqs", "new"))
        kept = (await operator.get(f"/api/v1/{path}")).json()["links"]
        assert kept[0] == whole
        assert [one["title"] for one in kept] == ["about", "new"]
    for path in (f"models/{GTIN}/lots/L%2F1/links", f"products/{unit.id}/links", MODEL):
        assert (await operator.delete(f"/api/v1/{path}")).status_code == 204
        assert (await operator.get(f"/api/v1/{path}")).json() == {"links": []}
    assert world.rows("resolver_link") == []


async def test_a_lots_links_are_not_the_models_and_not_another_lots(operator: httpx.AsyncClient, world: World) -> None:
    await put(operator, f"models/{GTIN}/lots/L1/links", link("gs1:recallStatus", "recall"))
    assert (await operator.get(f"/api/v1/{MODEL}")).json() == {"links": []}
    assert (await operator.get(f"/01/{GTIN}/10/L1?linkType=gs1:recallStatus")).status_code == 307
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/L2", f"/01/{GTIN}/21/{world.unit().serial}"):
        assert (await operator.get(f"{path}?linkType=gs1:recallStatus")).status_code == 404
    await put(operator, MODEL)
    assert len(world.rows("resolver_link")) == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"type": "gs1:nothing"}, "/links/0/type", "unknown_link_type"),
        ({"type": "gs1:defaultLink"}, "/links/0/type", "unknown_link_type"),
        ({"type": "other:thing"}, "/links/0/type", "unknown_link_type"),
        ({"href": "http://x.example/"}, "/links/0/href", "invalid_link"),
        ({"href": "https://user@x.example/"}, "/links/0/href", "invalid_link"),
        ({"href": "https:///path"}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example/a b"}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example\\@y.example/"}, "/links/0/href", "invalid_link"),
        ({"href": "https://[x/"}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example/\r\nSet-Cookie: a=b"}, "/links/0/href", "invalid_link"),
        ({"href": "javascript:alert(1)"}, "/links/0/href", "invalid_link"),
        ({"href": 'https://ev"il.example/'}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example/<a>{b}|^"}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example/%zz"}, "/links/0/href", "invalid_link"),
        ({"href": "https://a;b/"}, "/links/0/href", "invalid_link"),
        ({"href": "https://.../"}, "/links/0/href", "invalid_link"),
        ({"href": "https://x.example/a#b#c"}, "/links/0/href", "invalid_link"),
        ({"title": "  "}, "/links/0/title", "invalid_title"),
        ({"title": "two\nlines"}, "/links/0/title", "invalid_title"),
        ({"hreflang": ["english"]}, "/links/0/hreflang", "invalid_hreflang"),
        ({"hreflang": ["en", "en"]}, "/links/0/hreflang", "invalid_hreflang"),
        ({"context": ["de"]}, "/links/0/context", "invalid_context"),
        ({"media_type": "html"}, "/links/0/media_type", "invalid_media_type"),
    ],
)
async def test_a_link_that_cannot_be_one_is_refused_at_its_field_and_nothing_is_changed(
    operator: httpx.AsyncClient, world: World, change: dict[str, Any], pointer: str, code: str
) -> None:
    await put(operator, MODEL, link("gs1:faqs", "kept"))
    answer = await operator.put(f"/api/v1/{MODEL}", json={"links": [{**link("gs1:pip", "about"), **change}]})
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert [row.title for row in world.rows("resolver_link")] == ["kept"]


async def test_two_defaults_the_same_link_twice_and_too_many_are_refused(operator: httpx.AsyncClient) -> None:
    one, other = link("gs1:pip", "a", default=True), link("gs1:faqs", "b", default=True)
    for given, code in (
        ([one, other], "several_defaults"),
        ([one, {**one, "title": "again", "default": False}], "duplicate"),
        ([link("gs1:pip", str(number)) for number in range(links.MAX_LINKS + 1)], "too_long"),
    ):
        answer = await operator.put(f"/api/v1/{MODEL}", json={"links": given})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_who_may_keep_links_and_who_may_only_read_them(app: FastAPI, world: World) -> None:
    unit = world.unit()
    for role, may in ((OperatorRole.MARKETER, 200), (OperatorRole.VIEWER, 403), (OperatorRole.AGENT, 403)):
        async with client(app, **bearer(world, role)) as caller:
            for path in (MODEL, f"models/{GTIN}/lots/L/links", f"products/{unit.id}/links"):
                assert (await caller.put(f"/api/v1/{path}", json={"links": []})).status_code == may
                assert (await caller.get(f"/api/v1/{path}")).status_code == 200
    async with client(app) as nobody:
        assert (await nobody.get(f"/api/v1/{MODEL}")).status_code == 401


async def test_links_of_what_is_not_there_are_a_404_and_of_what_cannot_be_a_422(operator: httpx.AsyncClient) -> None:
    for path, status in (
        ("models/00012345678905/links", 404),
        ("models/09506000134353/links", 422),
        (f"products/{'0' * 26}/links", 404),
        (f"models/{GTIN}/lots/%C3%A4/links", 422),
    ):
        assert (await operator.put(f"/api/v1/{path}", json={"links": []})).status_code == status, path
        assert (await operator.get(f"/api/v1/{path}")).status_code == status


async def test_a_vocabulary_of_ones_own_is_taken_declared_and_resolved(
    operator: httpx.AsyncClient, app: FastAPI
) -> None:
    await put(operator, MODEL, link("acme:repair", "repair"), link(f"{ACME}spare", "spare"))
    async with client(app) as machine:
        declared = (await machine.get("/.well-known/gs1resolver")).json()["supportedLinkType"]
        assert {"namespace": ACME, "prefix": "acme:"} in declared
        for kind, name in (("acme:repair", "repair"), (f"{ACME}repair", "repair"), ("acme:spare", "spare")):
            answer = await machine.get(f"/01/{GTIN}?linkType={kind}")
            assert answer.headers["location"].startswith(f"https://x.example/{name}?")
        (model,) = (await machine.get(f"/01/{GTIN}?linkType=linkset")).json()["linkset"]
        assert f"{ACME}spare" in model


async def test_the_links_of_the_menus_show_under_their_types_until_the_model_has_its_own(
    operator: httpx.AsyncClient,
) -> None:
    names = {"shop": "s", "product": "p", "video": "v", "reorder": "r", "compare": "c", "nearest_shop": "n"}
    body = {"gtin": "4006381333931", "name": "Pen", "brand": "Acme"}
    given = {**body, "links": {key: f"https://menu.example/{name}" for key, name in names.items()}}
    assert (await operator.post("/api/v1/models", json=given)).status_code == 201

    async def shown() -> dict[str, str]:
        (model,) = (await operator.get("/01/04006381333931?linkType=linkset")).json()["linkset"]
        return {kind.removeprefix(VOC): model[kind][0]["href"] for kind in model if kind.startswith(VOC)}

    assert await shown() == {
        "defaultLink": f"{BASE}/app/",
        "support": f"{BASE}/app/",
        "pip": "https://menu.example/p",
        "hasRetailers": "https://menu.example/s",
        "relatedVideo": "https://menu.example/v",
        "purchaseSuppliesOrAccessories": "https://menu.example/r",
    }
    await put(operator, "models/4006381333931/links", link("gs1:pip", "own"))
    assert (await shown())["pip"] == "https://x.example/own"
    assert (await shown())["hasRetailers"] == "https://menu.example/s"


def make_lists(world: World) -> list[Callable[[], object]]:
    """Two operators' lists for one model, at once."""

    def replace(names: tuple[str, ...]) -> Callable[[], object]:
        given = tuple(Link("gs1:faqs", f"https://x.example/{one}", one, is_default=one == names[0]) for one in names)

        def work() -> object:
            return world.run(lambda tx: links.replace(tx, links.of_model(tx, GTIN), given, Vocabularies()))

        return work

    return [replace(("a", "b")), replace(("c", "d"))] * 4


@pytest.mark.postgres
def test_of_two_lists_that_are_put_at_once_one_stands_whole(postgres_world: World) -> None:
    world = postgres_world
    for _ in range(3):
        assert not [one for one in at_once(make_lists(world)) if isinstance(one, Exception)]
        titles = [row.title for row in sorted(world.rows("resolver_link"), key=lambda row: row.position)]
        assert titles in (["a", "b"], ["c", "d"])


@pytest.mark.postgres
def test_links_of_all_levels_are_found_on_postgresql_too(postgres_world: World) -> None:
    world = postgres_world
    unit = world.unit()
    own = Link("gs1:dpp", "https://x.example/p", "P", ("en",), "text/html", ("DE",), is_default=True)

    def keep(tx: Any) -> None:
        for subject in (links.of_model(tx, GTIN), links.of_model(tx, GTIN, "L"), links.of_unit(tx, unit.id)):
            links.replace(tx, subject, (own,), Vocabularies())

    world.run(keep)
    parsed = gs1.parse_digital_link(f"{BASE}/01/{GTIN}/10/L/21/{unit.serial}")
    assert isinstance(parsed, gs1.DigitalLink)
    found = world.read(lambda tx: links.find(tx, parsed, BASE))
    assert found is not None
    assert [entry.links[0] for entry in found.entries] == [own] * 3
    world.run(lambda tx: links.forget(tx, links.of_unit(tx, unit.id)))
    assert len(world.rows("resolver_link")) == 2
