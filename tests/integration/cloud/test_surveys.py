"""Surveys of one tap: asked at their moment, answered once, and heard when the answer is a bad one."""

from datetime import timedelta

import pytest

from cloud.care import service as care
from cloud.lifecycle.surveys import APART, USED_FOR
from cloud.record.events import SurveyKind
from cloud.record.replay import replay
from mobile_menu.ports import ChoiceRefusedError, ChosenItem, ItemUnavailableError
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import Phone, World, at_once

DAY = timedelta(days=1)


def asked(chooser: Chooser) -> set[str]:
    return {item_id for item_id in chooser.items() if item_id.startswith("survey-")}


def answers(world: World) -> list[dict[str, object]]:
    return [row.data for row in world.rows("journal", type="survey.answered")]


def owner(world: World) -> Chooser:
    phone, _ = owner_of_a_running_unit(world)
    return Chooser(world, phone)


def case_of(world: World, phone: Phone) -> str:
    return world.menus.open_case(phone.caller, world.journey(phone).id, "It hums", b"", None).id


def test_one_tap_answers_and_the_question_goes(world: World) -> None:
    chooser = owner(world)
    assert asked(chooser) == {"survey-ces"}
    assert chooser.items()["survey-ces"].choices[6].label == "Very easy"
    chosen = chooser.choose("survey-ces", choice="6")
    assert chosen.outcome == "answered"
    assert (answers(world), asked(chooser)) == ([{"kind": "ces", "score": 6}], set())


def test_after_a_good_month_it_is_whether_they_would_recommend_it_and_an_answer_is_never_asked_for_again(
    world: World,
) -> None:
    chooser = owner(world)
    chooser.choose("survey-ces", choice="6")
    world.clock.now += USED_FOR
    world.do_due()
    assert asked(chooser) == {"survey-nps"}
    chooser.choose("survey-nps", choice="10")
    for _ in range(10):
        world.clock.now += APART
        assert asked(chooser) == set()


def test_a_repeated_answer_gets_its_first_answer_and_another_answer_to_the_same_is_refused(world: World) -> None:
    chooser = owner(world)
    first = chooser.choose("survey-ces", "k1", "6")
    assert chooser.choose("survey-ces", "k1", "6") == first
    with pytest.raises(ItemUnavailableError):
        chooser.choose("survey-ces", "k2", "1")
    assert len(answers(world)) == 1


def test_what_is_no_choice_of_the_survey_is_refused_and_nothing_is_kept(world: World) -> None:
    chooser = owner(world)
    for choice in ("0", "8", "-1", "٣", ""):
        with pytest.raises(ChoiceRefusedError):
            chooser.choose("survey-ces", choice=choice)
    assert answers(world) == []


def test_a_survey_that_is_not_due_at_the_moment_of_its_answer_takes_none(world: World) -> None:
    chooser = owner(world)
    journey = world.journey(chooser.phone).id
    late = ChosenItem(id="survey-nps", kind="survey", action="survey", arguments={"survey": "nps"}, choice="5")
    with pytest.raises(ItemUnavailableError):
        world.menus.choose(chooser.phone.caller, journey, late, None)
    assert answers(world) == []


def test_two_phones_that_answer_at_once_give_one_answer(world: World) -> None:
    chooser = owner(world)
    other = Chooser(world, world.another_phone_of(chooser.phone))
    found = at_once([lambda: chooser.choose("survey-ces", choice="2"), lambda: other.choose("survey-ces", choice="7")])
    assert len(answers(world)) == 1
    assert sum(isinstance(one, ItemUnavailableError) for one in found) <= 1


def test_a_case_that_is_closed_asks_how_they_were_helped_and_a_bad_answer_is_distress(world: World) -> None:
    chooser = owner(world)
    case_id = case_of(world, chooser.phone)
    assert asked(chooser) == set()
    world.run(lambda tx: care.close(tx, case_id))
    assert asked(chooser) == {"survey-csat"}
    assert "share" in chooser.items()
    chooser.choose("survey-csat", choice="2")
    assert "share" not in chooser.items()
    world.clock.now += 14 * DAY + timedelta(minutes=1)
    assert "share" in chooser.items()


def test_nobody_is_asked_while_the_machine_is_broken(world: World) -> None:
    phone, device = owner_of_a_running_unit(world)
    chooser = Chooser(world, phone)
    world.take(device.status({"state": "stopped", "reasons": ["media-jam-error"]}))
    assert asked(chooser) == set()
    world.take(device.status({"state": "idle", "reasons": ["none"]}))
    assert asked(chooser) == {"survey-ces"}


def test_who_leaves_leaves_no_answer_behind(world: World) -> None:
    chooser = owner(world)
    chooser.choose("survey-ces", choice="6")
    out = world.menus.export(chooser.phone.caller)
    assert {"kind": "ces", "score": 6} in [one["data"] for one in out["touchpoints"]]
    world.menus.opt_out(chooser.phone.token)
    assert answers(world) == [{}]


def test_answers_survive_a_replay(world: World) -> None:
    chooser = owner(world)
    chooser.choose("survey-ces", choice="6")
    before = world.journey(chooser.phone).facts
    replay(world.db)
    assert world.journey(chooser.phone).facts == before
    assert before.answers[SurveyKind.CES].score == 6
    assert asked(chooser) == set()
