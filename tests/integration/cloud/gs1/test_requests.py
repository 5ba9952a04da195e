"""GS1-Conformant Resolver 1.2.1 over HTTP: methods, origins, addresses right and wrong, and how it describes itself."""

import httpx

from cloud.registry.service import Registered
from tests.integration.cloud.gs1.clauses import check, clause, path_of
from tests.integration.cloud.resolving import BASE, LINKSET
from tests.integration.cloud.world import GTIN


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


@clause("2.5.9/5.22")
async def test_the_description_file_says_which_keys_are_supported(machine: httpx.AsyncClient) -> None:
    assert (await machine.get("/.well-known/gs1resolver")).json()["supportedPrimaryKeys"] == ["01"]


@clause("2.13/5.25")
async def test_one_slash_at_the_end_changes_nothing(machine: httpx.AsyncClient, linked: Registered) -> None:
    for path in (f"/01/{GTIN}", path_of(linked), f"/01/{GTIN}/10/L1"):
        plain, slash = [await machine.get(one) for one in (path, f"{path}/")]
        assert (plain.status_code, plain.headers["location"]) == (slash.status_code, slash.headers["location"])
        assert plain.headers["link"] == slash.headers["link"]
        assert (await machine.get(f"{path}//")).status_code == 400


@clause("3/5.21")
async def test_the_description_file_is_valid_against_its_schema(machine: httpx.AsyncClient) -> None:
    answer = await machine.get("/.well-known/gs1resolver")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    check(answer.json(), "gs1_resolver_description.schema.json")
    assert answer.json()["resolverRoot"] == BASE
    head = await machine.head("/.well-known/gs1resolver")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])
