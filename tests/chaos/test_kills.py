"""SIGKILL of every process, in the middle of things: what was acknowledged is there, once, and the story goes on.

Here the simulated printers speak, with their own memory and sessions; `test_durability.py` does more to more messages.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import Stored
from broker.contract.topics import PREFIX, Down, Up
from device_sim.device import SimulatedPrinter
from device_sim.errors import RefusedError
from device_sim.life import Habits
from tests.chaos.ledger import RIGHT, account, said
from tests.raw_device import RawDevice
from tests.stories.listening import done, names, open_menu
from tests.system import GTIN, System, until, until_async

pytestmark = pytest.mark.chaos
DEVICES = 20
MESSAGES = 2_000
SETTLED_WITHIN_S = 90.0
TRIES = 10
"""A worker tells within a second: so many times it may be quicker than the signal."""
UNTOLD = "SELECT id FROM outbox WHERE topic = 'stored, together'"
KILLS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.10, ("broker",)),
    (0.25, ("work",)),
    (0.35, ("api",)),
    (0.45, ("broker", "work")),
    (0.60, ("broker", "work", "api")),
    (0.75, ()),
    (0.90, ("work",)),
)
"""When how much is said, what is killed; nothing named: the supervisor itself, and all is started anew."""


async def kill(system: System, *services: str) -> None:
    """Kills these; without a name the supervisor, after which everything is started again in the same folder."""
    if services:
        await asyncio.to_thread(system.kill, *services)
        return
    await asyncio.to_thread(system.kill_supervisor)
    await asyncio.to_thread(system.start)


async def speak(printers: Sequence[SimulatedPrinter], count: int) -> None:
    """All of them live, ten steps a second, until they have said `count` messages together."""
    step, begun = 0, time.monotonic()
    while sum(map(said, printers)) < count:
        step += 1
        for printer in printers:
            printer.live(printer._clock() + timedelta(seconds=step), 1.0, Habits(jobs_per_hour=60))  # noqa: SLF001 - its own time
        await asyncio.sleep(max(0.0, begun + step * 0.1 - time.monotonic()))  # so fast they speak, and no faster


@pytest.mark.timeout(300)
async def test_of_two_thousand_messages_over_seven_kills_none_is_lost_and_none_is_there_twice(
    system: System,
) -> None:
    units = [await system.unit() for _ in range(DEVICES)]
    printers = [system.printer(unit, ticks=False) for unit in units]
    for printer in printers:
        await printer.power_on()
    crowd = asyncio.create_task(speak(printers, MESSAGES), name="the crowd")
    try:
        for share, services in KILLS:

            async def far_enough(wanted: float = share * MESSAGES) -> bool:
                return crowd.done() or sum(map(said, printers)) >= wanted

            await until_async(far_enough, f"{share:.0%} of the messages", 120)
            await kill(system, *services)
        await crowd
        for printer in printers:
            await printer.all_stored(SETTLED_WITHIN_S)
        assert sum(map(said, printers)) >= MESSAGES
        assert [account(system, printer) for printer in printers] == [RIGHT] * DEVICES
        assert sum(printer.counters.resent for printer in printers) > 0, "or nothing was in flight when it was killed"
        assert sum(printer.counters.given_up for printer in printers) == 0
    finally:
        crowd.cancel()
        await asyncio.gather(crowd, *(printer.power_off() for printer in printers), return_exceptions=True)


@pytest.mark.timeout(300)
async def test_a_customers_story_completes_although_every_process_is_killed_on_its_way(system: System) -> None:
    unit = await system.unit()
    campaign = await system.campaign()
    async with system.phone() as phone, system.shop() as shop, system.carrier() as carrier:
        await phone.click_campaign(campaign)
        await kill(system, "api")
        await phone.start()
        journey = str((await phone.journey("engaged", 60))["id"])
        async with open_menu(phone, journey) as live:
            await kill(system, "broker")
            order = await shop.sell(GTIN, journey=journey)
            await kill(system, "broker", "work", "api")
            await live.shows(lambda menu: menu["stage"] == "delivery", "delivery after all were killed")
            facts = {"serial": unit.serial, "tracking_code": f"K{order.order_id}", "carrier": "easypost"}
            await shop.change(order, "fulfilled", **facts)
            parcel = await carrier.accept(facts["tracking_code"])
            await kill(system, "work")
            await carrier.deliver(parcel)
            await live.shows(lambda menu: menu["stage"] == "install", "install after the worker was killed")
            assert (await phone.claim(unit.claim_code, uri=unit.uri))["journey_id"] == journey
            async with system.printer(unit) as printer:
                await printer.install_supplies()
                await kill(system, "broker")
                await live.shows(lambda menu: "step-install_supplies" in done(menu), "a step over the broker's death")
                await printer.load_paper()
                await kill(system, "work")
                await printer.print_test_page()
                await live.shows(lambda menu: menu["stage"] == "support", "support over the worker's death")
                await printer.jam()
                await kill(system)
                await live.shows(lambda menu: names(menu)[0] == "clear-jam", "the jam after a start of everything")
                case = await phone.open_case(journey, "Is anybody there?")
                await kill(system, "api")
                async with system.operator() as operator:
                    await operator.json("POST", f"/api/v1/cases/{case['id']}/messages", {"text": "Always."})
                await live.hears(lambda event: event.name == "case" and "Always." in str(event.body), "the answer")
                await kill(system, "broker", "work", "api")
                await printer.repair()
                await live.shows(lambda menu: menu["status"]["level"] == "ok", "the repair after all were killed")
                await printer.all_stored(SETTLED_WITHIN_S)
                assert account(system, printer) == RIGHT
                receipt = await phone.opt_out()
                await kill(system, "api")
                assert await phone.opt_out() == receipt
                with pytest.raises(RefusedError):
                    await phone.menu(journey)
                await printer.print_pages(1)
                await printer.all_stored(SETTLED_WITHIN_S)


@pytest.mark.timeout(180)
async def test_a_command_given_while_the_broker_is_dead_is_done_once(system: System) -> None:
    unit = await system.unit()
    async with system.printer(unit) as printer, system.operator() as operator:
        await printer.install_supplies()
        await printer.load_paper()
        await printer.all_stored(SETTLED_WITHIN_S)
        pages = printer.printer.pages_total
        await kill(system, "broker")
        path = f"/api/v1/products/{unit.id}/commands"
        command = await operator.json("POST", path, {"name": "print_test_page", "expires_in_s": 600})

        async def finished() -> bool:
            found = await operator.json("GET", f"/api/v1/commands/{command['id']}")
            return bool(found["status"] == "done")

        await until_async(finished, "the command's end", 90)
        await kill(system, "broker", "work")
        await printer.until(lambda one: one.online, 60, "the connection")
        await printer.all_stored(SETTLED_WITHIN_S)
        assert printer.printer.pages_total == pages + 1


@pytest.mark.timeout(180)
async def test_a_device_is_told_of_what_was_stored_right_before_the_worker_was_killed_and_need_not_speak_for_it(
    system: System,
) -> None:
    unit, killed_between = await system.unit(), False
    with RawDevice(system, unit) as device:
        device.subscribe(f"{PREFIX}{unit.id}/down/#")
        for _ in range(TRIES):
            device.say(Up.EVENT, name="page_printed")
            await asyncio.to_thread(until, lambda: low_of(system, device) == device.seq, "it to be stored", 30)
            await asyncio.to_thread(system.kill, "work")
            killed_between = bool(system.rows(UNTOLD)) and device.seq not in told_to(device)
            await asyncio.to_thread(until, lambda: device.seq in told_to(device), "the next worker to tell it", 60)
            assert told_to(device) == sorted(told_to(device))
            if killed_between:
                break
        assert killed_between, f"in {TRIES} tries it was told before the worker was dead"
        await asyncio.to_thread(until, lambda: not system.rows(UNTOLD), "nothing to be left to tell", 30)


def low_of(system: System, device: RawDevice) -> int:
    """How far the database has what the device said."""
    found = system.rows("SELECT low FROM stream WHERE product_id = :id", id=device.unit.id)
    return int(found[0].low) if found else 0


def told_to(device: RawDevice) -> list[int]:
    """What the device was told, one after the other."""
    said = [decode_down(Down.STORED, payload) for topic, payload, _ in device.heard if topic.endswith("/stored")]
    return [one.seq for one in said if isinstance(one, Stored)]
