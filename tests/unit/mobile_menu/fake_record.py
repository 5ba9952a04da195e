"""A record in memory that keeps the promises of `MenuPort`, and counts what it is asked; and a small menu over it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import cast

import msgspec

from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from mobile_menu.ports import (
    BeaconTarget,
    Caller,
    CaseMessage,
    CaseThread,
    Chosen,
    ChosenItem,
    Claimed,
    ClaimRefusedError,
    JourneySummary,
    JourneyUnknownError,
    MenuPort,
    SessionOpened,
    SessionRefusedError,
    SessionStarted,
    Surroundings,
    Visit,
    ZoneState,
)
from mobile_menu.rules.content import Content
from mobile_menu.rules.menu import Action, Choice, Composed, Item, Kind, Menu, Order, Section, StatusLine
from mobile_menu.rules.proximity import Position, Sighting
from mobile_menu.rules.situation import Device, Place, Situation, Zone
from mobile_menu.service import MenuService

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NO_CONTENT = cast("Content", None)  # the small menu below needs none

BEACON = "00112233445566778899aabbccddeeff"


class Clock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class FakeRecord:
    """people, until: by token. owners: who may see which journey, in which role."""

    people: dict[str, str] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    owners: dict[str, dict[str, Role]] = field(default_factory=dict)
    situations: dict[str, Situation] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    zones: dict[str, ZoneState] = field(default_factory=dict)
    proofs: list[str] = field(default_factory=list)
    threads: dict[str, CaseThread] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], Chosen] = field(default_factory=dict)
    receipts: dict[str, dict[str, Json]] = field(default_factory=dict)
    keys: list[tuple[str, str | None]] = field(default_factory=list)
    chosen: list[ChosenItem] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    visits: list[str | None] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    menus_attached: list[bytes] = field(default_factory=list)
    failing: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def add(self, journey_id: str, token: str, person_id: str, role: Role = Role.OWNER) -> None:
        """This person sees this journey in this role, from the phone with this token."""
        self.people[token] = person_id
        self.owners.setdefault(journey_id, {})[person_id] = role
        self.situations.setdefault(
            journey_id,
            Situation(journey_id=journey_id, stage=Stage.SUPPORT, profile="printer", model_name="Model M"),
        )
        self.versions.setdefault(journey_id, 1)

    def device_says(self, journey_id: str, firmware: str) -> None:
        """The situation moves on, committed with its version."""
        situation = self.situations[journey_id]
        device = msgspec.structs.replace(situation.device, firmware=firmware)
        self._commit(journey_id, msgspec.structs.replace(situation, device=device))

    def expert_says(self, journey_id: str, text: str, at: datetime) -> None:
        thread = self.threads[journey_id]
        message = CaseMessage(id=f"m{len(thread.messages)}", author="expert", text=text, at=at)
        self.threads[journey_id] = msgspec.structs.replace(
            thread, status="answered", messages=(*thread.messages, message)
        )
        self.versions[journey_id] += 1

    def erase(self, journey_id: str) -> None:
        del self.situations[journey_id], self.versions[journey_id], self.owners[journey_id]

    def _commit(self, journey_id: str, situation: Situation) -> None:
        self.situations[journey_id] = situation
        self.versions[journey_id] += 1

    def _ask(self, what: str) -> None:
        with self.lock:
            self.asked[what] += 1
        if self.failing:
            message = "the database is away"
            raise ConnectionError(message)

    def _role(self, caller: Caller, journey_id: str) -> Role:
        role = self.owners.get(journey_id, {}).get(caller.person_id)
        if role is None:
            raise JourneyUnknownError
        return role

    def start_session(self, visit_token: str | None, key: str | None) -> SessionOpened:
        self._ask("start_session")
        self.keys.append(("start_session", key))
        self.visits.append(visit_token)
        started = SessionStarted(
            token="fresh",
            expires_at=START + timedelta(minutes=15),
            expires_in_s=900,
            refresh_token="next",
            refresh_expires_at=START + timedelta(days=90),
        )
        visit = None if visit_token else Visit(token="visit-of-fresh", lasts=timedelta(days=2))
        return SessionOpened(started=started, visit=visit)

    def caller(self, token: str, language: str) -> Caller:
        self._ask("caller")
        if token not in self.people:
            raise SessionRefusedError
        until = self.until.get(token, Caller("", "").until)
        return Caller(self.people[token], f"session-of-{token}", language, until)

    def journeys(self, caller: Caller) -> Sequence[JourneySummary]:
        self._ask("journeys")
        return [
            JourneySummary(
                id=journey_id, stage=Stage.SUPPORT, role=roles[caller.person_id], model_name="M", profile="printer"
            )
            for journey_id, roles in self.owners.items()
            if caller.person_id in roles
        ]

    def situation(self, caller: Caller, journey_id: str) -> Situation:
        self._ask("situation")
        role = self._role(caller, journey_id)
        return msgspec.structs.replace(self.situations[journey_id], role=role, language=caller.language)

    def version(self, journey_id: str) -> int:
        self._ask("version")
        return self.versions.get(journey_id, 0)

    def surroundings(self, caller: Caller, journey_id: str) -> Surroundings:
        self._role(caller, journey_id)
        beacon = BeaconTarget(ids=(f"eddystone-uid:{BEACON}",), subject="product", subject_id="p1", rssi_at_1m_dbm=-59)
        return Surroundings(beacons=(beacon,), zone=self.zones.get(journey_id, ZoneState()))

    def enter_zone(self, caller: Caller, journey_id: str, zone: ZoneState, ephemeral_ids: Sequence[str]) -> None:
        self._role(caller, journey_id)
        self.zones[journey_id] = zone
        self.proofs += ephemeral_ids
        place = Place(zone=zone.zone, proven="00112233aabbccdd" in ephemeral_ids)
        self._commit(journey_id, msgspec.structs.replace(self.situations[journey_id], place=place))

    def choose(self, caller: Caller, journey_id: str, item: ChosenItem, key: str | None) -> Chosen:
        """Choosing the coupon takes it off the menu, as real choices often do."""
        self._role(caller, journey_id)
        self.keys.append(("choose", key))
        self.chosen.append(item)
        outcome = Chosen(item_id=item.id, outcome="noted", detail=item.action)
        if key is not None:
            outcome = self.answers.setdefault((caller.person_id, item.id, key), outcome)
        if item.id == "coupon":
            self.device_says(journey_id, "coupon-taken")
        return outcome

    def answered(self, caller: Caller, journey_id: str, item_id: str, key: str, choice: str = "") -> Chosen | None:  # noqa: ARG002  # the port's signature
        self._role(caller, journey_id)
        return self.answers.get((caller.person_id, item_id, key))

    def open_case(self, caller: Caller, journey_id: str, text: str, menu: bytes, key: str | None) -> CaseThread:
        self._role(caller, journey_id)
        self.keys.append(("open_case", key))
        self.menus_attached.append(menu)
        message = CaseMessage(id="m0", author="customer", text=text, at=START)
        thread = CaseThread(
            id=f"case-{journey_id}", journey_id=journey_id, status="open", opened_at=START, messages=(message,)
        )
        self.threads[journey_id] = thread
        self.versions[journey_id] += 1
        return thread

    def add_message(self, caller: Caller, case_id: str, text: str, key: str | None) -> CaseThread:
        journey_id = case_id.removeprefix("case-")
        self._role(caller, journey_id)
        self.keys.append(("add_message", key))
        thread = self.threads[journey_id]
        message = CaseMessage(id=f"m{len(thread.messages)}", author="customer", text=text, at=START)
        self.threads[journey_id] = msgspec.structs.replace(thread, messages=(*thread.messages, message))
        return self.threads[journey_id]

    def cases(self, caller: Caller, journey_id: str, *, seen: bool = True) -> Sequence[CaseThread]:
        self._role(caller, journey_id)
        self.seen.append(seen)
        return [self.threads[journey_id]] if journey_id in self.threads else []

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
        self.keys.append(("claim", key))
        self.sources.append(source)
        if code != "GOOD-CODE" and ephemeral_id is None:
            raise ClaimRefusedError
        journey_id = f"j-{caller.person_id}"
        self.add(journey_id, f"token-{caller.person_id}", caller.person_id)
        return Claimed(journey_id=journey_id, product_id=f"{gtin}-{serial}", role=Role.OWNER)

    def export(self, caller: Caller) -> dict[str, Json]:
        return {"person": caller.person_id}

    def opt_out(self, token: str) -> dict[str, Json]:
        if token in self.receipts:
            return self.receipts[token]
        person_id = self.people.get(token)
        if person_id is None:
            raise SessionRefusedError
        for theirs in [token for token, owner in self.people.items() if owner == person_id]:
            del self.people[theirs]
            self.receipts[theirs] = {"receipt": f"r-{person_id}"}
        for roles in self.owners.values():
            roles.pop(person_id, None)
        return self.receipts[token]


def small_menu(situation: Situation, content: Content) -> Composed:  # noqa: ARG001  # the seam's signature
    """Shows firmware and role, so that tests see which situation a menu is of."""
    items = [
        Item(id="expert", kind=Kind.EXPERT, title="Ask an expert"),
        Item(id="print-sample", kind=Kind.COMMAND, title="Print a sample", action=Action(method="POST", href="x")),
    ]
    if situation.relation.surveys_due:
        choices = tuple(Choice(value=value, label=value) for value in "123")
        items.append(Item(id="survey", kind=Kind.SURVEY, title="How is it?", choices=choices))
    if situation.device.firmware != "coupon-taken":
        items.append(Item(id="coupon", kind=Kind.COUPON, title="$50"))
    orders = {
        "print-sample": Order(do="command", arguments={"name": "print_sample"}, needs_proof=True),
        "coupon": Order(do="coupon"),
        "survey": Order(do="survey", arguments={"survey": "csat"}),
    }
    title = f"{situation.role}/{situation.device.firmware or 'none'}/{situation.place.zone}/{situation.language}"
    menu = Menu(
        journey=situation.journey_id,
        stage=situation.stage,
        title=title,
        language=situation.language,
        status=StatusLine(text="Fine", level="ok"),
        sections=(Section(id="all", title="All", items=tuple(items)),),
        etag=f"etag-{title.encode().hex()}",
    )
    return Composed(menu, orders)


def nearest(
    known: ZoneState,
    surroundings: Surroundings,
    sightings: Sequence[Sighting],
    position: Position | None,  # noqa: ARG001  # the seam's signature
    now: datetime,
) -> ZoneState:
    """Here, if any beacon of the journey is heard loudly; the real decision has tests of its own."""
    if not sightings:
        return known
    loud = surroundings.beacons and max(sighting.rssi_dbm for sighting in sightings) > -60
    return ZoneState(zone=Zone.HERE if loud else Zone.AWAY, since=now)


def service_over(record: FakeRecord, clock: Clock) -> MenuService:
    port: MenuPort = record
    return MenuService(port, lambda _: NO_CONTENT, clock, compose=small_menu, zone_after=nearest)


def title_of(body: bytes) -> str:
    return msgspec.json.decode(body, type=Menu).title


def with_level(record: FakeRecord, journey_id: str, device: Device) -> None:
    """Changes the situation behind the version's back."""
    record.situations[journey_id] = msgspec.structs.replace(record.situations[journey_id], device=device)
