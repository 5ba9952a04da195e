"""By which names a request for figures was meant for this machine."""

import pytest

from cloud.metrics.callers import names_here


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:9464", "127.1.2.3", "[::1]", "[::1]:8000"]
)
def test_loopback_names_and_addresses_are_this_machine(host: str) -> None:
    assert names_here(host)


@pytest.mark.parametrize("host", ["id.example", "ID.example:443"])
def test_a_known_name_is_this_machine_for_who_knows_it(host: str) -> None:
    assert names_here(host, "Id.example")
    assert not names_here(host)
    assert not names_here(host, "example")


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":8000",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "192.0.2.1:8000",
        "[2001:db8::1]:8000",
        "[evil.example]",
        "[",
        "127.0.0.1@evil.example",
    ],
)
def test_nothing_else_is(host: str) -> None:
    assert not names_here(host, "")
