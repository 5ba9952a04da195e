"""The event's form: what an older writer wrote is read, what a newer one wrote is kept, and nonsense is a value."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.record.event_data import DATA, Data, Problem, data_of
from cloud.record.events import SCORE_RANGE, Event, EventType, SurveyKind
from cloud.record.service import fingerprint

AT = datetime(2026, 11, 22, tzinfo=UTC)


def event(kind: str, /, **data: object) -> Event:
    return Event(id="e", type=kind, at=AT, source="phone", data=data)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(sorted({name for form in DATA.values() for name in form.__struct_fields__})) | st.text()


@given(st.sampled_from(sorted(EventType)) | st.text(), st.dictionaries(names, json, max_size=6))
def test_any_data_of_any_type_is_understood_or_a_problem_and_never_an_exception(
    kind: str, data: dict[str, object]
) -> None:
    assert isinstance(data_of(event(kind, **data)), Data | Problem)


def test_every_type_has_a_form_for_its_data() -> None:
    assert set(DATA) == set(EventType)


def test_a_type_from_a_newer_writer_is_kept_and_has_no_meaning() -> None:
    newer = event("toner.teleported", speed=9)
    assert msgspec.json.decode(msgspec.json.encode(newer), type=Event) == newer
    assert data_of(newer) == Problem("unknown type: toner.teleported")


def test_a_field_from_a_newer_writer_does_not_hinder_an_older_reader() -> None:
    assert data_of(event("order.changed", order_id="A", version=1, status="placed", drone=True)) == data_of(
        event("order.changed", order_id="A", version=1, status="placed")
    )


@pytest.mark.parametrize("kind", list(SurveyKind))
def test_a_score_outside_its_survey_is_a_problem(kind: SurveyKind) -> None:
    low, high = SCORE_RANGE[kind]
    found = {
        score: isinstance(data_of(event("survey.answered", kind=kind, score=score)), Problem) for score in range(-1, 12)
    }
    assert found == {score: not low <= score <= high for score in range(-1, 12)}


@given(st.lists(st.text() | st.binary()), st.lists(st.text() | st.binary()))
def test_two_requests_have_one_fingerprint_only_if_they_are_the_same(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    def raw(parts: list[str | bytes]) -> list[bytes]:
        return [part.encode() if isinstance(part, str) else part for part in parts]

    assert (fingerprint(*one) == fingerprint(*other)) == (raw(one) == raw(other))
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
