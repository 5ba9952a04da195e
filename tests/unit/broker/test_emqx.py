"""EMQX's files. They are not run; that they say what they should, and nothing else, is seen here."""

from typing import Any

import msgspec
import pytest

from broker.emqx import API_KEYS, CONFIGURATION, RULES, EmqxSettings, emqx_files
from broker.errors import OpenDoorError


def files(**changes: Any) -> dict[str, str]:
    given = {
        "directory": "/etc/emqx-tl",
        "hook_url": "https://api.example",
        "hook_token": "tlh_secret",
        "api_key": "throughline:key",
    }
    return emqx_files(EmqxSettings(**(given | changes)))


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "%%"))]


def test_devices_come_by_tls_with_a_certificate_and_by_no_other_door() -> None:
    lines = lines_of(files()[CONFIGURATION])
    for wanted in (
        "verify = verify_peer",
        "fail_if_no_peer_cert = true",
        'versions = ["tlsv1.3", "tlsv1.2"]',
        'cacertfile = "/etc/emqx-tl/trust.pem"',
        "peer_cert_as_username = cn",
        "peer_cert_as_clientid = cn",
        "listeners.tcp.default.enable = false",
        "listeners.ws.default.enable = false",
        "listeners.wss.default.enable = false",
        "no_match = deny",
        "max_qos_allowed = 1",
    ):
        assert wanted in lines
    assert "listeners.tcp.services {" in lines
    assert 'bind = "127.0.0.1:1884"' in lines


def test_both_questions_go_to_the_hook_with_its_token() -> None:
    text = files()[CONFIGURATION]
    assert 'url = "https://api.example/hooks/broker/auth"' in text
    assert 'url = "https://api.example/hooks/broker/acl"' in text
    assert text.count('"authorization" = "Bearer tlh_secret"') == 2
    assert 'cert_pem = "${cert_pem}"' in text, "EMQX's own variables stay"


def test_every_gap_is_filled_and_every_bracket_closed() -> None:
    text = ""
    for tls in (False, True):
        made = files(service_tls=tls)
        text = made[CONFIGURATION]
        assert "<" not in text.replace("<-", "")
        assert (text.count("{"), text.count("[")) == (text.count("}"), text.count("]"))
        assert all(line.endswith("}.") for line in lines_of(made[RULES]))
        assert made[API_KEYS] == "throughline:key:administrator\n"
    assert "listeners.ssl.services {" in text


def test_it_says_that_it_is_not_run_by_the_tests() -> None:
    assert "NOT RUN BY THE TESTS" in files()[CONFIGURATION]


@pytest.mark.parametrize("wrong", ['a"b', "a\nb", "a\\", "${password}", ""])
@pytest.mark.parametrize("name", ["directory", "hook_url", "hook_token", "service_user"])
def test_a_setting_cannot_end_its_string(name: str, wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        files(**{name: wrong})


def test_services_of_other_machines_come_by_tls() -> None:
    with pytest.raises(OpenDoorError):
        files(service_host="192.0.2.7")
    assert 'bind = "192.0.2.7:1884"' in files(service_host="192.0.2.7", service_tls=True)[CONFIGURATION]
    assert 'bind = "[::1]:1884"' in files(service_host="::1")[CONFIGURATION]
