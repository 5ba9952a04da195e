"""The switchboard leans on amqtt's inner methods: an upgrade that changes them must be read before it is taken."""

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import pytest
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from broker.acl import Principal
from broker.frames import ConnackCode, Frame, MalformedFrameError, connack, publish
from broker.outbox import Outbox, OutboxLimits, Parcel
from broker.switchboard import LISTENER, Link, Switchboard
from tests.unit.broker.test_connection import SERVICE, Line

OVERRIDDEN = [
    *(
        (Broker, Switchboard, name)
        for name in (
            "_initialize_client_session",
            "_handle_client_session",
            "_cleanup_session",
            "_delete_session",
            "_broadcast_message",
            "_del_all_subscriptions",
            "add_subscription",
            "shutdown",
        )
    ),
    *((BrokerProtocolHandler, Link, name) for name in ("handle_subscribe", "handle_unsubscribe", "_retry_deliveries")),
]


@pytest.mark.parametrize(("theirs", "ours", "name"), OVERRIDDEN)
def test_an_overridden_method_still_exists_with_the_same_parameters(theirs: type, ours: type, name: str) -> None:
    assert getattr(ours, name) is not getattr(theirs, name)
    assert list(inspect.signature(getattr(ours, name)).parameters) == list(
        inspect.signature(getattr(theirs, name)).parameters
    )


@pytest.mark.parametrize(
    "name", ["_client_message_loop", "_del_subscription", "_matches", "_get_handler", "_delete_session"]
)
def test_a_method_that_we_call_still_exists(name: str) -> None:
    assert callable(getattr(Broker, name))


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("amqtt") == "0.12.1"


# --- what is taken at the door ---


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x40, b""),
        Frame(0x40, b"\0"),
        Frame(0x40, b"\0\1\2"),
        Frame(0x41, b"\0\1"),
        Frame(0x32, b"\0\1t"),
        Frame(0x34, b"\0\1t\0\1"),
        Frame(0x30, b"\0\1#"),
        Frame(0x30, b"\0\x02t"),
    ],
)
def test_a_crooked_message_or_acknowledgement_is_not_taken(frame: Frame) -> None:
    async def taken() -> bool:
        return Link(Noting(), asyncio.get_running_loop()).take(frame)

    with pytest.raises(MalformedFrameError):
        asyncio.run(taken())


def test_what_is_no_message_and_no_acknowledgement_is_left_to_the_library() -> None:
    async def taken(first: int) -> bool:
        return Link(Noting(), asyncio.get_running_loop()).take(Frame(first, b""))

    assert [asyncio.run(taken(first)) for first in (0x82, 0xA2, 0xC0, 0xE0, 0x10, 0xF0)] == [False] * 6


# --- coming back ---


async def test_what_is_said_while_a_client_comes_back_is_sent_behind_what_it_did_not_acknowledge() -> None:
    limits = OutboxLimits(window=8, max_messages=8, max_bytes=8000)
    board, line, session = Switchboard({"service": limits}, 60), Line(), Session()
    session.client_id, outbox = "cloud", Outbox(limits)
    session.attributes |= {"throughline.principal": SERVICE.principal, "throughline.outbox": outbox}
    session.attributes["throughline.filters"] = set()
    await board.add_subscription(("tl/#", 1), session)
    outbox.offer(Parcel("tl/a", b"first"))
    outbox.take()
    loop = asyncio.get_running_loop()
    link = Link(board, loop)
    loop.call_soon(board.fan_out, "tl/a", b"second", 1, SERVICE.principal)  # at the first wait of what follows
    line.reader.feed_eof()
    await board._handle_client_session(line.door, line.outlet, session, link, None, LISTENER)  # noqa: SLF001 - amqtt calls it
    again = publish("tl/a", b"first", packet_id=1, dup=True)
    assert b"".join(line.writer.sent) == connack(ConnackCode.ACCEPTED) + again + publish("tl/a", b"second", packet_id=2)


# --- the second look at a will ---

ONE, TWO = "01jd9s0000000000000000000a", "01jd9s0000000000000000000b"
WHO = Principal("device", ONE)


class Noting(Switchboard):
    """Notes what would leave for its subscribers; nothing else of a broker is there."""

    def __init__(self) -> None:
        self.left: list[tuple[Any, ...]] = []
        self.plugins_manager = None

    def fan_out(self, *message: Any, **_more: Any) -> None:
        self.left.append(message)


async def sent(who: Principal | None, topic: str | None) -> list[tuple[Any, ...]]:
    """What leaves of a will on this topic."""
    session = None if who is None else Session()
    if session is not None:
        session.attributes["throughline.principal"] = who
    board = Noting()
    await board._broadcast_message(session, topic, b"gone", 1)  # noqa: SLF001 - amqtt calls it, for a last will
    return board.left


async def test_a_will_on_its_devices_own_topic_leaves_in_its_name() -> None:
    topic = f"tl/v1/{ONE}/up/presence"
    assert await sent(WHO, topic) == [(topic, b"gone", 1, WHO)]


@pytest.mark.parametrize(
    "topic", [f"tl/v1/{TWO}/up/presence", f"tl/v1/{ONE}/down/command", f"tl/v1/{TWO}/down/command", "tl/v1/#", "", None]
)
async def test_a_will_that_came_past_the_door_with_a_topic_of_somebody_else_does_not_leave(topic: str | None) -> None:
    assert await sent(WHO, topic) == []


async def test_what_amqtt_sends_for_nobody_does_not_leave() -> None:
    assert await sent(None, f"tl/v1/{ONE}/up/presence") == []
