"""security.txt as RFC 9116 has it."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.errors import SetupError
from cloud.security_txt import security_txt
from cloud.settings import load_settings

NOW = datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC)
CONTACT = "mailto:security@acme.example"


def fields(**settings: str) -> dict[str, str]:
    text = security_txt(load_settings(**settings), NOW)
    assert text is not None
    assert text.endswith("\n")
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_without_a_contact_there_is_none() -> None:
    assert security_txt(load_settings(), NOW) is None


def test_it_says_whom_to_tell_until_when_and_where_it_stands() -> None:
    found = fields(security_contact=CONTACT, public_url="https://id.acme.example/")
    assert found["Contact"] == CONTACT
    assert found["Canonical"] == "https://id.acme.example/.well-known/security.txt"
    assert found["Preferred-Languages"] == "en, de"
    assert "Policy" not in found
    expires = datetime.fromisoformat(found["Expires"])
    assert timedelta(0) < expires - NOW < timedelta(days=365)


def test_the_policy_is_named_where_there_is_one() -> None:
    policy = "https://acme.example/security"
    assert fields(security_contact=CONTACT, security_policy_url=policy)["Policy"] == policy


@pytest.mark.parametrize(
    "wrong", ["security@acme.example", "http://acme.example", "mailto:a\nContact: b", "mailto:", "https://a b"]
)
def test_a_contact_that_is_no_address_stops_the_start(wrong: str) -> None:
    with pytest.raises(SetupError, match="security_contact"):
        load_settings(security_contact=wrong)
