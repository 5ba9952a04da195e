"""A database as full as a large deployment's, within a minute: one unit's rows, made by the system itself, many times.

PostgreSQL only, by COPY. What is written is what the template's rows are, but for what names them; so nothing here has
to know what the columns mean, and new ones come along by themselves.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import sql

from broker.contract.ids import new_id
from cloud.bench.options import Step
from cloud.bench.stand import Stand
from cloud.errors import SetupError

LINES_AT_ONCE = 2_000
DAYS_ASLEEP, SECONDS_APART = 60, 300
TIMES = DAYS_ASLEEP * 86_400 // SECONDS_APART


class Part(NamedTuple):
    """A table. template: column and value of the row that is taken. changed: which columns become what of each copy."""

    table: str
    template: tuple[str, str]
    changed: Mapping[str, str]


class Copied(NamedTuple):
    """What differs from copy to copy, as text. id: 26 characters. serial, uid: no other unit's. due: a time to come."""

    id: str
    serial: str
    uid: str
    due: str


def unit_parts(product_id: str) -> list[Part]:
    """A unit in the registry, and all that is known of it and its stream."""
    registered = {"id": "id", "serial": "serial", "beacon_uid": "uid"}
    known = ("twin", "contact", "stream", "unit_facts")
    own = [Part(table, ("product_id", product_id), {"product_id": "id"}) for table in known]
    return [Part("product", ("id", product_id), registered), *own]


def journey_parts(journey_id: str, person_id: str, product_id: str) -> list[Part]:
    """A person, their unit with its twin, their journey with it, and the timer that looks after that."""
    owned = {"id": "id", "serial": "serial", "beacon_uid": "uid", "owner_person_id": "id"}
    return [
        Part("person", ("id", person_id), {"id": "id"}),
        Part("journey", ("id", journey_id), {"id": "id", "person_id": "id", "product_id": "id"}),
        Part("timer", ("subject", journey_id), {"subject": "id", "due_at": "due"}),
        Part("product", ("id", product_id), owned),
        Part("twin", ("product_id", product_id), {"product_id": "id"}),
    ]


def fill(here: Stand, parts: Sequence[Part], count: int, step: Step) -> list[str]:
    """Writes `count` copies of each part; their ids, which are the same in each table.

    Raises SetupError when a template has no row.
    """
    now = datetime.now(UTC)
    head, tag = new_id(now)[:10], secrets.token_hex(4)
    with here.db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for number, part in enumerate(parts):
            step(f"{here.name}, filling {part.table}", number, len(parts))
            _copy(driver, part, copies(head, tag, now, count))
        # What would be done by and by, in the middle of a measurement, is done now.
        driver.autocommit = True
        driver.execute(
            sql.SQL("VACUUM (ANALYZE) {}").format(sql.SQL(", ").join([sql.Identifier(part.table) for part in parts]))
        )
        driver.execute("CHECKPOINT")
        driver.autocommit = False
        connection.invalidate()
    step(here.name, len(parts), len(parts))
    return [one.id for one in copies(head, tag, now, count)]


def copies(head: str, tag: str, now: datetime, count: int) -> Iterator[Copied]:
    """What names each. Digits are letters of the ids' alphabet too, so that these stand behind one another like ids of
    one moment. tag: 8 hexadecimal digits that no earlier copies had. Timers fall due from tomorrow on, over two months.
    """
    times = [(now + timedelta(days=1, seconds=SECONDS_APART * number)).isoformat() for number in range(TIMES)]
    for number in range(count):
        due = times[number * 7919 % TIMES]
        yield Copied(f"{head}{number:016d}", f"C{tag}{number:08d}", f"{tag}{number:024x}", due)


def _copy(driver: Any, part: Part, every: Iterator[Copied]) -> None:
    column, value = part.template
    table = sql.Identifier(part.table)
    with driver.cursor() as cursor:
        # References are not looked up: what is written refers to what is written.
        cursor.execute("SET LOCAL session_replication_role = replica")
        found = cursor.execute(
            sql.SQL("SELECT * FROM {} WHERE {} = %s LIMIT 1").format(table, sql.Identifier(column)), (value,)
        )
        names = [one.name for one in found.description]
        query = sql.SQL("COPY (SELECT * FROM {} WHERE {} = {} LIMIT 1) TO STDOUT").format(
            table, sql.Identifier(column), sql.Literal(value)
        )
        with cursor.copy(query) as out:
            line = b"".join(bytes(piece) for piece in out).decode()
        if not line:
            msg = f"no row of {part.table} to copy"
            raise SetupError(msg)
        form = line_format(line, names, part.changed)
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as into:
            lines: list[str] = []
            for one in every:
                lines.append(form % one._asdict())
                if len(lines) == LINES_AT_ONCE:
                    into.write("".join(lines))
                    lines.clear()
            into.write("".join(lines))
    driver.commit()


def line_format(line: str, names: Sequence[str], changed: Mapping[str, str]) -> str:
    """A row as COPY writes it, with places for what changes. Pure."""
    fields = [field.replace("%", "%%") for field in line.rstrip("\n").split("\t")]
    return (
        "\t".join(
            [f"%({changed[name]})s" if name in changed else field for name, field in zip(names, fields, strict=True)]
        )
        + "\n"
    )
