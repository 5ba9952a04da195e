"""Whom the guard tells to read its files anew: Mosquitto alone, whoever has its number by now."""

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from broker.external import PID
from cloud.mosquitto_enforcer import MosquittoEnforcer
from cloud.mqtt import Address

NUMBER = 4242
NOBODY = Address("127.0.0.1", 1, "u", "p")


class Running:
    """A process by the number that the file says. It only notes what it is sent."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: list[int] = []
        self.sent: list[int] = []

    def __call__(self, pid: int) -> "Running":
        self.asked.append(pid)
        return self

    def name(self) -> str:
        return self._name

    def send_signal(self, number: int) -> None:
        self.sent.append(number)


def refused_by(folder: Path, monkeypatch: pytest.MonkeyPatch, process: Any) -> None:
    """Refusing somebody, with that process where a look at the number would look."""
    (folder / PID).write_text(f"{NUMBER}\n")
    monkeypatch.setattr(psutil, "Process", process)
    MosquittoEnforcer(folder, dict, NOBODY, lambda _unit: False).refuse(["x"])


def test_mosquitto_is_told_to_read_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mosquitto = Running("mosquitto")
    refused_by(tmp_path, monkeypatch, mosquitto)
    assert (mosquitto.asked, mosquitto.sent) == ([NUMBER], [signal.SIGHUP])


@pytest.mark.parametrize("name", ["postgres", "bash", "not-mosquitto", ""])
def test_a_stranger_who_was_given_mosquittos_number_since_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stranger = Running(name)
    refused_by(tmp_path, monkeypatch, stranger)
    assert (stranger.asked, stranger.sent) == ([NUMBER], [])
