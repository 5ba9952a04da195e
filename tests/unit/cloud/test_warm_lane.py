"""The short way: an ordinary request for a menu in memory is answered whole, and everything else is left untouched."""

import pytest

from cloud.limits import RateLimit
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.proxies import Ours
from cloud.settings import load_settings
from cloud.warm_lane import WarmLane
from mobile_menu.limits import Gate, Limit
from mobile_menu.service import Served

URL = b"/menu/v1/menu?journey=01m819eke0r3q3"
TOKEN = "tls_" + "a" * 40
ORDINARY = [(b"host", b"a"), (b"authorization", b"Bearer " + TOKEN.encode()), (b"accept-language", b"de")]
BURST = 3


class Memory:
    """Has one menu, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def warm_menu(self, token: str, language: str, journey_id: str) -> Served | None:
        self.asked.append((token, language, journey_id))
        return Served("e1", b'{"a":1}') if token == TOKEN else None


class Lane:
    def __init__(self, proxies: tuple[str, ...] = (), sessions: int = 1000) -> None:
        self.memory = Memory()
        self.addresses = Gate(Limit(burst=BURST, per_minute=1), now=lambda: 0.0)
        self.sessions = Gate(Limit(burst=sessions, per_minute=1), now=lambda: 0.0)
        self.meters = Meters("api")
        rates = RateLimit(lambda *_: None, self.addresses, self.sessions, "hook")  # type: ignore[arg-type]  # never called
        settings = load_settings(trusted_proxies=proxies)
        self.lane = WarmLane(self.memory, rates, self.meters, Ours(settings), https=True)

    def ask(self, *more: tuple[bytes, bytes], url: bytes = URL, peer: str = "192.0.2.1") -> bytes | None:
        return self.lane.answer(url, [*ORDINARY, *more], peer, [(b"date", b"today")])

    def left(self, host: str = "192.0.2.1") -> int:
        """How many calls of the address still get through."""
        count = 0
        while self.addresses.wait_s(host) == 0:
            count += 1
        return count

    def counted(self) -> dict[str, float]:
        """Responses that were counted, by the class of their status."""
        samples = [sample for family in self.meters.collect() for sample in family.samples]
        counts = [one for one in samples if one.name.startswith(catalogue.RESPONSES.full_name) and one.value]
        return {next(iter(sample.labels.values())): sample.value for sample in counts}


@pytest.fixture
def lane() -> Lane:
    return Lane()


def test_an_ordinary_request_is_answered_whole(lane: Lane) -> None:
    answer = lane.ask()
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert (lines[0], body) == (b"HTTP/1.1 200 OK", b'{"a":1}')
    assert {b'etag: "e1"', b"content-length: 7", b"content-type: application/json", b"date: today"} <= set(lines)
    assert any(line.startswith(b"strict-transport-security: ") for line in lines)
    assert lane.memory.asked == [(TOKEN, "de", "01m819eke0r3q3")]
    assert lane.counted() == {"2xx": 1}
    assert lane.left() == BURST - 1


@pytest.mark.parametrize("tag", [b'"e1"', b'W/"e1"', b'"other", "e1"', b"*"])
def test_who_has_the_menu_is_told_so(lane: Lane, tag: bytes) -> None:
    answer = lane.ask((b"if-none-match", tag))
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length" not in answer
    assert lane.counted() == {"3xx": 1}


@pytest.mark.parametrize(
    "url",
    [
        b"/menu/v1/menu",
        b"/menu/v1/menu?journey=",
        URL + b"&a=b",
        URL + b"%41",
        URL + b"#",
        URL + b"/",
        b"/menu/v1//menu?journey=a",
        b"/MENU/v1/menu?journey=a",
        b"http://a/menu/v1/menu?journey=a",
        b"/menu/v1/menu?journey=" + b"a" * 65,
        b"/menu/v1/live?journey=a",
        b"/",
        b"",
    ],
)
def test_another_address_is_not_for_it(lane: Lane, url: bytes) -> None:
    assert lane.ask(url=url) is None
    assert lane.memory.asked == []
    assert lane.left() == BURST


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer other"),
        (b"host", b"b"),
        (b"accept-language", b"en"),
        (b"content-length", b"0"),
        (b"content-type", b"text/plain"),
        (b"transfer-encoding", b"chunked"),
        (b"expect", b"100-continue"),
        (b"upgrade", b"websocket"),
        (b"forwarded", b"for=192.0.2.9"),
        (b"x-real-ip", b"192.0.2.9"),
        (b"x-forwarded-for", b"192.0.2.9"),
    ],
)
def test_what_is_not_ordinary_goes_the_long_way(lane: Lane, header: tuple[bytes, bytes]) -> None:
    assert lane.ask(header) is None
    assert lane.memory.asked == []
    assert lane.left() == BURST


def test_more_headers_than_a_phone_sends_go_the_long_way(lane: Lane) -> None:
    assert lane.ask(*[(b"x-%d" % number, b"") for number in range(40)]) is None
    assert lane.left() == BURST


@pytest.mark.parametrize("shown", [b"", b"Bearer", b"Bearer ", b"Basic YTpi", b"Bearer " + b"a" * 513])
def test_without_a_token_that_could_be_one_there_is_no_short_way(lane: Lane, shown: bytes) -> None:
    headers = [(b"host", b"a"), *([(b"authorization", shown)] if shown else [])]
    assert lane.lane.answer(URL, headers, "192.0.2.1") is None
    assert lane.memory.asked == []
    assert lane.left() == BURST


def test_what_is_not_in_memory_takes_nothing(lane: Lane) -> None:
    headers = [(b"authorization", b"Bearer tls_unknown")]
    assert lane.lane.answer(URL, headers, "192.0.2.1") is None
    assert lane.left() == BURST
    assert lane.counted() == {}


def test_an_address_gets_as_many_as_by_the_long_way(lane: Lane) -> None:
    assert [lane.ask() is not None for _ in range(BURST + 2)] == [True] * BURST + [False, False]
    assert lane.ask(peer="192.0.2.2") is not None


def test_a_session_gets_as_many_as_by_the_long_way_and_its_address_is_not_charged_for_more() -> None:
    lane = Lane(sessions=1)
    assert lane.ask() is not None
    assert lane.ask() is None
    assert lane.ask() is None
    assert lane.left() == BURST - 1


def test_behind_a_proxy_of_ours_the_client_is_charged_and_another_proxy_is_not_believed() -> None:
    lane = Lane(proxies=("10.0.0.1",))
    assert lane.ask((b"x-forwarded-for", b"192.0.2.7"), peer="10.0.0.1") is not None
    assert (lane.left("192.0.2.7"), lane.left("10.0.0.1")) == (BURST - 1, BURST)
    assert lane.ask((b"x-forwarded-for", b"192.0.2.8"), peer="10.0.0.2") is None
    assert lane.left("192.0.2.8") == BURST
