"""The stories can be played by those who play them."""

import inspect
from typing import Any

import pytest

from device_sim.carrier import Carrier
from device_sim.device import SimulatedPrinter
from device_sim.phone import Phone
from device_sim.shop import Shop
from device_sim.stories import JAM, STORIES, Step, Story, play, resolved

CAST = {"phone": Phone, "shop": Shop, "carrier": Carrier, "printer": SimulatedPrinter}
STAGE = {"campaign", "gtin", "serial", "uri", "claim_code", "tracking_code"}


@pytest.mark.parametrize("story", STORIES.values(), ids=lambda story: story.name)
def test_every_step_can_be_done_by_its_actor_with_what_is_known_by_then(story: Story) -> None:
    known = STAGE | ({"journey"} if story is JAM else set())
    for step in story.steps:
        method = getattr(CAST[step.actor], step.act)
        inspect.signature(method).bind(None, **step.arguments)
        asked = {str(value)[1:].partition(".")[0] for value in step.arguments.values() if str(value).startswith("$")}
        assert asked <= known, step
        known |= {step.keeps} if step.keeps else set()


class Actor:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def give(self) -> dict[str, str]:
        return {"id": "j1"}

    def take(self, what: str) -> None:
        self.heard.append(what)


async def test_a_step_s_answer_is_known_to_later_ones() -> None:
    actor = Actor()
    told: list[str] = []
    story = Story("s", "t", (Step("a", "phone", "give", keeps="j"), Step("b", "phone", "take", {"what": "$j.id"})))
    known = await play(story, {"phone": actor}, {"gtin": "1"}, tell=lambda step: told.append(step.says))
    assert actor.heard == ["j1"]
    assert told == ["a", "b"]
    assert known == {"gtin": "1", "j": {"id": "j1"}}


def test_a_plain_value_stands_for_itself_and_an_unknown_name_for_nothing() -> None:
    assert resolved("text", {}) == "text"
    assert resolved(5, {}) == 5
    with pytest.raises(KeyError):
        resolved("$nobody", {})
