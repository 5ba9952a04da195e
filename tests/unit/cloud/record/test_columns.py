"""Columns as the databases' text: read back by the rules of PostgreSQL's manual, they are what they were."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.record.columns import AsJson, array_literal, copy_rows, is_constant, json_texts, utc_text, utc_texts
from cloud.record.events import EventType

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["", "NULL", "\\N", "\\.", "\\", '"', "{}", ",", "a\tb", "a\nb", "a\r\nb", '{"a": "b\\n"}', "\\x00"]
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def read_copy(text: str) -> list[list[str | None]]:
    """Rows of COPY's text format, by its manual page."""
    return [[read_field(field) for field in line.split("\t")] for line in text.split("\n")[:-1]]


def read_field(field: str) -> str | None:
    return None if field == "\\N" else re.sub(r"\\(.)", lambda found: ESCAPED[found[1]], field)


def read_array(text: str) -> list[str | None]:
    """Elements of an array's text, by section 8.15.6 of the manual."""
    assert (text[0], text[-1]) == ("{", "}")
    found = re.findall(r'(?:"((?:[^"\\]|\\.)*)"|([^",]+))(?:,|$)', text[1:-1], re.DOTALL)
    return [
        None if plain == "NULL" else plain or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        for quoted, plain in found
    ]


@given(st.lists(st.tuples(TEXTS, TEXTS | st.none()), min_size=1))
def test_any_texts_come_out_of_copied_rows_as_they_went_in(rows: Sequence[tuple[str, str | None]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert read_copy(copy_rows(columns)) == [list(row) for row in rows]


@given(st.lists(TEXTS | st.none()) | st.lists(TEXTS))
def test_any_texts_come_out_of_an_array_as_they_went_in(values: list[str | None]) -> None:
    assert read_array(array_literal(values)) == values


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False)))
def test_numbers_stand_as_python_writes_them_in_arrays_and_rows(values: list[float]) -> None:
    written = [str(value) for value in values]
    assert read_array(array_literal(values)) == written
    if values:
        assert read_copy(copy_rows([values, values])) == [[one, one] for one in written]


@given(st.lists(JSONS) | st.lists(JSONS.filter(lambda value: value is not None)))
def test_any_values_are_kept_as_their_json_and_nothing_stays_nothing(values: list[object]) -> None:
    texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    assert json_texts(values) == texts
    assert read_array(array_literal(AsJson(values))) == texts
    assert read_copy(copy_rows([AsJson(values), AsJson(values[:1] * len(values))])) == [
        [one, texts[0]] for one in texts
    ]


@given(
    st.lists(st.tuples(TEXTS, TEXTS)),
    st.lists(st.none() | TEXTS | st.integers(0, 9) | st.just(AT), min_size=3, max_size=3),
)
def test_what_is_the_same_in_every_row_stands_in_every_row_wherever_its_column_is(
    rows: list[tuple[str, str]], same: list[object]
) -> None:
    words = [
        None if value is None else value.isoformat() if isinstance(value, datetime) else str(value) for value in same
    ]
    before, between, after = ([value] * len(rows) for value in same)
    columns: list[list[object]] = [before, [one for one, _ in rows], between, [other for _, other in rows], after]
    assert all(is_constant(column) for column in (before, between, after) if column)
    assert read_copy(copy_rows(columns)) == [[words[0], one, words[1], other, words[2]] for one, other in rows]
    assert read_copy(copy_rows([before, before])) == [[words[0]] * 2] * len(rows)


def test_equal_is_not_the_same() -> None:
    assert not is_constant([1, True])
    assert not is_constant([0.0, -0.0])
    assert read_copy(copy_rows([[1, True], [0.0, -0.0]])) == [["1", "0.0"], ["True", "-0.0"]]


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1))
def test_times_of_the_one_zone_are_those_times(values: list[datetime]) -> None:
    read = [read_array(array_literal(values)), [row[0] for row in read_copy(copy_rows([values]))]]
    assert [[datetime.fromisoformat(one or "") for one in column] for column in read] == [values] * 2


def test_a_zone_with_seconds_is_not_rounded() -> None:
    values = [AT, AT.astimezone(timezone(timedelta(hours=1, seconds=7)))]
    assert [datetime.fromisoformat(one or "") for one in read_array(array_literal(values))] == values


def test_columns_of_different_lengths_are_no_rows() -> None:
    with pytest.raises(ValueError, match="lengths"):
        copy_rows([["a"], ["b", "c"]])


def test_times_keep_their_zone_and_bytes_are_hexadecimal_and_words_of_an_enumeration_are_texts() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-3, minutes=-30)))
    rows = [[AT, b"\0\xff", EventType.DEVICE_BIRTH], [there, b"", EventType.DEVICE_STATUS]]
    texts = [
        ["2026-11-22T09:30:00.123456+00:00", "\\x00ff", "device.birth"],
        ["2026-11-22T06:00:00.123456-03:30", "\\x", "device.status"],
    ]
    columns = list(zip(*rows, strict=True))
    assert read_copy(copy_rows(columns)) == texts
    assert [read_array(array_literal(column)) for column in columns] == [list(one) for one in zip(*texts, strict=True)]


def test_a_text_with_a_nul_spoils_no_other_element() -> None:
    assert array_literal(["a\0b", "c"]) == '{"a\0b","c"}', "which PostgreSQL refuses as a whole"


def test_nothing_at_all_is_an_empty_array_and_no_row() -> None:
    assert (array_literal([]), copy_rows([[], []])) == ("{}", "")


MOMENTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis gives the zone
    datetime(9999, 12, 30),  # noqa: DTZ001 - see above
    timezones=st.just(UTC) | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
) | st.just(AT.replace(microsecond=0))


@given(MOMENTS, MOMENTS)
def test_times_as_sqlite_keeps_them_read_back_and_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert datetime.fromisoformat(utc_text(one)) == one
    assert (utc_text(one) < utc_text(other), utc_text(one) == utc_text(other)) == (one < other, one == other)


@given(st.lists(MOMENTS | st.none(), max_size=5) | st.lists(MOMENTS, max_size=5), st.integers(1, 3))
def test_a_column_of_times_is_the_text_of_each(values: list[datetime | None], times: int) -> None:
    column = values * times
    assert utc_texts(column) == [None if value is None else utc_text(value) for value in column]


def test_whole_seconds_stand_beside_fractions_with_as_many_digits() -> None:
    values = [AT, AT.replace(microsecond=0), AT.replace(microsecond=120_000), AT.replace(year=7)]
    assert utc_texts(values) == [utc_text(value) for value in values]
    assert {len(text) for text in utc_texts(values) if text} == {27}
