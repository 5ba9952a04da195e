"""Small lives, as data: who does what, and what an onlooker would say about it. `play` acts them out.

A step's arguments are plain values; `$name` stands for a value of the stage (a campaign's id, a claim code), or for
what an earlier step, which says `keeps`, gave back. `$name.field` takes a field of it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

Actor = Literal["phone", "shop", "carrier", "printer"]


class Step(NamedTuple):
    """actor's method `act`, with `arguments`; keeps: the name under which its answer is known afterwards."""

    says: str
    actor: Actor
    act: str
    arguments: Mapping[str, Any] = {}
    keeps: str = ""


class Story(NamedTuple):
    name: str
    title: str
    steps: tuple[Step, ...]


_BUYS: Final = (
    Step("An advert catches her eye.", "phone", "click_campaign", {"campaign_id": "$campaign"}),
    Step("She opens the menu.", "phone", "start"),
    Step("That is her journey now.", "phone", "journey", keeps="journey"),
    Step("She orders.", "shop", "sell", {"gtin": "$gtin", "journey": "$journey.id"}, keeps="order"),
    Step("The carrier has the parcel.", "carrier", "accept", {"tracking_code": "$tracking_code"}, keeps="parcel"),
    Step(
        "The shop names the unit and the parcel.",
        "shop",
        "change",
        {
            "order": "$order",
            "status": "fulfilled",
            "serial": "$serial",
            "tracking_code": "$tracking_code",
            "carrier": "easypost",
        },
        keeps="order",
    ),
    Step("It is on its way.", "carrier", "move", {"parcel": "$parcel", "status": "in_transit"}, keeps="parcel"),
    Step("It arrives.", "carrier", "deliver", {"parcel": "$parcel"}, keeps="parcel"),
    Step("She claims it with the code from the box.", "phone", "claim", {"uri": "$uri", "code": "$claim_code"}),
    Step("She plugs it in.", "printer", "power_on"),
    Step("Toner in.", "printer", "install_supplies"),
)

HAPPY: Final = Story(
    "happy",
    "A customer who has no trouble at all",
    (
        *_BUYS,
        Step("Paper in.", "printer", "load_paper"),
        Step("The first page.", "printer", "print_test_page"),
        Step("A day's work.", "printer", "print_pages", {"pages": 5}),
    ),
)

STUCK: Final = Story(
    "stuck",
    "An installation that gets stuck, and an expert who helps",
    (
        *_BUYS,
        Step("She cannot find the tray.", "printer", "ask_for_help"),
        Step(
            "She asks an expert.",
            "phone",
            "open_case",
            {"journey": "$journey.id", "text": "Where does the paper go?"},
            keeps="case",
        ),
        Step("It was under the lid.", "printer", "load_paper"),
        Step("The first page.", "printer", "print_test_page"),
        Step("She says thank you.", "phone", "write", {"case_id": "$case.id", "text": "Found it, thank you!"}),
    ),
)

JAM: Final = Story(
    "jam",
    "A printer in use that jams, and is mended",
    (
        Step("It starts its day.", "printer", "power_on"),
        Step("A few pages.", "printer", "print_pages", {"pages": 2}),
        Step("A sheet gets caught.", "printer", "jam"),
        Step("The phone shows what to do.", "phone", "menu", {"journey": "$journey.id"}, keeps="menu"),
        Step("The sheet comes out.", "printer", "repair"),
        Step("It prints again.", "printer", "print_pages", {"pages": 1}),
    ),
)

STORIES: Final = {story.name: story for story in (HAPPY, STUCK, JAM)}


async def play(
    story: Story,
    cast: Mapping[str, object],
    stage: Mapping[str, Any],
    *,
    tell: Callable[[Step], None] = lambda _: None,
    between: Callable[[Step], Awaitable[None]] | None = None,
) -> dict[str, Any]:
    """Acts the story out: tell is called before each step, between awaited after it. Returns all that is known then.

    Raises KeyError for an actor or a name that there is not, and whatever the actors raise.
    """
    known = dict(stage)
    for step in story.steps:
        tell(step)
        arguments = {name: resolved(value, known) for name, value in step.arguments.items()}
        answer = getattr(cast[step.actor], step.act)(**arguments)
        if inspect.isawaitable(answer):
            answer = await answer
        if step.keeps:
            known[step.keeps] = answer
        if between is not None:
            await between(step)
    return known


def resolved(value: Any, known: Mapping[str, Any]) -> Any:
    """`value`, or what it stands for."""
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    name, _, field = value[1:].partition(".")
    found = known[name]
    if not field:
        return found
    return (found if isinstance(found, dict) else msgspec.structs.asdict(found))[field]
