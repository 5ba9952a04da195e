"""Units that were retired before retiring ended what they connect with: migration 0010 ends it as a revocation does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from cloud import schema
from cloud.db import Database
from cloud.identity import devices
from cloud.identity import service as identity
from cloud.identity.device_tables import DeviceCertificateRow
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.secrets import Keys
from tests.integration.cloud.world import BASE, GTIN
from tests.services import ManualClock, Postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the newest form."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'old.db'}", ManualClock())
        schema.upgrade(made)
        yield made
        made.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = server.create()
    made = Database(server.url(name), ManualClock())
    schema.upgrade(made)
    yield made
    made.dispose()
    server.drop(name)


def move(db: Database, go: Callable[..., None], revision: str) -> None:
    with db.engine.execution_options(writes=True).begin() as connection:
        go(schema.config(connection), revision)


def unit(db: Database, keys: Keys, serial: str) -> str:
    """With a certificate and a password."""
    made = db.run(lambda tx: registry.register(tx, keys, BASE, GTIN, gs1.Serial(serial)))
    db.run(lambda tx: identity.issue_credential(tx, keys, made.id))
    certificate = DeviceCertificateRow(
        fingerprint=serial.encode(),
        product_id=made.id,
        issuer="i",
        serial=serial,
        key_print=b"k" + serial.encode(),
        der=b"",
        created_at=db.clock(),
        not_after=db.clock().replace(year=2099),
        valid_until=db.clock().replace(year=2099),
    )
    db.run(lambda tx: tx.session.add(certificate))
    return made.id


def test_what_was_retired_before_loses_all_that_it_connects_with_and_nobody_else_does(db: Database, keys: Keys) -> None:
    db.run(lambda tx: registry.create_model(tx, GTIN, "P1", "Acme", "printer", {}))
    old, other, ended = (unit(db, keys, f"SN{number}") for number in range(3))
    db.run(lambda tx: devices.revoke(tx, ended))
    move(db, command.downgrade, "0009")
    with db.engine.execution_options(writes=True).begin() as connection:
        retire = sa.text("UPDATE product SET state = 'retired' WHERE id IN (:a, :b)")
        connection.execute(retire, {"a": old, "b": ended})
    schema.upgrade(db)
    assert schema.differences(db) == []
    with db.reading() as tx:
        assert {one: len(devices.live_certificates(tx, one)) for one in (old, other)} == {old: 0, other: 1}
        secrets = {one: identity.device_secret(tx, one) for one in (old, other)}
        assert {one: found is not None and found[1] for one, found in secrets.items()} == {old: True, other: False}
        assert devices.ended_after(tx, 0) == (2, [ended, old]), "the guard hears of it, and of nobody twice"
