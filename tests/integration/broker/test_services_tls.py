"""The cloud's own services over TLS to a Mosquitto elsewhere: encrypted, and to nobody but that one."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.external import SERVER, SERVICE_PASSWORDS, MosquittoSettings, mosquitto_files, password_file
from cloud.errors import SetupError
from cloud.intake import Intake
from cloud.mqtt import Address, Bus, tls_context
from tests.integration.broker.deployment import PROGRAM
from tests.integration.broker.harness import SERVICE, listens, until
from tests.integration.broker.pki import Authority
from tests.ports import free_port

pytestmark = pytest.mark.mosquitto
PASSWORD = "the secret of the service"
TOPIC = "tl/v1/01jd9s0000000000000000000a/up/status"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Address]:
    """A Mosquitto whose services' listener speaks TLS alone."""
    authority, port = Authority(tmp_path / "certificates"), free_port()
    server = authority.server(("localhost",))
    listen = MosquittoSettings(
        directory=str(tmp_path),
        tls_port=0,
        service_port=port,
        service_tls=True,
        user="root",
    )
    for name, content in mosquitto_files(listen).items():
        (tmp_path / name).write_text(content)
    (tmp_path / SERVER).write_bytes(Path(server.key).read_bytes() + Path(server.certificate).read_bytes())
    (tmp_path / SERVICE_PASSWORDS).write_text(password_file([(SERVICE, PASSWORD)]))
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([PROGRAM, "-c", str(tmp_path / "mosquitto.conf")], stderr=log) as process,  # noqa: S603 - our own
    ):
        until(lambda: listens(port), "mosquitto")
        yield Address("localhost", port, SERVICE, PASSWORD, tls=True, ca_file=authority.trust)
        process.terminate()


def test_bus_and_intake_speak_through_tls(elsewhere: Address) -> None:
    intake, bus = Intake(elsewhere, "one", 100), Bus(elsewhere, f"{SERVICE}-bus")
    intake.start()
    bus.start()
    try:
        until(lambda: intake.connected.is_set() and bus.connected.is_set(), "both")
        assert bus.deliver([(TOPIC, b"hello", False)]) == [True]
        batch = intake.lanes[0].take(1, 0.0, 20.0)
        assert [(one.topic, one.payload) for one in batch] == [(TOPIC, b"hello")]
        intake.acknowledge(batch)
    finally:
        intake.close()
        bus.close()


# paho leaves a socket whose handshake failed to the garbage collector, which warns of it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("wrong", ["name", "authority", "no authority", "no TLS"])
def test_to_a_broker_that_is_not_vouched_for_no_password_is_sent(
    elsewhere: Address, wrong: str, tmp_path: Path
) -> None:
    address = {
        "name": elsewhere._replace(host="127.0.0.1"),
        "authority": elsewhere._replace(ca_file=Authority(tmp_path / "foreign", "foreign").trust),
        "no authority": elsewhere._replace(ca_file=""),
        "no TLS": elsewhere._replace(tls=False, ca_file=""),
    }[wrong]
    if address.tls:
        with (
            socket.create_connection((address.host, address.port), timeout=20) as raw,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            tls_context(address.ca_file).wrap_socket(raw, server_hostname=address.host)
    intake, bus = Intake(address, "one", 100), Bus(address, f"{SERVICE}-bus")
    intake.start()
    bus.start()
    try:
        assert not bus.connected.wait(1)
        assert not intake.connected.is_set()
    finally:
        intake.close()
        bus.close()


def test_a_file_that_holds_no_authority_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(SetupError, match="mqtt_ca_file"):
            tls_context(str(tmp_path / name))
