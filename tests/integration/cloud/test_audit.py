"""The audit log over HTTP and on both databases: what gets in, what never does, and what cannot be done to it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.exc import DatabaseError

from cloud.audit import chain, service, verifying
from cloud.audit.chain import Break, Why
from cloud.audit.subjects import Subject
from cloud.audit.verifying import verify
from cloud.db import Transaction
from cloud.identity.permissions import OperatorRole
from cloud.record import service as record
from cloud.vault import verify as signature_holds
from tests.integration.cloud.operators import application, client, issue, log, problem
from tests.integration.cloud.world import GTIN, World, at_once

COLUMNS = ("actor", "action", "route", "subject_kind", "subject_id", "outcome")
TEXTS = (*COLUMNS, "request")


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = application(world)
    yield made
    made.state.hub.close()


def note(world: World, count: int = 1, action: str = "test.act") -> None:
    """Entries, each of a transaction of its own."""
    act = service.Act(actor=service.SYSTEM, action=action, subject=Subject("unit", "u"))
    for _ in range(count):
        world.run(lambda tx: service.note(tx, world.keys, act))


def by(key: Any) -> str:
    return f"key:{key.id}"


# --- what gets in ---


async def test_each_write_is_one_entry_that_says_who_did_what_to_what(app: FastAPI, world: World) -> None:
    key = issue(world)
    unit = world.unit()
    async with client(app, key.token) as operator:
        made = (await operator.post("/api/v1/products", json={"gtin": GTIN})).json()
        await operator.post(f"/api/v1/products/{unit.id}/commands", json={"name": "identify"})
        await operator.get(f"/api/v1/products/{unit.id}")
    command = "/api/v1/products/{product_id}/commands"
    assert log(world, *COLUMNS) == [
        (by(key), "keys.first_use", "", "key", key.id, "done"),
        (by(key), "units.register", "POST /api/v1/products", "unit", made["id"], "done"),
        (by(key), "commands.send", f"POST {command}", "unit", unit.id, "done"),
    ]
    assert {row.at for row in world.rows("audit_entry")} == {world.clock()}
    assert verify(world.db).head.seq == 3


async def test_a_write_that_fails_leaves_no_entry(app: FastAPI, world: World) -> None:
    key = issue(world)
    async with client(app, key.token) as operator:
        problem(await operator.delete(f"/api/v1/campaigns/{key.id}"), 404, "not_found")
        body = {"gtin": GTIN, "name": "P1", "brand": "Acme"}
        problem(await operator.post("/api/v1/models", json=body), 409, "duplicate")
        bad = await operator.post("/api/v1/products/import", content="gtin\n1\n", headers={"Content-Type": "text/csv"})
        assert bad.json()["registered"] == 0
    assert [action for (action,) in log(world, "action")] == ["keys.first_use"]


async def test_a_repeated_call_that_only_gets_its_answer_again_is_no_second_entry(app: FastAPI, world: World) -> None:
    key = issue(world)
    once = {"Idempotency-Key": "once-marker"}
    rows, kind = f"gtin,serial\n{GTIN},A1\n{GTIN},A2\n", {"Content-Type": "text/csv"}
    async with client(app, key.token) as operator:
        answers = [await operator.post("/api/v1/products", json={"gtin": GTIN}, headers=once) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        again = {**once, **kind, "Idempotency-Key": "import-marker"}
        imports = [await operator.post("/api/v1/products/import", content=rows, headers=again) for _ in range(2)]
        assert imports[0].json() == imports[1].json()
    entries = log(world, "action", "subject_id", "request")[1:]
    assert entries == [
        ("units.register", answers[0].json()["id"], service.hidden(world.keys, "once-marker")),
        ("units.register", "", service.hidden(world.keys, "import-marker")),
    ]


async def test_what_a_known_key_may_not_is_refused_and_written_down(app: FastAPI, world: World) -> None:
    viewer = issue(world, OperatorRole.VIEWER)
    unit = world.unit()
    async with client(app, viewer.token) as operator:
        problem(await operator.patch(f"/api/v1/products/{unit.id}", json={}), 403, "forbidden")
        problem(await operator.patch("/api/v1/products/Ada-Lovelace", json={}), 403, "forbidden")
        problem(await operator.get("/api/v1/cases", params={"q": "Ada-Lovelace"}), 403, "forbidden")
    change = "PATCH /api/v1/products/{product_id}"
    assert log(world, *COLUMNS, outcome="forbidden") == [
        (by(viewer), "units.change", change, "unit", unit.id, "forbidden"),
        (by(viewer), "units.change", change, "unit", "", "forbidden"),
        (by(viewer), "cases.read", "GET /api/v1/cases", "", "", "forbidden"),
    ]


async def test_the_first_use_of_a_key_is_written_down_once_also_by_many_calls_at_once(
    postgres_world: World,
) -> None:
    world = postgres_world
    app, key = application(world), issue(world, OperatorRole.VIEWER)

    def call() -> int:
        async def go() -> int:
            async with client(app, key.token) as operator:
                return (await operator.get("/api/v1/products")).status_code

        found: int = anyio.run(go)
        return found

    assert at_once([call] * 8) == [200] * 8
    assert log(world, "action", "subject_id") == [("keys.first_use", key.id)]
    app.state.hub.close()


def test_what_is_rolled_back_leaves_no_entry(world: World) -> None:
    def fails(tx: Transaction) -> None:
        service.note(tx, world.keys, service.by_command("test"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.run(fails)
    note(world)
    assert log(world, "seq", "action") == [(1, "test.act")]


# --- what never gets in ---


async def test_nothing_that_leads_to_a_customer_is_in_the_log_and_who_has_the_id_still_finds_it(
    app: FastAPI, world: World
) -> None:
    key, phone, shop = issue(world), world.phone(), world.shop()
    journey = world.begin(phone)
    case = world.menus.open_case(phone.caller, journey.id, "my marker sings", b"{}", None)
    async with client(app, key.token) as operator:
        words = {"text": "marker answer"}
        once = {"Idempotency-Key": "marker-key"}
        sent = await operator.post(f"/api/v1/cases/{case.id}/messages", json=words, headers=once)
        assert sent.status_code == 201
        assert (await operator.post("/api/v1/stores", json={**PLACE, "name": "marker"})).status_code == 201
        found = (await operator.get("/api/v1/audit", params={"subject": case.id})).json()["items"]
        assert [one["action"] for one in found] == ["cases.answer"]
    text = repr(world.rows("audit_entry"))
    personal = (phone.person_id, journey.id, case.id, "marker", shop.name, key.token, "test")
    assert [one for one in personal if one in text] == []
    world.menus.opt_out(phone.token)
    assert [one for one in personal if one in repr(world.rows("audit_entry"))] == []
    (left,) = log(world, *COLUMNS, action="person.erased")
    (receipt,) = world.rows("erasure_receipt")
    assert left == ("system", "person.erased", "", "receipt", receipt.id, "done")
    assert verify(world.db).broken is None


PLACE = {"latitude": 1.0, "longitude": 1.0}

# --- what cannot be done to it ---


REST = "at, actor, action, route, subject_kind, subject_id, outcome, request, hash"
COPY = f"INSERT INTO audit_entry (seq, {REST}) SELECT %s, {REST} FROM audit_entry WHERE seq = 1"  # noqa: S608 - ours


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", COPY % "2", COPY % "5", COPY % "0"],
)
def test_the_database_itself_refuses_to_change_to_delete_and_to_put_in_between(world: World, statement: str) -> None:
    note(world, 3)
    before = world.rows("audit_entry")
    with pytest.raises(DatabaseError, match="append-only"):
        world.run(lambda tx: tx.session.execute(sa.text(statement)))
    assert world.rows("audit_entry") == before


def test_no_statement_replaces_an_entry_in_sqlite(sqlite_world: World) -> None:
    note(sqlite_world, 2)
    replace = "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 1"
    with pytest.raises(DatabaseError, match="append-only"):
        sqlite_world.run(lambda tx: tx.session.execute(sa.text(replace)))


def test_postgresql_refuses_to_empty_it(postgres_world: World) -> None:
    note(postgres_world)
    with pytest.raises(DatabaseError, match="append-only"):
        postgres_world.run(lambda tx: tx.session.execute(sa.text("TRUNCATE audit_entry")))


def without_triggers(world: World, *statements: str) -> None:
    """What somebody does who owns the database."""
    if world.db.is_sqlite:
        drop = [f"DROP TRIGGER IF EXISTS audit_entry_{name}" for name in ("next", "update", "delete")]
    else:
        drop = ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"]
    with world.db.engine.execution_options(writes=True).begin() as connection:
        for statement in (*drop, *statements):
            connection.execute(sa.text(statement))


def tamper(world: World, seq: int, column: str, value: str) -> None:
    """value: as SQL."""
    without_triggers(world, f"UPDATE audit_entry SET {column} = {value} WHERE seq = {seq}")  # noqa: S608 - the test's own


@pytest.mark.parametrize("column", [*TEXTS, "at", "hash", "seq"])
def test_a_tampered_column_is_found_in_its_entry(world: World, column: str) -> None:
    note(world, 5)
    other = {
        "at": "'2026-11-22T09:30:00.000001Z'" if world.db.is_sqlite else "at + interval '1 microsecond'",
        "hash": "X'00'" if world.db.is_sqlite else "'\\x00'::bytea",
        "seq": "30",
    }.get(column, f"{column} || '!'")
    tamper(world, 3, column, other)
    found = verify(world.db)
    assert found.broken == Break(3, Why.MISSING if column == "seq" else Why.CHANGED)
    assert found.head.seq == 2


@pytest.mark.parametrize("value", ["X'FF'", "'never'", "''", "X'00'"])
@pytest.mark.parametrize("column", ["at", "actor", "hash"])
def test_what_sqlite_would_never_hold_is_named_and_does_not_end_the_walk(
    sqlite_world: World, column: str, value: str
) -> None:
    note(sqlite_world, 3)
    tamper(sqlite_world, 2, column, value)
    assert verify(sqlite_world.db).broken in (Break(2, Why.CHANGED), Break(2, Why.UNREADABLE))


@pytest.mark.parametrize("value", ["'infinity'", "'-infinity'", "'20260-01-01'", "'0044-03-15 BC'"])
def test_a_time_that_no_clock_shows_is_named_and_does_not_end_the_walk(postgres_world: World, value: str) -> None:
    note(postgres_world, 3)
    tamper(postgres_world, 2, "at", value)
    assert verify(postgres_world.db).broken in (Break(2, Why.CHANGED), Break(2, Why.UNREADABLE))


def test_an_entry_taken_out_two_swapped_and_one_put_in_are_found(world: World) -> None:
    note(world, 2, "first")
    note(world, 4, "second")
    without_triggers(world, "DELETE FROM audit_entry WHERE seq = 4")
    assert verify(world.db).broken == Break(4, Why.MISSING)
    for seq, to in ((2, "4"), (3, "2"), (4, "3")):
        tamper(world, seq, "seq", to)
    assert verify(world.db).broken == Break(2, Why.CHANGED)
    without_triggers(world, COPY % "0")
    assert verify(world.db).broken == Break(0, Why.OUT_OF_PLACE)


def test_a_head_that_was_noted_proves_what_was_before_it_and_shows_a_cut_tail(world: World) -> None:
    note(world, 4)
    noted = verify(world.db).head
    note(world, 3)
    assert verify(world.db, noted.hash).found == 4
    assert verify(world.db, chain.BEGINNING).found == 0
    without_triggers(world, "DELETE FROM audit_entry WHERE seq > 3")
    assert verify(world.db, noted.hash) == verifying.Verdict(verify(world.db).head, None, None)
    assert verify(world.db).broken is None, "without the noted head, a cut tail looks sound"


def test_a_log_that_was_made_anew_is_sound_in_itself_and_does_not_hold_the_head_that_was_noted(world: World) -> None:
    note(world, 3)
    noted = verify(world.db).head
    without_triggers(world, "DELETE FROM audit_entry WHERE seq > 1")
    note(world, 2, "forged")
    found = verify(world.db, noted.hash)
    assert (found.broken, found.found, found.head.seq) == (None, None, 3)


def test_the_walk_is_the_same_in_whatever_steps_and_says_how_far_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(world, 7)
    whole = verify(world.db)
    monkeypatch.setattr(verifying, "BATCH", 2)
    said: list[tuple[int, int]] = []
    assert verify(world.db, progress=lambda done, of: said.append((done, of))) == whole
    assert said == [(2, 7), (4, 7), (6, 7), (7, 7)]


# --- many at once ---


def test_eight_writers_at_once_leave_no_gap_and_no_fork(world: World) -> None:
    def write() -> None:
        note(world, 6)

    assert at_once([write] * 8) == [None] * 8
    found = verify(world.db)
    assert (found.broken, found.head.seq) == (None, 48)


def test_a_long_transaction_keeps_nobody_else_from_the_log(postgres_world: World) -> None:
    world = postgres_world
    begun, end = threading.Event(), threading.Event()

    def long(tx: Transaction) -> None:
        service.note(tx, world.keys, service.by_command("long"))
        begun.set()
        assert end.wait(30)

    slow = threading.Thread(target=world.run, args=(long,))
    slow.start()
    assert begun.wait(30)
    note(world, 2, "quick")  # would wait for ever, did the long one hold the chain
    assert [action for (action,) in log(world, "action")] == ["quick", "quick"]
    end.set()
    slow.join(30)
    assert [action for (action,) in log(world, "action")] == ["quick", "quick", "long"]
    assert verify(world.db).broken is None


def test_two_that_take_other_locks_in_opposite_order_never_wait_for_each_other(postgres_world: World) -> None:
    """The chain is the last lock of any transaction: were it taken when an act is noted, these two would deadlock."""
    world, both, tried = postgres_world, threading.Barrier(2), []

    def note_it(tx: Transaction) -> None:
        service.note(tx, world.keys, service.by_command("test"))

    def lock_it(tx: Transaction) -> None:
        record.lock(tx, {"one"})

    def work(first: Callable[[Transaction], None], second: Callable[[Transaction], None]) -> None:
        def do(tx: Transaction) -> None:
            tried.append(first)
            first(tx)
            if len(tried) <= 2:
                both.wait(30)
            second(tx)

        world.run(do)

    assert at_once([lambda: work(lock_it, note_it), lambda: work(note_it, lock_it)]) == [None] * 2
    assert len(tried) == 2, "one was in the other's way, and had to begin again"
    assert verify(world.db).head.seq == 2


# --- reading it ---


async def test_the_log_is_read_by_page_newest_first_and_by_who_did_it(app: FastAPI, world: World) -> None:
    key = issue(world)
    note(world, 4)
    async with client(app, key.token) as operator:
        first = (await operator.get("/api/v1/audit", params={"limit": 2})).json()
        assert [one["seq"] for one in first["items"]] == [5, 4]
        rest = (await operator.get("/api/v1/audit", params={"limit": 3, "cursor": first["next"]})).json()
        assert ([one["seq"] for one in rest["items"]], rest["next"]) == ([3, 2, 1], None)
        own = (await operator.get("/api/v1/audit", params={"actor": by(key)})).json()
        assert [one["action"] for one in own["items"]] == ["keys.first_use"]


async def test_the_head_is_signed_and_is_the_one_that_a_walk_finds(app: FastAPI, world: World) -> None:
    key = issue(world)
    async with client(app, key.token) as operator:
        head: dict[str, Any] = (await operator.get("/api/v1/audit/head")).json()
    assert (head["seq"], head["hash"]) == (1, verify(world.db).head.hash.hex())
    assert signature_holds(head, world.keys.signer.public_key)
    assert not signature_holds({**head, "seq": 0}, world.keys.signer.public_key)
