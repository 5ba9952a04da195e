"""What is left of content's conditions where a situation's chief words are known: most of them are decided by these.

There are few combinations of the chief words and of what a device reports, so that each is worked out once: which items
can still show, with what is left to ask of each, and which titles. Composing then asks a dozen short questions, where
there are hundreds.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from mobile_menu.rules.conditions import Because, Test, compile_condition
from mobile_menu.rules.content import Candidate, Chosen, ReadyItem, ReadyLine
from mobile_menu.rules.memo import Memo
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.tree import Both, Condition, Either, Is, Meets, Not, atoms, described

CHIEF: Final = ("stage", "device.level", "place.zone", "role", "onlooker", "parcel.state")
REASONS: Final = "device.reasons"
FEW: Final = 4
"""As many reasons of a device as are decided beforehand; with more, they are asked each time."""
KEPT: Final = 2048
"""Combinations; a fleet shows some hundred."""

Known = tuple[str, str, str, str, str, str, tuple[str, ...] | None]
"""The chief words in their order; and the device's reasons that content asks for, None when they are too many."""

_PLACES: Final = {name: place for place, name in enumerate(CHIEF)}

Settled = Because | Test | None
"""What always holds there, and why; what is left to ask; or nothing, for what never holds."""


class Selection:
    """Content by chief words."""

    __slots__ = ("_asked", "_items", "_kept", "_statuses", "_titles")

    def __init__(
        self, items: tuple[ReadyItem, ...], titles: tuple[ReadyLine, ...], statuses: tuple[ReadyLine, ...]
    ) -> None:
        self._items, self._titles, self._statuses = items, titles, statuses
        boosts = (condition for one in items for _, condition in one.boosts)
        lines = (one.when for one in (*titles, *statuses))
        conditions = chain((one.when for one in items), lines, boosts)
        self._asked = frozenset(
            word
            for condition in conditions
            for atom in atoms(condition)
            if isinstance(atom, Meets) and atom.name == REASONS
            for word in atom.values
        )
        self._kept: Memo[Known, Chosen] = Memo(KEPT)

    def __len__(self) -> int:
        """The combinations that are worked out."""
        return len(self._kept)

    def of(self, situation: Situation) -> Chosen:
        """All that can show in this situation."""
        device = situation.device
        reasons = tuple([one for one in device.reasons if one in self._asked]) if device.reasons else ()
        known = (
            situation.stage,
            device.level,
            situation.place.zone,
            situation.role,
            situation.onlooker,
            situation.parcel.state,
            reasons if len(reasons) <= FEW else None,
        )
        return self._kept.of(known, self._worked_out)

    def _worked_out(self, known: Known) -> Chosen:
        return Chosen(
            tuple(
                Candidate(one, when, tuple(_boosts(one, known)))
                for one in self._items
                if (when := settled(one.when, known)) is not None
            ),
            tuple(_lines(self._titles, known)),
            tuple(_lines(self._statuses, known)),
        )


def _boosts(item: ReadyItem, known: Known) -> Iterable[tuple[int, Because | Test]]:
    for priority, condition in item.boosts:
        left = settled(condition, known)
        if left is not None:
            yield priority, left
        if isinstance(left, tuple):
            return


def _lines(lines: Iterable[ReadyLine], known: Known) -> Iterable[tuple[str, Because | Test]]:
    for line in lines:
        left = settled(line.when, known)
        if left is not None:
            yield line.text, left
        if isinstance(left, tuple):
            return


def settled(condition: Condition, known: Known) -> Settled:  # noqa: PLR0911 - one for each kind of part
    """What is left of a condition where this is known."""
    match condition:
        case Is(name, values) if name in _PLACES:
            word = str(known[_PLACES[name]])
            return (described(Is(name, (word,))),) if word in values else None
        case Meets("device.reasons", values) if known[-1] is not None:
            return tuple(described(Meets(REASONS, (one,))) for one in known[-1] if one in values) or None
        case Not(part):
            left = settled(part, known)
            if left is None:
                return (described(condition),)
            return None if isinstance(left, tuple) else compile_condition(condition)
        case Both(parts):
            return _both([settled(part, known) for part in parts])
        case Either(parts):
            return _either([settled(part, known) for part in parts])
        case _:
            return compile_condition(condition)


def _both(parts: list[Settled]) -> Settled:
    """Neighbours that always hold are told together."""
    left: list[Because | Test] = []
    for part in parts:
        if part is None:
            return None
        if isinstance(part, tuple) and left and isinstance(left[-1], tuple):
            left[-1] += part
        else:
            left.append(part)
    asked = [part for part in left if not isinstance(part, tuple)]
    if not asked:
        return left[0] if left and isinstance(left[0], tuple) else ()
    if len(asked) == 1:
        at = left.index(asked[0])
        return _one_test(_told(left[:at]), asked[0], _told(left[at + 1 :]))
    return _all_test(left)


def _told(parts: list[Because | Test]) -> Because:
    return tuple(one for part in parts if isinstance(part, tuple) for one in part)


def _one_test(before: Because, asked: Test, after: Because) -> Test:
    """One question among what always holds."""

    def test(situation: Situation) -> Because | None:
        held = asked(situation)
        return None if held is None else before + held + after

    return test


def _all_test(parts: list[Because | Test]) -> Test:
    def test(situation: Situation) -> Because | None:
        because: Because = ()
        for part in parts:
            held = part if isinstance(part, tuple) else part(situation)
            if held is None:
                return None
            because += held
        return because

    return test


def _either(parts: list[Settled]) -> Settled:
    """The first that holds is told; nothing after one that always holds is asked."""
    left: list[Because | Test] = []
    for part in parts:
        if part is not None:
            left.append(part)
        if isinstance(part, tuple):
            break
    if not left:
        return None
    return left[0] if len(left) == 1 or isinstance(left[0], tuple) else _any_test(left)


def _any_test(parts: list[Because | Test]) -> Test:
    def test(situation: Situation) -> Because | None:
        for part in parts:
            held = part if isinstance(part, tuple) else part(situation)
            if held is not None:
                return held
        return None

    return test
