"""GS1-Conformant Resolver 1.2.1 over HTTP: where a request is led: by link type, language, media type and context."""

import httpx

from cloud.registry.service import Registered
from tests.integration.cloud.gs1.clauses import check, clause, path_of
from tests.integration.cloud.resolving import BASE, BROWSER, LINKSET, VOC, link, put
from tests.integration.cloud.world import GTIN


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
