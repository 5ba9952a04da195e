"""Which JSON values every receiver can take."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import depth_of, unsendable
from broker.contract.messages import Command, Json
from broker.contract.topics import Down
from broker.contract.values import MAX_INTEGER, number_problem, value_problem
from tests.services import ManualClock

LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANY = st.recursive(LEAF, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3))


@pytest.mark.parametrize(
    "bad", ["\0", "\ud800", "a\udfffb", MAX_INTEGER + 1, -MAX_INTEGER - 1, float("inf"), float("nan")], ids=repr
)
def test_one_bad_part_is_found_however_deep_it_is(bad: Json) -> None:
    value: Json = bad
    for _ in range(5_000):
        value = {"a": [1, value, "b"]}
    assert value_problem(value)
    if isinstance(bad, str):
        assert value_problem([{bad: 1}])
        assert not number_problem(value)


@pytest.mark.parametrize("good", ["", "😀", "\\u0000", "\n", MAX_INTEGER, -MAX_INTEGER, 1e308, True, None, {}, []])
def test_what_every_receiver_takes_has_no_problem(good: Json) -> None:
    assert value_problem({"a": [good]}) == ""


@given(ANY)
def test_what_has_no_problem_survives_json_and_no_problem_raises(value: Json) -> None:
    if value_problem(value):
        return
    assert msgspec.json.decode(msgspec.json.encode(value)) == json.loads(json.dumps(value))
    assert "\\u0000" not in json.dumps(value).replace("\\\\", "")


@given(st.dictionaries(st.text(), ANY, max_size=3))
def test_whatever_its_arguments_a_command_can_be_sent_or_says_why_not(arguments: dict[str, Json]) -> None:
    message = Command(id="c1", name="ping", arguments=arguments, expires_at=ManualClock()())
    if not unsendable(Down.COMMAND, message):
        assert depth_of(arguments) <= 8
        assert not value_problem(arguments)
