"""Bad input over HTTP: a stable code, nothing changed, and the right request afterwards works."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from broker.contract.messages import Json
from device_sim.carrier import Status, moved, signature
from device_sim.errors import RefusedError
from device_sim.phone import Phone, items_of
from device_sim.registration import serials
from device_sim.shop import Order, order_body, signed_headers
from tests.stories.listening import always_there
from tests.system import GTIN, System, until_async

WRONG_CHECK_DIGIT = GTIN[:-1] + str((int(GTIN[-1]) + 1) % 10)
NOBODY = "01jd9s00000000000000000000"


async def counted(system: System, table: str = "product") -> int:
    return int(system.rows(f"SELECT count(*) AS count FROM {table}")[0].count)  # noqa: S608 - a name of ours


def http(system: System, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=system.url, headers=headers, timeout=120)


@pytest.fixture
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's, that takes every answer as it is."""
    async with http(system, Authorization=f"Bearer {system.key}") as found:
        yield found


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Json]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Json] = answer.json()
    assert (found["status"], found["code"]) == (status, code)
    assert "Traceback" not in answer.text
    return found


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"gtin": WRONG_CHECK_DIGIT, "serial": "A1"}, "/gtin"),
        ({"gtin": GTIN, "serial": "A 1"}, "/serial"),
        ({"gtin": GTIN, "serial": "Ä1"}, "/serial"),
        ({"gtin": GTIN, "serial": "A" * 21}, "/serial"),
        ({"gtin": GTIN, "serial": 7}, "/serial"),
        ({"serial": "A1"}, "/gtin"),
    ],
    ids=["check digit", "space", "letter", "too long", "number", "no gtin"],
)
async def test_a_wrong_product_is_refused_at_its_field_and_registers_nothing(
    system: System, client: httpx.AsyncClient, body: dict[str, Json], pointer: str
) -> None:
    await system.model()
    before = await counted(system)
    found = problem(await client.post("/api/v1/products", json=body), 422, "invalid")
    assert [one["pointer"] for one in found["errors"]] == [pointer]
    assert await counted(system) == before


async def test_a_unit_registered_twice_is_refused_and_stays_as_it_was(
    system: System, client: httpx.AsyncClient
) -> None:
    unit = await system.unit()
    before = (await client.get(f"/api/v1/products/{unit.id}")).json()
    problem(await client.post("/api/v1/products", json={"gtin": unit.gtin, "serial": unit.serial}), 409, "duplicate")
    assert (await client.get(f"/api/v1/products/{unit.id}")).json() == before
    async with system.phone() as phone:
        await system.owned(phone, unit)  # the claim code of the first time still opens it


@pytest.mark.timeout(180)
async def test_an_import_with_three_bad_rows_in_ten_thousand_names_them_takes_nothing_and_passes_when_corrected(
    system: System, client: httpx.AsyncClient
) -> None:
    await system.model()
    names = list(serials(10_000, "import"))
    rows = [f"{GTIN},{name}" for name in names]
    wrong = {
        500: f"{WRONG_CHECK_DIGIT},{names[500]}",
        5_000: f"{GTIN},bad serial",
        9_999: f"{GTIN},{names[0]}",
    }
    before = await counted(system)
    text = {"Content-Type": "text/csv"}

    async def sent(lines: list[str]) -> httpx.Response:
        return await client.post("/api/v1/products/import", content="\n".join(["gtin,serial", *lines]), headers=text)

    found = (await sent([wrong.get(number, row) for number, row in enumerate(rows)])).json()
    assert found.get("registered") == 0, found
    assert found["units"] == []
    assert [(one["line"], one["pointer"]) for one in found["bad_rows"]] == [
        (502, "gtin"),
        (5_002, "serial"),
        (10_001, "serial"),
    ]
    assert len({one["code"] for one in found["bad_rows"]}) == 3
    assert await counted(system) == before
    done = await sent(rows)
    assert done.json()["registered"] == 10_000
    assert len({one["claim_code"] for one in done.json()["units"]}) == 10_000
    assert await counted(system) == before + 10_000
    again = (await sent(rows[:1])).json()
    assert (again["registered"], again["bad_rows"][0]["line"]) == (0, 2)


async def engaged(system: System, phone: Phone) -> str:
    """A phone that came by a campaign; its journey."""
    await phone.click_campaign(await system.campaign())
    await phone.start()
    return str((await phone.journey("engaged"))["id"])


async def test_a_webhook_with_a_bad_old_or_missing_signature_changes_nothing(
    system: System, client: httpx.AsyncClient
) -> None:
    secret, now = system.keys.shop_secret, system.clock()
    async with system.phone() as phone:
        journey = await engaged(system, phone)
        order = Order(order_id=f"bad-{journey}", gtin=GTIN, placed_at=now, journey=journey)
        body = order_body(order)
        good = signed_headers(secret, "msg_1", now, body)
        old = signed_headers(secret, "msg_1", now - timedelta(minutes=6), body)
        early = signed_headers(secret, "msg_1", now + timedelta(minutes=6), body)
        forged = signed_headers("whsec_" + "A" * 44, "msg_1", now, body)
        unsigned = {"content-type": "application/json"}
        for headers in (old, early, forged, unsigned, {**good, "webhook-id": "msg_2"}):
            problem(await client.post("/hooks/shop", content=body, headers=headers), 401, "bad_signature")
        problem(await client.post("/hooks/shop", content=body + b" ", headers=good), 401, "bad_signature")
        carrier_body = b'{"id":"evt_1","description":"tracker.updated","result":{}}'
        for headers in ({}, {"X-Hmac-Signature": signature("not the secret", carrier_body)}):
            problem(
                await client.post("/hooks/carrier/easypost", content=carrier_body, headers=headers),
                401,
                "bad_signature",
            )
        assert (await phone.journey())["stage"] == "engaged"
        assert system.rows("SELECT id FROM shop_order WHERE id = :id", id=order.order_id) == []
        assert (await client.post("/hooks/shop", content=body, headers=good)).json() == {"new": True}
        assert (await phone.journey())["stage"] == "delivery"


async def test_signed_nonsense_is_refused_at_its_fields_and_an_unknown_carrier_is_unknown(
    system: System, client: httpx.AsyncClient
) -> None:
    for body in (b"no json", b"[]", b'{"type":"order.changed","data":{"order_id":1}}', b"[" * 100_000):
        headers = signed_headers(system.keys.shop_secret, "msg_9", system.clock(), body)
        problem(await client.post("/hooks/shop", content=body, headers=headers), 422, "invalid")
        hmac = {"X-Hmac-Signature": signature(system.keys.carrier_secret, body)}
        problem(await client.post("/hooks/carrier/easypost", content=body, headers=hmac), 422, "invalid")
        # A body with too many values is refused before anybody looks whom it is for.
        expected = (422, "invalid") if len(body) > 20_000 else (404, "not_found")
        problem(await client.post("/hooks/carrier/nobody", content=body, headers=hmac), *expected)
    large = b" " * 300_000
    problem(await client.post("/hooks/shop", content=large, headers={"webhook-id": "1"}), 413, "too_large")


async def test_events_twice_and_in_reverse_order_end_where_the_right_order_ends(system: System) -> None:
    unit = await system.unit()
    async with system.phone() as phone, system.shop() as web_shop, system.carrier() as carrier:
        journey = await engaged(system, phone)
        order = await web_shop.sell(GTIN, journey=journey)
        tracking = f"R{order.order_id}"
        parcel, news = await carrier.accept(tracking), []
        way: tuple[Status, ...] = ("in_transit", "out_for_delivery", "delivered")
        for status in way:
            parcel = moved(parcel, status, system.clock())
            news.append(carrier.news(parcel))
        await carrier.send_badly(news)
        facts: dict[str, Json] = {"serial": unit.serial, "tracking_code": tracking, "carrier": "easypost"}
        newest = Order(
            order_id=order.order_id, gtin=GTIN, placed_at=order.placed_at, version=2, status="fulfilled", **facts
        )
        await web_shop.tell(newest, "msg_twice")
        await web_shop.tell(newest, "msg_twice")
        await web_shop.tell(order)
        assert (await phone.journey())["stage"] == "install"
        known = system.rows("SELECT version, status FROM shop_order WHERE id = :id", id=order.order_id)
        assert [tuple(row) for row in known] == [(2, "fulfilled")]
        events = system.rows(
            "SELECT event_id FROM journal WHERE journey_id = :id AND type = 'order.changed'", id=journey
        )
        assert len(events) == 2
        moves = [row.to_stage for row in system.rows("SELECT to_stage FROM move WHERE journey_id = :id", id=journey)]
        assert sorted(moves) == ["delivery", "engaged", "install"]


async def test_what_is_unknown_or_somebody_elses_is_the_same_404_and_gives_nothing_away(
    system: System, client: httpx.AsyncClient
) -> None:
    unit = await system.unit()
    async with system.phone() as owner, system.phone() as stranger:
        journey = await system.owned(owner, unit)
        case = await owner.open_case(journey, "Mine alone.")
        await stranger.start()

        async def refused(foreign: object) -> tuple[int, str]:
            with pytest.raises(RefusedError) as error:
                await foreign  # type: ignore[misc]  # a call that was not made yet
            assert "Mine alone" not in str(error.value)
            return error.value.status, error.value.problem

        for known, unknown in (
            (stranger.menu(journey), stranger.menu(NOBODY)),
            (stranger.choose(journey, "expert"), stranger.choose(NOBODY, "expert")),
            (stranger.report_context(journey), stranger.report_context(NOBODY)),
            (stranger.open_case(journey, "let me in"), stranger.open_case(NOBODY, "let me in")),
            (stranger.cases(journey), stranger.cases(NOBODY)),
            (stranger.write(str(case["id"]), "let me in"), stranger.write(NOBODY, "let me in")),
            (anext(aiter(stranger.live(journey))), anext(aiter(stranger.live(NOBODY)))),
        ):
            assert await refused(known) == await refused(unknown) == (404, "journey_unknown")
        (thread,) = await owner.cases(journey)
        assert [one["text"] for one in thread["messages"]] == ["Mine alone."]
        assert always_there(await owner.menu(journey))
    for path in ("products/{}", "products/{}/twin", "journeys/{}", "cases/{}", "commands/{}", "campaigns/{}"):
        problem(await client.get(f"/api/v1/{path.format(NOBODY)}"), 404, "not_found")
    for path in (f"/c/{NOBODY}", "/r/nobodyslink1", f"/01/{GTIN}/21/NOTTHERE", "/nowhere"):
        problem(await client.get(path), 404, "not_found")
    assert (await client.get(f"/01/{WRONG_CHECK_DIGIT}/21/A1")).status_code == 400


async def test_without_a_valid_key_or_session_nothing_is_said(system: System) -> None:
    unit = await system.unit()
    for headers in ({}, {"Authorization": "Bearer tlk_guess"}, {"Authorization": f"Basic {system.key}"}):
        async with http(system, **headers) as nobody:
            problem(await nobody.get(f"/api/v1/products/{unit.id}"), 401, "unauthenticated")
            problem(await nobody.post("/api/v1/products", json={"gtin": GTIN}), 401, "unauthenticated")
            problem(await nobody.get("/menu/v1/journeys"), 401, "session_refused")
            problem(await nobody.get("/menu/v1/menu", params={"journey": NOBODY}), 401, "session_refused")


async def test_wrong_claim_codes_are_counted_and_end_in_a_pause_that_stops_one_person_alone(system: System) -> None:
    unit = await system.unit()
    async with system.phone() as guesser, system.phone() as buyer:
        await guesser.start()
        headers = {"Authorization": f"Bearer {guesser.token}"}
        async with http(system, **headers) as tap:
            wrong = {"gtin": unit.gtin, "serial": unit.serial, "code": "AAAA-BBBB-CCCC"}
            answers = [await tap.post("/menu/v1/claims", json=wrong) for _ in range(12)]
            assert answers[0].status_code == 403
            problem(answers[-1], 429, "too_many_attempts")
            problem(
                await tap.post("/menu/v1/claims", json={**wrong, "code": unit.claim_code}), 429, "too_many_attempts"
            )
        journey = await system.owned(buyer, unit)
        assert items_of(await buyer.menu(journey))


async def test_an_idempotency_key_gives_the_same_answer_once_and_refuses_another_request(
    system: System, client: httpx.AsyncClient
) -> None:
    await system.model()
    before = await counted(system)
    key = {"Idempotency-Key": f"once-{system.clock().timestamp()}"}
    body = {"gtin": GTIN}
    first, second = [await client.post("/api/v1/products", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.json()["claim_code"]
    other = await client.post("/api/v1/products", json={"gtin": GTIN, "serial": "OTHER1"}, headers=key)
    problem(other, 422, "idempotency_key_reused")
    assert await counted(system) == before + 1


async def test_an_import_whose_answer_was_lost_gives_the_same_claim_codes_to_the_same_key(
    system: System, client: httpx.AsyncClient
) -> None:
    await system.model()
    before = await counted(system)
    stamp = system.clock().timestamp()
    headers = {"Content-Type": "text/csv", "Idempotency-Key": f"import-{stamp}"}
    rows = "\n".join(["gtin,serial", *(f"{GTIN},{name}" for name in serials(3, f"again {stamp}"))])
    first, second = [await client.post("/api/v1/products/import", content=rows, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert len({one["claim_code"] for one in second.json()["units"]}) == 3
    assert await counted(system) == before + 3
    other = await client.post("/api/v1/products/import", content=rows + f"\n{GTIN},", headers=headers)
    problem(other, 422, "idempotency_key_reused")


async def test_a_phones_idempotency_key_sends_one_command_and_opens_one_case(system: System) -> None:
    unit = await system.unit()
    async with system.phone() as phone, system.printer(unit) as printer:
        journey = await system.owned(phone, unit)
        await printer.install_supplies()
        await printer.load_paper()
        await printer.print_test_page()

        async def supported() -> bool:
            return bool((await phone.menu(journey))["stage"] == "support")

        await until_async(supported, "support")
        headers = {"Authorization": f"Bearer {phone.token}", "Idempotency-Key": "tap-1"}
        pages = printer.printer.pages_total
        async with http(system, **headers) as tap:
            taps = [await tap.post("/menu/v1/items/test-page", json={"journey": journey}) for _ in range(3)]
            assert len({one.json()["command_id"] for one in taps}) == 1
            problem(
                await tap.post("/menu/v1/items/clean-head", json={"journey": journey}), 422, "idempotency_key_reused"
            )
            texts = {"Idempotency-Key": "help-1"}
            cases = [
                await tap.post("/menu/v1/cases", json={"journey": journey, "text": "Help"}, headers=texts)
                for _ in range(2)
            ]
            assert cases[0].json() == cases[1].json()
        await printer.until(lambda one: one.printer.pages_total == pages + 1, 30, "the one page")
        await printer.all_stored(30)
        states = system.rows("SELECT status FROM command WHERE product_id = :id", id=unit.id)

        async def finished() -> bool:
            rows = system.rows("SELECT status FROM command WHERE product_id = :id", id=unit.id)
            return [row.status for row in rows] == ["done"]

        await until_async(finished, f"the one command done, was {states}")
        assert len(system.rows("SELECT id FROM case_message WHERE case_id = :id", id=cases[0].json()["id"])) == 1
