"""The live stream over real sockets: what arrives, what resumes, what ends, and what a slow phone costs."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from mobile_menu.ports import Caller, SessionRefusedError
from mobile_menu.rules.situation import Device
from tests.integration.mobile_menu.conftest import Served, phone_of
from tests.integration.mobile_menu.events import live
from tests.unit.mobile_menu.fake_record import START, with_level

DEADLINE_S = 60


async def until(holds: Callable[[], bool]) -> None:
    """Returns when it holds; fails after the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.005)


def change(served: Served, firmware: str, journey_id: str = "j1") -> None:
    served.record.device_says(journey_id, firmware)
    served.hub.changed([journey_id])


async def test_the_menu_comes_at_once_and_again_when_it_changes(phone: httpx.AsyncClient, served: Served) -> None:
    async with live(phone) as events:
        first = await events.next()
        assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (first.name, first.id) == ("menu", first.data["etag"])
        change(served, "2.0")
        second = await events.next()
        assert second.name == "menu"
        assert "/2.0/" in second.data["title"]
        assert second.id != first.id


async def test_a_change_that_changes_nothing_on_the_phone_pushes_nothing(
    phone: httpx.AsyncClient, served: Served
) -> None:
    async with live(phone) as events:
        first = await events.next()
        served.hub.changed(["j1"])
        change(served, "")
        change(served, "2.0")
        second = await events.next()
        assert "/none/" in first.data["title"]
        assert "/2.0/" in second.data["title"]


async def test_a_stream_resumes_without_repeating_what_the_phone_has(phone: httpx.AsyncClient, served: Served) -> None:
    async with live(phone) as events:
        first = await events.next()
    async with live(phone, last_event_id=first.id) as events:
        await until(lambda: len(served.hub) >= 1)
        change(served, "2.0")
        assert "/2.0/" in (await events.next()).data["title"]
    async with live(phone, last_event_id=first.id) as events:
        assert "/2.0/" in (await events.next()).data["title"]


async def test_a_menu_that_ends_by_itself_is_replaced_then_without_any_word(served: Served) -> None:
    ends = timedelta(milliseconds=200)
    plain = served.record.situations["j1"]
    served.record.situations["j1"] = msgspec.structs.replace(plain, until=served.clock() + ends)
    async with phone_of(served, "anna") as phone, live(phone) as events:
        assert "/none/" in (await events.next()).data["title"]
        served.record.situations["j1"] = msgspec.structs.replace(plain, device=Device(firmware="gone"))
        served.clock.forward(ends)
        assert "/gone/" in (await events.next()).data["title"]


async def test_an_answer_of_the_expert_arrives_once_and_stays_unread(phone: httpx.AsyncClient, served: Served) -> None:
    await phone.post("/menu/v1/cases", json={"journey": "j1", "text": "It jams"})
    async with live(phone) as events:
        await events.next()
        served.record.expert_says("j1", "Open the rear door", START + timedelta(minutes=1))
        served.hub.case_changed(["j1"])
        case = await events.next()
        assert case.name == "case"
        assert case.data["messages"][-1]["text"] == "Open the rear door"
        served.hub.case_changed(["j1"])
        change(served, "2.0")
        assert (await events.next()).name == "menu"
    assert True not in served.record.seen


async def test_a_case_that_is_closed_without_another_word_is_told(phone: httpx.AsyncClient, served: Served) -> None:
    await phone.post("/menu/v1/cases", json={"journey": "j1", "text": "It jams"})
    async with live(phone) as events:
        await events.next()
        for status in ("answered", "closed"):
            thread = served.record.threads["j1"]
            served.record.threads["j1"] = msgspec.structs.replace(thread, status=status)
            served.hub.case_changed(["j1"])
            told = await events.next()
            assert (told.name, told.data["status"]) == ("case", status)


async def test_an_erased_journey_says_so_and_ends(phone: httpx.AsyncClient, served: Served) -> None:
    async with live(phone) as events:
        await events.next()
        served.record.erase("j1")
        served.hub.gone(["j1"])
        gone = await events.next()
        assert (gone.name, gone.data) == ("gone", {"code": "journey_unknown"})
        assert await events.ended()
    await until(lambda: len(served.hub) == 0)


async def test_a_stream_ends_with_the_access_token_and_goes_on_with_the_next_where_it_was(served: Served) -> None:
    served.record.until["anna"] = START + timedelta(minutes=15)
    async with phone_of(served, "anna") as phone, live(phone) as events:
        first = await events.next()
        served.clock.forward(timedelta(minutes=15))
        change(served, "2.0")
        renew = await events.next()
        assert (renew.name, renew.data) == ("renew", {})
        assert await events.ended()
    served.record.add("j1", "anna-next", "p-anna")
    async with phone_of(served, "anna-next") as phone, live(phone, last_event_id=first.id) as events:
        assert "/2.0/" in (await events.next()).data["title"]


async def test_a_token_whose_time_ends_while_the_stream_reads_is_renewed_and_not_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.record.until["anna"] = START + timedelta(minutes=15)
    async with phone_of(served, "anna") as phone, live(phone) as events:
        await events.next()

        def just_too_late(*_: object) -> Caller:
            served.clock.forward(timedelta(minutes=15))
            raise SessionRefusedError

        monkeypatch.setattr(served.record, "caller", just_too_late)
        served.hub.sessions_changed(["session-of-anna"])
        assert (await events.next()).name == "renew"
        assert await events.ended()


async def test_a_session_that_is_ended_ends_its_streams_at_once_and_no_others(served: Served) -> None:
    served.record.add("j1", "anna-tablet", "p-anna")
    async with phone_of(served, "anna") as phone, phone_of(served, "anna-tablet") as tablet:
        async with live(phone) as events, live(tablet) as of_tablet:
            await events.next()
            await of_tablet.next()
            del served.record.people["anna"]
            served.hub.sessions_changed(["session-of-anna", "session-of-anna-tablet"])
            gone = await events.next()
            assert (gone.name, gone.data) == ("gone", {"code": "session_refused"})
            change(served, "2.0")
            assert (await of_tablet.next()).name == "menu"
        refused = await phone.get("/menu/v1/journeys")
    assert refused.status_code == 401, "nor is it remembered for a while"


async def test_a_session_that_is_another_persons_now_is_told_to_come_again(served: Served) -> None:
    async with phone_of(served, "anna") as phone, live(phone) as events:
        await events.next()
        served.record.people["anna"] = "p-ben"
        served.hub.sessions_changed(["session-of-anna"])
        assert (await events.next()).name == "renew"
        assert await events.ended()


async def test_a_journey_that_is_no_longer_theirs_ends_the_stream_on_the_next_change(
    phone: httpx.AsyncClient, served: Served
) -> None:
    async with live(phone) as events, phone_of(served, "ben") as other, live(other) as of_ben:
        await events.next()
        await of_ben.next()
        del served.record.owners["j1"]["p-anna"]
        change(served, "2.0")
        assert (await events.next()).name == "gone"
        assert (await of_ben.next()).name == "menu"


async def test_leaving_ends_all_streams_of_the_person_and_no_others(served: Served) -> None:
    served.record.add("j1", "anna-tablet", "p-anna")
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(phone_of(served, token)) for token in ("anna", "anna-tablet", "ben")]
        anna, tablet, ben = [await stack.enter_async_context(live(phone)) for phone in phones]
        for events in (anna, tablet, ben):
            await events.next()
        await phones[0].post("/menu/v1/opt-out")
        for events in (anna, tablet):
            assert (await events.next()).data == {"code": "session_refused"}
            assert await events.ended()
        change(served, "2.0")
        assert (await ben.next()).name == "menu"


async def test_fifty_phones_get_the_change(served: Served) -> None:
    async with AsyncExitStack() as stack:
        streams = []
        for number in range(50):
            served.record.add("j1", f"t{number}", f"p{number}")
            phone = await stack.enter_async_context(phone_of(served, f"t{number}"))
            streams.append(await stack.enter_async_context(live(phone)))
        for events in streams:
            await events.next()
        change(served, "2.0")
        titles = [(await events.next()).data["title"] for events in streams]
        assert all("/2.0/" in title for title in titles)


async def test_all_phones_of_a_person_get_the_change_by_one_look_at_the_record(served: Served) -> None:
    async with AsyncExitStack() as stack:
        streams = []
        for number in range(20):
            served.record.add("j1", f"anna-{number}", "p-anna")
            phone = await stack.enter_async_context(phone_of(served, f"anna-{number}"))
            streams.append(await stack.enter_async_context(live(phone)))
        for events in streams:
            await events.next()
        composed = served.record.asked["situation"]
        change(served, "2.0")
        titles = [(await events.next()).data["title"] for events in streams]
        assert all("/2.0/" in title for title in titles)
        assert served.record.asked["situation"] == composed + 1


async def test_news_between_two_heartbeats_ask_nobody_whose_stream_it_is(
    phone: httpx.AsyncClient, served: Served
) -> None:
    async with live(phone) as events:
        await events.next()
        asked = served.record.asked["caller"]
        served.clock.forward(timedelta(seconds=20))
        change(served, "2.0")
        assert "/2.0/" in (await events.next()).data["title"]
        assert served.record.asked["caller"] == asked


async def test_one_stream_too_many_is_refused_and_a_closed_one_makes_room(
    phone: httpx.AsyncClient, served: Served
) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(live(phone)) for _ in range(8)]
        for events in streams:
            await events.next()
        refused = await phone.get("/menu/v1/live", params={"journey": "j1"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    await until(lambda: len(served.hub) == 0)
    async with live(phone) as events:
        assert (await events.next()).name == "menu"


async def test_a_slow_phone_gets_the_newest_menu_and_not_all_of_them(served: Served) -> None:
    """It reads nothing while 400 large menus are made; a fast phone on the same journey gets on meanwhile."""
    address = urlsplit(served.url)
    filler = "x" * 50_000
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((address.hostname, address.port))
        slow.sendall(b"GET /menu/v1/live?journey=j1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna\r\n\r\n")
        await until(lambda: len(served.hub) == 1)
        async with phone_of(served, "ben") as other, live(other) as fast:
            await fast.next()
            for number in range(400):
                change(served, f"v{number}-{filler}")
                assert f"v{number}-" in (await fast.next()).data["title"]
        slow.settimeout(DEADLINE_S)
        received = await asyncio.to_thread(read_until, slow, b"v399-")
    # 400 menus were made, some 40 MB; what lay ready for the slow one fits into the buffers of socket and server.
    assert received.count(b"event: menu") < 100


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received[-200_000:]:
        chunk = connection.recv(1 << 20)
        assert chunk, "the stream ended before the newest menu came"
        received += chunk
    return received


async def test_head_of_a_stream_ends(phone: httpx.AsyncClient, served: Served) -> None:
    answer = await phone.head("/menu/v1/live", params={"journey": "j1"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    await until(lambda: len(served.hub) == 0)


async def test_stopping_the_process_ends_streams_without_saying_gone(phone: httpx.AsyncClient, served: Served) -> None:
    async with live(phone) as events:
        await events.next()
        served.hub.close()
        assert await events.ended()


class TestHeartbeats:
    @pytest.fixture
    def heartbeat_s(self) -> float:
        return 0.15

    async def test_a_stream_that_nothing_happens_on_ends_with_its_access_token_too(self, served: Served) -> None:
        served.record.until["anna"] = START + timedelta(minutes=15)
        async with phone_of(served, "anna") as phone, live(phone) as events:
            await events.next()
            served.clock.forward(timedelta(minutes=15))
            assert (await events.next()).name == "renew"
            assert await events.ended()

    async def test_an_idle_stream_is_kept_alive_by_comments(self, phone: httpx.AsyncClient) -> None:
        async with live(phone) as events:
            await events.next()
            for _ in range(3):
                assert (await events.next_or_comment()).name == ""

    async def test_a_lost_nudge_heals_at_the_heartbeat(self, phone: httpx.AsyncClient, served: Served) -> None:
        async with live(phone) as events:
            await events.next()
            served.record.device_says("j1", "2.0")
            assert "/2.0/" in (await events.next()).data["title"]

    async def test_a_session_that_ended_in_another_process_ends_the_stream(
        self, phone: httpx.AsyncClient, served: Served
    ) -> None:
        async with live(phone) as events:
            await events.next()
            del served.record.people["anna"]
            assert (await events.next()).data == {"code": "session_refused"}
            assert await events.ended()

    async def test_a_stream_outlives_a_record_that_is_away_for_a_while(
        self, phone: httpx.AsyncClient, served: Served
    ) -> None:
        async with live(phone) as events:
            await events.next()
            served.record.failing = True
            while (await events.next_or_comment()).data != "waiting":
                pass
            served.record.device_says("j1", "2.0")
            served.record.failing = False
            assert "/2.0/" in (await events.next()).data["title"]

    async def test_an_unchanged_version_is_not_composed_again(self, phone: httpx.AsyncClient, served: Served) -> None:
        async with live(phone) as events:
            await events.next()
            composed = served.record.asked["situation"]
            with_level(served.record, "j1", Device(firmware="unseen"))
            for _ in range(3):
                assert (await events.next_or_comment()).name == ""
            assert served.record.asked["situation"] == composed
