"""Many rows at once: what goes in comes out, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError

from cloud.db import Database
from cloud.record.bulk import among, append_many, put_many, rows_of, those
from cloud.record.service import outbox
from cloud.twin.service import contact_table, stream_table

TEXTS = [
    "",
    "NULL",
    "null",
    '"',
    "\\",
    "{}",
    ",",
    "a b",
    "it's",
    '{"a": "b\\n"}',
    "\n\t",
    "ä€😀",
    "\\x00",
    "%(p)s",
    ":p",
]
STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)


def message(slot: str | None, topic: str, payload: bytes) -> dict[str, object]:
    return {"slot": slot, "topic": topic, "payload": payload, "retain": bool(payload), "not_before": AT}


def kept(db: Database) -> list[tuple[object, ...]]:
    columns = outbox.c.slot, outbox.c.topic, outbox.c.payload, outbox.c.retain, outbox.c.not_before
    with db.reading() as tx:
        return [tuple(row) for row in tx.session.execute(sa.select(*columns).order_by(outbox.c.id))]


def test_texts_bytes_booleans_times_and_nothing_come_out_as_they_went_in_and_in_their_order(db: Database) -> None:
    rows = [message(None if number % 3 else f"s{number}", text, text.encode()) for number, text in enumerate(TEXTS)]
    db.run(lambda tx: put_many(tx, outbox, rows))
    assert kept(db) == [tuple(row.values()) for row in rows]


def test_what_is_appended_comes_out_as_it_went_in_and_in_its_order(db: Database) -> None:
    rows = [message(None if number % 3 else f"s{number}", text, text.encode()) for number, text in enumerate(TEXTS)]
    db.run(lambda tx: append_many(tx, outbox, rows))
    assert kept(db) == [tuple(row.values()) for row in rows]


def test_columns_are_replaced_or_added_to_as_they_are_named(db: Database) -> None:
    def put(low: int, count: int) -> None:
        row = {"product_id": "p", "boot": 1, "low": low, "above": [[low, low]], "duplicates": count, "given_up": count}
        keys, added = ["product_id", "boot"], ["duplicates", "given_up"]
        db.run(lambda tx: put_many(tx, stream_table, [row], keys=keys, replaced=["low", "above"], added=added))

    put(5, 1)
    put(3, 2)
    with db.reading() as tx:
        assert tx.session.execute(sa.select(stream_table)).all() == [("p", 1, 3, [[3, 3]], 3, 3)]


def test_a_row_with_the_same_key_is_changed_as_told_and_the_others_are_not(db: Database) -> None:
    db.run(lambda tx: put_many(tx, outbox, [message("a", "old", b"old"), message("b", "old", b"old")]))
    fresh = [message("b", "new", b"new"), message("c", "new", b"new")]
    db.run(lambda tx: put_many(tx, outbox, fresh, keys=["slot"], replaced=["topic"]))
    found = {row[0]: row[1:3] for row in kept(db)}
    assert found == {"a": ("old", b"old"), "b": ("new", b"old"), "c": ("new", b"new")}


def test_a_text_that_is_too_long_for_its_column_is_not_cut(db: Database) -> None:
    if not db.is_sqlite:  # which knows no lengths
        with pytest.raises(DataError):
            db.run(lambda tx: put_many(tx, outbox, [message("s" * 129, "t", b"")]))


def test_rows_without_a_key_never_meet(db: Database) -> None:
    for _ in range(2):
        rows = [message(None, "t", b""), message(None, "t", b"")]
        db.run(lambda tx, rows=rows: put_many(tx, outbox, rows, keys=["slot"], replaced=["topic"]))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert len(kept(db)) == 4


def test_nothing_to_put_is_no_statement(db: Database) -> None:
    db.run(lambda tx: put_many(tx, outbox, []))
    assert kept(db) == []


def test_numbers_come_out_as_they_went_in(db: Database) -> None:
    rows = [
        {"product_id": f"p{number}", "last_seen_at": AT + timedelta(days=number), "skew_s": skew}
        for number, skew in enumerate([0.0, -1.5, 1e-9, 123456789.125, -1e300])
    ]
    db.run(lambda tx: put_many(tx, contact_table, rows))
    with db.reading() as tx:
        found = [row._asdict() for row in tx.session.execute(sa.select(contact_table).order_by("product_id"))]
    assert found == rows


@pytest.mark.parametrize("wanted", [[], ["x"], TEXTS])
def test_among_finds_what_is_named_and_nothing_else(db: Database, wanted: list[str]) -> None:
    rows = [message(f"s{number}", text, b"") for number, text in enumerate([*TEXTS, "x", "other"])]
    db.run(lambda tx: put_many(tx, outbox, rows))
    with db.reading() as tx:
        found = tx.session.execute(sa.select(outbox.c.topic).where(among(tx, outbox.c.topic, wanted))).scalars().all()
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("wanted", [[("a", 1)], [("a", 2), ("b", 1)], [("c", 3)], [("a", 1), ("a", 2), ("b", 1)]])
def test_those_finds_the_pairs_that_are_named_and_no_mixture_of_them(
    db: Database, wanted: list[tuple[str, int]]
) -> None:
    rows = [
        {"product_id": name, "boot": boot, "low": 1, "above": [], "duplicates": 0, "given_up": 0}
        for name, boot in (("a", 1), ("a", 2), ("b", 1), ("b", 2))
    ]
    db.run(lambda tx: put_many(tx, stream_table, rows, keys=["product_id", "boot"], replaced=["low"]))
    columns = stream_table.c.product_id, stream_table.c.boot
    with db.reading() as tx:
        found = tx.session.execute(sa.select(*columns).where(those(tx, columns, wanted))).all()
    assert {tuple(one) for one in found} == set(wanted) - {("c", 3)}


def test_a_time_is_among_times_whatever_zone_it_was_named_in(db: Database) -> None:
    times = [AT, AT.replace(microsecond=0), AT + timedelta(days=1)]
    db.run(lambda tx: put_many(tx, outbox, [message(None, "t", b"") | {"not_before": at} for at in times]))
    east = timezone(timedelta(hours=5, minutes=30))
    wanted = [at.astimezone(east) for at in times[:2]]
    with db.reading() as tx:
        query = sa.select(outbox.c.not_before).where(among(tx, outbox.c.not_before, wanted))
        both = sa.select(outbox.c.topic).where(those(tx, (outbox.c.not_before, outbox.c.topic), [(wanted[1], "t")]))
        assert set(tx.session.execute(query).scalars()) == set(times[:2])
        assert len(tx.session.execute(both).all()) == 1


def test_among_takes_more_than_a_statement_has_parameters(db: Database) -> None:
    db.run(lambda tx: put_many(tx, outbox, [message(None, "70000", b"")]))
    wanted = [str(number) for number in range(70_001)]
    with db.reading() as tx:
        found = tx.session.execute(sa.select(outbox.c.topic).where(among(tx, outbox.c.topic, wanted))).scalars().all()
    assert found == ["70000"]


@pytest.mark.parametrize("wanted", [[], ["s0"], [f"s{number}" for number in range(len(TEXTS))], ["it's", '"', "\\"]])
def test_rows_of_finds_what_is_named_with_the_columns_in_the_order_that_was_asked_for(
    db: Database, wanted: list[str]
) -> None:
    rows = [message(f"s{number}", text, text.encode()) for number, text in enumerate(TEXTS)]
    rows += [message(text, "odd", b"") for text in ("it's", '"', "\\", "other")]
    db.run(lambda tx: put_many(tx, outbox, rows))
    with db.reading() as tx:
        found = [tuple(row) for row in rows_of(tx, outbox, ("topic", "slot"), "slot", wanted)]
    assert sorted(found) == sorted((row["topic"], row["slot"]) for row in rows if row["slot"] in wanted)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), min_size=1)
)
def test_any_text_comes_out_as_it_went_in(db: Database, texts: list[str]) -> None:
    def there_and_back(texts: list[str]) -> list[str]:
        with db.reading() as tx:  # rolled back: each example begins with nothing
            put_many(tx, outbox, [message(None, text, text.encode()) for text in texts])
            return list(tx.session.execute(sa.select(outbox.c.topic).order_by(outbox.c.id)).scalars())

    assert there_and_back(texts) == texts
