"""A small world for tests of the cloud: a model, units, people and devices, driven through the real services.

Nothing here reaches into a table to make something happen; only to see what did.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic
from cloud.accounts import Accounts
from cloud.commerce import partners
from cloud.commerce import service as commerce
from cloud.commerce.carriers import OrderUpdate, ParcelUpdate
from cloud.control import service as control
from cloud.db import Database, Transaction
from cloud.identity import phones
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.menus import Menus
from cloud.ownership import members, transfers
from cloud.record import service as record
from cloud.record.events import OrderStatus, ParcelStatus
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.secrets import Keys
from cloud.twin import ingest
from mobile_menu.ports import Caller, Claimed
from tests.services import ManualClock

Result = TypeVar("Result")
GTIN = gs1.Gtin("09506000134352")
BASE = "https://id.example"
READY = {"state": "idle", "reasons": ["none"], "supplies": [{"name": "black", "level_percent": 90}]}
JAMMED = {"state": "stopped", "reasons": ["media-jam-error"]}
CLEARED = {"state": "idle", "reasons": ["none"]}
Message = tuple[str, bytes]


class Phone(msgspec.Struct, frozen=True):
    """Somebody's phone: its tokens, and who the service takes it for."""

    token: str
    caller: Caller
    refresh_token: str = ""

    @property
    def person_id(self) -> str:
        return self.caller.person_id


class World:
    """One deployment."""

    def __init__(self, db: Database, keys: Keys, clock: ManualClock) -> None:
        self.db = db
        self.keys = keys
        self.clock = clock
        self.menus = Menus(db, keys, BASE)
        self.accounts = Accounts(db, keys, BASE)
        self._serials = 0
        self._messages = 0
        self.run(lambda tx: registry.create_model(tx, GTIN, "P1", "Acme", "printer", {"shop": "https://shop.example"}))

    def run(self, use_case: Callable[[Transaction], Result]) -> Result:
        return self.db.run(use_case)

    def read(self, question: Callable[[Transaction], Result]) -> Result:
        with self.db.reading() as tx:
            return question(tx)

    def rows(self, table: str, **where: object) -> list[Any]:
        """The rows of a table in the order of its key."""
        found = SQLModel.metadata.tables[table]
        query = sa.select(found).order_by(*found.primary_key.columns)
        for name, value in where.items():
            query = query.where(found.c[name] == value)
        return self.read(lambda tx: list(tx.session.execute(query).all()))

    # --- things and people ---

    def unit(self) -> registry.Registered:
        self._serials += 1
        return self.run(lambda tx: registry.register(tx, self.keys, BASE, GTIN, f"SN{self._serials:04}"))

    def phone(self) -> Phone:
        started = self.menus.start_session(None, None).started
        return Phone(started.token, self.menus.caller(started.token, "en"), started.refresh_token)

    def another_phone_of(self, phone: Phone) -> Phone:
        session = self.run(lambda tx: phones.open_phone(tx, self.keys, phone.person_id))
        return Phone(session.token, self.menus.caller(session.token, "en"), session.refresh_token)

    def journey(self, phone: Phone) -> lifecycle.Journey:
        """The person's journey that changed last."""
        return self.read(lambda tx: lifecycle.of_person(tx, phone.person_id))[0]

    def begin(self, phone: Phone) -> lifecycle.Journey:
        """A journey with the model."""
        return self.run(lambda tx: lifecycle.journey_with(tx, phone.person_id, GTIN, None, "phone"))

    def begin_with(self, phone: Phone, unit: registry.Registered) -> lifecycle.Journey:
        """A journey with the unit, as who scans its label has one."""
        return self.run(lambda tx: lifecycle.journey_with(tx, phone.person_id, GTIN, unit.id, "phone"))

    def claim(
        self, phone: Phone, unit: registry.Registered, code: str | None = None, key: str | None = None
    ) -> Claimed:
        return self.menus.claim(phone.caller, unit.gtin, unit.serial, code or unit.claim_code, None, key)

    def shop(self) -> Any:
        place = {"latitude": 37.4, "longitude": -122.1, "radius_m": 100.0}
        return self.run(
            lambda tx: partners.create_shop(tx, name="Corner", address="1 Main", url="https://s.example", **place)
        )

    # --- shops and carriers ---

    def order(self, number: str = "A-1", version: int = 1, **given: Any) -> bool:
        """A shop's webhook."""
        self._messages += 1
        values: dict[str, Any] = {
            "status": OrderStatus.PLACED,
            "gtin": GTIN,
            "serial": None,
            "journey": None,
            "tracking_code": None,
            "carrier": None,
            "placed_at": self.clock() - timedelta(minutes=5),
            "customer": None,
        }
        update = OrderUpdate(order_id=number, version=version, **{**values, **given})
        message_id = f"msg_{self._messages}"
        return self.run(lambda tx: commerce.take_order(tx, self.keys, update, message_id))

    def parcel(self, code: str = "T-1", status: ParcelStatus = ParcelStatus.IN_TRANSIT, **given: Any) -> bool:
        """A carrier's webhook."""
        self._messages += 1
        values: dict[str, Any] = {
            "carrier": "post",
            "status_at": self.clock(),
            "promised_at": None,
            "detail": "",
            "event_id": f"evt_{self._messages}",
        }
        update = ParcelUpdate(tracking_code=code, status=status, **{**values, **given})
        return self.run(lambda tx: commerce.take_parcel(tx, self.keys, update))

    # --- devices ---

    def take(self, *batch: Message) -> ingest.Taken:
        """What the ingest worker does with a batch."""
        return self.run(lambda tx: ingest.take(tx, list(batch)))

    def set_up(self, unit: registry.Registered, boot: int = 1) -> None:
        """The device does the whole installation."""
        device = Device(self, unit.id, boot)
        self.take(device.birth())
        self.take(device.status(READY))
        self.take(device.event("page_printed"))

    # --- time ---

    def do_due(self, lease_s: float = 30) -> list[tuple[str, str]]:
        """What the scheduler does with the timers that are due."""
        leased = self.run(lambda tx: record.lease_due(tx, lease=timedelta(seconds=lease_s)))
        due = [(one.kind, one.subject) for one in leased]
        duties = {
            watch.TIMER: watch.look_again,
            control.TIMER: control.expire,
            members.TIMER: members.expire,
            transfers.TIMER: transfers.expire,
        }
        for kind, subject in due:
            duty = duties[kind]
            self.run(lambda tx, duty=duty, subject=subject: duty(tx, subject))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        return due


class Device:
    """What a device would say, as bytes on topics. Its clock is the world's."""

    def __init__(self, world: World, product_id: str, boot: int = 1) -> None:
        self._world = world
        self.product_id = product_id
        self.boot = boot
        self.seq = 0

    def say(self, kind: Up, **fields: Json) -> Message:
        """The next message of this boot."""
        self.seq += 1
        common = {"boot": self.boot, "seq": self.seq, "at": self._world.clock()}
        return self.raw(kind, **{**common, **fields})

    def raw(self, kind: Up, **fields: Json) -> Message:
        """A message without a sequence of its own."""
        return up_topic(self.product_id, kind), msgspec.json.encode({"schema": 1, **fields})

    def birth(self, **fields: Json) -> Message:
        return self.say(Up.BIRTH, **{"firmware": "1.0", "profile": "printer", "connection": 1, **fields})

    def status(self, reported: dict[str, Json], **fields: Json) -> Message:
        return self.say(Up.STATUS, reported=reported, **fields)

    def event(self, name: str, data: dict[str, Json] | None = None, **fields: Json) -> Message:
        return self.say(Up.EVENT, name=name, data=data or {}, **fields)

    def telemetry(self, value: float = 1.0) -> Message:
        return self.say(Up.TELEMETRY, measurements=[{"name": "temp", "value": value, "unit": "Cel"}])

    def result(self, command_id: str, status: str, **fields: Json) -> Message:
        return self.say(Up.RESULT, command_id=command_id, status=status, **fields)

    def presence(self, status: str, connection: int = 1, boot: int | None = None) -> Message:
        return self.raw(Up.PRESENCE, boot=self.boot if boot is None else boot, connection=connection, status=status)


def at_once(works: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Each work on a thread of its own, started together; what they gave or raised, in order."""
    gate = threading.Barrier(len(works))

    def go(work: Callable[[], Result]) -> Result:
        gate.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures: list[Future[Result]] = [pool.submit(go, work) for work in works]
    found: list[Result | Exception] = []
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        found.append(future.result() if error is None else error)
    return found
