"""Ports that a demo or a bench finds for itself: nobody else is given them before they are used."""

import socket
from pathlib import Path

import pytest

from cloud import supervisor
from cloud.supervisor import FREE_PORTS, free_port

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_no_port_is_given_twice() -> None:
    found = [free_port() for _ in range(600)]
    assert len(set(found)) == len(found)
    assert all(port in FREE_PORTS for port in found)


@pytest.mark.skipif(not RANGE.exists(), reason="only Linux says which ports it gives")
def test_none_of_them_is_one_that_the_kernel_gives() -> None:
    first, last = map(int, RANGE.read_text().split())
    assert not set(FREE_PORTS) & set(range(first, last + 1))


def test_one_that_somebody_listens_at_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as somebody:
        taken = free_port()
        somebody.bind(("127.0.0.1", taken))
        somebody.listen()
        monkeypatch.setattr(supervisor, "_given", set())
        monkeypatch.setattr(supervisor, "FREE_PORTS", range(taken, taken + 1))
        with pytest.raises(OSError, match=f"{taken} is free"):
            free_port()
