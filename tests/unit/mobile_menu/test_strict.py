"""A situation as somebody wrote it, read strictly."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.situation import Case, Coupon, Device, Level, Relation, Situation, SupplyLevel
from mobile_menu.rules.strict import patched, read_situation
from tests.unit.mobile_menu.situations import situations

CONTENT = load_content("printer")
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


HUGE = st.sampled_from([1e308, -1e308, 1e30, 10**40, -(10**40), 10**12, -(10**12), 1e12, 1e-300, 2**53, 0.5])
ODD = st.sampled_from(
    ["", "\ud800", "{ $model }", "\x00", "\u202e", "0" * 500, "é" * 64, "zz-ZZ", "../x", "XXX", "€€€"]
)
LEAVES: list[tuple[tuple[str | int, ...], st.SearchStrategy[Json]]] = [
    (("device", "usage", "pages_total"), HUGE),
    (("device", "days_left"), HUGE),
    (("device", "supplies", 0, "level_percent"), HUGE),
    (("device", "supplies", 0, "days_left"), HUGE),
    (("device", "supplies", 0, "name"), ODD),
    (("device", "commands", 0, "percent"), HUGE),
    (("device", "commands", 0, "lasts_min"), HUGE),
    (("device", "commands", 0, "detail"), ODD),
    (("device", "reasons", 0), ODD),
    (("relation", "coupon", "amount"), HUGE),
    (("relation", "coupon", "currency"), ODD),
    (("relation", "coupon", "code"), ODD),
    (("relation", "case", "unread"), HUGE),
    (("parcel", "promised_at"), st.sampled_from(["1970-01-01T00:00:00Z", "2999-12-31T23:59:59+23:59", "9999-12-31"])),
    (("parcel", "carrier"), ODD),
    (("steps", 0, "id"), ODD),
    (("journey_id",), ODD),
    (("model_name",), ODD),
    (("language",), ODD | st.sampled_from(["en", "de", "ar"])),
    (("gtin",), ODD),
]
"""Where the record, a device or an operator may say what nobody has thought of."""


def planted(written: Json, path: tuple[str | int, ...], value: Json) -> Json:
    """The same with this value there, if there is such a place."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(written, list) and isinstance(first, int):
        return [planted(one, rest, value) if at == first else one for at, one in enumerate(written)]
    if isinstance(written, dict) and isinstance(first, str):
        return {**written, first: planted(written.get(first), rest, value)}
    return written


@settings(max_examples=300, deadline=None)
@given(
    situations, st.lists(st.sampled_from(LEAVES).flatmap(lambda one: st.tuples(st.just(one[0]), one[1])), max_size=5)
)
def test_every_situation_that_is_let_in_has_a_menu(
    drawn: Situation, odd: list[tuple[tuple[str | int, ...], Json]]
) -> None:
    written = msgspec.json.decode(msgspec.json.encode(drawn))
    for path, value in odd:
        written = planted(written, path, value)
    found = read_situation(written)
    if isinstance(found, Situation):
        assert msgspec.json.encode(compose_menu(found, CONTENT).menu)
    else:
        assert all(one.what for one in found)


@pytest.mark.parametrize("level", [Level.OK, Level.ERROR])
@pytest.mark.parametrize("number", [1e308, -1e308, float("inf"), float("nan"), 1e30])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_whatever_number_a_device_tells_its_owner_has_a_menu(language: str, number: float, level: Level) -> None:
    supply = SupplyLevel(name="black", level_percent=10**40, days_left=number)
    device = Device(level=level, usage={"pages_total": number}, days_left=number, supplies=(supply,))
    told = Relation(case=Case(id="c", unread=10**40), coupon=Coupon(code="c", amount=10**40, currency="USD"))
    plain = Situation(journey_id="j", stage=Stage.SUPPORT, profile="printer", role=Role.OWNER, language=language)
    for relation in (Relation(), told):
        for stage in Stage:
            one = msgspec.structs.replace(plain, stage=stage, device=device, relation=relation)
            assert compose_menu(one, CONTENT).menu.sections


@pytest.mark.parametrize(
    ("odd", "pointer"),
    [
        ({"device": {"usage": {"pages_total": 1e308}}}, "/device/usage/pages_total"),
        ({"device": {"days_left": -1e13}}, "/device/days_left"),
        ({"device": {"days_left": float("nan")}}, "/device/days_left"),
        ({"relation": {"case": {"id": "c", "unread": 10**13}}}, "/relation/case/unread"),
        ({"model_name": "half \ud83d"}, "/model_name"),
    ],
)
def test_what_no_situation_has_is_told_with_its_place(odd: dict[str, Json], pointer: str) -> None:
    found = read_situation({**LEAST, **odd})
    assert isinstance(found, tuple)
    assert [one.pointer for one in found] == [pointer]
