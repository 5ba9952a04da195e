"""The language of conditions: what is written is read the same, and what is wrong is refused where it stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_menu.rules.names import NAMES, Name, Type
from mobile_menu.rules.syntax import (
    MAX_ATOMS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_VALUES,
    Problem,
    _how_to_ask,
    parse,
)
from mobile_menu.rules.tree import (
    ALWAYS,
    Compare,
    Condition,
    Flag,
    Has,
    Is,
    Meets,
    Not,
    both,
    depth,
    either,
    negation,
    written,
)
from tests.unit.mobile_menu.trees import conditions

SIGNS = ["&&", "||", "!", "==", "!=", "<", "in", "(", ")", "[", "]", ",", '"ok"', "'shop'", "7", "has", "timestamp"]
SHOP = Is("place.zone", ("shop",))
ENGAGED = Is("stage", ("engaged",))
PROVEN = Flag("place.proven")


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_what_is_written_is_read_as_the_same_condition(drawn: Condition) -> None:
    if depth(drawn) <= MAX_DEPTH:
        assert parse(written(drawn)) == drawn


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", ALWAYS),
        (" \n ", ALWAYS),
        ("place.proven", PROVEN),
        ("(((place.proven)))", PROVEN),
        ("!!place.proven", PROVEN),
        ("!place.proven", Not(PROVEN)),
        ("stage == 'engaged'", ENGAGED),
        ('stage!="engaged"', negation(ENGAGED)),
        ('stage in [ "engaged" ]', ENGAGED),
        ('place.proven && stage == "engaged" || place.zone == "shop"', either(both(PROVEN, ENGAGED), SHOP)),
        ('place.proven || stage == "engaged" && place.zone == "shop"', either(PROVEN, both(ENGAGED, SHOP))),
        ('(place.proven || stage == "engaged") && place.zone == "shop"', both(either(PROVEN, ENGAGED), SHOP)),
        ('place.proven && (stage == "engaged" && place.zone == "shop")', both(PROVEN, ENGAGED, SHOP)),
        ("!place.proven && place.proven", both(negation(PROVEN), PROVEN)),
        ("has(steps)", Has("steps")),
        ('"pages_total" in device.usage', Meets("device.usage", ("pages_total",))),
        ('device.usage["a.b-c"] >= -1.5e3', Compare("device.usage", ">=", -1500.0, "a.b-c")),
        ('device.since < timestamp("1971-01-01T01:00:00+01:00")', Compare("device.since", "<", 31536000.0)),
        ('model_name == "it\'s <b>"', Is("model_name", ("it's <b>",))),
    ],
)
def test_a_condition_is_read_with_cels_precedence(text: str, tree: Condition) -> None:
    assert parse(text) == tree


REFUSED = [
    ('stagee == "closed"', 1, 1, "unknown name `stagee`; did you mean `stage`?"),
    ('place.proven &&\n  zone == "here"', 2, 3, "unknown name `zone`; did you mean `place.zone`?"),
    ('stage == "supprt"', 1, 10, "`stage` is never `supprt`; did you mean `support`?"),
    (
        'stage in ["support",\n "install",\n "instal"]',
        3,
        2,
        "`stage` is never `instal`; did you mean `install`?",
    ),
    ('role == "boss"', 1, 9, "`role` is never `boss`; it is one of visitor, guest, household, owner"),
    ('"lost" in relation.stalls', 1, 1, "`relation.stalls` is never `lost`"),
    ('next_step == "Unpack!"', 1, 14, "`Unpack!` is no word"),
    ("stage == 3", 1, 1, '`stage` is a word: write `stage == "interested"`'),
    ("stage", 1, 1, "`stage` is a word"),
    ('stage < "support"', 1, 7, "words have no order"),
    ("device.days_left == 'seven'", 1, 1, "`device.days_left` is a number"),
    ("device.days_left", 1, 1, "`device.days_left` is a number"),
    ("place.proven == 1", 1, 1, "`place.proven` is true or false by itself"),
    ("place.proven == true", 1, 17, "there is no `true`"),
    ("device.reasons", 1, 1, "`device.reasons` is a list of words"),
    ('device.reasons == "media-jam"', 1, 1, "`device.reasons` is a list of words"),
    ('device.reasons in ["media-jam"]', 1, 1, "write `sets.intersects(device.reasons, […])`"),
    ('"media-jam" in device.level', 1, 16, "nothing can be `in` it"),
    ('"support" == stage', 1, 1, "the name stands on the left: write `stage == …`"),
    ("7 > device.days_left", 1, 1, "the name stands on the left: write `device.days_left < …`"),
    ("device.days_left < device.lowest_supply_percent", 1, 20, "not with another name"),
    ("1 < 2", 1, 1, "there is no name in this comparison"),
    ("1 < device.days_left < 3", 1, 22, "compare two things at a time"),
    ("steps", 1, 1, "`steps` is there or not: write `has(steps)`"),
    ("has(stage)", 1, 1, "`has` asks for one of"),
    ("has(place.proven)", 1, 5, "is always known"),
    ('has(device.usage["jobs"])', 1, 1, "`has` asks for one of"),
    ("has(steps, steps)", 1, 1, "`has` asks for one of"),
    ("device.usage", 1, 1, "has figures by name"),
    ('device.usage["jobs"]', 1, 1, "is a number: compare it"),
    ('device.usage["jobs"] == "many"', 1, 1, "is a number: compare it"),
    ("device.usage[jobs] > 1", 1, 1, "only figures have"),
    ('device.reasons["jobs"] > 1', 1, 1, "only figures have"),
    ('device.usage["JOBS"] > 1', 1, 14, "`JOBS` is no word"),
    ("device.since < 7", 1, 1, "`device.since` is a time"),
    ('device.since < "2026-01-01"', 1, 1, "`device.since` is a time"),
    ('device.since < timestamp("2026-12-24")', 1, 26, "as RFC 3339 has it"),
    ('device.since < timestamp("2026-13-24T00:00:00Z")', 1, 26, "as RFC 3339 has it"),
    ('device.since < timestamp("0001-01-01T00:00:00+14:00")', 1, 26, "as RFC 3339 has it"),
    ("device.since < timestamp(7)", 1, 16, "write `timestamp("),
    ('device.reasons.exists(r, r == "x")', 1, 1, "there is no function `device.reasons.exists`; there are `has`"),
    ("size(device.reasons) > 0", 1, 1, "there is no function `size`"),
    ('sets.intersects(["x"], device.reasons)', 1, 1, "a list of words first"),
    ('sets.intersects(stage, ["support"])', 1, 1, "a list of words first"),
    ("stage in []", 1, 10, "a list has 1 to"),
    ('stage in ["support", "support"]', 1, 22, '"support" is in the list twice'),
    ("stage in [1]", 1, 11, "a list has texts in it"),
    ('stage in ["support" "install"]', 1, 21, "`,` is missing before"),
    ('stage in ["support"', 1, 20, "`,` is missing before the end"),
    ('stage = "support"', 1, 7, "`=` compares nothing; write `==`"),
    ("place.proven & in_distress", 1, 14, "write `&&`"),
    ("place.proven and in_distress", 1, 14, "`and` cannot follow here; join conditions by `&&` or `||`"),
    ("place.proven &&", 1, 16, "the condition ends too early"),
    ("(place.proven", 1, 14, "`)` is missing before the end"),
    ("place.proven)", 1, 13, "`)` cannot follow here"),
    ("&& place.proven", 1, 1, "`&&` cannot stand here"),
    ('!"x" in links', 1, 2, "a value alone is no condition"),
    ('"x"', 1, 1, "a value alone is no condition"),
    ("true", 1, 1, "there is no `true`"),
    ('stage == "sup\nport"', 1, 10, "a text ends in the quote that it begins with"),
    ('stage == "sup\\"port"', 1, 10, "a text ends in the quote that it begins with"),
    ("stage == “support”", 1, 10, "'“' has no meaning here"),
    ("place.proven; import os", 1, 13, "';' has no meaning here"),
    ("__import__('os')", 1, 1, "there is no function `__import__`"),
    ("stage.__class__ == 'x'", 1, 1, "unknown name `stage.__class__`"),
    ("device.days_left < 1e999", 1, 20, "at most 15 digits"),
    ("device.days_left < 10000000000000000", 1, 20, "at most 15 digits"),
    ('model_name == "<script>"\x00', 1, 25, "has no meaning here"),
    (" ".join(["place.proven"] * 200), 1, MAX_LENGTH + 1, f"at most {MAX_LENGTH} characters"),
    ("(" * (MAX_DEPTH + 1) + "place.proven" + ")" * (MAX_DEPTH + 1), 1, MAX_DEPTH + 1, "deep in each other"),
    ("!" * 1900 + "place.proven", 1, MAX_DEPTH + 1, "deep in each other"),
    ("(" * 1900, 1, MAX_DEPTH + 1, "deep in each other"),
    (" || ".join(["has(steps)"] * (MAX_ATOMS + 1)), 1, 1, f"at most {MAX_ATOMS} things"),
    ("model_name in [" + ", ".join(f'"{n}"' for n in range(MAX_VALUES + 1)) + "]", 1, 15, f"1 to {MAX_VALUES} texts"),
]


@pytest.mark.parametrize(("text", "line", "column", "what"), REFUSED, ids=[text[:50] for text, *_ in REFUSED])
def test_what_is_wrong_is_refused_where_it_stands_with_a_sentence_that_helps(
    text: str, line: int, column: int, what: str
) -> None:
    found = parse(text)
    assert isinstance(found, Problem), found
    assert what in found.what
    assert (found.line, found.column) == (line, column)


def test_the_words_of_a_profile_are_known() -> None:
    words = {"device.reasons": ("media-jam", "cover-open"), "next_step": ("unpack",)}
    assert parse('"media-jam" in device.reasons && next_step == "unpack"', words)
    found = parse('"media-jamm" in device.reasons', words)
    assert found == Problem(1, 1, "`device.reasons` is never `media-jamm`; did you mean `media-jam`?")
    found = parse('next_step == "unpakc"', words)
    assert found == Problem(1, 14, "`next_step` is never `unpakc`; did you mean `unpack`?")


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(st.sampled_from([*NAMES, *SIGNS])).map(" ".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parse(text)
    if isinstance(found, Problem):
        assert 1 <= found.line <= text.count("\n") + 1
        assert found.column >= 1
    else:
        assert parse(written(found)) == found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_name_can_be_asked_as_its_sentence_says(name: Name) -> None:
    """The sentence that helps is itself right."""
    for key in ["", "jobs"] if name.type is Type.FIGURES else [""]:
        sentence = _how_to_ask(name, key)
        for example in sentence.split("`")[3::2]:
            assert not isinstance(parse(example.replace("…", "jobs")), Problem), example
