"""The TLS door: who has no good certificate stays outside, whoever says to be somebody else does, and slow handshakes
hold nothing. On both brokers where both can.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.broker.harness import BAD, GOOD, SERVICE, Wire, embedded_wire, until
from tests.integration.broker.pki import SERVER, URI, Authority, Files, Wanted
from tests.integration.broker.test_attacks import OFFLINE
from tests.integration.broker.test_door import closed, connack_of, connect_frame

UP = f"tl/v1/{GOOD}/up/status"
LATE = timedelta(days=-2)


def context(wire: Wire, files: Files | None, **options: Any) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=wire.authority.trust)
    for name, value in options.items():
        setattr(made, name, value)
    if files is not None:
        made.load_cert_chain(*files)
    return made


def said_back(wire: Wire, files: Files | None, frame: bytes = b"", **options: Any) -> bytes | None:
    """The broker's answer to a CONNECT over TLS; None when there is no connection to ask on."""
    frame = frame or connect_frame(GOOD)
    try:
        with (
            socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as raw,
            context(wire, files, **options).wrap_socket(raw, server_hostname="localhost") as line,
        ):
            line.sendall(frame)
            return line.recv(4) or None
    except (ssl.SSLError, ConnectionError):
        return None


def resumed(
    wire: Wire, speaks: ssl.SSLContext, saved: ssl.SSLSession | None
) -> tuple[bool | None, bytes, ssl.SSLSession | None]:
    """(whether the handshake was spared, the answer to a CONNECT, the session for the next time)."""
    with (
        socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as raw,
        speaks.wrap_socket(raw, server_hostname="localhost", session=saved) as line,
    ):
        line.sendall(connect_frame(GOOD))
        return line.session_reused, line.recv(4), line.session


def issued(wire: Wire, name: str = GOOD, wanted: Wanted = Wanted()) -> Files:  # noqa: B008 - frozen
    """A certificate that the registry knows, whatever is wrong with it."""
    files, made = wire.authority.device(name, wanted)
    wire.know(made, name)
    return files


def foreign(wire: Wire) -> Files:
    """By an authority of the same name, whose fingerprint somebody has smuggled into the registry."""
    files, made = Authority(wire.home / "foreign", wire.authority.name).device(GOOD)
    wire.know(made, GOOD)
    return files


BAD_CERTIFICATES: dict[str, Callable[[Wire], Files | None]] = {
    "none": lambda _wire: None,
    "of a foreign authority": foreign,
    "signed by itself": lambda wire: issued(wire, wanted=Wanted(self_signed=True)),
    "expired": lambda wire: issued(wire, wanted=Wanted(starts=LATE, ends=-timedelta(days=1))),
    "not valid yet": lambda wire: issued(wire, wanted=Wanted(starts=timedelta(days=1), ends=timedelta(days=2))),
    "a server's": lambda wire: issued(wire, wanted=Wanted(usage=SERVER)),
    "the broker's own": lambda wire: wire.authority.server(),
}


@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_without_a_good_certificate_nobody_gets_in(tls_wire: Wire, kind: str) -> None:
    assert said_back(tls_wire, BAD_CERTIFICATES[kind](tls_wire)) is None
    assert tls_wire.client(GOOD).connect().accepted


def test_the_authoritys_own_certificate_is_nobodys(embedded_tls: Wire) -> None:
    """One that our authority has signed and the registry does not know, such as one that was withdrawn quietly."""
    files, _ = embedded_tls.authority.device(GOOD)
    assert said_back(embedded_tls, files) == connack_of(5)


@pytest.mark.parametrize("uris", [(), (URI, URI + "0")], ids=["none", "two"])
def test_a_certificate_that_does_not_name_one_unit_by_its_uri_is_closed_out(
    embedded_tls: Wire, uris: tuple[str, ...]
) -> None:
    assert said_back(embedded_tls, issued(embedded_tls, wanted=Wanted(uris=uris))) is None


def test_a_certificate_that_the_registry_gives_to_another_unit_is_refused(embedded_tls: Wire) -> None:
    files, made = embedded_tls.authority.device(GOOD)
    embedded_tls.know(made, BAD)
    assert said_back(embedded_tls, files) == connack_of(5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_before_1_2_is_not_spoken(tls_wire: Wire, version: ssl.TLSVersion) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"):
        made = context(tls_wire, tls_wire.certificate(GOOD), minimum_version=version, maximum_version=version)
    made.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", tls_wire.tls_port), timeout=20) as raw, pytest.raises(ssl.SSLError):
        made.wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize("weak", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "NULL"])
def test_of_tls_1_2_only_forward_secrecy_with_authenticated_encryption_is_spoken(tls_wire: Wire, weak: str) -> None:
    made = context(tls_wire, tls_wire.certificate(GOOD), maximum_version=ssl.TLSVersion.TLSv1_2)
    made.set_ciphers(f"{weak}:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", tls_wire.tls_port), timeout=20) as raw, pytest.raises(ssl.SSLError):
        made.wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_device_comes_in_by_tls_1_2_and_1_3(tls_wire: Wire, version: ssl.TLSVersion) -> None:
    files = tls_wire.certificate(GOOD)
    answer = said_back(tls_wire, files, minimum_version=version, maximum_version=version)
    assert answer == connack_of(0)


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_who_resumes_a_session_of_tls_1_2_is_asked_for_in_the_registry_like_everybody(
    embedded_tls: Wire, how: str
) -> None:
    """A resumed session shows no certificate: what has become of the one it began with counts."""
    files, made = embedded_tls.authority.device(GOOD)
    embedded_tls.know(made, GOOD)
    speaks = context(embedded_tls, files, maximum_version=ssl.TLSVersion.TLSv1_2)
    is_reused, answer, saved = resumed(embedded_tls, speaks, None)
    assert (is_reused, answer) == (False, connack_of(0))
    assert resumed(embedded_tls, speaks, saved)[:2] == (True, connack_of(0))
    if how == "revoked":
        embedded_tls.revoke(GOOD)
    else:
        embedded_tls.know(made, GOOD, ends=datetime.now(UTC))
    until(lambda: resumed(embedded_tls, speaks, saved)[:2] == (True, connack_of(5)), "what is remembered for a second")


def test_another_units_certificate_opens_only_its_own_name(tls_wire: Wire) -> None:
    """The victim's user name and client id, the attacker's certificate: refused, or it is the attacker all the same."""
    ear = tls_wire.service("tl/#")
    victim = tls_wire.client(GOOD).connect()
    victim.subscribe(f"tl/v1/{GOOD}/down/#")
    attacker = tls_wire.client(GOOD, files=tls_wire.certificate(BAD)).connect()
    if attacker.accepted:
        attacker.subscribe(f"tl/v1/{GOOD}/down/#")
        attacker.publish(UP, b"forged")
    victim.publish(UP, b"true")
    ear.publish(f"tl/v1/{GOOD}/down/command", b"for the victim alone")
    until(lambda: victim.heard and ear.heard, "the sentinels")
    assert [message.payload for message in ear.heard if message.topic == UP] == [b"true"]
    assert not attacker.heard
    assert not victim.gone
    if tls_wire.kind == "embedded":
        assert not attacker.accepted


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(connect_frame(BAD), id="client id"),
        pytest.param(connect_frame(GOOD, BAD), id="user name"),
        pytest.param(connect_frame(GOOD, BAD, "any"), id="user name and password"),
        pytest.param(connect_frame("cloud-worker", SERVICE, "guess"), id="a service"),
    ],
)
def test_client_id_and_user_name_agree_with_the_certificate_or_connect_is_refused(
    embedded_tls: Wire, frame: bytes
) -> None:
    assert said_back(embedded_tls, embedded_tls.certificate(GOOD), frame) in (connack_of(2), connack_of(5))


def test_a_will_of_another_unit_is_refused(embedded_tls: Wire) -> None:
    will = (f"tl/v1/{BAD}/up/presence", OFFLINE, 1, False)
    assert not embedded_tls.client(GOOD, will=will).connect().accepted


def test_a_devices_password_opens_nothing_where_plain_devices_are_not_wanted(embedded_tls: Wire) -> None:
    assert not embedded_tls.client(GOOD, password="the secret of " + GOOD).connect().accepted
    assert embedded_tls.lookups() == []
    assert embedded_tls.service().accepted


def test_no_device_finds_a_listener_without_tls_on_mosquitto(mosquitto_tls: Wire) -> None:
    client = mosquitto_tls.client(SERVICE, client_id=GOOD)
    client.paho.username_pw_set(GOOD, "the secret of " + GOOD)
    assert not client.connect().accepted


def test_a_certificate_that_runs_out_while_its_device_is_connected_ends_the_connection(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, secured=True, endings_s=0.05) as wire:
        files, made = wire.authority.device(GOOD)
        wire.know(made, GOOD, ends=datetime.now(UTC) + timedelta(seconds=3))
        device, other = wire.client(GOOD, files=files).connect(), wire.client(BAD).connect()
        assert device.accepted
        until(lambda: device.gone, "the end of the certificate")
        assert not wire.client(GOOD, files=files).connect().accepted
        assert not other.gone


def test_a_renewed_certificate_whose_grace_ends_while_its_device_is_connected_ends_the_connection(
    tmp_path: Path,
) -> None:
    with embedded_wire(tmp_path, secured=True, recheck_s=0.1) as wire:
        files, made = wire.authority.device(GOOD)
        wire.know(made, GOOD)
        device, other = wire.client(GOOD, files=files).connect(), wire.client(BAD).connect()
        assert device.accepted
        wire.know(made, GOOD, ends=datetime.now(UTC))  # it was renewed, and has had its grace
        until(lambda: device.gone, "the end of the connection")
        assert not other.gone


def test_a_renewed_server_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, secured=True, recheck_s=0.05) as wire:
        before = served(wire)
        wire.authority.server()
        until(lambda: served(wire) != before, "the new certificate")
        until(lambda: wire.client(GOOD).connect().accepted, "a good client")


def test_server_files_that_cannot_be_read_do_not_end_the_service(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, secured=True, recheck_s=0.05) as wire:
        kept = {path: path.read_bytes() for path in map(Path, wire.authority.server())}
        until(lambda: served(wire) in {ssl.PEM_cert_to_DER_cert(first(one)) for one in kept.values()}, "the renewal")
        for path in kept:
            path.write_bytes(b"half a file")
        until(lambda: wire.client(GOOD).connect().accepted, "a good client")


def first(pem: bytes) -> str:
    text = pem.decode()
    end = "-----END CERTIFICATE-----\n"
    return text[: text.index(end) + len(end)] if end in text else ssl.DER_cert_to_PEM_cert(b"")


def served(wire: Wire) -> bytes | None:
    with (
        socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as raw,
        context(wire, wire.certificate(GOOD)).wrap_socket(raw, server_hostname="localhost") as line,
    ):
        return line.getpeercert(binary_form=True)


# --- slow and silent ---


def hello(wire: Wire) -> bytes:
    """The first flight of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context(wire, None).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("part", [0, 1, 60, None], ids=["nothing", "a byte", "half a hello", "a whole hello"])
def test_a_handshake_that_is_not_finished_in_time_ends(tmp_path: Path, part: int | None) -> None:
    with embedded_wire(tmp_path, secured=True, connect_timeout_s=1.5) as wire:
        with socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as line:
            line.sendall(hello(wire)[:part])
            until(lambda: closed(line), "the end")
        until(lambda: wire.client(GOOD).connect().accepted, "a good client")


def test_a_handshake_of_single_bytes_does_not_get_more_time_with_each(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, secured=True, connect_timeout_s=1.5) as wire:
        with socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as line:
            line.settimeout(0.01)
            drops = iter(hello(wire) + bytes(100_000))

            def over() -> bool:
                try:
                    line.sendall(bytes([next(drops)]))
                    return line.recv(4096) == b""
                except TimeoutError:
                    return False
                except ConnectionError:
                    return True

            until(over, "the end")
        until(lambda: wire.client(GOOD).connect().accepted, "a good client")


def test_a_handshake_without_a_connect_behind_it_ends(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, secured=True, connect_timeout_s=1.5) as wire:
        with (
            socket.create_connection(("127.0.0.1", wire.tls_port), timeout=20) as raw,
            context(wire, wire.certificate(GOOD)).wrap_socket(raw, server_hostname="localhost") as line,
        ):
            line.sendall(connect_frame(GOOD)[:5])
            assert line.recv(4) == b""
        until(lambda: wire.client(GOOD).connect().accepted, "a good client")


def test_a_thousand_half_open_handshakes_do_not_shut_a_newcomer_out(tmp_path: Path) -> None:
    with (
        embedded_wire(tmp_path, secured=True, max_half_open=200, connect_timeout_s=90) as wire,
        ExitStack() as open_lines,
    ):
        good = wire.client(GOOD).connect()
        flight = hello(wire)
        lines = []
        for number in range(1000):
            address = ("127.0.0.1", wire.tls_port)
            line = open_lines.enter_context(socket.create_connection(address, timeout=20))
            if number % 2:
                line.sendall(flight)
            lines.append(line)
        assert all(closed_later(line) for line in lines[:700])
        for line in lines[:700]:
            line.close()  # paho waits by `select`, which takes no file number above 1023
        assert wire.client(BAD).connect().accepted, "while two hundred are still half open"
        good.publish(UP, b"still served")
        assert not good.gone


def closed_later(line: socket.socket) -> bool:
    """The other side ends it, whatever it has said before."""
    try:
        while line.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(connect_frame(GOOD, GOOD, "guess"), id="MQTT without TLS"),
        pytest.param(b"\x16\x03\x01\xff\xff" + bytes(70_000), id="a record longer than any"),
        pytest.param(b"\x15\x03\x03\x00\x02\x02\x28", id="an alert"),
        pytest.param(b"\x80\x2e\x01\x00\x02" + bytes(64), id="SSL 2"),
        pytest.param(bytes(4096), id="zeros"),
    ],
)
def test_what_is_no_handshake_is_closed_and_others_go_on(tls_wire: Wire, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", tls_wire.tls_port), timeout=20) as line:
        try:
            line.sendall(garbage)
            line.shutdown(socket.SHUT_WR)
        except OSError:  # closed already, in one of several words
            pass
        assert closed_later(line)
    assert tls_wire.client(GOOD).connect().accepted
