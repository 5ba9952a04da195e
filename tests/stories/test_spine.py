"""The whole spine: interested, engaged, delivery, install, support; then trouble, help, leaving, and the next owner."""

from datetime import timedelta

import pytest

from device_sim.calls import Caller
from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter
from device_sim.errors import RefusedError
from device_sim.phone import Phone
from tests.stories.listening import Menu, OpenMenu, always_there, done, item, names, open_menu
from tests.system import GTIN, System, until_async

SHOP = {"name": "Corner Shop", "address": "1 Main Street", "latitude": 37.4, "longitude": -122.1, "radius_m": 120.0}
AT_THE_SHELF = (37.4, -122.1, 15.0)


@pytest.mark.timeout(240)
async def test_a_customer_is_led_from_the_advert_to_support_and_out_again_with_the_right_menu_live(
    any_system: System,
) -> None:
    system = any_system
    unit = await system.unit()
    async with system.operator() as operator, system.phone() as phone:
        store = await operator.json("POST", "/api/v1/stores", SHOP)
        journey = await _an_advert_interests(system, phone)
        async with open_menu(phone, journey) as live:
            assert "order-now" in names(await live.shows(always_there, "help and the way out"))
            await _the_shop_gives_a_coupon(phone, journey, live, operator, str(store["id"]))
            await _it_is_ordered_and_comes(system, journey, live, unit)
            claimed = await phone.claim(unit.claim_code, uri=unit.uri)
            assert claimed["journey_id"] == journey
            async with system.printer(unit) as printer:
                await _the_checklist_ticks_itself(printer, live)
                await _a_jam_brings_its_fix(printer, live)
                await _the_expert_helps(operator, phone, journey, printer, live)
                await _they_leave(phone, journey, printer, live)
                await _next_owner(system, unit.uri, unit.claim_code)
        moves = await operator.json("GET", f"/api/v1/products/{unit.id}/journeys")
        assert [one["stage"] for one in moves["items"]] == ["install"]


async def _an_advert_interests(system: System, phone: Phone) -> str:
    """The click engages. The journey's id."""
    campaign = await system.campaign()
    leads_to = await phone.click_campaign(campaign)
    assert leads_to.startswith(f"{system.url}/app/?journey=")
    await phone.start()
    journey = str((await phone.journey("engaged"))["id"])
    assert leads_to.endswith(journey)
    return journey


async def _the_shop_gives_a_coupon(phone: Phone, journey: str, live: OpenMenu, operator: Caller, store_id: str) -> None:
    """Inside the shop's fence the coupon leads; it is a code and a picture, and the till takes it once."""
    await phone.report_context(journey, position=AT_THE_SHELF)
    menu = await live.shows(lambda menu: "ask-for-the-shelf" in names(menu), "the menu of the shop")
    assert names(menu)[0] == "get-coupon"
    assert "proximity=shop" in item(menu, "get-coupon")["because"]
    chosen = await phone.choose(journey, "get-coupon")
    menu = await live.shows(lambda menu: names(menu)[0] == "coupon", "the coupon's code")
    coupon = item(menu, "coupon")
    assert coupon["code"] == chosen["detail"]
    assert coupon["qr"].startswith("data:image/svg+xml")
    taken = {"code": chosen["detail"], "shop_id": store_id}
    assert (await operator.json("POST", "/api/v1/coupons/redeem", taken))["amount"] == 5000
    with pytest.raises(RefusedError) as again:
        await operator.json("POST", "/api/v1/coupons/redeem", taken)
    assert (again.value.status, again.value.problem) == (409, "conflict")


async def _it_is_ordered_and_comes(system: System, journey: str, live: OpenMenu, unit: Credential) -> None:
    """From the order to the door."""
    async with system.shop() as web_shop:
        order = await web_shop.sell(GTIN, journey=journey)
        await live.shows(lambda menu: menu["stage"] == "delivery", "delivery after the order")
        tracking = f"T{order.order_id}"
        order = await web_shop.change(
            order, "fulfilled", serial=unit.serial, tracking_code=tracking, carrier="easypost"
        )
        await _parcel_comes(system, live, tracking)


async def _the_checklist_ticks_itself(printer: SimulatedPrinter, live: OpenMenu) -> None:
    """Switched on, it says itself how far it is set up."""
    await live.shows(lambda menu: "step-power_on" in done(menu), "the machine says that it is on")
    await printer.install_supplies()
    await live.shows(lambda menu: "step-install_supplies" in done(menu), "the toner is seen")
    await printer.load_paper()
    await live.shows(lambda menu: "step-load_paper" in done(menu), "the paper is seen")
    await printer.print_test_page()
    menu = await live.shows(lambda menu: menu["stage"] == "support", "support after the test page")
    if menu["status"]["level"] == "busy":  # the page is known before the printer says that it has come to rest
        menu = await live.shows(lambda menu: menu["status"]["level"] != "busy", "a printer at rest")
    assert menu["status"]["level"] == "ok"
    assert printer_shares(menu)


async def _a_jam_brings_its_fix(printer: SimulatedPrinter, live: OpenMenu) -> None:
    """Exactly its fix comes first, and nothing is offered."""
    await printer.jam()
    menu = await live.shows(lambda menu: menu["status"]["level"] == "error", "the jam")
    assert names(menu)[0] == "clear-jam"
    assert "reason=media-jam" in item(menu, "clear-jam")["because"]
    assert not printer_shares(menu)
    assert always_there(menu)


async def _the_expert_helps(
    operator: Caller, phone: Phone, journey: str, printer: SimulatedPrinter, live: OpenMenu
) -> None:
    """The expert sees what the customer sees, and the answer comes live; mended, all is as before."""
    case = await phone.open_case(journey, "It crunches.")
    seen = await operator.json("GET", f"/api/v1/cases/{case['id']}")
    assert seen["attached"]["stage"] == "support"
    assert "media-jam-error" in str(seen["attached"])
    await operator.json("POST", f"/api/v1/cases/{case['id']}/messages", {"text": "Open the rear door."})
    await live.hears(lambda event: event.name == "case" and "Open the rear door." in str(event.body), "the answer")
    await live.shows(lambda menu: bool(item(menu, "expert").get("badge")), "the answer's badge")
    await printer.repair()
    await live.shows(lambda menu: menu["status"]["level"] == "ok", "the repair")
    await operator.json("POST", f"/api/v1/cases/{case['id']}/close")
    await live.shows(printer_shares, "the offers after the trouble")


async def _they_leave(phone: Phone, journey: str, printer: SimulatedPrinter, live: OpenMenu) -> None:
    """The stream ends, the receipt is signed and stays the same, the unit works on."""
    receipt = await phone.opt_out()
    await live.hears(lambda event: event.name == "gone", "the end of the stream")
    assert receipt["signature"]
    assert receipt == await phone.opt_out()
    with pytest.raises(RefusedError) as gone:
        await phone.menu(journey)
    assert gone.value.status == 401
    await printer.print_pages(1)
    await printer.all_stored(30)


def printer_shares(menu: Menu) -> bool:
    return "share" in names(menu)


async def _parcel_comes(system: System, live: OpenMenu, tracking: str) -> None:
    """It moves, is late, moves again, arrives: as the carrier says, or does not say."""
    async with system.carrier() as carrier:
        parcel = await carrier.accept(tracking, promised_in=timedelta(days=2))
        parcel = await carrier.move(parcel, "in_transit")
        menu = await live.shows(
            lambda menu: names(menu)[0] in {"track", "where-is-it"} and "prepare-wifi" in names(menu),
            "the parcel moving",
        )
        assert not {"what-happened", "coupon"} & set(names(menu))
        system.travel(days=2, hours=13)
        menu = await live.shows(lambda menu: names(menu)[0] == "what-happened", "the parcel late")
        assert {"wait", "call-me-about-parcel", "cancel-order"} <= set(names(menu))
        assert always_there(menu)
        parcel = await carrier.move(parcel, "out_for_delivery")
        await carrier.move(parcel, "delivered")
        menu = await live.shows(lambda menu: menu["stage"] == "install", "install after the delivery")
        assert "step-load_paper" in names(menu)
        assert done(menu) == set()


async def _next_owner(system: System, uri: str, claim_code: str) -> None:
    """Somebody else claims the same unit, which begins anew with them."""
    async with system.phone(language="de") as phone:
        await phone.start()
        claimed = await phone.claim(claim_code, uri=uri)
        menu = await phone.menu(str(claimed["journey_id"]))
        assert (menu["stage"], menu["language"]) == ("install", "de")
        assert len(await phone.journeys()) == 1

        async def ok() -> bool:
            return bool((await phone.menu(str(claimed["journey_id"])))["status"]["level"] == "ok")

        await until_async(ok, "the next owner's menu")
