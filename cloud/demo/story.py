"""The story, chapter by chapter. Each chapter acts through the public interfaces and checks what the phone shows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

from cloud.demo.cast import Cast, Customer, NotAsExpectedError, beacon_of, eventually
from cloud.vault import verify
from device_sim.device import SimulatedPrinter
from device_sim.shop import Customer as Buyer

SHOP = {"name": "Acme Corner", "address": "1 Main Street", "latitude": 52.52, "longitude": 13.405, "radius_m": 120}
INSIDE = (52.52, 13.405, 15.0)
"""Latitude, longitude, accuracy in metres: well inside the fence."""
FAR_AWAY = (48.1, 11.6, 20.0)
UNTIL_LATE = timedelta(days=4, hours=6)
UNTIL_STUCK = timedelta(hours=49)
UNTIL_TONER_LOW = timedelta(days=20)
UNTIL_AWAY = timedelta(minutes=1)
STANDING_ABOUT = timedelta(minutes=5)
"""More than all the seconds that people stand near a unit."""
SPAN = UNTIL_LATE + UNTIL_STUCK + UNTIL_TONER_LOW + UNTIL_AWAY + STANDING_ABOUT
"""By how much the story puts the clock forward, at most: begun that long ago, it does not end in the future."""


class Plot:
    """What the chapters hand on to one another."""

    def __init__(self, cast: Cast, public_key: bytes) -> None:
        self.cast = cast
        self.public_key = public_key
        self.ada: Customer = cast.customer("Ada")
        self.own, self.demo = cast.units[0], cast.units[1]
        self.printer: SimulatedPrinter = cast.printer(self.own)
        self.campaign = ""
        self.store = ""
        self.coupon = ""
        self.order_id = ""


class Chapter(NamedTuple):
    """title: what happens, in one line. play: raises NotAsExpectedError when it goes otherwise."""

    title: str
    play: Callable[[Plot], Awaitable[str]]


def check(holds: object, what: str) -> None:
    """Raises NotAsExpectedError."""
    if not holds:
        raise NotAsExpectedError(what)


async def prepare_shop(plot: Plot) -> str:
    operator = plot.cast.operator
    store = await operator.post("/stores", SHOP)
    plot.store = store["id"]
    await operator.patch(f"/products/{plot.demo.id}", {"shop_id": plot.store})
    campaign = await operator.post(
        "/campaigns", {"name": "Spring", "stage": "interested", "gtin": plot.demo.gtin, "channel": "social"}
    )
    plot.campaign = campaign["id"]
    label = await operator.file(f"/products/{plot.own.id}/label.png")
    check(label.startswith(b"\x89PNG"), "the label is no PNG")
    return f"demo unit {plot.demo.serial} stands at {store['name']}; campaign link {campaign['url']}"


async def interested(plot: Plot) -> str:
    ada = plot.ada
    await ada.phone.scan(plot.demo.gtin, plot.demo.serial)
    await ada.phone.start()
    await ada.open((await ada.phone.journey())["id"])
    await ada.sees("interested", leads="what-it-can-do")
    return "a look at the shop window: the QR code of the demo unit opens her menu"


async def engaged(plot: Plot) -> str:
    await plot.ada.phone.click_campaign(plot.campaign)
    await plot.ada.sees("engaged", has="get-coupon")
    return "the advert was clicked, and recorded with its campaign"


async def in_the_shop(plot: Plot) -> str:
    ada = plot.ada
    await ada.phone.report_context(ada.journey, (), INSIDE)
    await ada.sees("engaged", leads="get-coupon")
    await ada.phone.choose(ada.journey, "get-coupon")
    await ada.sees("engaged", leads="coupon")
    plot.coupon = ada.item("coupon")["code"]
    check(ada.item("coupon")["qr"].startswith("data:image/svg+xml"), "the coupon has no QR code")
    return f"inside the fence: the $50 coupon, as a code ({plot.coupon}) and a QR for the till"


async def demo_unit(plot: Plot) -> str:
    ada, cast = plot.ada, plot.cast
    machine = cast.printer(plot.demo)
    await machine.power_on()
    await machine.load_paper()
    await machine.install_supplies()
    await machine.all_stored(30)
    await ada.stand(beacon_of(plot.demo), 0.3)
    await ada.sees("engaged", leads="print-sample")
    chosen = await ada.phone.choose(ada.journey, "print-sample")
    done = await _ended(plot, chosen["command_id"])
    check(done["status"] == "done", f"the sample was not printed: {done['status']} {done['detail']}")
    await machine.power_off()
    return f"beside the demo unit, proven by its rotating beacon: print a sample → {done['status']}"


async def _ended(plot: Plot, command_id: str) -> dict[str, object]:
    async def ended() -> object:
        command = await plot.cast.operator.get(f"/commands/{command_id}")
        return command if command["status"] in {"done", "failed", "expired"} else None

    found: dict[str, object] = await eventually(ended, "the command to end")
    return found


async def at_the_till(plot: Plot) -> str:
    await plot.cast.operator.post("/coupons/redeem", {"code": plot.coupon, "shop_id": plot.store})
    await plot.ada.sees("engaged", lacks="coupon")
    await plot.ada.sees("engaged", lacks="get-coupon")
    return "the till takes the coupon, once"


async def ordered(plot: Plot) -> str:
    ada, cast = plot.ada, plot.cast
    buyer = Buyer(name="Ada Example", email="ada@example.org", address="2 Side Street")
    order = await cast.shop.sell(plot.own.gtin, journey=ada.journey, customer=buyer)
    await ada.sees("delivery", has="where-is-it")
    plot.order_id = order.order_id
    parcel = await cast.carrier.accept("EZ1000000001")
    await cast.shop.change(
        order, "fulfilled", tracking_code=parcel.tracking_code, carrier="SimParcel", serial=plot.own.serial
    )
    await cast.carrier.move(parcel, "in_transit")
    await ada.sees("delivery", leads="track")
    return "a signed order from the shop, a signed scan from the carrier: where is my printer?"


async def late(plot: Plot) -> str:
    plot.cast.later(UNTIL_LATE)
    await plot.ada.sees("delivery", leads="what-happened", has="wait", lacks="order-now")
    check("coupon" not in plot.ada.item_ids, "an offer to a customer in trouble")
    return "four days later, past the promised day: what happened, and a choice; no offers"


async def delivered(plot: Plot) -> str:
    cast = plot.cast
    parcel = await cast.carrier.accept("EZ1000000001")
    await cast.carrier.deliver(parcel)
    await plot.ada.phone.report_context(plot.ada.journey, (), FAR_AWAY)
    await plot.ada.sees("install", has="in-the-box")
    return "the carrier delivered it"


async def claimed(plot: Plot) -> str:
    ada = plot.ada
    await ada.phone.scan(plot.own.gtin, plot.own.serial)
    claim = await ada.phone.claim(plot.own.claim_code, gtin=plot.own.gtin, serial=plot.own.serial)
    check(claim["journey_id"] == ada.journey, "the claim opened another journey")
    await ada.stand(beacon_of(plot.own), 0.4)
    await ada.sees("install", leads="step-unpack")
    return "QR scanned, claimed with the code from the box: the checklist"


async def stuck(plot: Plot) -> str:
    plot.cast.later(UNTIL_STUCK)
    await plot.ada.sees("install", leads="call-me-about-install")
    return "two days later nothing has happened: an expert, video guide, exchange"


async def installed(plot: Plot) -> str:
    ada, printer = plot.ada, plot.printer
    await printer.power_on()
    await ada.until(lambda: _done(ada, "step-power_on"), "the step `power on` to tick itself")
    await ada.stand(beacon_of(plot.own), 0.4)
    await printer.load_paper()
    await ada.until(lambda: _done(ada, "step-load_paper"), "the step `load paper` to tick itself")
    await printer.install_supplies()
    await printer.print_test_page()
    await ada.sees("support", status="All is well")
    return "switched on, paper, toner, test page: the printer witnesses each step, the phone ticks it, live"


def _done(customer: Customer, item_id: str) -> bool:
    """The step is ticked, or was the last one and took the whole checklist away."""
    ids = customer.item_ids
    return customer.menu.get("stage") == "support" or (item_id in ids and customer.item(item_id).get("done") is True)


async def toner_low(plot: Plot) -> str:
    plot.cast.later(UNTIL_TONER_LOW)
    await plot.printer.run_down(8)
    await plot.ada.stand(beacon_of(plot.own), 0.4)
    await plot.ada.sees("support", leads="reorder-soon")
    return "toner low: reorder in time, and how to change it"


async def jammed(plot: Plot) -> str:
    ada = plot.ada
    await plot.printer.jam()
    await ada.sees("support", leads="clear-jam", lacks="share", status="Paper jam")
    because = ada.item("clear-jam")["because"]
    check("reason=media-jam" in because, f"the fix does not say why it is there: {because}")
    return f"a paper jam: the fix for exactly this, first; because {', '.join(because)}"


async def away(plot: Plot) -> str:
    plot.cast.later(UNTIL_AWAY)
    far = beacon_of(plot.own)
    await plot.ada.phone.report_context(plot.ada.journey, (), FAR_AWAY)
    await plot.ada.stand(far, 60.0)
    await plot.ada.sees("support", leads="what-is-wrong", has="tell-household")
    return "the same jam, away from home: what is wrong, tell somebody there, remote actions"


async def repaired(plot: Plot) -> str:
    await plot.printer.repair()
    await plot.printer.run_down(80)
    await plot.ada.sees("support", status="All is well", lacks="clear-jam")
    return "repaired: the menu is back to normal by itself"


async def offline(plot: Plot) -> str:
    await plot.printer.cut()
    await plot.ada.until(lambda: plot.ada.menu.get("status", {}).get("level") == "offline", "the printer to be offline")
    await plot.printer.plug_in()
    await plot.ada.sees("support", status="All is well")
    return "the connection is cut, its last will speaks: offline; and back again"


async def expert(plot: Plot) -> str:
    ada, operator = plot.ada, plot.cast.operator
    case = await ada.phone.open_case(ada.journey, "It prints, but the edges are pale. What can I do?")
    seen = await operator.get(f"/cases/{case['id']}")
    check(seen["attached"]["stage"] == "support" and seen["attached"]["twin"], "the case lacks stage or twin")
    await operator.post(f"/cases/{case['id']}/messages", {"text": "Please choose “Clean the print head” in your menu."})
    await ada.until(lambda: bool(ada.expert), "the expert's answer")
    answer = ada.expert[-1]
    await operator.post(f"/cases/{case['id']}/close")
    await ada.sees("support", status="All is well")
    return f"an expert sees stage, twin and timeline, and answers; on the phone, live: {answer}"


async def left(plot: Plot) -> str:
    ada, operator = plot.ada, plot.cast.operator
    receipt = await ada.phone.opt_out()
    check(verify(receipt, plot.public_key), "the receipt's signature is wrong")
    await ada.until(lambda: ada.gone, "the phone to be told that it is over")
    journeys = await operator.get(f"/products/{plot.own.id}/journeys")
    check(not journeys["items"], "a journey is left")
    wiped = sum(receipt["wiped"].values())
    return f"one call: {wiped} rows cut or wiped; the receipt {receipt['id']} verifies by the public key alone"


async def works_on(plot: Plot) -> str:
    before = (await plot.cast.operator.get(f"/products/{plot.own.id}/twin"))["reported"]["pages_total"]
    await plot.printer.print_pages(2)

    async def printed() -> object:
        return (await plot.cast.operator.get(f"/products/{plot.own.id}/twin"))["reported"]["pages_total"] > before

    await eventually(printed, "the pages to be counted")
    return "the printer knows nobody any more, and prints on"


CHAPTERS = (
    Chapter("A shop, a demo unit, a campaign, a label", prepare_shop),
    Chapter("Ada looks into the shop window", interested),
    Chapter("Ada clicks an advert", engaged),
    Chapter("Ada walks into the shop", in_the_shop),
    Chapter("Ada stands at the demo unit", demo_unit),
    Chapter("Ada pays", at_the_till),
    Chapter("Ada orders, the parcel moves", ordered),
    Chapter("The parcel is late", late),
    Chapter("The parcel arrives", delivered),
    Chapter("Ada unpacks", claimed),
    Chapter("Ada is stuck", stuck),
    Chapter("Ada installs", installed),
    Chapter("The toner runs low", toner_low),
    Chapter("The paper jams", jammed),
    Chapter("Ada is not at home", away),
    Chapter("Somebody clears the jam", repaired),
    Chapter("The network fails", offline),
    Chapter("Ada asks an expert", expert),
    Chapter("Ada leaves", left),
    Chapter("The printer works on", works_on),
)


async def play(plot: Plot, told: Callable[[int, Chapter, str], None], starts: Callable[[int, Chapter], None]) -> None:
    """Plays all chapters. starts: before each; told: after each, with what happened. Raises NotAsExpectedError."""
    for number, chapter in enumerate(CHAPTERS, start=1):
        starts(number, chapter)
        told(number, chapter, await chapter.play(plot))
        await asyncio.sleep(0)  # between two chapters whoever wants to end the story gets a turn
