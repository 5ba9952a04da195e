"""Replay equals live: the projections are dropped, made anew from the journal, and are the same, field by field."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from broker.contract.stages import Stage
from cloud.campaigns import service as campaigns
from cloud.errors import ConflictError
from cloud.lifecycle import service as lifecycle
from cloud.record.events import Channel, OrderStatus, ParcelStatus
from cloud.record.replay import replay
from cloud.secrets import Keys
from cloud.twin import service as twin
from mobile_menu.ownership_ports import LinkRefusedError, NotYoursError, TooManyPeopleError, TransferRefusedError
from mobile_menu.ports import (
    AlreadyClaimedError,
    ChosenItem,
    ClaimRefusedError,
    ItemUnavailableError,
    TooManyAttemptsError,
    ZoneState,
)
from mobile_menu.rules.situation import Zone
from tests.conftest import sqlite_copy
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.world import CLEARED, GTIN, JAMMED, READY, Device, Phone, World, at_once
from tests.services import ManualClock

NO_PROJECTION = {"journey": {"version"}, "move": {"id"}}
"""Columns that a replay does not make: a counter for caches, which only grows, and a number that the database gives."""


def projections(world: World) -> dict[str, list[dict[str, Any]]]:
    """Every row of every projection, with every column that is one."""
    found = {}
    for name in ("twin", "journey", "move", "unit_facts"):
        table = SQLModel.metadata.tables[name]
        columns = [column for column in table.c if column.name not in NO_PROJECTION.get(name, set())]
        by_key = [table.c.journey_id, table.c.id] if name == "move" else list(table.primary_key.columns)
        query = sa.select(*columns).order_by(*by_key)
        with world.db.reading() as tx:
            found[name] = [dict(row) for row in tx.session.execute(query).mappings()]
    return found


def check(world: World) -> None:
    """Replays, and compares."""
    live = projections(world)
    versions = {row.id: row.version for row in world.rows("journey")}
    replay(world.db)
    rebuilt = projections(world)
    assert rebuilt == live
    assert all(row.version > versions[row.id] for row in world.rows("journey"))


class Play:
    """Two units, three people, and everything that can happen between them, one step at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.units = [world.unit(), world.unit()]
        self.devices = [Device(world, unit.id) for unit in self.units]
        self.phones = [world.phone() for _ in range(3)]
        self.campaign = world.run(
            lambda tx: campaigns.create_campaign(
                tx, name="C", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.EMAIL, target="", allowed_hosts=()
            )
        ).id
        self.homes = Homes(world)
        self.wished = 0

    def step(self, name: str, chance: random.Random) -> None:
        """One thing happens; what the services refuse has not happened."""
        self.world.clock.advance(seconds=chance.choice((0, 1, 600, 90_000)))
        phone, which = chance.choice(self.phones), chance.randrange(2)
        getattr(self, name)(phone, which, chance)

    def clicks(self, phone: Phone, _which: int, _chance: random.Random) -> None:
        self.world.run(lambda tx: campaigns.click(tx, self.campaign, phone.person_id))

    def claims(self, phone: Phone, which: int, _chance: random.Random) -> None:
        try:
            self.world.claim(phone, self.units[which])
        except (AlreadyClaimedError, ClaimRefusedError, TooManyAttemptsError):  # its code may have ended with an owner
            return

    def lets_in(self, phone: Phone, which: int, chance: random.Random) -> None:
        """The owner invites, and somebody takes the link, or sends somebody away."""
        unit, who = self.units[which], chance.choice(self.phones)
        try:
            self.homes.join(phone, who, unit, chance.choice(("household", "guest")))
            members = self.world.rows("member", product_id=unit.id)
            if members and chance.random() < 0.3:
                self.homes.people.remove(phone.caller, unit.id, members[0].id)
        except (NotYoursError, LinkRefusedError, TooManyPeopleError):
            return

    def looks(self, phone: Phone, which: int, chance: random.Random) -> None:
        """Somebody scans the label, perhaps again; and now and then the owner ends all who look on."""
        self.homes.scan(phone, self.units[which])
        owner = chance.choice(self.phones)
        if chance.random() < 0.5:
            try:
                self.homes.people.end_onlookers(owner.caller, self.units[which].id)
            except NotYoursError:
                return

    def hands_over(self, phone: Phone, which: int, chance: random.Random) -> None:
        """The owner hands the unit to somebody who may be in the household, a guest, or nobody yet."""
        try:
            self.homes.hand_over(phone, chance.choice(self.phones), self.units[which])
        except (NotYoursError, LinkRefusedError, TransferRefusedError, ConflictError):
            return

    def comes_back(self, _phone: Phone, which: int, chance: random.Random) -> None:
        if chance.random() < 0.5:
            taken = self.homes.take_back(self.units[which])
            self.units[which] = msgspec.structs.replace(self.units[which], claim_code=taken.claim_code)

    def says(self, _phone: Phone, which: int, chance: random.Random) -> None:
        device = self.devices[which]
        makers: list[Callable[[], Any]] = [
            device.birth,
            lambda: device.status(READY),
            lambda: device.status(JAMMED),
            lambda: device.status(CLEARED),
            lambda: device.event("page_printed"),
            device.telemetry,
            lambda: device.presence(chance.choice(("online", "offline")), chance.randint(1, 3)),
        ]
        batch = [chance.choice(makers)() for _ in range(chance.randint(1, 4))]
        chance.shuffle(batch)
        self.world.take(*batch)

    def resets(self, _phone: Phone, which: int, chance: random.Random) -> None:
        device = self.devices[which] = Device(self.world, self.units[which].id, self.devices[which].boot + 1)
        epoch = chance.randint(0, 3)
        self.world.take(device.event("factory_reset", epoch=epoch), device.birth(epoch=epoch))

    def orders(self, phone: Phone, which: int, chance: random.Random) -> None:
        journeys = self.world.read(lambda tx: lifecycle.of_person(tx, phone.person_id))
        self.world.order(
            f"A-{which}",
            version=chance.randint(1, 4),
            status=chance.choice(list(OrderStatus)),
            journey=journeys[0].id if journeys and chance.random() < 0.7 else None,
            serial=self.units[which].serial if chance.random() < 0.4 else None,
            tracking_code=f"T-{which}" if chance.random() < 0.7 else None,
            customer={"name": "Ada"},
        )

    def ships(self, _phone: Phone, which: int, chance: random.Random) -> None:
        promised = self.world.clock() if chance.random() < 0.5 else None
        self.world.parcel(f"T-{which}", chance.choice(list(ParcelStatus)), promised_at=promised)

    def wishes(self, _phone: Phone, which: int, chance: random.Random) -> None:
        self.wished += 1  # an id of its own: chance may draw the same number twice
        unit, event_id = self.units[which], f"wish-{self.wished}"
        settings_ = {"sleep_min": chance.choice((5, 10, None))}
        self.world.run(lambda tx: twin.desire(tx, unit.id, settings_, None, event_id))

    def chooses(self, phone: Phone, _which: int, chance: random.Random) -> None:
        for journey in self.world.read(lambda tx: lifecycle.of_person(tx, phone.person_id))[:1]:
            action = chance.choice(("coupon", "share", "call", "return", "step", "note"))
            item = ChosenItem(id=action, kind="note", action=action, arguments={"step": "unpack"})
            with suppress(ItemUnavailableError):  # to give away somebody's unit, for one
                self.world.menus.choose(phone.caller, journey.id, item, None)
            self.world.menus.enter_zone(phone.caller, journey.id, ZoneState(zone=Zone.AWAY), ())

    def asks(self, phone: Phone, _which: int, _chance: random.Random) -> None:
        for journey in self.world.read(lambda tx: lifecycle.of_person(tx, phone.person_id))[:1]:
            self.world.menus.open_case(phone.caller, journey.id, "help", b"{}", None)

    def waits(self, _phone: Phone, _which: int, chance: random.Random) -> None:
        self.world.clock.advance(hours=chance.choice((1, 13, 30, 60)))
        self.world.do_due()

    def leaves(self, phone: Phone, _which: int, _chance: random.Random) -> None:
        self.world.menus.opt_out(phone.refresh_token)  # the access token's time may be over by now
        self.phones[self.phones.index(phone)] = self.world.phone()


STEPS = (
    "lets_in",
    "looks",
    "looks",
    "hands_over",
    "comes_back",
    "clicks",
    "claims",
    "says",
    "says",
    "says",
    "resets",
    "orders",
    "ships",
    "wishes",
    "chooses",
    "asks",
    "waits",
)


@given(st.lists(st.sampled_from((*STEPS, "leaves")), min_size=3, max_size=22), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_replays_to_what_was_there(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, keys: Keys, steps: list[str], chance: random.Random
) -> None:
    clock = ManualClock()
    with sqlite_copy(sqlite_template, tmp_path_factory.mktemp("replay") / "tests.db", clock) as db:
        play = Play(World(db, keys, clock))
        for step in steps:
            play.step(step, chance)
        check(play.world)


@pytest.mark.parametrize("seed", range(4))
def test_a_long_history_replays_to_what_was_there(world: World, seed: int) -> None:
    chance, play = random.Random(seed), Play(world)  # noqa: S311 - a test that can be repeated
    for _ in range(40):
        play.step(chance.choice((*STEPS, "leaves")), chance)
    check(world)


@pytest.mark.postgres
def test_histories_written_by_many_at_once_replay_to_what_was_there(postgres_world: World) -> None:
    world = postgres_world
    unit, other = world.unit(), world.unit()
    phones = [world.phone() for _ in range(4)]
    for phone in phones:
        world.begin(phone)
    world.claim(phones[0], unit)
    device, second = Device(world, unit.id), Device(world, other.id)
    batches = [[device.birth(), device.status(READY)], [device.status(JAMMED)], [device.event("page_printed")]]
    batches += [[second.birth(), device.status(CLEARED)], [second.status(READY)], [second.event("page_printed")]]
    journeys = [world.journey(phone).id for phone in phones]
    works: list[Callable[[], object]] = [lambda batch=batch: world.take(*batch) for batch in batches]  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    works += [lambda number=number: world.order(f"A-{number}", journey=journeys[number]) for number in range(4)]  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    works += [lambda: world.claim(phones[1], other), lambda: world.menus.opt_out(phones[3].token)]
    found = at_once(works)
    assert [one for one in found if isinstance(one, Exception)] == []
    check(world)


def test_a_replay_keeps_the_zone_and_makes_open_menus_look_again(world: World) -> None:
    phone = world.phone()
    journey = world.begin(phone)
    world.menus.enter_zone(phone.caller, journey.id, ZoneState(zone=Zone.AWAY), ())
    heard: list[set[str]] = []
    world.db.listeners.append(lambda changes: heard.append(changes.journeys))
    report = replay(world.db)
    assert (report.events, report.journeys, report.products) == (1, 1, 0)
    assert world.menus.surroundings(phone.caller, journey.id).zone.zone is Zone.AWAY
    assert heard == [{journey.id}]


def test_a_replay_that_would_lose_a_journey_changes_nothing(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    journey_id = world.claim(phone, unit).journey_id
    opened = SQLModel.metadata.tables["journal"]
    world.run(lambda tx: tx.session.execute(sa.delete(opened).where(opened.c.type == "journey.opened")))
    before = projections(world)
    with pytest.raises(ConflictError, match=journey_id):
        replay(world.db)
    assert projections(world) == before
