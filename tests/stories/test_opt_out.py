"""Opt-out on the running system: markers in everything a person can bring along, and then no trace of any of them."""

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx

from broker.contract.messages import Json
from device_sim.shop import Customer, Order
from tests.raw_device import service
from tests.stories.listening import names
from tests.system import GTIN, System, until, until_async

LATITUDE, LONGITUDE = 37.40310271828, -122.10631415926
NEAR_SHOP = {"name": "Marker Shop", "latitude": LATITUDE, "longitude": LONGITUDE, "radius_m": 150.0}
STANDS_AT = {"latitude": 37.40320161803, "longitude": -122.10641414213, "accuracy_m": 12.57721566}

WORDS = re.findall(
    r"\w+",
    """name email address case reply expert language agent referer query
    idempotency order parcel path nonsense sighting""",
)


class Markers:
    """Words that are nowhere else, and what has to vanish besides."""

    def __init__(self) -> None:
        self.planted = {name: f"mark{name}{number:03}zq" for number, name in enumerate(WORDS)}
        self.planted["latitude"] = str(STANDS_AT["latitude"])[:11]
        self.planted["longitude"] = str(STANDS_AT["longitude"])[:12]

    def __getitem__(self, name: str) -> str:
        return self.planted[name]

    def note(self, name: str, value: str) -> str:
        self.planted[name] = value
        return value

    def found_in(self, where: str, data: bytes) -> list[str]:
        """Each marker in `data`: as it is, in other cases, as UTF-16, in base 64."""
        low = data.lower()
        return [f"{name} in {where}" for name, text in self.planted.items() if any(form in low for form in forms(text))]


def forms(text: str) -> Iterator[bytes]:
    yield text.lower().encode()
    yield text.lower().encode("utf-16-le")
    yield base64.b64encode(text.encode())[4:-4].lower()


async def test_after_an_opt_out_no_table_file_log_retained_message_or_answer_holds_the_person(
    any_system: System,
) -> None:
    system, marks = any_system, Markers()
    unit = await system.unit()
    async with system.operator() as operator, system.printer(unit) as printer:
        campaign = await system.campaign()
        await operator.json("POST", "/api/v1/stores", NEAR_SHOP)
        headers = {
            "User-Agent": marks["agent"],
            "Accept-Language": f"de, {marks['language']};q=0.5",
            "Referer": f"https://example.com/{marks['referer']}",
        }
        async with httpx.AsyncClient(base_url=system.url, headers=headers, timeout=60) as phone:
            journey = await _comes(phone, campaign, marks)
            await _buys(system, phone, journey, unit.serial, marks)
            await _claims_and_asks(phone, operator, journey, unit.uri, unit.claim_code, marks)
            await printer.install_supplies()
            await printer.load_paper()
            await printer.print_test_page()

            async def shares() -> bool:
                return "share" in names((await phone.get("/menu/v1/menu", params={"journey": journey})).json())

            await until_async(lambda: _closed_and(shares, operator, system, journey), "support, and the link to share")
            chosen = await phone.post("/menu/v1/items/test-page", json={"journey": journey})
            assert chosen.json()["outcome"] == "command_queued"
            marks.note("referral", system.rows("SELECT code FROM referral WHERE journey_id = :id", id=journey)[0].code)
            marks.note("person", system.rows("SELECT person_id FROM journey WHERE id = :id", id=journey)[0].person_id)

            # All of it is held now, or this test could not fail.
            export = (await phone.get("/menu/v1/export")).text
            held = ("name", "email", "address", "case", "reply", "expert", "order", "parcel", "coupon", "journey")
            assert [one for one in held if marks[one] not in export] == []
            assert any("person" in one for one in _in_tables(system, marks))
            # Where the phone stood, and what it heard there, is kept nowhere even now.
            everywhere = _in_tables(system, marks) + _in_files(system, marks) + marks.found_in("logs", system.said())
            assert [one for one in everywhere if one.startswith(("latitude", "longitude", "sighting"))] == []

            receipt = await phone.post("/menu/v1/opt-out")
            assert receipt.status_code == 200
            assert marks.found_in("the receipt", receipt.content) == []
            assert (await phone.post("/menu/v1/opt-out")).json() == receipt.json()
        # What the shop and the carrier still send is not taken in again.
        await _late_news(system, unit.serial, journey, marks)
        await printer.print_pages(1)
        await printer.all_stored(30)
        await _no_trace(system, operator, unit.id, marks)


async def _closed_and(shares: Any, operator: Any, system: System, journey: str) -> bool:
    """The expert has closed the case, so that nothing is held back."""
    for row in system.rows("SELECT id FROM support_case WHERE journey_id = :id AND status <> 'closed'", id=journey):
        await operator.json("POST", f"/api/v1/cases/{row.id}/close")
    return bool(await shares())


async def _comes(phone: httpx.AsyncClient, campaign: str, marks: Markers) -> str:
    """By a link, into a shop; gets the coupon there."""
    await phone.get(f"/c/{campaign}", params={"utm_content": marks["query"]})
    marks.note("visit", phone.cookies["tl_visit"])
    token = (await phone.post("/menu/v1/session", headers={"Idempotency-Key": marks["idempotency"]})).json()["token"]
    phone.headers["Authorization"] = f"Bearer {marks.note('token', token)}"
    journey = (await phone.get("/menu/v1/journeys")).json()["items"][0]["id"]
    marks.note("journey", journey)
    sightings = [{"kind": "eddystone-uid", "id": marks["sighting"], "rssi_dbm": -60}]
    placed = await phone.post(
        "/menu/v1/context", json={"journey": journey, "position": STANDS_AT, "sightings": sightings}
    )
    assert placed.json()["zone"]["zone"] == "shop", placed.text
    chosen = await phone.post("/menu/v1/items/get-coupon", json={"journey": journey})
    marks.note("coupon", chosen.json()["detail"])
    # And what is refused may leave nothing either.
    assert (await phone.get(f"/{marks['path']}/{marks['path']}")).status_code == 404
    nonsense = {"journey": journey, "position": {"latitude": marks["nonsense"], "longitude": 1, "accuracy_m": 1}}
    assert (await phone.post("/menu/v1/context", json=nonsense)).status_code == 422
    return str(journey)


async def _buys(system: System, phone: httpx.AsyncClient, journey: str, serial: str, marks: Markers) -> None:
    customer = Customer(name=marks["name"], email=f"{marks['email']}@example.com", address=marks["address"])
    async with system.shop() as shop, system.carrier() as carrier:
        now = system.clock()
        order = Order(order_id=marks["order"], gtin=GTIN, placed_at=now, journey=journey, customer=customer)
        await shop.tell(order)
        facts: dict[str, Json] = {"serial": serial, "tracking_code": marks["parcel"], "carrier": "easypost"}
        await shop.change(order, "fulfilled", **facts)
        await carrier.deliver(await carrier.accept(marks["parcel"], timedelta(days=2)))
    assert (await phone.get("/menu/v1/journeys")).json()["items"][0]["stage"] == "install"


async def _claims_and_asks(
    phone: httpx.AsyncClient, operator: Any, journey: str, uri: str, code: str, marks: Markers
) -> None:
    claimed = await phone.post("/menu/v1/claims", json={"uri": uri, "code": code})
    assert claimed.json()["journey_id"] == journey
    text = f"My name is {marks['case']}, and it is broken."
    case = (await phone.post("/menu/v1/cases", json={"journey": journey, "text": text})).json()["id"]
    await phone.post(f"/menu/v1/cases/{case}/messages", json={"text": f"Call {marks['reply']}."})
    path, answer = f"/api/v1/cases/{case}/messages", {"text": f"Dear {marks['expert']}, of course."}
    await operator.call("POST", path, body=answer, headers={"Idempotency-Key": f"answer-{case}"})
    marks.note("case id", case)


async def _late_news(system: System, serial: str, journey: str, marks: Markers) -> None:
    customer = Customer(name=marks["name"], email=f"{marks['email']}@example.com", address=marks["address"])
    async with system.shop() as shop, system.carrier() as carrier:
        now = system.clock()
        facts: dict[str, Any] = {"serial": serial, "tracking_code": marks["parcel"], "carrier": "easypost"}
        await shop.tell(
            Order(
                order_id=marks["order"],
                gtin=GTIN,
                placed_at=now,
                version=3,
                status="fulfilled",
                journey=journey,
                customer=customer,
                **facts,
            )
        )
        await carrier.accept(marks["parcel"], timedelta(days=2))


async def _no_trace(system: System, operator: Any, product_id: str, marks: Markers) -> None:
    assert _in_tables(system, marks) == []
    assert _in_files(system, marks) == []
    assert marks.found_in("the logs", system.said()) == []
    assert _in_retained(system, product_id, marks) == []
    kinds = ("orders", "parcels", "coupons", "cases", "campaigns", "products", f"products/{product_id}/journeys")
    more = (f"products/{product_id}/timeline", f"products/{product_id}/commands", f"products/{product_id}/twin")
    for path in (*kinds, *more):
        answer = await operator.call("GET", f"/api/v1/{path}", params={"limit": "200"} if path in kinds[:6] else None)
        assert marks.found_in(path, answer.content) == []
    # The expert's own call, repeated with its key, does not bring the words back.
    case, text = marks["case id"], f"Dear {marks['expert']}, of course."
    async with httpx.AsyncClient(base_url=system.url) as again:
        headers = {"Authorization": f"Bearer {system.key}", "Idempotency-Key": f"answer-{case}"}
        repeated = await again.post(f"/api/v1/cases/{case}/messages", json={"text": text}, headers=headers)
    assert marks.found_in("the expert's call repeated", repeated.content) == []
    assert repeated.status_code == 404


def _in_tables(system: System, marks: Markers) -> list[str]:
    found: list[str] = []
    for table in system.tables():
        for row in system.rows(f'SELECT * FROM "{table}"'):  # noqa: S608 - the database's own name
            found += marks.found_in(f"table {table}", b"\x00".join(_bytes(value) for value in row))
    return found


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else bytes(value) if isinstance(value, memoryview) else str(value).encode()


def _in_files(system: System, marks: Markers) -> list[str]:
    """Deleted rows leave nothing in the files either, the write-ahead log included."""
    files = [path for path in sorted(system.data.rglob("*")) if path.is_file()]
    return [one for path in files for one in marks.found_in(path.name, path.read_bytes())]


def _in_retained(system: System, product_id: str, marks: Markers) -> list[str]:
    with service(system) as listener:
        listener.subscribe("tl/#")
        until(lambda: any(topic.endswith(f"{product_id}/down/stored") for topic, _, _ in listener.heard), "retained")
        found = [one for topic, payload, _ in listener.heard for one in marks.found_in(topic, topic.encode() + payload)]
        stages = [topic for topic, payload, kept in listener.heard if product_id in topic and "stage" in topic and kept]
    assert stages == [], "the display is told nothing of somebody who left"
    return found


def test_the_search_finds_a_marker_however_it_is_written() -> None:
    marks = Markers()
    words: Mapping[str, bytes] = {
        "plain": marks["name"].encode(),
        "upper": marks["name"].upper().encode(),
        "wide": marks["name"].encode("utf-16-le"),
        "base 64": base64.b64encode(marks["name"].encode()),
    }
    for where, data in words.items():
        assert marks.found_in(where, b"before " + data + b" after") == [f"name in {where}"]
    assert marks.found_in("nothing", b"nothing of this kind") == []
