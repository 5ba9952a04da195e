"""The menu service's use cases: plain functions that may block, safe to call from many threads.

Here is what stands between HTTP and the record: whose menu it is, which menus need not be composed again, and what an
item's choice needs. What a menu shows is decided in `rules`, and what a choice does in the record.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from broker.contract.messages import Json
from mobile_menu.ports import (
    Caller,
    CaseThread,
    ChoiceRefusedError,
    Chosen,
    ChosenItem,
    Claimed,
    ItemUnavailableError,
    JourneySummary,
    JourneyUnknownError,
    MenuPort,
    ProofNeededError,
    SessionOpened,
    SessionRefusedError,
    Surroundings,
    ZoneState,
)
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content import Content
from mobile_menu.rules.menu import Composed, Item, Order
from mobile_menu.rules.proof import proving_ids
from mobile_menu.rules.proximity import Position, Sighting, next_zone
from mobile_menu.rules.situation import Place, Situation
from mobile_menu.shelf import Shelf, Ticket

CALLER_KEPT = timedelta(seconds=5)
MENU_TRUSTED = timedelta(seconds=60)
"""After this a cached menu is held against the record's version: a lost nudge heals."""
MENU_KEPT = timedelta(minutes=5)
"""After this it is composed anew whatever the version says: proof of place and offers fade with time alone."""
CALLERS_KEPT = 20_000
MENU_BYTES_KEPT = 64 * 1024 * 1024

GUIDE_ANSWERS = frozenset({"helped", "not_helped"})
"""What may be said at the end of a guide, besides nothing."""

Compose = Callable[[Situation, Content], Composed]
NextZone = Callable[[ZoneState, Surroundings, Sequence[Sighting], Position | None, datetime], ZoneState]


class Served(NamedTuple):
    """A menu ready to send. etag: without quotes; body: JSON. until: when it ends by itself, and is not to be served
    any more; None: only news ends it.
    """

    etag: str
    body: bytes
    until: datetime | None = None

    def ended(self, now: datetime) -> bool:
        return self.until is not None and now >= self.until


class Showing(NamedTuple):
    """A menu that was composed, before anybody gets it: whose, out of what, and its bytes. version: the record's, as it
    was before the situation was read.
    """

    caller: Caller
    situation: Situation
    content: Content
    language: str
    version: int
    at: datetime
    served: Served


class PlacedMenu(NamedTuple):
    place: Place
    served: Served


class Left(NamedTuple):
    """person_id: None when the session had ended before."""

    person_id: str | None
    receipt: dict[str, Json]


class _KnownCaller(NamedTuple):
    caller: Caller
    at: datetime


class _KeptMenu(NamedTuple):
    served: Served
    version: int
    composed_at: datetime
    checked_at: datetime


_CallerKey = tuple[str, str]  # token, language
_MenuKey = tuple[str, str, str]  # person, journey, language


class MenuService:
    """The phone's use cases over a record. content: the published content of a profile, by its name.

    The menu cache is by person, journey and language, as nothing else of a call tells in a menu: all phones of a person
    share one, and two persons none, who can be with one journey in different roles.
    served: told how each menu was come by: `kept`, `checked` against the record, or `composed`. showing: told of each
    menu that was composed, before it is kept or sent.
    """

    def __init__(
        self,
        port: MenuPort,
        content: Callable[[str], Content],
        now: Callable[[], datetime],
        *,
        compose: Compose = compose_menu,
        zone_after: NextZone = next_zone,
        served: Callable[[str], None] = lambda _how: None,
        showing: Callable[[Showing], bool] = lambda _showing: True,
    ) -> None:
        self._port = port
        self._content = content
        self.now = now
        self._compose = compose
        self._zone_after = zone_after
        self._served = served
        self._showing = showing
        self._callers: Shelf[_CallerKey, _KnownCaller] = Shelf(CALLERS_KEPT, lambda _: 1, stripes=1)
        self._menus: Shelf[_MenuKey, _KeptMenu] = Shelf(MENU_BYTES_KEPT, lambda kept: len(kept.served.body))

    def start_session(self, visit_token: str | None, key: str | None) -> SessionOpened:
        return self._port.start_session(visit_token, key)

    def caller(self, token: str, language: str, kept: timedelta = CALLER_KEPT) -> Caller:
        """Whose token it is, asked again when known for longer than `kept`. Raises SessionRefusedError."""
        known = self._callers.get((token, language))
        now = self.now()
        if known is not None and _younger(now, known.at, kept) and now < known.caller.until:
            return known.caller
        ticket = self._callers.ticket("")
        caller = self._port.caller(token, language)
        tags = (caller.person_id, caller.session_id)
        self._callers.put((token, language), _KnownCaller(caller, now), tags, ticket)
        return caller

    def journeys(self, caller: Caller) -> Sequence[JourneySummary]:
        return self._port.journeys(caller)

    def warm_menu(self, token: str, language: str, journey_id: str) -> Served | None:
        """The menu, if that takes no look at the record: never blocks, and so may run on the event loop."""
        caller = self.known_caller(token, language)
        return None if caller is None else self.kept_menu(caller, journey_id)

    def known_caller(self, token: str, language: str, kept: timedelta = CALLER_KEPT) -> Caller | None:
        """As `caller`, if that takes no look at the record."""
        known = self._callers.get((token, language))
        if known is None:
            return None
        now = self.now()
        return known.caller if _younger(now, known.at, kept) and now < known.caller.until else None

    def kept_menu(self, caller: Caller, journey_id: str) -> Served | None:
        """As `menu`, if that takes no look at the record."""
        kept = self._menus.get((caller.person_id, journey_id, caller.language))
        if kept is None:
            return None
        now = self.now()
        if kept.served.ended(now) or not _younger(now, kept.checked_at, MENU_TRUSTED):
            return None
        self._served("kept")
        return kept.served

    def menu(self, caller: Caller, journey_id: str, trusted: timedelta = MENU_TRUSTED) -> Served:
        """The menu as of at most `trusted` ago. Raises JourneyUnknownError."""
        key = (caller.person_id, journey_id, caller.language)
        kept = self._menus.get(key)
        now = self.now()
        if kept is not None and kept.served.ended(now):
            kept = None
        if kept is not None and _younger(now, kept.checked_at, trusted):
            self._served("kept")
            return kept.served
        ticket = self._menus.ticket(journey_id, caller.person_id)
        version = self._port.version(journey_id)
        if kept is not None and kept.version == version and _younger(now, kept.composed_at, MENU_KEPT):
            self._menus.put(key, kept._replace(checked_at=now), ticket.tags, ticket)
            self._served("checked")
            return kept.served
        return self._composed_at(caller, journey_id, version, ticket)[2]

    def report_context(
        self, caller: Caller, journey_id: str, sightings: Sequence[Sighting], position: Position | None
    ) -> PlacedMenu:
        """Where the phone is now, and the menu there. Sightings and position end here: only the zone is kept."""
        around = self._port.surroundings(caller, journey_id)
        now = self.now()
        zone = self._zone_after(around.zone, around, sightings, position, now)
        self._port.enter_zone(caller, journey_id, zone, proving_ids(sightings, around, position, now))
        self.changed((journey_id,))
        situation, _, served = self._composed_now(caller, journey_id)
        return PlacedMenu(situation.place, served)

    def choose(self, caller: Caller, journey_id: str, item_id: str, key: str | None, choice: str = "") -> Chosen:
        """Does what the item says, if the menu of this very moment offers it. choice: of an item that has choices, or
        whether a guide helped.

        Raises JourneyUnknownError, ItemUnavailableError, ChoiceRefusedError, ProofNeededError, ProofUsedError,
        TooManyAttemptsError. A repeated call gets its first answer, even when the item has gone from the menu since.
        """
        situation, composed, _ = self._composed_now(caller, journey_id)
        try:
            item = offered(situation, composed, item_id, choice)
        except (ItemUnavailableError, ProofNeededError):
            earlier = self._port.answered(caller, journey_id, item_id, key, choice) if key else None
            if earlier is None:
                raise
            return earlier
        chosen = self._port.choose(caller, journey_id, item, key)
        self.changed((journey_id,))
        return chosen

    def claim(
        self,
        caller: Caller,
        gtin: str,
        serial: str,
        code: str | None,
        ephemeral_id: str | None,
        key: str | None,
        source: str = "",
    ) -> Claimed:
        """Raises ClaimRefusedError, AlreadyClaimedError, UnitInShopError, TooManyAttemptsError."""
        claimed = self._port.claim(caller, gtin, serial, code, ephemeral_id, key, source)
        self.changed((claimed.journey_id,))
        return claimed

    def open_case(self, caller: Caller, journey_id: str, text: str, key: str | None) -> CaseThread:
        """Escalates to an expert, who gets the menu that the customer had in front of them."""
        on_phone = self.menu(caller, journey_id)
        thread = self._port.open_case(caller, journey_id, text, on_phone.body, key)
        self.changed((journey_id,))
        return thread

    def add_message(self, caller: Caller, case_id: str, text: str, key: str | None) -> CaseThread:
        thread = self._port.add_message(caller, case_id, text, key)
        self.changed((thread.journey_id,))
        return thread

    def cases(self, caller: Caller, journey_id: str) -> Sequence[CaseThread]:
        """The journey's threads, newest first; the expert's messages count as read."""
        threads = self._port.cases(caller, journey_id)
        self.changed((journey_id,))
        return threads

    def latest_case(self, caller: Caller, journey_id: str) -> CaseThread | None:
        """The thread that was written in last; nothing counts as read."""
        threads = self._port.cases(caller, journey_id, seen=False)
        return max(threads, key=last_written, default=None)

    def export(self, caller: Caller) -> dict[str, Json]:
        return self._port.export(caller)

    def opt_out(self, token: str) -> Left:
        """Erases the person, here too: no cached session and no cached menu of theirs survives the call."""
        try:
            person_id = self._port.caller(token, "en").person_id
        except SessionRefusedError:
            person_id = None
        receipt = self._port.opt_out(token)
        if person_id is not None:
            self.forget_person(person_id)
        return Left(person_id, receipt)

    def changed(self, journey_ids: Iterable[str]) -> None:
        """Menus of these journeys are composed anew when they are next asked for."""
        for journey_id in journey_ids:
            self._menus.drop(journey_id)

    def content_changed(self) -> None:
        """Every menu is composed anew when it is next asked for: other content was published."""
        self._menus.clear()

    def forget_sessions(self, session_ids: Iterable[str]) -> None:
        """Whose these sessions are, and whether they still count, is asked again."""
        for session_id in session_ids:
            self._callers.drop(session_id)

    def forget_person(self, person_id: str) -> None:
        """Nothing of this person stays in memory."""
        self._callers.drop(person_id)
        self._menus.drop(person_id)

    def _composed_now(self, caller: Caller, journey_id: str) -> tuple[Situation, Composed, Served]:
        ticket = self._menus.ticket(journey_id, caller.person_id)
        return self._composed_at(caller, journey_id, self._port.version(journey_id), ticket)

    def _composed_at(
        self, caller: Caller, journey_id: str, version: int, ticket: Ticket
    ) -> tuple[Situation, Composed, Served]:
        # The version is read before the situation: a change in between makes the entry look old, never new.
        if version == 0:
            self._menus.drop(journey_id)
            raise JourneyUnknownError
        now = self.now()
        situation = self._port.situation(caller, journey_id)
        content = self._content(situation.profile)
        composed = self._compose(situation, content)
        served = Served(composed.menu.etag, msgspec.json.encode(composed.menu), situation.until)
        showing = Showing(caller, situation, content, composed.menu.language, version, now, served)
        # What is not on record is not kept either, so that the next one who asks tries again to have it written.
        if self._showing(showing):
            key = (caller.person_id, journey_id, caller.language)
            self._menus.put(key, _KeptMenu(served, version, now, now), ticket.tags, ticket)
        self._served("composed")
        return situation, composed, served


def offered(situation: Situation, composed: Composed, item_id: str, choice: str = "") -> ChosenItem:
    """The item with what stands behind it. Raises ItemUnavailableError, ChoiceRefusedError, ProofNeededError."""
    items = (item for section in composed.menu.sections for item in section.items if item.id == item_id)
    item = next(items, None)
    if item is None:
        raise ItemUnavailableError(item_id=item_id)
    # A plain link has no order of its own; that it was followed is worth a note.
    order = composed.orders.get(item_id, Order(do="note"))
    if order.needs_proof and not situation.place.proven:
        raise ProofNeededError(item_id=item_id)
    if choice not in _answers(item, order):
        raise ChoiceRefusedError(item_id=item_id)
    return ChosenItem(
        id=item.id,
        kind=item.kind.value,
        action=order.do,
        arguments=order.arguments,
        choice=choice,
        needs_proof=order.needs_proof,
    )


def _answers(item: Item, order: Order) -> frozenset[str]:
    """What may be said with it: of a survey one of its choices, of a guide whether it helped, or nothing."""
    if item.choices:
        return frozenset(one.value for one in item.choices)
    return GUIDE_ANSWERS | {""} if item.steps and order.do == "note" else frozenset({""})


def last_written(thread: CaseThread) -> datetime:
    return thread.messages[-1].at if thread.messages else thread.opened_at


def _younger(now: datetime, then: datetime, limit: timedelta) -> bool:
    """A clock that was set back makes nothing young."""
    return timedelta(0) <= now - then < limit
