"""The phone's calls over real HTTP."""

import logging
from datetime import timedelta

import httpx
import msgspec
import pytest

from mobile_menu.rules.menu import Menu
from mobile_menu.rules.situation import Device
from tests.integration.mobile_menu.conftest import Served, phone_of
from tests.unit.mobile_menu.fake_record import with_level

GTIN = "09506000134352"


async def test_a_menu_comes_with_its_etag_and_is_not_sent_twice(phone: httpx.AsyncClient) -> None:
    first = await phone.get("/menu/v1/menu", params={"journey": "j1"})
    menu = msgspec.json.decode(first.content, type=Menu)
    assert first.status_code == 200
    assert first.headers["etag"] == f'"{menu.etag}"'
    assert first.headers["vary"] == "Accept-Language, Authorization"
    assert first.headers["cache-control"] == "private, no-cache"
    for tags in (f'"{menu.etag}"', f'W/"{menu.etag}"', f'"other", "{menu.etag}"', "*"):
        again = await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers={"if-none-match": tags})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers={"if-none-match": '"other"'})
    assert other.status_code == 200


async def test_a_changed_menu_is_sent_in_spite_of_the_old_etag(phone: httpx.AsyncClient, served: Served) -> None:
    first = await phone.get("/menu/v1/menu", params={"journey": "j1"})
    served.record.device_says("j1", "2.0")
    served.hub.changed(["j1"])
    headers = {"if-none-match": first.headers["etag"]}
    again = await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers=headers)
    assert again.status_code == 200
    assert "/2.0/" in again.json()["title"]


async def test_a_menu_that_has_ended_by_itself_is_not_called_unchanged(
    phone: httpx.AsyncClient, served: Served
) -> None:
    served.record.situations["j1"] = msgspec.structs.replace(
        served.record.situations["j1"], until=served.clock() + timedelta(seconds=30)
    )
    first = await phone.get("/menu/v1/menu", params={"journey": "j1"})
    headers = {"if-none-match": first.headers["etag"]}
    with_level(served.record, "j1", Device(firmware="gone"))
    assert (await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers=headers)).status_code == 304
    served.clock.forward(timedelta(seconds=30))
    again = await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers=headers)
    assert again.status_code == 200
    assert "/gone/" in again.json()["title"]


async def test_a_menu_is_in_the_language_that_is_asked_for(phone: httpx.AsyncClient) -> None:
    answer = await phone.get("/menu/v1/menu", params={"journey": "j1"}, headers={"accept-language": "de-CH, de;q=0.9"})
    assert answer.json()["language"] == "de-CH, de;q=0.9"


async def test_head_of_a_menu_says_what_get_would(phone: httpx.AsyncClient) -> None:
    head = await phone.head("/menu/v1/menu", params={"journey": "j1"})
    full = await phone.get("/menu/v1/menu", params={"journey": "j1"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))


@pytest.mark.parametrize("path", ["/menu/v1/menu", "/menu/v1/live", "/menu/v1/cases"])
@pytest.mark.parametrize("journey_id", ["j2", "never-was"])
async def test_a_foreign_journey_looks_like_one_that_never_was(
    phone: httpx.AsyncClient, path: str, journey_id: str
) -> None:
    answer = await phone.get(path, params={"journey": journey_id})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "journey_unknown"


@pytest.mark.parametrize("query", ["", "?journey=", "?journey=j1&journey=j2", "?" + "&".join(["a=b"] * 40)])
async def test_a_menu_of_no_particular_journey_is_unknown(phone: httpx.AsyncClient, query: str) -> None:
    assert (await phone.get(f"/menu/v1/menu{query}")).status_code == 404


@pytest.mark.parametrize("authorization", [None, "Bearer", "Basic YTpi", "Bearer nobody", "anna"])
@pytest.mark.parametrize("path", ["/menu/v1/menu?journey=j1", "/menu/v1/live?journey=j1", "/menu/v1/journeys"])
async def test_without_a_session_there_is_nothing(served: Served, authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    async with httpx.AsyncClient(base_url=served.url, headers=headers) as stranger:
        answer = await stranger.get(path)
    assert answer.status_code == 401
    assert answer.json()["code"] == "session_refused"


async def test_a_session_starts_with_the_cookie_of_our_link(served: Served) -> None:
    headers = {"cookie": "tl_visit=visit-7", "idempotency-key": "key-1", "origin": served.url}
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        answer = await stranger.post("/menu/v1/session", headers=headers)
    assert answer.status_code == 201
    assert answer.json() == {
        "token": "fresh",
        "expires_at": "2026-05-04T09:15:00Z",
        "expires_in_s": 900,
        "refresh_token": "next",
        "refresh_expires_at": "2026-08-02T09:00:00Z",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert served.record.visits == ["visit-7"]
    assert served.record.keys == [("start_session", "key-1")]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_a_foreign_page_gets_no_session(served: Served, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        answer = await stranger.post("/menu/v1/session", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert served.record.asked["start_session"] == 0


async def test_journeys_are_a_page(phone: httpx.AsyncClient) -> None:
    page = (await phone.get("/menu/v1/journeys")).json()
    assert [item["id"] for item in page["items"]] == ["j1"]
    assert page["next"] is None


async def test_the_key_of_every_unsafe_call_reaches_the_record(phone: httpx.AsyncClient, served: Served) -> None:
    calls = [
        ("/menu/v1/items/coupon", {"journey": "j1"}, 200),
        ("/menu/v1/cases", {"journey": "j1", "text": "It jams"}, 201),
        ("/menu/v1/cases/case-j1/messages", {"text": "Still"}, 201),
        ("/menu/v1/claims", {"gtin": GTIN, "serial": "SN1", "code": "GOOD-CODE"}, 201),
    ]
    for number, (path, body, status) in enumerate(calls):
        answer = await phone.post(path, json=body, headers={"idempotency-key": f"k{number}"})
        assert answer.status_code == status, answer.text
    assert served.record.keys == [("choose", "k0"), ("open_case", "k1"), ("add_message", "k2"), ("claim", "k3")]


async def test_the_context_gives_the_zone_and_the_menu_there(
    phone: httpx.AsyncClient, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {
        "journey": "j1",
        "sightings": [{"kind": "eddystone-eid", "id": "00112233AABBCCDD", "rssi_dbm": -40}],
        "position": {"latitude": 47.376887, "longitude": 8.541694, "accuracy_m": 12},
    }
    answer = await phone.post("/menu/v1/context", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["zone"] == {"zone": "here", "shop": None, "proven": True}
    assert "/here/" in answer.json()["menu"]["title"]
    assert served.record.proofs == ["00112233aabbccdd"]
    assert "47.37" not in caplog.text + repr(served.record)


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (
            "/menu/v1/context",
            {"journey": "j1", "sightings": [{"kind": "wifi", "id": "x", "rssi_dbm": 0}]},
            "/sightings/0/kind",
        ),
        (
            "/menu/v1/context",
            {"journey": "j1", "position": {"latitude": 91, "longitude": 0, "accuracy_m": 1}},
            "/position/latitude",
        ),
        (
            "/menu/v1/context",
            {"journey": "j1", "sightings": [{"kind": "ibeacon", "id": "x", "rssi_dbm": -60}] * 65},
            "/sightings",
        ),
        (
            "/menu/v1/context",
            {"journey": "j1", "position": {"latitude": 0, "longitude": -180.5, "accuracy_m": 1}},
            "/position/longitude",
        ),
        (
            "/menu/v1/context",
            {"journey": "j1", "position": {"latitude": 0, "longitude": 0, "accuracy_m": -1}},
            "/position/accuracy_m",
        ),
        ("/menu/v1/context", {"journey": "j1", "postion": None}, "/postion"),
        ("/menu/v1/cases", {"journey": "j1", "text": "  "}, "/text"),
        ("/menu/v1/cases", {"journey": "j1", "text": "x" * 4001}, "/text"),
        ("/menu/v1/claims", {"uri": "https://example.org/hello", "code": "GOOD-CODE"}, "/uri"),
        ("/menu/v1/claims", {"gtin": "12", "serial": "1", "code": "GOOD-CODE"}, "/gtin"),
        ("/menu/v1/claims", {"gtin": GTIN, "serial": "1", "ephemeral_id": "xyz"}, "/ephemeral_id"),
        ("/menu/v1/claims", {"gtin": GTIN, "code": "GOOD-CODE"}, "/"),
        ("/menu/v1/claims", {"gtin": GTIN, "serial": "1"}, "/"),
        ("/menu/v1/claims", {"gtin": GTIN, "serial": "1", "code": "A", "ephemeral_id": "0" * 16}, "/"),
    ],
)
async def test_a_wrong_field_is_pointed_at(
    phone: httpx.AsyncClient, path: str, body: dict[str, object], pointer: str
) -> None:
    answer = await phone.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["pointers"] == [pointer]


@pytest.mark.parametrize(
    ("body", "product_id"),
    [
        ({"uri": f"https://id.example.org/01/{GTIN}/21/A%2F1?x=y", "code": "GOOD-CODE"}, f"{GTIN}-A/1"),
        ({"gtin": GTIN[1:], "serial": "A1", "code": " GOOD-CODE "}, f"{GTIN}-A1"),
        ({"gtin": GTIN, "serial": "A1", "ephemeral_id": "00112233AABBCCDD"}, f"{GTIN}-A1"),
    ],
)
async def test_a_unit_is_claimed_by_its_link_or_its_number(
    phone: httpx.AsyncClient, body: dict[str, str], product_id: str
) -> None:
    answer = await phone.post("/menu/v1/claims", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["product_id"] == product_id


async def test_a_wrong_code_opens_nothing(phone: httpx.AsyncClient) -> None:
    answer = await phone.post("/menu/v1/claims", json={"gtin": GTIN, "serial": "A1", "code": "BAD"})
    assert (answer.status_code, answer.json()["code"]) == (403, "claim_refused")


async def test_an_item_is_refused_by_what_is_missing(phone: httpx.AsyncClient) -> None:
    unknown = await phone.post("/menu/v1/items/self-destruct", json={"journey": "j1"})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "item_unavailable")
    far = await phone.post("/menu/v1/items/print-sample", json={"journey": "j1"})
    assert (far.status_code, far.json()["code"]) == (403, "proof_needed")


async def test_ten_thousand_sightings_at_once_are_refused_unread(phone: httpx.AsyncClient, served: Served) -> None:
    sightings = [{"kind": "eddystone-eid", "id": "00112233aabbccdd", "rssi_dbm": -40}] * 10_000
    answer = await phone.post("/menu/v1/context", json={"journey": "j1", "sightings": sightings})
    assert answer.status_code == 413
    assert served.record.proofs == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    "body",
    [
        '{"journey": "j1", "sightings": [{"kind": "eddystone-eid", "id": "00112233aabbccdd", "rssi_dbm": %s}]}',
        '{"journey": "j1", "position": {"latitude": %s, "longitude": 0, "accuracy_m": 1}}',
        '{"journey": "j1", "position": {"latitude": 0, "longitude": 0, "accuracy_m": %s}}',
    ],
)
async def test_what_is_no_number_is_refused_and_proves_nothing(
    phone: httpx.AsyncClient, served: Served, body: str, number: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = await phone.post("/menu/v1/context", content=body % number, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert served.record.proofs == []


async def test_a_body_above_the_limit_is_refused_unread(phone: httpx.AsyncClient) -> None:
    answer = await phone.post("/menu/v1/cases", json={"journey": "j1", "text": "x" * 100_000})
    assert answer.status_code == 413


async def test_leaving_works_twice_and_ends_the_session_at_once(phone: httpx.AsyncClient) -> None:
    assert (await phone.get("/menu/v1/menu", params={"journey": "j1"})).status_code == 200
    export = await phone.get("/menu/v1/export")
    assert export.json() == {"person": "p-anna"}
    assert export.headers["content-disposition"].startswith("attachment")
    first = await phone.post("/menu/v1/opt-out", json={})
    again = await phone.post("/menu/v1/opt-out")
    assert first.json() == again.json() == {"receipt": "r-p-anna"}
    assert (await phone.get("/menu/v1/menu", params={"journey": "j1"})).status_code == 401


async def test_a_record_that_is_away_fails_the_call_and_not_the_service(served: Served) -> None:
    served.record.failing = True
    async with phone_of(served, "anna") as phone:
        assert (await phone.get("/menu/v1/menu", params={"journey": "j1"})).status_code == 500
    served.record.failing = False
    async with phone_of(served, "anna") as phone:
        assert (await phone.get("/menu/v1/menu", params={"journey": "j1"})).status_code == 200


async def test_openapi_describes_every_call_and_every_reference_leads_somewhere(phone: httpx.AsyncClient) -> None:
    document = (await phone.get("/openapi.json")).json()
    for path in ("session", "journeys", "menu", "live", "context", "items/{item_id}", "claims", "cases", "export"):
        assert f"/menu/v1/{path}" in document["paths"]
    references = {part.split('"')[0] for part in msgspec.json.encode(document).decode().split('"$ref":"')[1:]}
    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
