"""Who is let in, and how often the registry is asked."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker import gatekeeper
from broker.acl import Reason, Verdict, Will
from broker.gatekeeper import Answer, CachedLookup, Certificate, ConnectFacts, Credential, Peer, secret_digest

UNIT = "01jd9s0000000000000000000a"
OTHER = "01jd9s0000000000000000000b"
DEVICE = Credential("device", secret_digest("secret"))
SERVICE = Credential("service", secret_digest("secret"))


def admit(facts: ConnectFacts, credential: Credential | None) -> Verdict:
    return gatekeeper.admit(facts, credential, plain_devices=True)


def connect(named: str | None = UNIT, **changes: Any) -> ConnectFacts:
    username = named
    facts = ConnectFacts("MQTT", 4, username or "", username, "secret", True, 30, None)
    return facts._replace(**changes)


def test_a_device_with_its_secret_and_its_own_client_id_comes_in() -> None:
    assert admit(connect(), DEVICE).allowed


@pytest.mark.parametrize("client_id", ["cloud", "cloud-ingest-1", "cloud.outbox", "cloud_a", "cloud:b"])
def test_a_service_may_hold_several_sessions_under_its_name(client_id: str) -> None:
    assert admit(connect("cloud", client_id=client_id), SERVICE).allowed


@pytest.mark.parametrize("client_id", ["", "clou", "clouds", "other-cloud", UNIT, "cloud-\n", "cloud-" + "x" * 200])
def test_a_service_takes_no_client_id_beside_its_name(client_id: str) -> None:
    assert admit(connect("cloud", client_id=client_id), SERVICE) == (False, Reason.CLIENT_ID)


@pytest.mark.parametrize(
    ("facts", "credential", "reason"),
    [
        (connect(client_id="01jd9s0000000000000000000b"), DEVICE, Reason.CLIENT_ID),
        (connect(client_id=f"{UNIT}-2"), DEVICE, Reason.CLIENT_ID),
        (connect(password="wrong"), DEVICE, Reason.BAD_CREDENTIALS),
        (connect(), None, Reason.BAD_CREDENTIALS),
        (connect(), Credential("device", b"", revoked=False), Reason.BAD_CREDENTIALS),
        (connect(), Credential("device", secret_digest("secret"), revoked=True), Reason.REVOKED),
        (connect(password="wrong"), Credential("device", secret_digest("x"), revoked=True), Reason.BAD_CREDENTIALS),
        (connect("printer"), Credential("device", secret_digest("secret")), Reason.CLIENT_ID),
        (connect(UNIT), SERVICE, Reason.CLIENT_ID),
        (connect(will=Will("elsewhere", b"", 0, retained=False)), DEVICE, Reason.WILL_TOPIC),
    ],
)
def test_nobody_else_does(facts: ConnectFacts, credential: Credential | None, reason: Reason) -> None:
    assert admit(facts, credential) == (False, reason)


def test_where_plain_devices_are_not_wanted_a_device_with_its_password_is_refused_before_anybody_is_asked() -> None:
    assert gatekeeper.worth_a_lookup(connect(), plain_devices=False) == (False, Reason.TLS_REQUIRED)
    assert gatekeeper.admit(connect(), DEVICE, plain_devices=False) == (False, Reason.TLS_REQUIRED)
    assert gatekeeper.admit(connect("cloud"), SERVICE, plain_devices=False).allowed


NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PEER = Peer(UNIT, "https://id.example/01/09506000134352/21/A1", b"f" * 32)
ISSUED = Certificate(UNIT, NOW + timedelta(days=1))


@pytest.mark.parametrize("named", [{}, {"username": None, "password": None}, {"password": None}, {"password": "any"}])
def test_a_certificate_lets_in_its_own_product_with_or_without_a_user_name(named: dict[str, str | None]) -> None:
    assert gatekeeper.admit_certificate(connect(**named), PEER, ISSUED, NOW).allowed


@pytest.mark.parametrize(
    ("facts", "peer", "issued", "reason"),
    [
        (connect(), PEER, None, Reason.UNKNOWN_CERTIFICATE),
        (connect(), PEER._replace(common_name=OTHER), ISSUED, Reason.FOREIGN_CERTIFICATE),
        (connect(), PEER._replace(uri=""), ISSUED, Reason.FOREIGN_CERTIFICATE),
        (connect(), PEER, Certificate(UNIT, NOW + timedelta(days=1), revoked=True), Reason.REVOKED),
        (connect(), PEER, Certificate(UNIT, NOW), Reason.EXPIRED),
        (connect(username=OTHER), PEER, ISSUED, Reason.USERNAME),
        (connect(username=""), PEER, ISSUED, Reason.USERNAME),
        (connect(client_id=OTHER), PEER, ISSUED, Reason.CLIENT_ID),
        (connect(client_id=""), PEER, ISSUED, Reason.CLIENT_ID),
        (connect(will=Will(f"tl/v1/{OTHER}/up/presence", b"", 0, retained=False)), PEER, ISSUED, Reason.WILL_TOPIC),
        (connect(protocol_level=5), PEER, ISSUED, Reason.PROTOCOL),
    ],
)
def test_a_certificate_lets_in_nobody_else(
    facts: ConnectFacts, peer: Peer, issued: Certificate | None, reason: Reason
) -> None:
    assert gatekeeper.admit_certificate(facts, peer, issued, NOW) == (False, reason)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (connect(None), Reason.NO_CREDENTIALS),
        (connect(password=None), Reason.NO_CREDENTIALS),
        (connect(password=""), Reason.NO_CREDENTIALS),
        (connect(protocol_level=5), Reason.PROTOCOL),
        (connect(protocol_name="MQIsdp"), Reason.PROTOCOL),
        (connect("Robert'); DROP TABLE"), Reason.BAD_CREDENTIALS),
        (connect(UNIT.upper()), Reason.BAD_CREDENTIALS),
    ],
)
def test_what_can_be_refused_without_the_registry_does_not_reach_it(facts: ConnectFacts, reason: Reason) -> None:
    assert gatekeeper.worth_a_lookup(facts, plain_devices=True) == (False, reason)
    assert admit(facts, DEVICE) == (False, reason)


class Registry:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: dict[str, Credential] = {}
        self.open = threading.Event()
        self.open.set()

    def credential(self, username: str) -> Credential | None:
        self.asked.append(username)
        self.open.wait(10)
        if username == "down":
            raise ConnectionError
        return self.known.get(username)


async def asked(registry: Registry, times: int) -> None:
    async with asyncio.timeout(30):
        while len(registry.asked) < times:  # noqa: ASYNC110 - a thread of the executor asks, and knows no event of the loop
            await asyncio.sleep(0)


async def test_an_answer_is_remembered_for_its_time_and_no_longer() -> None:
    registry, now = Registry(), [0.0]
    with ThreadPoolExecutor(1) as threads:
        lookup = CachedLookup(registry.credential, threads, ttl_s=1, clock=lambda: now[0])
        assert (await lookup.find(UNIT)).value is None
        registry.known[UNIT] = DEVICE
        now[0] = 0.9
        assert (await lookup.find(UNIT)).value is None
        now[0] = 1.1
        assert (await lookup.find(UNIT)).value == DEVICE
    assert registry.asked == [UNIT, UNIT]


async def test_many_who_ask_for_one_name_at_once_cost_one_question() -> None:
    registry = Registry()
    registry.open.clear()
    with ThreadPoolExecutor(4) as threads:
        lookup = CachedLookup(registry.credential, threads)
        waiting = [asyncio.ensure_future(lookup.find(UNIT)) for _ in range(100)]
        await asyncio.sleep(0)  # one turn of the loop, in which each of them begins
        waiting[0].cancel()
        registry.open.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert registry.asked == [UNIT]
    assert [answer.value for answer in answers[1:] if isinstance(answer, Answer)] == [None] * 99


async def test_a_fresh_question_replaces_what_is_remembered_and_an_answer_that_is_older_does_not() -> None:
    registry, now = Registry(), [0.0]
    with ThreadPoolExecutor(2) as threads:
        lookup = CachedLookup(registry.credential, threads, clock=lambda: now[0])
        registry.known[UNIT] = DEVICE
        registry.open.clear()
        slow = asyncio.ensure_future(lookup.find(UNIT))
        await asked(registry, 1)
        now[0] = 0.1
        fresh = asyncio.ensure_future(lookup.ask(UNIT))
        await asked(registry, 2)
        registry.open.set()
        await fresh
        assert (await slow).asked_at == 0.0
        await asyncio.sleep(0)  # one turn of the loop, in which what the slow one set off is done
        assert (await lookup.find(UNIT)).asked_at == 0.1
    assert registry.asked == [UNIT, UNIT]


async def test_a_failure_is_told_and_not_remembered() -> None:
    registry = Registry()
    with ThreadPoolExecutor(1) as threads:
        lookup = CachedLookup(registry.credential, threads)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await lookup.find("down")
    assert registry.asked == ["down", "down"]


async def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    registry = Registry()
    with ThreadPoolExecutor(1) as threads:
        lookup = CachedLookup(registry.credential, threads, max_entries=3, clock=lambda: 0.0)
        for name in "abcde":
            await lookup.find(name)
        await lookup.find("e")
        await lookup.find("a")
    assert registry.asked == [*"abcde", "a"]
