"""GS1-Conformant Resolver 1.2.1 over HTTP: linksets, which links of which level are in them, and the default ones."""

import json

import httpx

from cloud.registry.service import Registered
from tests.integration.cloud.gs1.clauses import check, clause, linkset_of, path_of
from tests.integration.cloud.resolving import BASE, BROWSER, LINKSET, VOC, link, put
from tests.integration.cloud.world import GTIN


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
