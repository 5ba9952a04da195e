"""What is refused before anything is started: one line, no stack trace, and nothing made."""

from pathlib import Path

import pytest

from cloud import brokers
from cloud.__main__ import addresses, main
from cloud.errors import SetupError
from cloud.settings import load_settings
from cloud.supervisor import check_ports


def refused(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> str:
    assert main(list(words)) == status
    return capsys.readouterr().err


def test_a_rate_of_nothing_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--rate" in refused(capsys, 2, "sim", "--rate", "0")


def test_a_start_that_is_no_time_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("yesterday", "2026-11-22T08:00:00"):
        assert "RFC 3339" in refused(capsys, 2, "sim", "--start", wrong)


@pytest.mark.parametrize("words", [("keys", "create", "me"), ("db", "replay")], ids=" ".join)
def test_a_folder_never_started_is_named_and_stays_as_it_was(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "typo"
    said = refused(capsys, 1, *words, "--data-dir", str(place)).strip()
    assert (said.splitlines(), str(place) in said) == ([said], True)
    assert not place.exists()


@pytest.mark.parametrize("words", [("keys", "create", "me"), ("db", "replay")], ids=" ".join)
def test_a_database_without_tables_is_named(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "throughline.db").touch()
    said = refused(capsys, 1, *words, "--data-dir", str(tmp_path)).strip()
    assert (said.splitlines(), "the database is empty" in said) == ([said], True)


@pytest.mark.parametrize("url", ["mysql://u@h/d", "postgresql://u@h/d", "sqlite+aiosqlite:///f", "nonsense://"])
def test_a_database_that_is_not_spoken_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THROUGHLINE_DATABASE_URL", url)
    said = refused(capsys, 1, "db", "upgrade", "--data-dir", str(tmp_path)).strip()
    assert (said.splitlines(), "postgresql+psycopg://" in said) == ([said], True)


@pytest.mark.parametrize("option", ["--port", "--mqtt-port"])
def test_port_0_is_refused(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, 1, "up", option, "0", "--data-dir", str(tmp_path / "new"))
    assert option.strip("-").replace("-", "_") in said
    assert not (tmp_path / "new").exists()


def test_one_port_for_two_services_is_named_as_such() -> None:
    same = load_settings(port=8000, mqtt_port=8000)
    with pytest.raises(SetupError, match="both --port and --mqtt-port"):
        check_ports(same, ["broker", "work", "api"])
    same = load_settings(mqtt_port=8883)
    with pytest.raises(SetupError, match="both --mqtt-port and --mqtt-tls-port"):
        check_ports(same, ["broker"])


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"mqtt_host": "0.0.0.0"}, "mqtt_tls_host"),  # noqa: S104 - what is refused
        ({"mqtt_host": "192.0.2.7", "plain_devices": True}, "plain_devices"),
        ({"mqtt_host": "192.0.2.7", "plain_devices": True, "broker": "external", "mqtt_tls": True}, "plain_devices"),
        ({"mqtt_host": "broker.example", "broker": "external"}, "set mqtt_tls"),
        ({"mqtt_tls": True}, "for an external broker"),
    ],
)
def test_a_password_that_would_leave_this_machine_in_the_clear_stops_the_start(
    given: dict[str, object], what: str
) -> None:
    with pytest.raises(SetupError, match=what):
        check_ports(load_settings(**given), ["broker", "work", "api"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_on_this_machine_devices_may_have_passwords_when_somebody_says_so(host: str) -> None:
    brokers.check(load_settings(mqtt_host=host, plain_devices=True))
    brokers.check(load_settings(mqtt_host="broker.example", broker="external", mqtt_tls=True))


def test_an_ipv6_address_stands_in_brackets() -> None:
    found = addresses(load_settings(host="::1", mqtt_host="::1", mqtt_tls_host="::1"))
    assert found["Phone page"] == "http://[::1]:8000/app"
    assert found["MQTT, services"] == "mqtt://[::1]:1883"
    assert found["MQTT, devices"] == "mqtts://[::1]:8883"


def test_it_is_said_where_mail_goes(tmp_path: Path) -> None:
    assert addresses(load_settings(data_dir=tmp_path))["Mail"] == f"files in {tmp_path / 'mail'}"
    assert addresses(load_settings(smtp_host="::1", smtp_security="tls"))["Mail"] == "[::1]:587, by TLS"


def test_who_starts_it_is_told_whose_forwarding_is_believed() -> None:
    assert "THROUGHLINE_TRUSTED_PROXIES" in addresses(load_settings())["Proxies"]
    assert addresses(load_settings(trusted_proxies=("10.0.0.5", "fd00::/8")))["Proxies"] == "10.0.0.5, fd00::/8"
