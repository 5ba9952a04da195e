"""GS1-Conformant Resolver 1.2.1, clause by clause, over HTTP: each row of the checklist has a test, or a reason."""

import csv
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import jsonschema
import pytest
from fastapi import FastAPI

from cloud.registry.service import Registered
from tests.integration.cloud.resolving import BASE, BROWSER, LINKSET, VOC, bearer, client, link, made_app, put
from tests.integration.cloud.world import GTIN, World

DATA = Path(__file__).parents[2] / "data"
Test = TypeVar("Test", bound=Callable[..., Any])

EXCEPTIONS = {
    "2.3/5.5": "EPC binary strings are not decompressed: our labels carry URIs, and full conformance is not claimed.",
    "2.8": "Nothing is redirected by prefix to another resolver, so that nothing is handled by one.",
}
TESTED: dict[str, str] = {}


def clause(name: str) -> Callable[[Test], Test]:
    """Marks the test of a clause."""

    def note(test: Test) -> Test:
        assert name not in TESTED, name
        TESTED[name] = test.__name__
        return test

    return note


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    yield from made_app(sqlite_world)


@pytest.fixture
def unit(sqlite_world: World) -> Registered:
    return sqlite_world.unit()


@pytest.fixture
async def machine(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app) as found:
        yield found


@pytest.fixture
async def operator(app: FastAPI, sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **bearer(sqlite_world)) as found:
        yield found


@pytest.fixture
async def linked(operator: httpx.AsyncClient, unit: Registered) -> Registered:
    """A unit whose model, lot L1 and self have links."""
    await put(
        operator,
        f"models/{GTIN}/links",
        link("gs1:pip", "pip-en", "en", media_type="text/html"),
        link("gs1:pip", "pip-de", "de", media_type="text/html"),
        link("gs1:faqs", "faqs"),
    )
    await put(operator, f"models/{GTIN}/lots/L1/links", link("gs1:recallStatus", "recall"))
    await put(operator, f"products/{unit.id}/links", link("gs1:dpp", "passport", media_type="application/vc"))
    return unit


def path_of(unit: Registered, middle: str = "") -> str:
    return f"/01/{unit.gtin}{middle}/21/{unit.serial}"


def checklist() -> list[dict[str, str]]:
    with (DATA / "gs1_resolver_checklist.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_clause_of_the_checklist_has_its_test_or_its_stated_exception() -> None:
    rows = [row["clause"] for row in checklist()]
    assert len(rows) == len(set(rows)) == 26
    assert TESTED.keys() | EXCEPTIONS.keys() == set(rows)
    assert not TESTED.keys() & EXCEPTIONS.keys()


def test_every_stated_exception_is_in_the_documentation() -> None:
    page = (DATA.parents[1] / "docs" / "concepts" / "resolver.md").read_text("utf-8")
    assert "EPC binary" in page
    assert "gs1:handledBy" in page


@clause("2.2/5.2")
async def test_get_head_and_options_are_answered(machine: httpx.AsyncClient, linked: Registered) -> None:
    for path in (path_of(linked), f"/01/{GTIN}", f"/01/{GTIN}/10/L1"):
        got, head, options = [await machine.request(one, path) for one in ("GET", "HEAD", "OPTIONS")]
        assert (got.status_code, head.status_code, options.status_code) == (307, 307, 204)
        assert (head.content, head.headers["location"]) == (b"", got.headers["location"])
        assert options.headers["allow"] == "GET, HEAD, OPTIONS"


@clause("2.2/5.3")
async def test_behind_an_https_address_every_link_of_ours_is_https_and_the_browser_is_held_to_it(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    """TLS itself ends at the proxy in front, or at uvicorn; here is what we add to it."""
    answer = await machine.get(path_of(linked))
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["location"].startswith("https://")
    assert "http://id.example" not in answer.headers["link"]


@clause("2.2/5.4")
async def test_every_origin_may_read_every_answer_errors_and_preflights_too(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    for method, path in (
        ("GET", path_of(linked)),
        ("HEAD", path_of(linked)),
        ("OPTIONS", path_of(linked)),
        ("GET", f"{path_of(linked)}?linkType=linkset"),
        ("GET", f"/01/{GTIN}/21/nobody"),
        ("GET", "/01/broken"),
        ("GET", "/01/"),
        ("GET", "/414/9506000134352"),
        ("GET", f"/01/{GTIN}?linkType=gs1:epcis"),
        ("POST", f"/01/{GTIN}"),
        ("GET", "/.well-known/gs1resolver"),
        ("OPTIONS", "/.well-known/gs1resolver"),
    ):
        headers = (await machine.request(method, path, headers={"Origin": "https://elsewhere.example"})).headers
        assert headers["access-control-allow-origin"] == "*", (method, path)
        assert headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        assert "Link" in headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in headers
        assert headers["cross-origin-resource-policy"] == "cross-origin"


@clause("2.1,2.5.9/5.1")
async def test_every_qualifier_is_taken_in_its_order_and_an_unknown_one_walks_up_to_the_model(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    for path in (
        f"/01/{GTIN}/22/2A",
        f"/01/{GTIN}/10/KL8G",
        f"/01/{GTIN}/22/2A/10/KL8G",
        f"/01/{GTIN}/235/TPX",
        path_of(linked, "/22/2A"),
        path_of(linked, "/22/2A/10/KL8G"),
    ):
        assert (await machine.get(path)).status_code == 307, path
        assert (await machine.get(f"{path}?linkType=gs1:faqs")).headers["location"].startswith("https://x.example/faqs")


@clause("2.4.1/5.7")
async def test_an_address_with_wrong_syntax_is_a_400(machine: httpx.AsyncClient, linked: Registered) -> None:
    path = path_of(linked)
    for wrong in (
        f"{path}/foo",
        f"/01/{GTIN[:-1]}3",
        f"/01/{GTIN[1:]}",
        f"/01/{GTIN}/21/S/10/L",
        f"/01/{GTIN}/17/261231",
        f"/01/{GTIN}/235/T/10/L",
        f"/01/{GTIN}/21/{'x' * 21}",
        f"/01/{GTIN}/21/%23",
        f"/01/{GTIN}/21/%ZZ",
        f"/01/{GTIN}/21/%00",
        f"/01/{GTIN}/21/%FF",
        f"/01/{GTIN}?21=S",
        f"/01/{GTIN}?17=269999",
        f"/01/{GTIN}?89=x",
        "/01/",
        "/414/9506000134353",
        "/00/1",
    ):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = await machine.request(method, wrong)
            assert answer.status_code == 400, (method, wrong)
        assert (await machine.get(wrong)).headers["content-type"] == "application/problem+json"


@clause("2.4.1/5.8")
async def test_what_is_well_formed_and_unknown_is_a_plain_404(machine: httpx.AsyncClient, linked: Registered) -> None:
    for unknown in (
        "/01/00012345678905",
        "/01/00012345678905/21/S",
        f"/01/{GTIN}/21/NOBODY",
        "/414/9506000134352",
        "/8004/9520614141234567",
    ):
        answer = await machine.get(unknown)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), unknown
        assert linked.serial not in answer.text
        assert (await machine.get(f"{unknown}?linkType=linkset")).status_code == 404


@clause("2.4.1/5.9")
async def test_no_error_is_a_200_in_whatever_form(machine: httpx.AsyncClient, linked: Registered) -> None:
    for accept in ("*/*", "text/html", LINKSET, "application/json", "image/png"):
        for wrong in ("/01/broken", f"/01/{GTIN}/21/NOBODY", f"{path_of(linked)}?linkType=gs1:epcis"):
            assert (await machine.get(wrong, headers={"Accept": accept})).status_code in {400, 404}


async def linkset_of(machine: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await machine.get(path, params={"linkType": "linkset"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["linkset"]
    return found


@clause("2.5.8/5.14")
async def test_every_entity_has_exactly_one_default_link_with_a_title_and_nothing_else(
    machine: httpx.AsyncClient, operator: httpx.AsyncClient, linked: Registered
) -> None:
    for level in await linkset_of(machine, path_of(linked)):
        (default,) = level[f"{VOC}defaultLink"]
        assert default.keys() == {"href", "title"}
        assert default["title"]
    chosen = link("gs1:pip", "own", "en", media_type="text/html", default=True)
    await put(operator, f"models/{GTIN}/links", chosen, link("gs1:faqs", "faqs"))
    (model,) = await linkset_of(machine, f"/01/{GTIN}")
    assert model[f"{VOC}defaultLink"] == [{"href": "https://x.example/own", "title": "own"}]
    both = await operator.put(
        f"/api/v1/models/{GTIN}/links", json={"links": [chosen, link("gs1:faqs", "faqs", default=True)]}
    )
    assert (both.status_code, both.json()["errors"][0]["code"]) == (422, "several_defaults")


@clause("2.5.8/5.12")
async def test_the_default_link_is_there_under_a_descriptive_type_too(
    machine: httpx.AsyncClient, operator: httpx.AsyncClient, linked: Registered
) -> None:
    await put(operator, f"products/{linked.id}/links", link("gs1:dpp", "passport", default=True))
    for level in await linkset_of(machine, path_of(linked)):
        (default,) = level[f"{VOC}defaultLink"]
        described = [kind for kind in level if kind.startswith(VOC) and kind != f"{VOC}defaultLink"]
        assert any(default["href"] in {one["href"] for one in level[kind]} for kind in described)


@clause("2.5.9/5.16")
async def test_every_address_has_a_default_link_at_its_level_or_above(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/L1", f"/01/{GTIN}/10/other", f"/01/{GTIN}/22/V", path_of(linked)):
        answer = await machine.get(path)
        targets = {
            one["href"] for level in await linkset_of(machine, path) for one in level.get(f"{VOC}defaultLink", ())
        }
        assert (answer.status_code, answer.headers["location"] in targets) == (307, True), path


@clause("2.5.9/5.22")
async def test_the_description_file_says_which_keys_are_supported(machine: httpx.AsyncClient) -> None:
    assert (await machine.get("/.well-known/gs1resolver")).json()["supportedPrimaryKeys"] == ["01"]


@clause("2.5.9 rule 4")
async def test_a_linkset_is_the_union_of_every_level_up_to_the_key(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    unit, lot, model = f"{BASE}{path_of(linked)}", f"{BASE}/01/{GTIN}/10/L1", f"{BASE}/01/{GTIN}"
    for path, anchors in (
        (f"/01/{GTIN}", [model]),
        (f"/01/{GTIN}/10/L1", [lot, model]),
        (f"/01/{GTIN}/10/L2", [model]),
        (path_of(linked), [unit, model]),
        (path_of(linked, "/10/L1"), [unit, lot, model]),
        (path_of(linked, "/22/V/10/L1"), [unit, lot, model]),
        (path_of(linked, "/10/L2"), [unit, model]),
    ):
        assert [level["anchor"] for level in await linkset_of(machine, path)] == anchors, path
    levels = await linkset_of(machine, path_of(linked, "/10/L1"))
    kinds = [{kind.removeprefix(VOC) for kind in level if kind.startswith(VOC)} for level in levels]
    assert [{"dpp"} <= kinds[0], {"recallStatus"} <= kinds[1], {"pip", "faqs"} <= kinds[2]] == [True] * 3


@clause("2.6.2/5.17")
async def test_a_link_type_that_is_there_is_redirected_to(machine: httpx.AsyncClient, linked: Registered) -> None:
    for spelled in ("gs1:dpp", f"{VOC}dpp", "https://gs1.org/voc/dpp", "gs1%3Adpp"):
        answer = await machine.get(f"{path_of(linked)}?linkType={spelled}")
        assert answer.status_code == 307
        assert answer.headers["location"].startswith("https://x.example/passport?")


@clause("2.6.2/5.18")
async def test_a_link_type_that_is_missing_is_a_404(machine: httpx.AsyncClient, linked: Registered) -> None:
    for kind in ("gs1:epcis", "gs1:noSuchThing", "nonsense", "%20"):
        answer = await machine.get(f"{path_of(linked)}?linkType={kind}")
        assert (answer.status_code, answer.json()["code"]) == (404, "link_type_missing")


@clause("2.6.3/5.20")
async def test_the_language_decides_among_several_then_the_media_type_then_the_context(
    machine: httpx.AsyncClient, operator: httpx.AsyncClient, linked: Registered
) -> None:
    async def leads(kind: str, context: str = "", **headers: str) -> str:
        query = f"?linkType={kind}" + (f"&context={context}" if context else "")
        answer = await machine.get(path_of(linked) + query, headers=headers)
        assert "Accept-Language" in answer.headers["vary"]
        return answer.headers["location"].removeprefix("https://x.example/").partition("?")[0]

    assert await leads("gs1:pip", **{"Accept-Language": "de-AT, en;q=0.8"}) == "pip-de"
    assert await leads("gs1:pip", **{"Accept-Language": "fr, en;q=0.8, de;q=0.3"}) == "pip-en"
    await put(
        operator,
        f"models/{GTIN}/links",
        link("gs1:masterData", "data", media_type="application/json"),
        link("gs1:masterData", "page", media_type="text/html"),
        link("gs1:hasRetailers", "de", context=["DE"]),
        link("gs1:hasRetailers", "us", context=["US"]),
    )
    assert await leads("gs1:masterData", Accept="application/json") == "data"
    assert await leads("gs1:masterData", Accept="text/html, */*;q=0.5") == "page"
    assert await leads("gs1:hasRetailers", context="us") == "us"


@clause("2.6.3(7)")
async def test_a_choice_that_nothing_decides_is_a_300_with_the_candidates_as_a_linkset(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    answer = await machine.get(f"{path_of(linked)}?linkType=gs1:pip", headers={"Accept-Language": "vi"})
    assert (answer.status_code, answer.headers["content-type"]) == (300, LINKSET)
    (level,) = answer.json()["linkset"]
    check(answer.json(), "gs1_linkset.schema.json")
    assert level["anchor"] == f"{BASE}/01/{GTIN}"
    assert [one["href"] for one in level[f"{VOC}pip"]] == ["https://x.example/pip-en", "https://x.example/pip-de"]
    assert f"{VOC}faqs" not in level
    page = await machine.get(f"{path_of(linked)}?linkType=gs1:pip", headers={**BROWSER, "Accept-Language": "vi"})
    assert (page.status_code, page.headers["content-type"]) == (300, "text/html; charset=utf-8")
    assert 'href="https://x.example/pip-de"' in page.text


@clause("2.9")
async def test_a_linkset_is_asked_for_by_word_or_by_media_type_and_never_redirected(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    path = path_of(linked)
    answer = await machine.get(f"{path}?linkType=linkset")
    for query, accept in (("?linkType=linkset", "*/*"), ("", LINKSET), ("?utm_source=x", f"{LINKSET}, */*;q=0.1")):
        answer = await machine.get(path + query, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, LINKSET)
        assert "warning" not in answer.headers
    old = await machine.get(f"{path}?linkType=all")
    assert (old.status_code, old.json()) == (200, answer.json())
    assert "deprecated" in old.headers["warning"]
    head = await machine.head(f"{path}?linkType=linkset")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(answer.content)))


def check(document: object, schema: str) -> None:
    jsonschema.validate(document, json.loads((DATA / schema).read_text("utf-8")))


@clause("2.10")
async def test_the_linkset_is_valid_against_the_schema_in_each_of_its_forms(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    for accept, kind in (("*/*", LINKSET), (LINKSET, LINKSET), ("application/json",) * 2, ("application/ld+json",) * 2):
        for path in (path_of(linked, "/10/L1"), f"/01/{GTIN}"):
            answer = await machine.get(f"{path}?linkType=linkset", headers={"Accept": accept})
            assert answer.headers["content-type"] == kind
            check(answer.json(), "gs1_linkset.schema.json")
            assert ("@context" in answer.json()) == (kind == "application/ld+json")
    page = await machine.get(f"{path_of(linked)}?linkType=linkset", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    embedded = page.text.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    check(json.loads(embedded), "gs1_linkset.schema.json")


@clause("2.10/5.13")
async def test_a_linkset_says_where_its_json_ld_context_is(machine: httpx.AsyncClient, linked: Registered) -> None:
    answer = await machine.get(f"{path_of(linked)}?linkType=linkset")
    assert '; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"' in answer.headers["link"]


@clause("2.12/5.19")
async def test_the_whole_query_goes_along_just_as_it_came(
    machine: httpx.AsyncClient, operator: httpx.AsyncClient, linked: Registered
) -> None:
    query = "linkType=gs1:faqs&utm_source=a%20b+c&flag&17=291231&x=%C3%A4&x=2"
    answer = await machine.get(f"{path_of(linked)}?{query}")
    assert answer.headers["location"] == f"https://x.example/faqs?{query}"
    assert (await machine.get(f"{path_of(linked)}?utm_id=7")).headers["location"] == f"{BASE}/app/?utm_id=7"
    await put(operator, f"models/{GTIN}/links", {**link("gs1:faqs", "a?b=1#top")})
    answer = await machine.get(f"{path_of(linked)}?linkType=gs1:faqs")
    assert answer.headers["location"] == "https://x.example/a?b=1&linkType=gs1:faqs#top"


@clause("2.13/5.25")
async def test_one_slash_at_the_end_changes_nothing(machine: httpx.AsyncClient, linked: Registered) -> None:
    for path in (f"/01/{GTIN}", path_of(linked), f"/01/{GTIN}/10/L1"):
        plain, slash = [await machine.get(one) for one in (path, f"{path}/")]
        assert (plain.status_code, plain.headers["location"]) == (slash.status_code, slash.headers["location"])
        assert plain.headers["link"] == slash.headers["link"]
        assert (await machine.get(f"{path}//")).status_code == 400


@clause("2.14/5.24")
async def test_the_link_types_of_gs1_are_known_and_no_other_without_its_vocabulary(
    machine: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    declared = (await machine.get("/.well-known/gs1resolver")).json()["supportedLinkType"]
    assert declared == [{"namespace": VOC, "prefix": "gs1:"}]
    for kind, taken in (
        ("gs1:instructions", True),
        (f"{VOC}instructions", True),
        ("https://gs1.org/voc/instructions", True),
        ("gs1:noSuchThing", False),
        ("gs1:defaultLink", False),
        ("acme:repair", False),
        ("instructions", False),
    ):
        answer = await operator.put(f"/api/v1/models/{GTIN}/links", json={"links": [link(kind, "x")]})
        assert answer.status_code == (200 if taken else 422), kind
        if taken:
            assert answer.json()["links"][0]["type"] == "gs1:instructions"


@clause("3/5.21")
async def test_the_description_file_is_valid_against_its_schema(machine: httpx.AsyncClient) -> None:
    answer = await machine.get("/.well-known/gs1resolver")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    check(answer.json(), "gs1_resolver_description.schema.json")
    assert answer.json()["resolverRoot"] == BASE
    head = await machine.head("/.well-known/gs1resolver")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])


@clause("(suite)")
async def test_the_link_header_leads_to_the_linkset_also_when_redirecting_and_from_options(
    machine: httpx.AsyncClient, linked: Registered
) -> None:
    address = f"{BASE}{path_of(linked)}"
    for method, query in (
        ("OPTIONS", ""),
        ("GET", ""),
        ("HEAD", ""),
        ("GET", "?linkType=linkset"),
        ("GET", "?17=291231"),
    ):
        answer = await machine.request(method, path_of(linked) + query)
        assert answer.headers["link"].startswith(f'<{address}?linkType=linkset>; rel="linkset"; '), (method, query)
