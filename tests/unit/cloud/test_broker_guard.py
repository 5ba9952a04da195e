"""What the guard does, and in which order, against a broker and a registry that only note what they are asked."""

import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from cloud.broker_guard import OLD_AT_ONCE, REWRITE_S, Guard
from cloud.emqx_enforcer import EmqxEnforcer
from cloud.errors import SetupError
from cloud.identity.devices import Lapsed
from cloud.mosquitto_enforcer import State

NEVER = datetime(2099, 1, 1, tzinfo=UTC)
ONE, TWO = "01jd9s0000000000000000000a", "01jd9s0000000000000000000b"


class Row(NamedTuple):
    """As much of a certificate's row as the guard reads."""

    valid_until: datetime


class Registry:
    """A database that answers `ended_after`, or does not."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.may_connect: set[str] = set()
        self.away = False
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.certificates: dict[str, tuple[datetime, bool]] = {}  # when they end, and whether before their time

    def reading(self) -> "Registry":
        return self

    def __enter__(self) -> "Registry":  # noqa: PYI034 - it stands for a database and its transaction alike
        if self.away:
            raise ConnectionError
        return self

    def __exit__(self, *_error: object) -> None:
        pass


class Broker:
    """Notes what is done to it. stubborn: how many times each comes back."""

    def __init__(self) -> None:
        self.done: list[tuple[str, tuple[str, ...]]] = []
        self.kept = 0
        self.looked = 0.0
        self.remembered = 0
        self.stubborn: dict[str, int] = {}
        self.full = False

    def state(self) -> State:
        return State(self.kept, self.looked)

    def remember(self, state: State) -> None:
        self.kept, self.looked = state.mark, state.looked
        self.remembered += 1

    def refuse(self, ended: Collection[str]) -> None:
        if self.full:
            raise OSError
        self.done.append(("refuse", tuple(ended)))

    def cut(self, product_ids: Collection[str]) -> set[str]:
        self.done.append(("cut", tuple(product_ids)))
        back = {one for one in product_ids if self.stubborn.get(one, 0) > 0}
        for one in back:
            self.stubborn[one] -= 1
        return back


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()

    def ended_after(_tx: Any, mark: int) -> tuple[int, list[str]]:
        news = list(dict.fromkeys(made.ended[mark:]))
        return (len(made.ended) if news else mark), news

    monkeypatch.setattr("cloud.identity.devices.ended_after", ended_after)
    monkeypatch.setattr("cloud.identity.devices.newest_mark", lambda _tx: len(made.ended))

    def lapsed_after(_tx: Any, since: datetime | None) -> list[Lapsed]:
        ends = sorted((end, one, early) for one, (end, early) in made.certificates.items())
        return [Lapsed(one, early) for end, one, early in ends if (since is None or since < end) and end <= made.now]

    def live_certificates(_tx: Any, one: str) -> list[Row]:
        return [Row(NEVER)] * (one in made.may_connect)

    monkeypatch.setattr("cloud.identity.devices.lapsed_after", lapsed_after)
    monkeypatch.setattr("cloud.identity.devices.live_certificates", live_certificates)
    monkeypatch.setattr("cloud.identity.service.device_secret", lambda _tx, _one: None)
    return made


def guard_of(registry: Registry, broker: Broker, now: list[float] | None = None) -> Guard:
    return Guard(registry, broker, clock=lambda: (now or [0.0])[0])  # type: ignore[arg-type]  # stands for a database


def test_at_the_start_everything_is_written_anew_and_then_only_now_and_then(registry: Registry) -> None:
    broker, now = Broker(), [0.0]
    guard = guard_of(registry, broker, now)
    for at in (0.0, 1.0, REWRITE_S - 1, REWRITE_S, REWRITE_S + 1):
        now[0] = at
        guard.look()
    assert broker.done == [("refuse", ()), ("refuse", ())]


def test_a_revocation_is_refused_first_and_cut_off_then(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    guard.look()
    registry.ended = [ONE, TWO]
    guard.look()
    guard.look()
    assert broker.done[1:] == [("refuse", (ONE, TWO)), ("cut", (ONE, TWO))]
    assert broker.kept == 2


def test_who_comes_back_is_refused_and_cut_off_again_until_it_stays_away(registry: Registry) -> None:
    broker = Broker()
    broker.stubborn = {ONE: 3}
    guard = guard_of(registry, broker)
    guard.look()
    registry.ended = [ONE, TWO]
    for _ in range(3):
        guard.look()
        assert broker.kept == 0, "not done yet: a guard that is started now begins again"
    guard.look()
    guard.look()
    assert broker.done[1:] == [
        *[("refuse", (ONE, TWO)), ("cut", (ONE, TWO))],
        *[("refuse", (ONE,)), ("cut", (ONE,))] * 3,
    ]
    assert broker.kept == 2


def test_who_comes_back_with_a_new_certificate_is_let_be_after_the_second_time(registry: Registry) -> None:
    broker = Broker()
    broker.stubborn = {ONE: 100}
    registry.may_connect = {ONE}
    guard = guard_of(registry, broker)
    guard.look()
    registry.ended = [ONE]
    for _ in range(5):
        guard.look()
    assert broker.done[1:] == [("refuse", (ONE,)), ("cut", (ONE,))] * 2
    assert broker.kept == 1


def test_what_could_not_be_written_is_not_cut_and_not_forgotten(registry: Registry) -> None:
    broker = Broker()
    broker.full = True
    registry.ended = [ONE]
    guard = guard_of(registry, broker)
    with pytest.raises(OSError):  # noqa: PT011 - the disk's own
        guard.look()
    assert broker.done == []
    broker.full = False
    guard.look()
    assert broker.done == [("refuse", (ONE,)), ("cut", (ONE,))]


def test_a_database_that_is_away_loses_nothing(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    registry.ended, registry.away = [ONE], True
    with pytest.raises(ConnectionError):
        guard.look()
    registry.away = False
    guard.look()
    assert ("cut", (ONE,)) in broker.done


def test_a_database_older_than_what_the_guard_remembers_is_read_from_the_start(registry: Registry) -> None:
    broker = Broker()
    broker.kept = 7  # of before the database was restored
    registry.ended = [ONE]
    guard = guard_of(registry, broker)
    guard.look()
    assert broker.done == [("refuse", (ONE,)), ("cut", (ONE,))]
    registry.ended = [ONE, TWO]
    guard.look()
    assert broker.done[2:] == [("refuse", (TWO,)), ("cut", (TWO,))]
    assert broker.kept == 2


def test_a_database_restored_under_a_running_guard_is_seen_too_and_the_list_is_written(registry: Registry) -> None:
    broker = Broker()
    registry.ended = [ONE, TWO]
    guard = guard_of(registry, broker)
    guard.look()
    registry.ended, registry.may_connect = [TWO], {TWO}
    guard.look()
    assert broker.done[-1] == ("refuse", ())
    assert broker.kept == 1


def test_a_guard_that_knows_nothing_begins_with_the_newest_and_lets_be_who_is_enrolled_again(
    registry: Registry,
) -> None:
    broker = Broker()
    registry.ended = [f"old{number}" for number in range(OLD_AT_ONCE + 2)]
    registry.may_connect = {"old1"}
    guard = guard_of(registry, broker)
    guard.look()
    first = dict(broker.done)["cut"]
    assert (first[0], len(first)) == (registry.ended[-1], OLD_AT_ONCE)
    assert broker.kept == 0, "not all is done"
    registry.ended = [*registry.ended, ONE]
    guard.look()
    assert broker.done[-1] == ("cut", (ONE, "old0"))
    assert broker.kept == len(registry.ended)


def test_a_new_ending_does_not_wait_behind_those_that_are_tried_again(registry: Registry) -> None:
    broker = Broker()
    broker.stubborn = {ONE: 1}
    registry.ended = [ONE]
    guard = guard_of(registry, broker)
    guard.look()
    registry.ended = [ONE, TWO]
    guard.look()
    assert broker.done[-1] == ("cut", (TWO, ONE))


# --- certificates that come to their end ---


def later(registry: Registry, guard: Guard, seconds: float) -> None:
    registry.now += timedelta(seconds=seconds)
    guard.look()


def test_a_certificate_that_ends_is_signalled_and_cut_off_once(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    guard.look()
    registry.certificates = {ONE: (registry.now + timedelta(seconds=5), False), TWO: (NEVER, False)}
    for _ in range(8):
        later(registry, guard, 1)
    assert broker.done == [("refuse", ()), ("refuse", (ONE,)), ("cut", (ONE,))]
    assert broker.looked >= registry.certificates[ONE][0].timestamp()


def test_a_grace_that_ends_is_put_on_the_list_first(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    guard.look()
    registry.certificates = {ONE: (registry.now + timedelta(seconds=1), True)}
    later(registry, guard, 1)
    assert broker.done[1:] == [("refuse", (ONE,)), ("cut", (ONE,))]


def test_who_comes_back_after_the_end_of_one_certificate_with_another_is_let_be_at_once(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    guard.look()
    broker.stubborn = {ONE: 100, TWO: 3}
    registry.may_connect = {ONE}
    registry.certificates = dict.fromkeys((ONE, TWO), (registry.now + timedelta(seconds=1), False))
    for _ in range(6):
        later(registry, guard, 1)
    both, rest = (ONE, TWO), (TWO,)
    assert broker.done[1:] == [("refuse", both), ("cut", both), *[("refuse", rest), ("cut", rest)] * 3]


def test_who_is_revoked_while_its_end_is_tried_is_refused_too(registry: Registry) -> None:
    broker = Broker()
    guard = guard_of(registry, broker)
    guard.look()
    broker.stubborn = {ONE: 1}
    registry.certificates = {ONE: (registry.now + timedelta(seconds=1), False)}
    later(registry, guard, 1)
    registry.ended = [ONE]
    later(registry, guard, 1)
    assert broker.done[1:] == [("refuse", (ONE,)), ("cut", (ONE,))] * 2


def test_a_guard_that_starts_again_does_what_ended_meanwhile_and_nothing_twice(registry: Registry) -> None:
    broker = Broker()
    registry.certificates = {ONE: (registry.now, False)}
    registry.may_connect = {ONE}
    registry.ended = [TWO]
    guard_of(registry, broker).look()
    assert broker.done == [("refuse", (TWO,)), ("cut", (TWO,))], "who may be in is let be by a guard that knows nothing"
    registry.certificates = {ONE: (registry.now, False), TWO: (registry.now + timedelta(hours=1), False)}
    registry.now += timedelta(hours=2)
    again = guard_of(registry, broker)
    again.look()
    again.look()
    assert broker.done[2:] == [("refuse", (TWO,)), ("cut", (TWO,))]


def test_what_is_remembered_is_written_when_there_is_news_and_not_each_second(registry: Registry) -> None:
    broker, now = Broker(), [0.0]
    guard = guard_of(registry, broker, now)
    for _ in range(10):
        later(registry, guard, 1)
    assert broker.remembered == 1
    now[0] = REWRITE_S
    later(registry, guard, 1)
    assert broker.remembered == 2


# --- EMQX ---


def emqx(answers: dict[str, list[int]], asked: list[httpx.Request], tmp_path: Any) -> EmqxEnforcer:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status = answers[request.url.path.rpartition("/")[2]].pop(0)
        if status == 0:
            raise httpx.ConnectError(request.method)
        return httpx.Response(status, headers={"Location": "http://elsewhere.example/"})

    return EmqxEnforcer(
        "https://emqx.example:18084", "name:secret", tmp_path / "state", transport=httpx.MockTransport(answer)
    )


def test_emqx_is_asked_until_the_client_is_not_there(tmp_path: Any) -> None:
    asked: list[httpx.Request] = []
    enforcer = emqx({ONE: [204, 404], TWO: [404]}, asked, tmp_path)
    assert enforcer.cut([ONE, TWO]) == {ONE}
    assert enforcer.cut([ONE]) == set()
    assert [(one.method, str(one.url)) for one in asked[:1]] == [
        ("DELETE", f"https://emqx.example:18084/api/v5/clients/{ONE}")
    ]
    assert asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"name:secret").decode()


@pytest.mark.parametrize("status", [0, 302, 401, 500])
def test_an_emqx_that_does_not_do_it_is_asked_again_and_nowhere_else(tmp_path: Any, status: int) -> None:
    asked: list[httpx.Request] = []
    assert emqx({ONE: [status]}, asked, tmp_path).cut([ONE]) == {ONE}
    assert {one.url.host for one in asked} == {"emqx.example"}


@pytest.mark.parametrize("url", ["http://emqx.example:18083", "emqx.example", "ftp://127.0.0.1", "https://", "x"])
def test_the_key_of_emqx_leaves_this_machine_encrypted_or_not_at_all(tmp_path: Any, url: str) -> None:
    with pytest.raises(SetupError, match="emqx_url"):
        EmqxEnforcer(url, "name:secret", tmp_path / "state")


@pytest.mark.parametrize("url", ["http://127.0.0.1:18083", "http://[::1]:18083", "http://localhost:18083"])
def test_on_this_machine_it_need_not_be_encrypted(tmp_path: Any, url: str) -> None:
    enforcer = EmqxEnforcer(url, "name:secret", tmp_path / "state")
    assert enforcer.state() == State()
    enforcer.remember(State(7, 1.5))
    assert enforcer.state() == State(7, 1.5)
