"""The word that something changed: said after a commit, in this process and to the others, and taken into menus."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from broker.contract.messages import Changed
from broker.contract.topics import MANY, OUTBOX_NUDGE, changed_topic
from cloud.db import Changes
from cloud.menus import Menus
from cloud.mqtt import Bus
from cloud.tracing import UNTRACED, Tracing
from mobile_menu.live import LiveHub

FEW: Final = 8
"""So many units or journeys get a word each; more, such as those of a batch, are named together."""
AT_ONCE: Final = 1_000
"""Ids in one word: 30 kB."""


class Announcer:
    """After a commit, tells this process and the others what changed. A word that is lost is healed by a look."""

    def __init__(
        self,
        bus: Bus,
        here: Callable[[Changed], None],
        nudge: Callable[[], None],
        mail: Callable[[], None] = lambda: None,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._bus = bus
        self._here = here
        self._nudge = nudge
        self._mail = mail
        self._tracing = tracing

    def __call__(self, changes: Changes) -> None:
        for word in words(changes):
            named = (word.product_id,) if word.product_id else word.products or word.sessions or word.journeys
            cause = self._tracing.word(named)
            if cause is not None:
                word = msgspec.structs.replace(word, traceparent=cause)  # noqa: PLW2901 - on purpose: from here on the word names its cause
            self._here(word)
            self._bus.say(changed_topic(named[0] if len(named) == 1 else MANY), msgspec.json.encode(word))
        if changes.mail:
            self._mail()
        if changes.outbox:
            self._nudge()
        if changes.outbox or changes.mail:
            self._bus.say(OUTBOX_NUDGE, b"")


def words(changes: Changes) -> list[Changed]:
    """What is said of the changes: of each unit, each phone's session, each journey that is news by itself, and of the
    content of menus.
    """
    kinds = {
        "journey": changes.journeys - changes.erased,
        "case": changes.cases - changes.erased,
        "gone": changes.erased,
    }
    said = [
        Changed(product_id=part[0], projections=("twin",))
        if len(part) == 1
        else Changed(products=part, projections=("twin",))
        for part in _parts(changes.products)
    ]
    said += [Changed(sessions=(one,)) for one in sorted(changes.sessions)]
    if changes.contents:
        said.append(Changed(profiles=tuple(sorted(changes.contents))))
    return said + [Changed(journeys=part, projections=(kind,)) for kind, own in kinds.items() for part in _parts(own)]


def _parts(ids: set[str]) -> list[tuple[str, ...]]:
    """A few each by itself; many, as many as fit into a word."""
    size = 1 if len(ids) <= FEW else AT_ONCE
    ordered = sorted(ids)
    return [tuple(ordered[start : start + size]) for start in range(0, len(ordered), size)]


class Listeners:
    """Takes words into the menus of this process. Only journeys that somebody has open here are of interest.

    look: takes in content that was published. forget: lets go of journeys that are no more.
    """

    def __init__(
        self,
        menus: Menus,
        hub: LiveHub,
        look: Callable[[], None] = lambda: None,
        forget: Callable[[Iterable[str]], None] = lambda _: None,
    ) -> None:
        self._menus = menus
        self._hub = hub
        self._look = look
        self._forget = forget

    def __call__(self, word: Changed) -> None:
        cause = word.traceparent or ""
        if word.product_id is not None:
            self._hub.changed(self._menus.seen_with(word.product_id), cause)
        for product_id in word.products:
            self._hub.changed(self._menus.seen_with(product_id), cause)
        self._hub.sessions_changed(word.sessions)
        if word.profiles:
            self._look()
        if "journey" in word.projections:
            self._hub.changed(word.journeys, cause)
        if "case" in word.projections:
            self._hub.case_changed(word.journeys, cause)
        if "gone" in word.projections:
            self._forget(word.journeys)
            self._hub.gone(word.journeys)

    def heard(self, _topic: str, payload: bytes) -> None:
        """What another process said."""
        with contextlib.suppress(msgspec.MsgspecError):
            self(msgspec.json.decode(payload, type=Changed))
