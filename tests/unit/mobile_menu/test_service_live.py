"""The hub: who is woken by what, how often, and what ends."""

import asyncio
from collections.abc import Iterable

import pytest

from mobile_menu.errors import TooManyStreamsError
from mobile_menu.live import LiveHub, Signal, Subscription


class Ear:
    """Notes what it is woken by; `busy` holds its deliveries up."""

    def __init__(self) -> None:
        self.heard: list[Signal] = []
        self.woken = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def deliver(self, signal: Signal) -> None:
        self.heard.append(signal)
        self.woken.set()
        await self.free.wait()

    async def next(self) -> Signal:
        await asyncio.wait_for(self.woken.wait(), 5)
        self.woken.clear()
        return self.heard[-1]


def forgetting(into: list[str]) -> LiveHub:
    def forget(journey_ids: Iterable[str]) -> None:
        into.extend(journey_ids)

    return LiveHub(forget, heartbeat_s=3600)


def listen(hub: LiveHub, ear: Ear, journey_id: str = "j1", person_id: str = "p1", session: str = "s1") -> Subscription:
    stream = hub.subscribe(journey_id, person_id, session, ear.deliver)
    hub.ready(stream)
    return stream


async def settle() -> None:
    """Turns of the loop, more than a delivery takes: so that one that must not come could have come."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_stream_is_woken_when_its_menu_ends_by_the_last_word_about_it_and_not_after_it_has_gone() -> None:
    hub, ear, other = forgetting([]), Ear(), Ear()
    stream, gone = listen(hub, ear), listen(hub, other)
    hub.wake_in(stream, 3600)
    hub.wake_in(stream, 0)
    hub.wake_in(gone, 0)
    hub.unsubscribe(gone)
    assert await ear.next() is Signal.MENU
    await settle()
    assert other.heard == []
    hub.wake_in(stream, 3600)
    hub.wake_in(stream, None)
    assert stream.timer is None


async def test_a_change_wakes_the_streams_of_its_journey_only() -> None:
    forgotten: list[str] = []
    hub, mine, other = forgetting(forgotten), Ear(), Ear()
    listen(hub, mine)
    listen(hub, other, journey_id="j2")
    hub.changed(["j1", "j-nobody-watches"])
    assert await mine.next() is Signal.MENU
    await settle()
    assert other.heard == []
    assert forgotten == ["j1", "j-nobody-watches"]


async def test_many_changes_while_a_stream_is_busy_become_one() -> None:
    hub, ear = forgetting([]), Ear()
    stream = listen(hub, ear)
    ear.free.clear()
    hub.changed(["j1"])
    await ear.next()
    for _ in range(1000):
        hub.changed(["j1"])
        await asyncio.sleep(0)  # a turn of the loop, in which the stream could be woken
    hub.case_changed(["j1"])
    await settle()
    assert ear.heard == [Signal.MENU]
    assert stream.pending == Signal.MENU | Signal.CASE
    ear.free.set()
    assert await ear.next() == Signal.MENU | Signal.CASE
    await settle()
    assert len(ear.heard) == 2


async def test_a_change_from_another_thread_arrives() -> None:
    hub, ear = forgetting([]), Ear()
    listen(hub, ear)

    def nudge() -> None:
        for _ in range(100):
            hub.changed(["j1"])

    await asyncio.to_thread(nudge)
    assert await ear.next() is Signal.MENU


async def test_what_comes_before_a_stream_is_ready_is_delivered_when_it_is() -> None:
    hub, ear = forgetting([]), Ear()
    stream = hub.subscribe("j1", "p1", "s1", ear.deliver)
    hub.changed(["j1"])
    await settle()
    assert ear.heard == []
    hub.ready(stream)
    assert await ear.next() is Signal.MENU


async def test_leaving_wakes_all_of_a_person_and_nobody_else() -> None:
    hub, one, two, housemate = forgetting([]), Ear(), Ear(), Ear()
    listen(hub, one, session="s1")
    listen(hub, two, journey_id="j2", session="s2")
    listen(hub, housemate, person_id="p2", session="s3")
    hub.person_gone("p1")
    assert await one.next() is Signal.LEFT
    assert await two.next() is Signal.LEFT
    await settle()
    assert housemate.heard == []


async def test_an_erased_journey_is_told_to_all_who_listen() -> None:
    hub, one, two = forgetting([]), Ear(), Ear()
    listen(hub, one)
    listen(hub, two, person_id="p2", session="s2")
    hub.gone(["j1"])
    assert await one.next() is Signal.GONE
    assert await two.next() is Signal.GONE


async def test_closing_wakes_everybody_also_who_comes_too_late() -> None:
    hub, early, late = forgetting([]), Ear(), Ear()
    listen(hub, early)
    hub.close()
    assert await early.next() is Signal.CLOSE
    listen(hub, late, session="s2")
    assert await late.next() is Signal.CLOSE


async def test_a_session_has_a_limit_of_streams_and_gets_it_back() -> None:
    hub = LiveHub(lambda _: None, per_session=2)
    first, second = (listen(hub, Ear()) for _ in range(2))
    with pytest.raises(TooManyStreamsError):
        listen(hub, Ear())
    listen(hub, Ear(), session="s2")
    hub.unsubscribe(first)
    listen(hub, Ear())
    hub.unsubscribe(second)
    assert len(hub) == 2


async def test_all_streams_together_have_a_limit() -> None:
    hub = LiveHub(lambda _: None, in_all=2)
    listen(hub, Ear(), session="s1")
    listen(hub, Ear(), session="s2")
    with pytest.raises(TooManyStreamsError):
        listen(hub, Ear(), session="s3")


async def test_every_stream_gets_heartbeats() -> None:
    hub = LiveHub(lambda _: None, heartbeat_s=0.015)
    ears = [Ear() for _ in range(40)]
    for number, ear in enumerate(ears):
        listen(hub, ear, session=f"s{number}")
    for ear in ears:
        assert await ear.next() is Signal.BEAT


async def test_a_stream_that_left_is_woken_no_more_and_its_delivery_stops() -> None:
    hub, ear = forgetting([]), Ear()
    stream = listen(hub, ear)
    ear.free.clear()
    hub.changed(["j1"])
    await ear.next()
    delivery = stream.task
    hub.unsubscribe(stream)
    hub.changed(["j1"])
    await settle()
    assert delivery is not None
    assert delivery.cancelled()
    assert len(ear.heard) == 1


def test_a_nudge_before_anybody_ever_listened_only_forgets() -> None:
    forgotten: list[str] = []
    forgetting(forgotten).changed(["j1"])
    assert forgotten == ["j1"]


async def test_an_address_has_a_limit_of_streams_whoever_its_sessions_are_and_no_other_feels_it() -> None:
    hub = LiveHub(lambda _: None, per_address=2)
    streams = [hub.subscribe("j1", "p1", f"s{one}", Ear().deliver, source="192.0.2.1") for one in range(2)]
    with pytest.raises(TooManyStreamsError):
        hub.subscribe("j1", "p1", "s9", Ear().deliver, source="192.0.2.1")
    hub.subscribe("j1", "p1", "s9", Ear().deliver, source="192.0.2.2")
    hub.unsubscribe(streams[0])
    hub.subscribe("j1", "p1", "s9", Ear().deliver, source="192.0.2.1")


async def test_a_refusal_says_when_the_first_stream_in_the_way_has_ended() -> None:
    now = 100.0
    hub = LiveHub(lambda _: None, per_session=2, heartbeat_s=15, now=lambda: now)
    streams = [hub.subscribe("j1", "p1", "s1", Ear().deliver, lasts_s=one) for one in (400, 300)]
    with pytest.raises(TooManyStreamsError) as refused:
        listen(hub, Ear())
    assert refused.value.facts["retry_after_s"] == 315
    now += 315
    # The stream whose token ended is woken by a heartbeat by then, and ends: see `streams.py`.
    hub.unsubscribe(streams[1])
    listen(hub, Ear())
