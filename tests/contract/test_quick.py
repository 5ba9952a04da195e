"""The short way to read a status ends as the long one does, whatever it was taught."""

import string
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.contract import quick
from broker.contract.codec import Accepted, Rejection, decode_up
from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic

TOPIC = up_topic("01jd9s0000000000000000000a", Up.STATUS)
WORDS = ["idle", "stopped", "media-jam-error", "black", "x_1", "Idle", "a b", "", "1st", "n" * 65, "k" * 256]
words = st.sampled_from(WORDS) | st.text(string.ascii_letters + "-_.é ", max_size=4)
levels = st.integers(-4, 101) | st.sampled_from(["1", None, 1.0, 1.5, True, 2**64])
open_values = st.sampled_from([1, "x", None, True, 2**63, -(2**63), 2**63 - 1, 10**18, 10**19, [[1]], {"a": [2**70]}])


def _nested(depth: int) -> Json:
    return {"a": _nested(depth - 1)} if depth else []


reports = st.fixed_dictionaries(
    {},
    optional={
        "state": words | st.none() | st.just(7),
        "reasons": st.lists(words, max_size=3) | st.sampled_from([None, "idle", ["idle"] * 65, [None]]),
        "supplies": st.lists(
            st.fixed_dictionaries({}, optional={"name": words, "level_percent": levels, "kind": words, "color": words}),
            max_size=2,
        )
        | st.sampled_from([None, 7, [7], [{"name": "black", "level_percent": 1}] * 65]),
        "pages": open_values | st.integers(0, 9).map(_nested),
    },
)
heads = st.fixed_dictionaries(
    {},
    optional={
        "schema": st.sampled_from([1, 1, 1, 2, "1", None]),
        "boot": st.sampled_from([1, 0, -1, "1", 2**53, True]),
        "seq": st.sampled_from([1, 0, 1.0]),
        "at": st.sampled_from(["2026-11-22T09:30:00Z", "2026-11-22T09:30:00", "now"]),
        "epoch": st.sampled_from([0, None, -1]),
        "more": open_values,
    },
)
GOOD = {"schema": 1, "boot": 1, "seq": 1, "at": "2026-11-22T09:30:00Z"}


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "NAMES", quick.Words())
    monkeypatch.setattr(quick, "KEYWORDS", quick.Words())


def the_long_way(payload: bytes) -> Accepted | Rejection:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "read_status", lambda _payload: None)
        return decode_up(TOPIC, payload)


def agree(payload: bytes) -> None:
    expected = the_long_way(payload)  # which teaches, when it accepts
    for _ in range(2):
        assert decode_up(TOPIC, payload) == expected


@given(st.lists(st.tuples(heads, reports, st.dictionaries(words, open_values, max_size=2)), min_size=1, max_size=3))
@example([(GOOD, {"state": "idle"}, {}), (GOOD, {"state": "x_1"}, {"x_1": 1}), (GOOD, {"reasons": ["x_1"]}, {})])
def test_any_status_is_read_alike_whatever_was_read_before_it(said: list[tuple[Any, ...]]) -> None:
    for head, reported, more in said:
        agree(msgspec.json.encode({**GOOD, **head, "reported": {**reported, **more}}))


@given(st.data())
def test_a_status_that_was_damaged_on_its_way_is_read_alike(data: st.DataObject) -> None:
    whole = msgspec.json.encode(
        {**GOOD, "reported": {"state": "idle", "supplies": [{"name": "k", "level_percent": 1}]}}
    )
    agree(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    agree(whole[:at] + data.draw(st.binary(max_size=2)) + whole[at + data.draw(st.integers(0, 2)) :])


def _supply(**fields: Json) -> dict[str, Json]:
    return {"supplies": [{"name": "black", "level_percent": 1, **fields}]}


@pytest.mark.parametrize(
    "reported",
    [
        {"pages": _nested(8)},
        {"pages": 2**63},
        {"pages": [{"a": -(2**64)}]},
        {"pages": 1, "Page": 2},
        {"state": "Idle"},
        {"state": 1},
        {"reasons": ["none", "No"]},
        {"reasons": ["none"] * 65},
        {"supplies": [{"name": "black", "level_percent": 1}] * 65},
        {"supplies": [{"name": "black"}]},
        {f"n{number}": 1 for number in range(65)},
        _supply(level_percent=-4),
        _supply(level_percent=101),
        _supply(level_percent=1.5),
        _supply(name="Black"),
        _supply(kind="No Kind"),
        _supply(kind=None),
        _supply(color="x" * 129),
        _supply(color=7),
    ],
)
def test_of_words_that_are_all_known_but_one_what_is_wrong_is_refused_as_ever(reported: dict[str, Json]) -> None:
    quick.NAMES.learn(
        [*(f"n{number}" for number in range(65)), "pages", "state", "reasons", "supplies", "black", "toner"]
    )
    quick.KEYWORDS.learn(["idle", "none"])
    payload = msgspec.json.encode({**GOOD, "reported": reported})
    assert quick.read_status(payload) is None
    assert isinstance(decode_up(TOPIC, payload), Rejection)


def test_what_is_known_is_read_the_short_way_and_a_name_is_no_keyword() -> None:
    def status(**reported: Json) -> bytes:
        return msgspec.json.encode({**GOOD, "reported": reported})

    assert quick.read_status(status(state="idle")) is None
    decode_up(TOPIC, status(state="idle", pages_total=1))
    assert quick.read_status(status(state="idle")) is not None
    assert quick.read_status(status(state="pages_total")) is None
    assert isinstance(decode_up(TOPIC, status(state="pages_total")), Rejection)


def test_a_word_that_was_refused_is_not_learnt() -> None:
    refused = msgspec.json.encode({**GOOD, "reported": {"good": 1, "state": "Not one"}})
    assert isinstance(decode_up(TOPIC, refused), Rejection)
    assert not quick.NAMES.know(["good"])
    assert not quick.KEYWORDS.know(["Not one"])


def test_words_without_end_fill_no_memory() -> None:
    known = quick.Words()
    for number in range(3 * quick.MAX_WORDS):
        known.learn([str(number)])
        assert known.know([str(number)])
        assert len(known) <= quick.MAX_WORDS
