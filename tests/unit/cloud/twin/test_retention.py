"""Spans and how long things are kept: what time a span is of, which there must be, and when one may go."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cloud.twin.retention import (
    AHEAD,
    CUTS,
    FOREVER,
    HOURS,
    MESSAGES,
    MINUTES,
    Keeping,
    Verdict,
    by_cutoff,
    kept_from,
    missing,
    span_named,
    span_of,
    verdict,
    wanted,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
instants = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside
cuts = st.sampled_from(CUTS)
days = st.integers(0, 800)


@given(instants, cuts)
def test_a_time_lies_in_its_span_and_the_next_span_begins_where_that_ends(at: datetime, cut: object) -> None:
    span = span_of(cut, at)  # type: ignore[arg-type]  # one of CUTS
    assert span.start <= at < span.end
    assert span_of(span.cut, span.end).start == span.end
    assert span_of(span.cut, span.end - timedelta(microseconds=1)) == span


@given(instants, cuts)
def test_a_span_is_known_by_its_name_and_another_name_is_no_span(at: datetime, cut: object) -> None:
    span = span_of(cut, at)  # type: ignore[arg-type]  # one of CUTS
    assert span_named(span.cut, span.name) == span
    others = [f"{span.cut.table}_rest", f"{span.cut.table}_20261399", f"{span.cut.table}_2026112", f"x{span.name}"]
    if span.cut.days > 1:
        others.append(f"{span.cut.table}_{span.start + timedelta(days=1):%Y%m%d}")
    assert [span_named(span.cut, name) for name in others] == [None] * len(others)


@given(instants)
def test_what_is_wanted_reaches_without_a_hole_from_now_to_the_time_ahead(now: datetime) -> None:
    for cut in CUTS:
        spans = [span for span in wanted(now) if span.cut == cut]
        assert spans[0].start <= now
        assert spans[-1].end > now + AHEAD
        assert all(one.end == after.start for one, after in pairwise(spans))
        assert len(spans) <= AHEAD.days + 2


@given(instants, cuts, st.integers(0, 800), st.integers(-900, 9))
def test_nothing_is_written_into_a_span_that_a_model_is_done_with(
    now: datetime, cut: object, kept: int, ago: int
) -> None:
    span = span_of(cut, max(now, NOW) + timedelta(days=ago))  # type: ignore[arg-type]  # one of CUTS
    first = kept_from(span.cut, kept, max(now, NOW), by_span=True)
    done = bool(verdict(span, Keeping({"a": kept}, kept, kept), max(now, NOW)).whole)
    assert done == (first is not None and span.start < first)
    assert done == (first is not None and span.end - timedelta(microseconds=1) < first)


def test_without_spans_each_thing_is_done_by_itself() -> None:
    assert kept_from(MINUTES, 2, NOW, by_span=False) == NOW - timedelta(days=2)
    assert kept_from(MINUTES, FOREVER, NOW, by_span=False) is None


def test_only_what_is_not_there_is_missing() -> None:
    names = [span.name for span in wanted(NOW)]
    assert missing(NOW, names) == ()
    assert [span.name for span in missing(NOW, names[1:])] == names[:1]


@given(st.dictionaries(st.sampled_from("abcd"), days, min_size=1), days, cuts, instants)
def test_nothing_goes_before_it_was_kept_for_as_long_as_was_said(
    models: dict[str, int], others: int, cut: object, now: datetime
) -> None:
    keeping = Keeping(models, others, others)
    span = span_of(cut, now - timedelta(days=others))  # type: ignore[arg-type]  # one of CUTS
    said = verdict(span, keeping, now)
    for gtin, kept in keeping.of(span.cut).items():
        over = kept != FOREVER and span.end <= now - timedelta(days=kept)
        assert (said.whole or gtin in said.gtins) == over
    assert said.whole == all(
        kept != FOREVER and span.end <= now - timedelta(days=kept) for kept in keeping.of(span.cut).values()
    )


def test_a_deployment_without_models_loses_nothing() -> None:
    assert verdict(span_of(MESSAGES, NOW - timedelta(days=9_000)), Keeping({}, 1, 1), NOW) == Verdict(False)


def test_messages_and_minutes_are_kept_as_their_model_says_and_hours_as_the_deployment_does() -> None:
    keeping = Keeping({"a": 1, "b": FOREVER}, hours=5, days=6)
    assert [keeping.of(cut) for cut in (MESSAGES, MINUTES)] == [keeping.models] * 2
    assert [dict(keeping.of(cut)) for cut in (HOURS, CUTS[3])] == [{"a": 5, "b": 5}, {"a": 6, "b": 6}]


def test_models_that_are_kept_equally_long_go_together_and_those_for_ever_never() -> None:
    found = by_cutoff({"a": 3, "b": FOREVER, "c": 3, "d": 4}, NOW)
    assert found == {NOW - timedelta(days=3): ["a", "c"], NOW - timedelta(days=4): ["d"]}
