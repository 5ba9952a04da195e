"""How much a reported state may take in: as much as if each of its fields were looked at every time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Json
from cloud.twin import rules
from cloud.twin.rules import Room

FIELDS, BYTES = 5, 80
said = st.lists(
    st.dictionaries(
        st.sampled_from("abcdefg"), st.none() | st.text("xä", max_size=20) | st.integers(0, 10**9), max_size=4
    ),
    max_size=12,
)


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_FIELDS", FIELDS)
    monkeypatch.setattr(rules, "MAX_REPORTED_BYTES", BYTES)


@given(st.dictionaries(st.sampled_from("abcdefg"), st.text("xä", max_size=9), max_size=FIELDS), said)
def test_there_is_room_exactly_as_long_as_the_merged_fields_are_within_the_bounds(
    known: dict[str, Json], said: list[dict[str, Json]]
) -> None:
    room = Room({name: (value, 1, 1) for name, value in known.items()})
    for heard in said:
        after = {**known, **heard}
        size = sum(len(name) + len(msgspec.json.encode(value)) for name, value in after.items())
        fits = len(after) <= FIELDS and size <= BYTES
        assert (room.take(heard) == "") == fits
        known = after if fits else known


def test_why_there_is_no_room_is_said() -> None:
    room = Room({})
    assert room.take(dict.fromkeys("abcdef", 0)) == "the device's state would have more than 5 fields"
    assert room.take({"a": "x" * BYTES}) == "the device's state would have more than 80 bytes"


def test_what_a_field_says_last_is_what_counts() -> None:
    room = Room({"a": ("x", 1, 1)})
    assert room.take({"a": "x" * 78}) == "the device's state would have more than 80 bytes"
    assert room.take({"a": "x" * 77}) == ""
    assert room.take({"a": "x" * 76}) == ""
