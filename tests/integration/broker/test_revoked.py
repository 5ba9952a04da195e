"""Who is revoked while connected is cut off within five seconds, on both brokers, and cannot come back; and so is who
has a certificate that ends meanwhile.
"""

import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.identity import devices
from cloud.identity import service as identity
from cloud.identity.tls_files import trust_file
from tests.integration.broker import deployment
from tests.integration.broker.deployment import Deployment, Stubborn
from tests.integration.broker.harness import Client, until
from tests.integration.broker.test_door import connack_of, connect_frame
from tests.services import Postgres

DISCONNECT = b"\xe0\x00"
LASTS = timedelta(seconds=3)
WITHIN_S = 5.0
"""What is promised. The deadline of a test, and no measurement: those are in docs/concepts/brokers.md."""


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Deployment]]:
    """One of each kind for all tests here, started when it is first asked for: each test has units of its own."""
    started: dict[str, Deployment] = {}
    with ExitStack() as closing:

        def system(kind: str) -> Deployment:
            if kind not in started:
                started[kind] = closing.enter_context(deployment.running(kind, tmp_path_factory.mktemp(kind)))
            return started[kind]

        yield system


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def system(request: pytest.FixtureRequest, systems: Callable[[str], Deployment]) -> Deployment:
    return systems(request.param)


@pytest.fixture
def guarded(systems: Callable[[str], Deployment]) -> Deployment:
    return systems("mosquitto")


def test_a_revoked_device_is_cut_off_while_connected_and_does_not_come_back(system: Deployment) -> None:
    (one, files), (other, others) = system.unit(), system.unit()
    device, bystander = system.client(one, files).connect(), system.client(other, others).connect()
    assert device.accepted
    assert bystander.accepted
    system.revoke(one)
    until(lambda: device.gone, "the end of the connection", WITHIN_S)
    assert not any(system.client(one, files).connect().accepted for _ in range(5))
    assert not bystander.gone


def test_a_device_that_comes_back_without_a_pause_is_out_for_good(system: Deployment) -> None:
    one, files = system.unit()
    with Stubborn(system, one, files) as stubborn:
        until(lambda: stubborn.in_since is not None, "the device, in")
        system.revoke(one)
        until(lambda: stubborn.in_since is None, "the end of the connection", WITHIN_S)
        before = stubborn.tries
        until(lambda: stubborn.tries > before + 50, "many more tries")
        came_in = len(stubborn.came_in)
        before = stubborn.tries
        until(lambda: stubborn.tries > before + 50, "and more")
        assert (len(stubborn.came_in), stubborn.in_since) == (came_in, None)
        assert came_in <= 2, "once before, and at most once between the list and the signal"


def test_the_session_of_a_revoked_device_goes_with_what_waits_for_it(system: Deployment) -> None:
    one, files = system.unit()
    first = system.client(one, files, clean=False).connect()
    first.subscribe(f"tl/v1/{one}/down/#")
    first.close()
    cloud = system.service()
    cloud.publish(f"tl/v1/{one}/down/command", b"for the old owner's printer")
    system.revoke(one)
    renewed = system.enrol(one)

    def session_is_gone() -> bool:
        back = system.client(one, renewed, clean=False).connect()
        back.close()
        return back.connacks == [(0, False)]

    until(session_is_gone, "a session that is new", WITHIN_S)


def test_a_device_that_was_enrolled_anew_stays_in_and_its_old_certificate_is_dead(system: Deployment) -> None:
    one, files = system.unit()
    old = system.client(one, files).connect()
    system.revoke(one)
    renewed = system.enrol(one)
    until(lambda: old.gone, "the end of the old connection", WITHIN_S)
    fresh: list[Client] = []

    def is_in() -> bool:
        fresh.append(system.client(one, renewed).connect())
        return fresh[-1].accepted and stays(system, fresh[-1])

    until(is_in, "the new certificate")
    assert not system.client(one, files).connect().accepted
    assert not fresh[-1].gone


def stays(system: Deployment, client: Client) -> bool:
    """Nobody ends it while two other units are revoked, one after the other: when the second is cut off, the round in
    which the first was has come to its end, whomever else it had to cut off.
    """
    for _ in range(2):
        one, files = system.unit()
        marker = system.client(one, files).connect()
        system.revoke(one)
        until(lambda marker=marker: marker.gone, "the marker")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    return not client.gone


def test_a_device_whose_certificate_ends_while_it_is_connected_is_cut_off(system: Deployment) -> None:
    (one, files), (other, others) = system.unit(LASTS), system.unit()
    device, bystander = system.client(one, files).connect(), system.client(other, others).connect()
    assert device.accepted
    assert bystander.accepted
    until(lambda: device.gone, "the end of the connection", LASTS.total_seconds() + WITHIN_S)
    assert not system.client(one, files).connect().accepted
    assert not bystander.gone


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_who_was_in_with_a_certificate_that_has_ended_resumes_no_tls_session(
    guarded: Deployment, version: ssl.TLSVersion
) -> None:
    one, files = guarded.unit(LASTS)
    tls = ssl.create_default_context(cafile=str(trust_file(guarded.settings.keys_dir)))
    tls.load_cert_chain(*files)
    tls.minimum_version = tls.maximum_version = version
    known: list[ssl.SSLSession | None] = [None]

    def comes_in() -> bool:
        address = ("127.0.0.1", guarded.settings.mqtt_tls_port)
        try:
            with (
                socket.create_connection(address, timeout=20) as raw,
                tls.wrap_socket(raw, server_hostname="localhost", session=known[0]) as line,
            ):
                line.sendall(connect_frame(one))
                accepted = line.recv(4) == connack_of(0)
                known[0] = line.session if accepted else known[0]
                line.sendall(DISCONNECT)
                with suppress(OSError):
                    line.unwrap()  # an end in good order: it may be resumed
                return accepted
        except OSError:
            return False

    until(comes_in, "the first connection")
    assert known[0] is not None
    until(lambda: not comes_in(), "the end of what is resumed", LASTS.total_seconds() + 2 * WITHIN_S)
    assert not any(comes_in() for _ in range(5))


@pytest.mark.mosquitto
def test_who_has_renewed_comes_back_with_the_newer_certificate_and_is_let_be(guarded: Deployment) -> None:
    one, files = guarded.unit(LASTS)
    newer = guarded.enrol(one)
    device = guarded.client(one, files).connect()
    until(lambda: device.gone, "the end of the older one", LASTS.total_seconds() + WITHIN_S)
    fresh: list[Client] = []

    def is_in() -> bool:
        fresh.append(guarded.client(one, newer).connect())
        return fresh[-1].accepted and stays(guarded, fresh[-1])

    until(is_in, "the newer certificate")
    assert not guarded.client(one, files).connect().accepted


@pytest.mark.mosquitto
def test_a_grace_that_ends_while_the_device_is_connected_ends_its_session_and_puts_it_on_the_list(
    guarded: Deployment,
) -> None:
    one, files = guarded.unit()
    device = guarded.client(one, files).connect()
    assert device.accepted
    own = devices.certificate_table.c.product_id == one
    graced = sa.update(devices.certificate_table).where(own)
    guarded.db.run(lambda tx: tx.session.execute(graced.values(valid_until=tx.now + timedelta(seconds=1))))
    until(lambda: device.gone, "the end of the connection", 1 + WITHIN_S)
    assert not guarded.client(one, files).connect().accepted


@pytest.mark.mosquitto
def test_a_certificate_that_ends_while_the_guard_is_away_is_not_forgotten(guarded: Deployment) -> None:
    one, files = guarded.unit(LASTS)
    device = guarded.client(one, files).connect()
    guarded.end(guarded.guard, signal.SIGKILL)
    over = time.monotonic() + LASTS.total_seconds()
    until(lambda: time.monotonic() > over, "the end of the certificate", 2 * LASTS.total_seconds())
    assert not device.gone, "Mosquitto looks at certificates at the handshake alone"
    guarded.start_guard()
    until(lambda: device.gone, "the end of the connection", WITHIN_S)


def test_a_revoked_password_is_cut_off_too(systems: Callable[[str], Deployment]) -> None:
    system = systems("embedded")
    one, _ = system.unit()
    password = system.db.run(lambda tx: identity.issue_credential(tx, system.keys, one)).password

    def connected() -> Client:
        client = Client(system.settings.mqtt_port, one)
        client.paho.username_pw_set(one, password)
        system.clients.append(client.connect())
        return client

    device = connected()
    assert device.accepted
    system.revoke(one)
    until(lambda: device.gone, "the end of the connection", WITHIN_S)
    assert not connected().accepted


@pytest.mark.mosquitto
def test_what_happens_while_the_guard_is_away_is_done_when_it_comes_back(guarded: Deployment) -> None:
    one, files = guarded.unit()
    device = guarded.client(one, files).connect()
    guarded.end(guarded.guard, signal.SIGKILL)
    guarded.revoke(one)
    assert not device.gone
    guarded.start_guard()
    until(lambda: device.gone, "the end of the connection", WITHIN_S)
    assert not guarded.client(one, files).connect().accepted


@pytest.mark.mosquitto
def test_what_happens_while_mosquitto_is_away_holds_when_it_comes_back(guarded: Deployment) -> None:
    (one, files), (other, others) = guarded.unit(), guarded.unit()
    assert guarded.client(one, files).connect().accepted
    guarded.end(guarded.broker, signal.SIGKILL)
    guarded.revoke(one)
    until(lambda: f"{one} was revoked and could not" in guarded.said(), "the guard's complaint")
    guarded.start_mosquitto()
    until(lambda: f"{one} was revoked and is cut off" in guarded.said(), "the guard's work")
    assert not guarded.client(one, files).connect().accepted
    assert guarded.client(other, others).connect().accepted


@pytest.mark.mosquitto
def test_a_second_start_of_the_guard_disturbs_nobody_who_may_be_in(guarded: Deployment) -> None:
    one, _ = guarded.unit()
    guarded.revoke(one)
    until(lambda: f"{one} was revoked and is cut off" in guarded.said(), "the first work")
    device = guarded.client(one, guarded.enrol(one)).connect()
    assert device.accepted
    until((guarded.folder / "guard.json").exists, "what it remembers")
    guarded.end(guarded.guard)
    guarded.start_guard()
    assert stays(guarded, device)


@pytest.mark.mosquitto
@pytest.mark.postgres
def test_the_guard_outlives_its_database(postgres_server: Postgres, postgres_template: str, tmp_path: Path) -> None:
    name = postgres_server.create(postgres_template)
    with deployment.mosquitto(tmp_path, postgres_server.url(name)) as made:
        one, files = made.unit()
        device = made.client(one, files).connect()
        away = f"{name}_away"
        postgres_server.rename(name, away)
        until(lambda: "could not look after the broker" in made.said(), "the guard's complaint")
        postgres_server.rename(away, name)
        made.db.engine.dispose()
        made.revoke(one)
        until(lambda: device.gone, "the end of the connection", 20)


def measured_drop_s(system: Deployment) -> float:
    """From the commit of the revocation to the end of the connection, as the device sees it."""
    one, files = system.unit()
    device = system.client(one, files).connect()
    assert device.accepted
    system.revoke(one)
    begun = time.monotonic()
    until(lambda: device.gone, "the end of the connection", 20)
    return time.monotonic() - begun
