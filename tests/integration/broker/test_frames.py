"""Frames that no client of ours sends, thrown at the running embedded broker; afterwards it serves as before.

TRIED says how many, for the table of hostile tests in the docs.
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.frames import encode_length
from tests.integration.broker.harness import BAD, GOOD, PASSWORDS, Wire, embedded_wire, until
from tests.integration.broker.test_door import connack_of, connect_frame

TRIED: Final = {
    "bytes before any CONNECT": 300,
    "CONNECT frames with bytes changed, cut or added": 400,
    "frames of every type after CONNECT": 500,
    "bytes after CONNECT": 300,
    "bytes inside TLS": 100,
}
"""What was tried against the running broker in each run of the tests."""
MAX_RSS_BYTES: Final = 250 * 1024 * 1024

lots = st.binary(max_size=400)
goods = st.sampled_from(
    [
        connect_frame(BAD, BAD, PASSWORDS[BAD]),
        connect_frame("cloud-fuzz", "cloud", PASSWORDS["cloud"]),
        connect_frame(BAD),
        connect_frame("", "", ""),
    ]
)
texts = st.text(max_size=40).map(str.encode) | st.sampled_from(
    [b"", b"#", b"+", b"tl/#", b"$SYS/#", f"tl/v1/{GOOD}/up/status".encode(), b"\xff\xfe", b"a\0b", b"/" * 300]
)
fields = texts.map(lambda text: len(text).to_bytes(2) + text) | st.tuples(st.integers(0, 65_535), texts).map(
    lambda pair: pair[0].to_bytes(2) + pair[1]
)
bodies = st.lists(fields | st.binary(max_size=8), max_size=6).map(b"".join)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame of any type and flags; its length is right, or says something else."""
    body = draw(bodies)
    honest = encode_length(len(body))
    length = draw(st.just(honest) | st.binary(min_size=1, max_size=5))
    return bytes([draw(st.integers(0, 255))]) + length + body


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A CONNECT with some bytes changed, cut off, or added."""
    frame = bytearray(draw(goods))
    for _ in range(draw(st.integers(1, 6))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(1, len(frame)))]) + draw(st.binary(max_size=20))


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """One broker for all of it: what one attack leaves behind must not help the next."""
    limits = {"connect_timeout_s": 2.0, "frame_timeout_s": 2.0}
    with embedded_wire(tmp_path_factory.mktemp("victim"), secured=True, plain_devices=True, **limits) as wire:
        yield wire
        serves(wire)


def serves(wire: Wire) -> None:
    """A good client is heard, nothing was an error of ours, and the memory is what it should be."""
    ear = wire.service("tl/v1/+/up/#", client_id="cloud-witness")
    wire.client(GOOD).connect().publish(f"tl/v1/{GOOD}/up/status", b"still served")
    until(lambda: [one for one in ear.heard if one.payload == b"still served"], "the message")
    ear.close()
    said = Path(wire.home / "stderr").read_text()
    assert "error of ours" not in said, said
    assert "Traceback" not in said, said
    assert psutil.Process(wire.process.pid).memory_info().rss < MAX_RSS_BYTES


def throw(wire: Wire, *parts: bytes, connected: bool = False) -> None:
    """Says it, and ends; whatever comes back."""
    with socket.create_connection(("127.0.0.1", wire.port), timeout=20) as line:
        try:
            if connected:
                line.sendall(connect_frame(BAD, BAD, PASSWORDS[BAD]))
                assert line.recv(4) == connack_of(0)
            for part in parts:
                line.sendall(part)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65_536):
                pass
        except TimeoutError:  # it neither answers nor lets go
            raise
        except OSError:  # it has let go already
            pass


def tried(what: str) -> settings:
    return settings(max_examples=TRIED[what], deadline=None, suppress_health_check=list(HealthCheck), database=None)


@tried("bytes before any CONNECT")
@given(garbage=lots)
def test_any_bytes_before_a_connect_are_survived(victim: Wire, garbage: bytes) -> None:
    throw(victim, garbage)


@tried("CONNECT frames with bytes changed, cut or added")
@given(frame=spoilt())
def test_a_spoilt_connect_is_survived(victim: Wire, frame: bytes) -> None:
    throw(victim, frame)


@tried("frames of every type after CONNECT")
@given(made=st.lists(frames(), min_size=1, max_size=5))
def test_frames_of_every_type_are_survived(victim: Wire, made: list[bytes]) -> None:
    throw(victim, *made, connected=True)


@tried("bytes after CONNECT")
@given(garbage=lots)
def test_any_bytes_after_a_connect_are_survived(victim: Wire, garbage: bytes) -> None:
    throw(victim, garbage, connected=True)


@tried("bytes inside TLS")
@given(garbage=lots)
def test_any_bytes_inside_tls_are_survived(victim: Wire, garbage: bytes) -> None:
    context = ssl.create_default_context(cafile=victim.authority.trust)
    context.load_cert_chain(*victim.certificate(GOOD))
    with socket.create_connection(("127.0.0.1", victim.tls_port), timeout=20) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="localhost") as line:
                line.sendall(garbage or b"\0")
        except (ssl.SSLError, ConnectionError):
            pass


def test_after_all_of_it_the_broker_serves_as_before(victim: Wire) -> None:
    serves(victim)
