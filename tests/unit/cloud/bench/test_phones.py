"""The phones of a bench: an event counts when it is whole, and a change when every phone has it."""

import asyncio

import pytest

from cloud.bench import phones
from cloud.bench.phones import Crowd, Heard, Orders, Phone, Stream, Wanted


def stream(into: list[bytes]) -> Stream:
    return Stream(b"", lambda event, _at: into.append(event), lambda _why: None)


def test_a_menu_counts_once_its_last_byte_is_there_however_it_was_cut() -> None:
    sent = b"HTTP/1.1 200 OK\r\n\r\n9\r\nretry: 1\n\n\r\n20\r\nevent: menu\nid: 1\ndata: {}\n\n\r\n3\r\n:\n\n\r\n"
    for size in (1, 7, len(sent)):
        found: list[bytes] = []
        one = stream(found)
        for start in range(0, len(sent), size):
            one.data_received(sent[start : start + size])
            assert len(found) == (sent[: start + size].count(b"{}\n\n"))
        assert found[0].endswith(b"event: menu\nid: 1\ndata: {}")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(phones, "say", found.append)
    return found


def crowd_of(count: int) -> Crowd:
    return Crowd(Orders(host="", port=0, phones=[Phone("t", "j")] * count))


async def test_a_change_is_over_when_the_last_phone_has_it_and_the_first_time_counts(said: list[str]) -> None:
    crowd = crowd_of(2)
    hearing = asyncio.create_task(crowd.heard(Wanted("jam", there=True)))
    await asyncio.sleep(0)
    assert said == ["listening"]
    for number, event, at in ((0, b"a jam", 1.0), (0, b"a jam", 2.0), (1, b"fine", 3.0), (1, b"a jam", 4.0)):
        assert not hearing.done()
        crowd.take(number, event, at)
        await asyncio.sleep(0)
    assert await hearing == Heard([1.0, 4.0])


async def test_a_stream_that_ended_ends_the_bench_also_when_nobody_was_waiting(said: list[str]) -> None:
    crowd = crowd_of(1)
    hearing = asyncio.create_task(crowd.heard(Wanted("", there=True)))
    await asyncio.sleep(0)
    crowd.lost("gone")
    with pytest.raises(ConnectionError, match="gone"):
        await hearing
    with pytest.raises(ConnectionError, match="gone"):
        await crowd.heard(Wanted("", there=True))
    assert said == ["listening"]
