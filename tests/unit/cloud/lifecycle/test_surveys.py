"""When a survey is due."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.contract.stages import Role, Stage
from cloud.lifecycle.facts import NOTHING, Answer, Case, Facts
from cloud.lifecycle.surveys import APART, ASKED_FOR, USED_FOR, Ask, due
from cloud.record.events import SurveyKind

SINCE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
moments = st.integers(0, 200 * 24).map(lambda hours: SINCE + timedelta(hours=hours))


def asked(
    at: datetime,
    facts: Facts = NOTHING,
    *,
    stage: Stage = Stage.SUPPORT,
    role: Role = Role.OWNER,
    in_distress: bool = False,
) -> SurveyKind | None:
    found = due(facts, stage=stage, role=role, stage_since=SINCE, in_distress=in_distress, now=at)
    return None if found is None else found.kind


def answered(kind: SurveyKind, at: datetime, score: int = 5) -> dict[SurveyKind, Answer]:
    return {kind: Answer(at=at, event_id=f"a-{kind}", score=score)}


def case(at: datetime, *, is_open: bool = False) -> Case:
    return Case(at=at, event_id="c", version=2, is_open=is_open)


def test_how_hard_it_was_is_asked_when_the_installation_is_done_and_for_two_weeks() -> None:
    assert asked(SINCE) is SurveyKind.CES
    assert asked(SINCE + ASKED_FOR[SurveyKind.CES] - MINUTE) is SurveyKind.CES
    assert asked(SINCE + ASKED_FOR[SurveyKind.CES]) is None


def test_whether_they_would_recommend_it_is_asked_after_a_month_of_use() -> None:
    assert asked(SINCE + USED_FOR - MINUTE) is None
    assert asked(SINCE + USED_FOR) is SurveyKind.NPS
    assert asked(SINCE + USED_FOR + ASKED_FOR[SurveyKind.NPS]) is None


def test_a_case_in_between_makes_the_month_begin_again() -> None:
    closed_at = SINCE + 20 * DAY
    facts = Facts(cases={"c": case(closed_at)}, answers=answered(SurveyKind.CSAT, closed_at + DAY))
    assert asked(SINCE + USED_FOR, facts) is None
    assert asked(closed_at + USED_FOR, facts) is SurveyKind.NPS


def test_how_they_were_helped_is_asked_when_the_case_is_closed_whatever_the_stage_and_whoever_they_are() -> None:
    facts = Facts(cases={"c": case(SINCE)})
    for stage in Stage:
        expected = None if stage is Stage.CLOSED else SurveyKind.CSAT
        assert asked(SINCE, facts, stage=stage, role=Role.VISITOR) is expected
    assert asked(SINCE, Facts(cases={"c": case(SINCE, is_open=True)})) is None


def test_only_who_uses_the_product_is_asked_how_that_goes() -> None:
    assert {role for role in Role if asked(SINCE, role=role)} == {Role.OWNER, Role.HOUSEHOLD}


def test_after_an_answer_nothing_is_asked_for_a_week_and_the_same_never_again() -> None:
    closed_at = SINCE + DAY
    answers = answered(SurveyKind.CSAT, closed_at + MINUTE)
    facts = Facts(cases={"c": case(closed_at)}, answers=answers)
    assert asked(closed_at + MINUTE + APART - MINUTE, facts) is None
    assert asked(closed_at + MINUTE + APART, facts) is SurveyKind.CES


def test_another_case_is_another_question() -> None:
    first, second = SINCE + DAY, SINCE + 20 * DAY
    facts = Facts(cases={"a": case(first), "b": case(second)}, answers=answered(SurveyKind.CSAT, first + MINUTE))
    found = due(facts, stage=Stage.SUPPORT, role=Role.OWNER, stage_since=SINCE, in_distress=False, now=second)
    assert found == Ask(SurveyKind.CSAT, second)


histories = st.builds(
    Facts,
    cases=st.dictionaries(st.sampled_from("ab"), st.builds(case, moments, is_open=st.booleans())),
    answers=st.dictionaries(
        st.sampled_from(SurveyKind), st.builds(Answer, at=moments, event_id=st.just("a"), score=st.integers(0, 10))
    ),
)


@given(facts=histories, stage=st.sampled_from(Stage), role=st.sampled_from(Role), now=moments)
def test_nobody_is_ever_asked_in_distress(facts: Facts, stage: Stage, role: Role, now: datetime) -> None:
    assert asked(now, facts, stage=stage, role=role, in_distress=True) is None
    if facts.has_open_case:
        assert asked(now, facts, stage=stage, role=role) is None


@given(facts=histories, role=st.sampled_from(Role), now=moments, score=st.integers(0, 10))
def test_an_answer_takes_the_question_away_and_never_brings_another_one_at_once(
    facts: Facts, role: Role, now: datetime, score: int
) -> None:
    found = asked(now, facts, role=role)
    if found is None:
        return
    after = Facts(cases=facts.cases, answers={**facts.answers, **answered(found, now, score)})
    before = due(facts, stage=Stage.SUPPORT, role=role, stage_since=SINCE, in_distress=False, now=now)
    assert asked(now, after, role=role) is None
    assert asked(now + APART - MINUTE, after, role=role) is None
    again = due(after, stage=Stage.SUPPORT, role=role, stage_since=SINCE, in_distress=False, now=now + APART)
    assert again is None or again != before
