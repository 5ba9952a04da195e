"""Depth and width are told from the bytes, and the same as a reader of the JSON would find them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.json_shape import MAX_DEPTH, MAX_PARTS, shape_problem

TEXTS = st.text(st.sampled_from('[]{}",\\ab\n'), max_size=12)
VALUES = st.recursive(st.none() | st.integers() | TEXTS, lambda one: st.lists(one) | st.dictionaries(TEXTS, one))


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def nested(levels: int, inside: str = "1") -> bytes:
    return ("[" * levels + inside + "]" * levels).encode()


@given(VALUES, st.integers(0, 2 * MAX_DEPTH))
def test_what_is_refused_for_its_depth_is_exactly_what_is_too_deep(value: Any, wrapped: int) -> None:
    body = nested(wrapped, json.dumps(value))
    assert bool(shape_problem(body)) == (wrapped + depth(value) > MAX_DEPTH)


@pytest.mark.parametrize("text", ["[" * 500, "{" * 500, "," * MAX_PARTS, '\\"' + "[" * 500, "[" * 40 + '\\\\"'])
def test_brackets_and_commas_within_a_text_are_text(text: str) -> None:
    assert shape_problem(json.dumps({"text": text}).encode()) == ""


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 10_000, 250_000])
def test_more_levels_than_any_call_needs_are_refused(levels: int) -> None:
    assert "deeper" in shape_problem(nested(levels)) or "more than" in shape_problem(nested(levels))
    objects = b'{"a":' * levels + b"1" + b"}" * levels
    assert shape_problem(objects) != ""


def test_as_many_levels_and_values_as_allowed_pass() -> None:
    assert shape_problem(nested(MAX_DEPTH)) == ""
    assert shape_problem(json.dumps([0] * MAX_PARTS).encode()) == ""


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"0," * MAX_PARTS + b"0]",
        b"{" + b",".join(b'"%d":0' % number for number in range(MAX_PARTS + 1)) + b"}",
        b"[]" * (MAX_PARTS + 1),
    ],
    ids=["elements", "members", "brackets"],
)
def test_more_values_than_any_call_needs_are_refused(body: bytes) -> None:
    assert "more than" in shape_problem(body)


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_which_a_reader_may_guess_cannot_hide_the_depth(form: str) -> None:
    deep = nested(5_000).decode()
    assert json.loads(nested(30).decode().encode(form)) is not None, "Python's reader takes it"
    assert shape_problem(deep.encode(form)) != ""
    # Read as single bytes, the escaped quote ends its text too early, and what follows would seem to be text.
    assert shape_problem(json.dumps(['"', [json.loads(deep[4_900:5_101])]]).encode(form)) != ""


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_there_is_an_answer(body: bytes) -> None:
    assert isinstance(shape_problem(body), str)


def test_a_text_without_its_end_takes_one_pass() -> None:
    assert shape_problem(b"[" * 40 + b'"' + b"\\" * 200_000) != ""
    assert shape_problem(b'"' * 200_001 + b"[" * 40) == ""
