"""Mosquitto's files. That Mosquitto obeys them is shown in tests/integration/broker."""

import base64
import hashlib
from typing import Any

import msgspec
import pytest

from broker.contract.topics import Up
from broker.errors import OpenDoorError
from broker.external import (
    CONFIGURATION,
    DEVICE_RULES,
    SERVICE_RULES,
    MosquittoSettings,
    mosquitto_files,
    password_file,
    password_line,
)


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def listeners(**settings: Any) -> list[str]:
    """The part before the first listener, and each listener's."""
    files = mosquitto_files(MosquittoSettings(directory="/etc/mosquitto", **settings))
    return files[CONFIGURATION].split("\nlistener ")


def test_nobody_is_anonymous_on_any_listener_and_a_devices_client_id_is_its_name() -> None:
    general, tls, plain, services = listeners(plain_port=1883)
    assert lines_of(general)[0] == "per_listener_settings true"
    for listener in (tls, plain, services):
        assert "allow_anonymous false" in lines_of(listener)
        assert "allow_zero_length_clientid false" in lines_of(listener)
    for listener in (tls, plain):
        assert "use_username_as_clientid true" in lines_of(listener)
        assert "acl_file /etc/mosquitto/devices.acl" in lines_of(listener)
    assert "password_file /etc/mosquitto/devices.passwd" in lines_of(plain)
    assert "password_file /etc/mosquitto/services.passwd" in lines_of(services)
    assert services.startswith("1884 127.0.0.1")
    assert plain.startswith("1883 127.0.0.1")


def test_devices_come_by_tls_with_a_certificate_that_is_not_revoked_and_by_nothing_else_unless_somebody_says_so() -> (
    None
):
    _, tls, services = listeners()
    assert tls.startswith("8883 127.0.0.1")
    assert {
        "require_certificate true",
        "use_identity_as_username true",
        "cafile /etc/mosquitto/trust.pem",
        "crlfile /etc/mosquitto/revoked.pem",
        "tls_version tlsv1.2",
        "ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
    } <= set(lines_of(tls))
    assert "password_file" not in tls
    assert services.startswith("1884")


@pytest.mark.parametrize(
    "open_door",
    [
        {"plain_port": 1883, "plain_host": "0.0.0.0"},  # noqa: S104 - what is refused
        {"plain_port": 1883, "plain_host": "broker.example"},
        {"service_host": "192.0.2.7"},
        {"service_host": "::"},
    ],
)
def test_a_listener_without_tls_is_this_machines_alone(open_door: dict[str, Any]) -> None:
    with pytest.raises(OpenDoorError):
        listeners(**open_door)


def test_services_of_other_machines_come_by_tls() -> None:
    services = listeners(service_host="192.0.2.7", service_tls=True)[-1]
    assert services.startswith("1884 192.0.2.7")
    assert {"certfile /etc/mosquitto/server.pem", "tls_version tlsv1.2"} <= set(lines_of(services))


def test_the_rules_name_every_kind_of_message_and_nothing_more() -> None:
    files = mosquitto_files(MosquittoSettings(directory="/etc/mosquitto"))
    writes = [f"pattern write tl/v1/%u/up/{kind.value}" for kind in Up]
    assert lines_of(files[DEVICE_RULES]) == [*writes, "pattern read tl/v1/%u/down/#"]
    assert lines_of(files[SERVICE_RULES]) == [
        "pattern readwrite tl/#",
        "pattern read $SYS/broker/store/messages/#",
        "pattern read $SYS/broker/retained messages/count",
        "pattern read $SYS/broker/publish/messages/dropped",
    ]


def test_no_session_expires_since_taking_over_one_that_does_ends_mosquitto_2_0_11() -> None:
    assert not [line for line in lines_of(listeners()[0]) if line.startswith("persistent_client_expiration")]


@pytest.mark.parametrize(("given", "line"), [({}, 1 << 30), ({"memory_limit_bytes": 500_000_000}, 500_000_000)])
def test_mosquittos_memory_has_a_limit(given: dict[str, int], line: int) -> None:
    assert f"memory_limit {line}" in lines_of(listeners(**given)[0])


def test_every_line_of_the_configuration_that_is_not_a_setting_is_a_comment() -> None:
    configuration = mosquitto_files(MosquittoSettings(directory="/etc/mosquitto"))[CONFIGURATION]
    assert "{" not in configuration
    assert all(len(line.split()) >= 2 for line in lines_of(configuration))


@pytest.mark.parametrize("directory", ["/etc\nallow_anonymous true", "", "/etc\r"])
def test_a_setting_cannot_begin_a_line_of_its_own(directory: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        mosquitto_files(MosquittoSettings(directory=directory))


def test_a_password_line_holds_iterations_salt_and_digest() -> None:
    salt = bytes(range(12))
    name, _, rest = password_line("printer", "secret", salt, 1000).partition(":")
    _, form, iterations, salt_64, digest_64 = rest.split("$")
    assert (name, form, iterations) == ("printer", "7", "1000")
    assert base64.b64decode(salt_64) == salt
    assert base64.b64decode(digest_64) == hashlib.pbkdf2_hmac("sha512", b"secret", salt, 1000)


@pytest.mark.parametrize(("username", "salt"), [("", bytes(12)), ("a:b", bytes(12)), ("a\nb", bytes(12)), ("a", b"")])
def test_a_username_that_would_break_the_file_is_refused(username: str, salt: bytes) -> None:
    with pytest.raises(ValueError, match="without colon"):
        password_line(username, "secret", salt)


def test_the_same_password_twice_gives_two_lines_that_differ() -> None:
    one, two = password_file([("a", "secret"), ("a", "secret")]).splitlines()
    assert one != two
