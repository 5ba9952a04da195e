"""No position of a phone is stored: positions are planted at every door that takes one, or that somebody might bring
one to, and then looked for in every table, file, log, retained message and backup of both databases.
"""

import asyncio
import contextlib
import json
import sqlite3
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import sqlalchemy as sa

from tests.raw_device import service
from tests.services import postgres_programs
from tests.stories.listening import open_menu
from tests.system import System, until

SHOP = (37.40310271828, -122.10631415926)


class Planted(NamedTuple):
    """A position that is nowhere else. where: the door to which it was brought."""

    where: str
    latitude: float
    longitude: float

    def forms(self) -> Iterator[bytes]:
        """How it could be written, to half a metre: in digits, in ten-millionths of a degree, as eight bytes."""
        for value in (self.latitude, self.longitude):
            yield f"{value:.7f}"[:-2].encode()
            yield str(int(abs(value) * 10_000_000))[:-1].encode()
            yield struct.pack(">d", value)
            yield struct.pack("<d", value)

    def is_in(self, data: bytes) -> bool:
        return any(form in data for form in self.forms())


class Doors:
    """Whoever brings positions along. Each is another one, within the shop's fence."""

    def __init__(self, system: System, phone: httpx.Client, journey: str) -> None:
        self.system = system
        self.phone = phone
        self.journey = journey
        self.planted: list[Planted] = []

    def new(self, where: str) -> Planted:
        number = len(self.planted) + 1
        found = Planted(where, SHOP[0] + number * 1.2345679e-5, SHOP[1] - number * 1.3456789e-5)
        self.planted.append(found)
        return found

    def body(self, where: str, **more: Any) -> dict[str, Any]:
        here = self.new(where)
        position = {"latitude": here.latitude, "longitude": here.longitude, "accuracy_m": 12.5, **more}
        return {"journey": self.journey, "position": position}

    def report(self, status: int, body: dict[str, Any] | str, **given: Any) -> httpx.Response:
        content = body if isinstance(body, str) else json.dumps(body)
        headers = {"content-type": "application/json", **given.pop("headers", {})}
        answer = self.phone.post("/menu/v1/context", content=content, headers=headers, **given)
        assert answer.status_code == status, answer.text
        assert [one.where for one in self.planted if one.is_in(answer.content)] == [], "it is not said again either"
        return answer

    def bring(self) -> None:
        """To every door."""
        assert self.report(200, self.body("inside the fence")).json()["zone"]["zone"] == "shop"
        self.report(200, self.body("too inaccurate to count", accuracy_m=90_000.0))
        self.report(422, self.body("no accuracy", accuracy_m=None))
        self.report(422, self.body("a field too many", altitude_m=12.0))
        self.report(422, self.body("beside a wrong sighting") | {"sightings": [{"kind": "wifi"}]})
        self.report(422, json.dumps(self.body("broken JSON"))[:-1])
        self.report(404, self.body("somebody else's journey") | {"journey": "01jd9s00000000000000000000"})
        self.report(401, self.body("no session"), headers={"authorization": "Bearer nobody"})
        self.report(413, self.body("a body too large") | {"padding": "x" * 70_000})
        asked = self.new("a query")
        self.report(
            200,
            {"journey": self.journey},
            params={"latitude": asked.latitude, "longitude": asked.longitude},
            headers={"Geolocation": f"<geo:{asked.latitude},{asked.longitude}>"},
        )
        named = self.new("a sighting's name")
        name = f"{named.latitude},{named.longitude}"
        self.report(200, {"journey": self.journey, "sightings": [{"kind": "ibeacon", "id": name, "rssi_dbm": -50}]})
        asked = self.new("a path that there is not")
        self.phone.get(f"/menu/v1/context/{asked.latitude},{asked.longitude}")
        asked = self.new("a menu's query")
        query = {"journey": self.journey, "at": f"{asked.latitude},{asked.longitude}"}
        assert self.phone.get("/menu/v1/menu", params=query).status_code == 200
        # An item is chosen there, and an expert asked: what is kept of both must not know where that was.
        self.phone.post("/menu/v1/items/get-coupon", json={"journey": self.journey})
        self.phone.post("/menu/v1/cases", json={"journey": self.journey, "text": "Which one suits me?"})


async def test_no_position_of_a_phone_is_in_any_table_file_log_retained_message_or_backup(
    any_system: System, tmp_path: Path
) -> None:
    system = any_system
    place = {"name": "Position Shop", "latitude": SHOP[0], "longitude": SHOP[1], "radius_m": 150.0}
    campaign = await system.campaign()
    unit = await system.unit()
    async with system.operator() as operator, system.printer(unit) as printer:
        await operator.json("POST", "/api/v1/stores", place)
        await printer.install_supplies()
        await printer.all_stored(30)
    async with system.phone() as customer:
        await customer.click_campaign(campaign)
        await customer.start()
        journey = str((await customer.journey())["id"])
        headers = {"authorization": f"Bearer {customer.token}"}
        async with open_menu(customer, journey) as live:
            with httpx.Client(base_url=system.url, headers=headers, timeout=60) as phone:
                doors = Doors(system, phone, journey)
                await asyncio.to_thread(doors.bring)
            await live.hears(lambda event: event.name == "menu", "a menu")
            told = json.dumps([event.body for event in live.heard]).encode()
        taken = json.dumps(await customer.export()).encode()
    looked = {"the export": taken, "the stream": told, **everywhere(system, unit.id, tmp_path)}
    # The shop's own is found, in tables, files and backups alike, or this test could not fail.
    shop = Planted("the shop's own", *SHOP)
    known = {where.partition(":")[0] for where, data in looked.items() if shop.is_in(data)}
    assert known >= {"table", "file", "backup"}
    found = [f"{one.where} is in {where}" for where, data in looked.items() for one in doors.planted if one.is_in(data)]
    assert found == []


def everywhere(system: System, product_id: str, folder: Path) -> dict[str, bytes]:
    """All that is kept, by where it is. product_id: a unit that has been told something that is retained."""
    found = {
        "the logs": system.said(),
        "retained": b"\n".join(retained(system, product_id)),
        "backup: ": backup(system, folder),
    }
    for table in system.tables():
        rows = system.rows(f'SELECT * FROM "{table}"')  # noqa: S608 - the database's own name
        found[f"table: {table}"] = "\n".join(repr(value) for row in rows for value in row).encode()
    for root in (system.folder, *cluster(system)):
        for path in root.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # a database removes what it needs no more
                if path.is_file():
                    found[f"file: {path}"] = path.read_bytes()
    return found


def is_sqlite(system: System) -> bool:
    return system.database_url.startswith("sqlite")


def cluster(system: System) -> list[Path]:
    """PostgreSQL's own folder, with its log and its write-ahead log; nothing with SQLite."""
    if is_sqlite(system):
        return []
    engine = sa.create_engine(system.database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CHECKPOINT"))  # what is in its memory is in its files too from here on
    ((folder,),) = system.rows("SHOW data_directory")
    return [Path(folder).parent]


def backup(system: System, folder: Path) -> bytes:
    """What an operator's backup holds."""
    if is_sqlite(system):
        (database,) = system.data.glob("*.db")
        target = folder / "backup.db"
        with sqlite3.connect(database) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()
        copy.close()
        return target.read_bytes()
    programs = postgres_programs()
    assert programs is not None
    address = system.database_url.replace("postgresql+psycopg://", "postgresql://")
    dump = subprocess.run([programs / "pg_dump", address], capture_output=True, check=True, timeout=120)  # noqa: S603 - the database's own program
    return dump.stdout


def retained(system: System, product_id: str) -> list[bytes]:
    with service(system) as listener:
        listener.subscribe("tl/#")
        until(lambda: any(topic.endswith(f"{product_id}/down/stored") for topic, _, _ in listener.heard), "retained")
        return [topic.encode() + b" " + payload for topic, payload, _ in listener.heard]
