"""The door of the embedded broker under pressure: strangers, half-open clients, revocations, a registry down."""

import json
import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from paho.mqtt.enums import MQTTErrorCode

from broker.frames import connack, publish
from tests.integration.broker.harness import BAD, GOOD, PASSWORDS, Wire, credentials, embedded_wire, until

UP = f"tl/v1/{GOOD}/up/status"


def connect_frame(
    client_id: str, username: str | None = None, password: str | None = None, keepalive_s: int = 30
) -> bytes:
    flags = 2 | (0x80 if username else 0) | (0x40 if password else 0)
    fields = [client_id, *(field for field in (username, password) if field)]
    body = b"\0\4MQTT\4" + struct.pack("!BH", flags, keepalive_s)
    body += b"".join(struct.pack("!H", len(field)) + field.encode() for field in fields)
    return bytes([0x10, len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def dial(wire: Wire, first: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", wire.port), timeout=20)
    line.sendall(first)
    return line


def closed(line: socket.socket) -> bool:
    try:
        return line.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_a_thousand_connections_without_credentials_do_not_disturb_a_good_client(embedded: Wire) -> None:
    ear = embedded.service("tl/v1/+/up/#")
    good = embedded.client(GOOD).connect()
    asked = len(embedded.lookups())
    with ExitStack() as open_lines:
        frames = [connect_frame(f"stranger-{number}") for number in range(1000)]
        strangers = [open_lines.enter_context(dial(embedded, frame)) for frame in frames]
        for number in range(20):
            good.publish(UP, b"%d" % number)
        until(lambda: len(ear.heard) == 20, "what the good client says")
        assert all(line.recv(4) == connack_of(4) for line in strangers)
        assert all(closed(line) for line in strangers)
    newcomer = embedded.client(BAD).connect()
    assert newcomer.accepted
    assert embedded.lookups()[asked:] == [BAD]


def test_a_thousand_connections_with_one_wrong_name_ask_the_registry_a_few_times(embedded: Wire) -> None:
    unknown = "01jd9s0000000000000000000z"
    frame = connect_frame(unknown, unknown, "guess")
    with ExitStack() as open_lines:
        strangers = [open_lines.enter_context(dial(embedded, frame)) for _ in range(1000)]
        assert all(line.recv(4) == connack_of(4) for line in strangers)
    assert embedded.lookups().count(unknown) < 100


def test_a_thousand_silent_connections_do_not_shut_a_newcomer_out(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, max_connections=200) as wire, ExitStack() as open_lines:
        silent = [open_lines.enter_context(dial(wire)) for _ in range(1000)]
        newcomer = open_lines.enter_context(dial(wire, connect_frame(GOOD, GOOD, PASSWORDS[GOOD])))
        assert newcomer.recv(4) == connack_of(0)
        assert all(closed(line) for line in silent[:800])


def test_a_stranger_with_a_services_client_id_does_not_touch_its_session(embedded: Wire) -> None:
    """The library underneath would delete the session before it looks at the password."""
    ear = embedded.service("tl/v1/+/up/#", client_id="cloud-worker")
    for first in (connect_frame("cloud-worker"), connect_frame("cloud-worker", "cloud", "guess")):
        with dial(embedded, first) as line:
            assert line.recv(4) == connack_of(4)
    embedded.client(GOOD).connect().publish(UP, b"still heard")
    until(lambda: ear.heard, "the message")
    assert not ear.gone


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\xff\xff\xff\xff\xff\xff",
        b"\x10\xff\xff\xff\x7f" + bytes(1000),
        b"\x10\x02\x00\x04",
        b"\x30\x05\x00\x01ahi",
        b"\xc0\x00",
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x09",
    ],
)
def test_what_is_no_connect_is_closed_without_an_answer(embedded: Wire, garbage: bytes) -> None:
    with dial(embedded, garbage) as line:
        assert closed(line)
    assert embedded.client(GOOD).connect().accepted


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"\xc0\x05\x30\x03\x00\x01a", id="a frame smuggled inside a ping"),
        pytest.param(b"\x82\x06\x00\x01\x00\x02tl", id="a SUBSCRIBE that ends early"),
        pytest.param(b"\x34\x07\x00\x01a\x00\x01hi", id="QoS 2"),
        pytest.param(b"\x32\x05\x00\x01a\x00\x00", id="QoS 1 with packet id 0"),
        pytest.param(b"\x30\x08\x00\x04tl/#hi", id="a wildcard in a topic"),
        pytest.param(b"\x30\x08\x00\x04$SYShi", id="a topic of the broker's own"),
        pytest.param(b"\x20\x02\x00\x00", id="a packet that only brokers send"),
        pytest.param(b"\xf0\x00", id="a reserved type"),
        pytest.param(b"\x30\xff\xff\xff\x7f", id="256 MB announced"),
    ],
)
def test_a_malformed_frame_ends_its_own_connection_only(embedded: Wire, frame: bytes) -> None:
    good = embedded.client(GOOD).connect()
    with dial(embedded, connect_frame(BAD, BAD, PASSWORDS[BAD])) as line:
        assert line.recv(4) == connack_of(0)
        line.sendall(frame)
        assert closed(line)
    good.publish(UP, b"still here")
    assert not good.gone


def test_announcing_a_huge_packet_costs_the_broker_no_memory(embedded: Wire) -> None:
    broker = psutil.Process(embedded.process.pid)
    with ExitStack() as open_lines:
        frame = b"\x10\xff\xff\xff\x7f" + bytes(30_000)
        lines = [open_lines.enter_context(dial(embedded, frame)) for _ in range(50)]
        assert all(closed(line) for line in lines)
        assert broker.memory_info().rss < 200 * 1024 * 1024


def test_half_open_and_silent_clients_are_let_go_and_their_will_is_sent(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, connect_timeout_s=0.3, frame_timeout_s=0.3) as wire:
        ear = wire.service("tl/v1/+/up/#")
        offline = json.dumps({"schema": 1, "boot": 1, "connection": 1, "status": "offline"}).encode()
        silent = wire.client(GOOD, will=(f"tl/v1/{GOOD}/up/presence", offline, 1, False))
        silent.paho._send_pingreq = lambda: MQTTErrorCode.MQTT_ERR_SUCCESS  # type: ignore[method-assign]  # noqa: SLF001 - it plays dead
        silent.connect(keepalive=1)
        with dial(wire) as wordless, dial(wire, connect_frame(BAD, BAD, PASSWORDS[BAD]) + b"\x30\x20\x00") as stuck:
            assert closed(wordless)
            assert stuck.recv(4) == connack_of(0)
            assert closed(stuck)
        until(lambda: ear.heard, "the will")
        assert ear.heard[0].payload == offline


def test_a_device_registered_after_a_refusal_is_let_in_within_moments(embedded: Wire) -> None:
    without = credentials()
    del without[GOOD]
    embedded.register(without)
    assert not embedded.client(GOOD).connect().accepted
    embedded.register(credentials())
    until(lambda: embedded.client(GOOD).connect().accepted, "the new credential", 10)


def test_a_revoked_device_is_refused_and_one_that_is_connected_is_cut_off(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, recheck_s=0.1) as wire:
        device, other = wire.client(GOOD).connect(), wire.client(BAD).connect()
        revoked = credentials()
        revoked[GOOD][2] = True
        wire.register(revoked)
        until(lambda: device.gone, "the end of the revoked connection")
        assert not wire.client(GOOD).connect().accepted
        assert not other.gone


@pytest.mark.parametrize("secured", [False, True], ids=["password", "certificate"])
def test_who_was_revoked_while_the_registry_answered_does_not_slip_in(tmp_path: Path, *, secured: bool) -> None:
    """The answer is from before the revocation, and arrives after it was noticed: nobody would notice it again."""
    with embedded_wire(tmp_path, secured=secured, endings_s=0.05) as wire:
        device = wire.client(GOOD)
        (wire.home / "slow").write_text("2")
        with ThreadPoolExecutor(1) as threads:
            coming = threads.submit(device.connect)
            until(wire.lookups, "the question")
            wire.revoke(GOOD)
            coming.result(30)
        assert not device.accepted
        (wire.home / "slow").unlink()
        assert not wire.client(GOOD).connect().accepted


def test_a_registry_that_is_down_shuts_the_door_and_keeps_who_is_in(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, recheck_s=0.1) as wire:
        ear = wire.service("tl/v1/+/up/#")
        device = wire.client(GOOD).connect()
        kept = (wire.home / "credentials.json").read_text()
        (wire.home / "credentials.json").unlink()
        with dial(wire, connect_frame(BAD, BAD, PASSWORDS[BAD])) as line:
            assert line.recv(4) == connack_of(3)
        device.publish(UP, b"still here")
        until(lambda: ear.heard, "the message")
        (wire.home / "credentials.json").write_text(kept)
        until(lambda: wire.client(BAD).connect().accepted, "the door open again")


def test_a_full_house_closes_the_next_connection_at_once_and_takes_one_when_a_place_is_free(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, max_connections=2) as wire:
        ear = wire.service("tl/v1/+/up/#")
        assert wire.client(GOOD).connect().accepted
        with dial(wire) as beyond:
            assert closed(beyond)
        ear.close()
        until(lambda: wire.client(BAD).connect().accepted, "a place that became free")


def test_a_client_that_reads_nothing_is_not_read_from_and_others_go_on(embedded: Wire) -> None:
    ear = embedded.service("tl/v1/+/up/#")
    deaf = dial(embedded, connect_frame(BAD, BAD, PASSWORDS[BAD]))
    assert deaf.recv(4) == connack_of(0)
    deaf.sendall(b"\x82" + bytes([5 + len(f"tl/v1/{BAD}/down/#")]) + b"\0\1" + text(f"tl/v1/{BAD}/down/#") + b"\1")
    assert deaf.recv(5) == b"\x90\x03\x00\x01\x01"
    for _ in range(300):
        ear.publish(f"tl/v1/{BAD}/down/command", bytes(60_000))
    embedded.client(GOOD).connect().publish(UP, b"still here")
    until(lambda: ear.heard, "the message")
    assert psutil.Process(embedded.process.pid).memory_info().rss < 200 * 1024 * 1024
    deaf.close()


def test_a_taken_port_is_an_error_of_its_own(embedded: Wire) -> None:
    program = f"""
import asyncio
from broker.embedded import EmbeddedSettings, serve
from broker.errors import PortTakenError
try:
    nobody = type("Nobody", (), dict.fromkeys(("credential", "certificate", "ended_after", "now")))
    asyncio.run(serve(EmbeddedSettings(port={embedded.port}), nobody, print, asyncio.Event()))
except PortTakenError as error:
    print(error.code, error.facts)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stdout.strip() == f"broker_port_taken {{'host': '127.0.0.1', 'port': {embedded.port}}}"
    assert done.stderr == ""


def test_the_broker_stops_when_told_with_clients_connected_and_writes_no_traceback(tmp_path: Path) -> None:
    with embedded_wire(tmp_path) as wire:
        clients = [wire.client(GOOD).connect(), wire.client(BAD, clean=False).connect()]
        wire.process.terminate()
        assert wire.process.wait(20) == 0
        until(lambda: all(client.gone for client in clients), "the end of the connections")


def connack_of(code: int) -> bytes:
    return connack(code)  # type: ignore[arg-type]  # the number that stands in the standard


def text(value: str) -> bytes:
    return publish(value, b"")[2:]
