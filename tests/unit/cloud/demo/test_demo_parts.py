"""Parts of the demo that need no system."""

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.contract.codec import Rejection, decode_up
from broker.contract.ids import new_id
from cloud.clock import TravelClock
from cloud.demo import run, story
from cloud.errors import SetupError
from cloud.settings import load_settings
from device_sim.credentials import Credential

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def test_what_is_printed_to_paste_jams_the_printer_and_then_clears_it() -> None:
    unit = Credential(id=new_id(NOW), password="p")
    text = run.by_hand(load_settings(), unit, NOW)
    messages = [json.loads(one) for one in re.findall(r"-m '(.+)'", text)]
    assert [(one["seq"], one["reported"]["reasons"]) for one in messages] == [(1, ["media-jam-error"]), (2, [])]
    assert text.count("mosquitto_pub") == 2
    assert "Raise seq" in text
    topics = re.findall(r"-t (\S+)", text)
    for topic, message in zip(topics, messages, strict=True):
        assert not isinstance(decode_up(topic, json.dumps(message).encode()), Rejection)


def test_a_folder_with_nothing_but_a_lock_is_the_demo_s(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with run.folder(tmp_path) as place:
        assert place == tmp_path
    (tmp_path / "letter").touch()
    with pytest.raises(SetupError, match="not the demo's"), run.folder(tmp_path):
        pass


def test_only_ports_that_were_not_named_are_free_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "free_port", lambda: 40_001)
    once = run.settings_for(True, Path("x"), load_settings(port=8123))
    assert (once.port, once.mqtt_port) == (8123, 40_001)
    left = run.settings_for(False, Path("x"), load_settings(port=8123))
    assert (left.port, left.mqtt_port) == (8123, 1883)


def test_every_jump_of_the_story_is_in_its_span() -> None:
    jumps = re.findall(r"\.later\((\w+)\)", inspect.getsource(story))
    assert len(jumps) == inspect.getsource(story).count("later(") == 4
    assert sum((getattr(story, name) for name in jumps), timedelta()) < story.SPAN


def test_a_clock_that_begins_behind_catches_up_exactly_and_one_ahead_stays(tmp_path: Path) -> None:
    clock = TravelClock(tmp_path / "clock", begin=-timedelta(days=27))
    assert TravelClock(tmp_path / "clock").offset == -timedelta(days=27), "a clock that is there goes on"
    clock.advance(timedelta(days=26))
    assert clock.offset == -timedelta(days=1)
    clock.catch_up()
    assert clock.offset == timedelta()
    clock.advance(timedelta(days=1))
    clock.catch_up()
    assert clock.offset == timedelta(days=1)
