"""A situation as somebody wrote it, read strictly."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Json
from mobile_menu.content_loader import load_content
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.strict import patched, read_situation

LEAST = {"journey_id": "j", "stage": "support", "profile": "printer"}
RFC_7396: list[tuple[Json, Json, Json]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""The test cases of RFC 7396, appendix A."""


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396)
def test_a_merge_patch_does_what_the_standard_says(target: Json, patch: Json, result: Json) -> None:
    before = msgspec.json.encode(target)
    assert patched(target, patch) == result
    assert msgspec.json.encode(target) == before, "and leaves the target as it was"


@pytest.mark.parametrize("number", range(len(load_content("printer").tests)))
def test_every_situation_of_the_contents_own_tests_reads_back_as_itself(number: int) -> None:
    situation = load_content("printer").tests[number].situation
    assert read_situation(msgspec.json.decode(msgspec.json.encode(situation))) == situation


def test_the_least_that_makes_a_situation_is_one() -> None:
    assert read_situation(LEAST) == msgspec.convert(LEAST, type=Situation)


def test_all_misspelt_names_are_told_at_once() -> None:
    found = read_situation({**LEAST, "divice": 1, "device": {"levle": "ok"}, "relation": {"coupons": []}})
    assert isinstance(found, tuple)
    assert [one.pointer for one in found] == ["/divice", "/device/levle", "/relation/coupons"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from([*Situation.__struct_fields__, "level", "reasons", "code", "zone", "x/y~z"])


@given(st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=4), max_size=6))
def test_whatever_is_written_is_a_situation_or_says_where_it_is_none(written: dict[str, Json]) -> None:
    found = read_situation({**LEAST, **written})
    if isinstance(found, Situation):
        assert set(written) <= set(Situation.__struct_fields__)
    else:
        assert found
        assert all(one.what for one in found)
        assert all(one.pointer == "" or one.pointer.startswith("/") for one in found)
