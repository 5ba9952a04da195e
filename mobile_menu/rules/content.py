"""What menu content is: the form of its files, and the same content made ready for composing.

Reading the files is in `mobile_menu/content_loader.py`; what a menu makes of them in `compose.py`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

from broker.contract.messages import Json
from mobile_menu.rules.conditions import Because, Test
from mobile_menu.rules.derived import LinkName
from mobile_menu.rules.memo import Memo
from mobile_menu.rules.menu import OFFERING_KINDS, Item, Kind, Order
from mobile_menu.rules.pictures import Picture
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.texts import Texts
from mobile_menu.rules.tree import Condition

PictureName = Annotated[str, msgspec.Meta(pattern=r"^([a-z][a-z0-9-]{0,63})?$")]
"""A file `pictures/{name}.svg` of the profile; empty for a step without a picture."""

ItemId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
ChoiceValue = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]?)$")]
"""A score, as the record keeps it."""


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of content files is: frozen, and strict about its fields."""


class OrderSpec(Spec, frozen=True, kw_only=True):
    """What the record is asked to do. `step` fills in which step by itself; `command` names the device's command in
    `arguments.name`, `survey` the survey in `arguments.survey`.
    """

    do: Literal["note", "command", "step", "coupon", "call", "wait", "cancel_order", "return", "survey"]
    arguments: dict[str, Json] = {}
    needs_proof: bool = False


class CallSpec(Spec, frozen=True, kw_only=True):
    """A fixed address of the service, the same in every menu."""

    method: Literal["GET", "POST"]
    href: Annotated[str, msgspec.Meta(pattern=r"^/menu/v1/[a-z-]+$")]


class Boost(Spec, frozen=True, kw_only=True):
    """Another priority, when a condition holds; the first that holds counts."""

    priority: int
    when: str


class ItemSpec(Spec, frozen=True, kw_only=True):
    """One item. Its texts are the Fluent message `item-{id}` and its attributes: detail, step-1 …, badge, confirm,
    `choice-{value}` of a survey, and `done` for what a command that is done has led to.

    when: the condition under which it shows, as `syntax.py` reads it; without any, always.

    each: one item for each open and done step of the installation, each supply, each reason that no other item of the
    content names; its id then is `{id}-{element}`.
    pictures: one for each step of its guide, in their order. step_pictures: the same for each step of the installation
    by its id, of an item for each of them.
    link, call, order: at most one; without any, choosing the item is noted. offering: held back in distress like the
    offering kinds. needed_for_fix: shown in distress although its kind offers. choices: a survey's answers, in order.
    """

    id: ItemId
    section: ItemId
    kind: Kind
    priority: int = 0
    icon: str = ""
    when: str = ""
    boosts: tuple[Boost, ...] = ()
    each: Literal["step", "supply", "unnamed_reason"] | None = None
    link: LinkName | None = None
    call: CallSpec | None = None
    order: OrderSpec | None = None
    offering: bool = False
    needed_for_fix: bool = False
    shows_coupon: bool = False
    pictures: tuple[PictureName, ...] = ()
    step_pictures: dict[str, tuple[PictureName, ...]] = {}
    choices: Annotated[tuple[ChoiceValue, ...], msgspec.Meta(max_length=11)] = ()


def offers(spec: ItemSpec) -> bool:
    """Whether the item is held back in distress."""
    return (spec.offering or spec.kind in OFFERING_KINDS) and not spec.needed_for_fix


class Line(Spec, frozen=True, kw_only=True):
    """A title or a status line: the Fluent message `text`, when the condition holds. The first that holds is taken."""

    text: ItemId
    when: str = ""


class SectionSpec(Spec, frozen=True, kw_only=True):
    """Its title is the Fluent message `section-{id}`. The order of the file decides between equal priorities."""

    id: ItemId


class Offer(Spec, frozen=True, kw_only=True):
    """What the coupon promises before there is one. amount: in the currency's minor unit."""

    amount: int
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class ProfileFile(Spec, frozen=True, kw_only=True):
    """`profile.toml`. languages: the first is the fallback. no_reasons: keywords that say that nothing is wrong."""

    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    sections: tuple[SectionSpec, ...]
    titles: tuple[Line, ...]
    statuses: tuple[Line, ...]
    no_reasons: tuple[str, ...] = ()
    offer: Offer | None = None


class ItemsFile(Spec, frozen=True, kw_only=True):
    """Any other `*.toml` of items."""

    items: tuple[ItemSpec, ...]


class ContentTest(Spec, frozen=True, kw_only=True):
    """In this situation these items, not those. leads: the first item. exactly: all items, in order."""

    name: str
    situation: Situation
    leads: str | None = None
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    exactly: tuple[str, ...] = ()
    title: str | None = None
    status: str | None = None


class TestsFile(Spec, frozen=True, kw_only=True):
    """`tests.toml`."""

    tests: tuple[ContentTest, ...]


class ReadyItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item with its conditions read. boosts: another priority under a condition; the first that holds counts.

    ranks_by_reason: of equal ones, the gravest reason's comes first. offers: held back in distress. variables: what its
    texts quote, by language. lasting: nothing in it is somebody's own, so that it may be made once for many.
    """

    spec: ItemSpec
    when: Condition
    boosts: tuple[tuple[int, Condition], ...] = ()
    position: int = 0
    section_position: int = 0
    ranks_by_reason: frozenset[str] = frozenset()
    offers: bool = False
    variables: Mapping[str, tuple[str, ...]] = {}
    lasting: bool = False


class ReadyLine(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    when: Condition


Left = Because | Test
"""What is left of a condition where some of it is known: it holds, for these reasons; or it is still to be asked."""


class Candidate(NamedTuple):
    """An item that can show. boosts: the first that holds counts."""

    item: ReadyItem
    when: Left
    boosts: tuple[tuple[int, Left], ...]


class Chosen(NamedTuple):
    """What can show of a content. titles, statuses: the first that holds is taken."""

    items: tuple[Candidate, ...]
    titles: tuple[tuple[str, Left], ...]
    statuses: tuple[tuple[str, Left], ...]


Made = Memo[tuple[object, ...], tuple[Item, Order | None]]
"""Items that were made for somebody, and look the same for others, by all that they depend on."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A profile's content, checked and ready. named_reasons: those that some item is about.

    select: what can show in a situation. made: items that are remembered. ready: items by id.

    pictures: by name. step_pictures: their addresses in the order of a guide's steps, by the message of its texts.
    version: as it was published; 0: as it came with the program. digest: of its files; empty where nobody asks for it.
    """

    profile: str
    languages: tuple[str, ...]
    texts: Mapping[str, Texts]
    sections: tuple[str, ...]
    select: Callable[[Situation], Chosen]
    made: Made
    reason_labels: Mapping[str, str]
    named_reasons: frozenset[str]
    offer: Offer | None
    items: tuple[ItemSpec, ...]
    ready: Mapping[str, ReadyItem]
    tests: tuple[ContentTest, ...]
    pictures: Mapping[str, Picture]
    step_pictures: Mapping[str, tuple[str, ...]]
    version: int = 0
    digest: str = ""
