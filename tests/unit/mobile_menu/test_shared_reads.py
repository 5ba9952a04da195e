"""Streams that ask for one menu at once share one look at the record; what is older than their question none gets."""

import asyncio
import threading
from typing import NoReturn

import pytest

from mobile_menu.ports import Caller, JourneyUnknownError
from mobile_menu.rules.situation import Situation
from mobile_menu.service import MenuService, Served
from mobile_menu.shared_reads import SharedReads
from mobile_menu.threads import Threads
from tests.unit.mobile_menu.fake_record import Clock, FakeRecord, service_over, title_of

DEADLINE_S = 60


class SlowRecord(FakeRecord):
    """Has read the situation when it waits; `reading` tells so, and it gives it away when `free` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()
        self.free = threading.Event()

    def situation(self, caller: Caller, journey_id: str) -> Situation:
        found = super().situation(caller, journey_id)
        self.reading.set()
        assert self.free.wait(DEADLINE_S)
        return found


@pytest.fixture
def record() -> SlowRecord:
    record = SlowRecord()
    record.add("j1", "anna", "p-anna")
    record.add("j1", "anna-tablet", "p-anna")
    return record


@pytest.fixture
def service(record: SlowRecord) -> MenuService:
    return service_over(record, Clock())


@pytest.fixture
def reads(service: MenuService) -> SharedReads:
    return SharedReads(service, Threads(limit=4))


def phones(service: MenuService, count: int) -> list[Caller]:
    return [service.caller(("anna", "anna-tablet")[number % 2], "en") for number in range(count)]


def asked(reads: SharedReads, callers: list[Caller], journey_id: str = "j1") -> list[asyncio.Task[Served]]:
    return [asyncio.create_task(reads.menu(caller, journey_id)) for caller in callers]


async def read_begun(record: SlowRecord) -> None:
    assert await asyncio.to_thread(record.reading.wait, DEADLINE_S)


async def test_all_phones_of_a_person_share_one_look(
    record: SlowRecord, service: MenuService, reads: SharedReads
) -> None:
    tasks = asked(reads, phones(service, 50))
    await read_begun(record)
    record.free.set()
    menus = await asyncio.gather(*tasks)
    assert all(one is menus[0] for one in menus)
    assert record.asked["situation"] == record.asked["version"] == 1


async def test_who_asks_after_a_change_does_not_get_what_was_read_before_it(
    record: SlowRecord, service: MenuService, reads: SharedReads
) -> None:
    early = asked(reads, phones(service, 1))
    await read_begun(record)
    record.device_says("j1", "2.0")
    service.changed(["j1"])
    late = asked(reads, phones(service, 20))
    await asyncio.sleep(0)  # so that they have begun to wait
    record.free.set()
    await asyncio.gather(*early)
    assert all("/2.0/" in title_of(menu.body) for menu in await asyncio.gather(*late))
    assert record.asked["situation"] == 2, "they share the second look"


async def test_a_journey_that_is_none_is_none_for_all_who_wait(service: MenuService, reads: SharedReads) -> None:
    tasks = asked(reads, phones(service, 3), "j-of-nobody")
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [JourneyUnknownError] * 3


async def test_a_phone_that_goes_takes_no_menu_away_from_the_others(
    record: SlowRecord, service: MenuService, reads: SharedReads
) -> None:
    first, *others = asked(reads, phones(service, 4))
    await read_begun(record)
    first.cancel()
    record.free.set()
    assert all("/none/" in title_of(menu.body) for menu in await asyncio.gather(*others))
    assert first.cancelled()
    assert record.asked["situation"] == 1


class NoThreads(Threads):
    """For what needs none."""

    async def run(self, *_given: object, **_named: object) -> NoReturn:
        pytest.fail("a thread was asked for")


async def test_a_menu_in_memory_takes_no_look_and_no_thread(record: SlowRecord, service: MenuService) -> None:
    record.free.set()
    caller = service.caller("anna", "en")
    kept = service.menu(caller, "j1")
    assert await SharedReads(service, NoThreads()).menu(caller, "j1") is kept
