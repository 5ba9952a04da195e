"""security.txt over HTTP, and the database's password from its file."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.compose import make_database
from cloud.http_app import make_app
from cloud.settings import load_settings
from tests.http_service import client_of
from tests.integration.cloud.world import World
from tests.services import ManualClock, Postgres

PATH = "/.well-known/security.txt"


async def test_it_is_plain_text_with_a_contact_and_404_without(sqlite_world: World) -> None:
    given = load_settings(security_contact="mailto:security@acme.example")
    for settings, status in ((given, 200), (load_settings(), 404)):
        app = make_app(settings, sqlite_world.db, sqlite_world.keys)
        async with client_of(app) as client:
            answer = await client.get(PATH)
        app.state.hub.close()
        assert answer.status_code == status
        if status == 200:
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert "Contact: mailto:security@acme.example\n" in answer.text
        else:
            assert answer.json()["code"] == "not_found"


@pytest.mark.postgres
def test_the_database_is_opened_with_the_password_of_the_file(
    postgres_server: Postgres, tmp_path: Path, clock: ManualClock
) -> None:
    name = postgres_server.create()
    file = tmp_path / "password"
    file.write_text("p@ss/wo:rd\n")
    file.chmod(0o600)
    db = make_database(load_settings(database_url=postgres_server.url(name), database_password_file=str(file)), clock)
    try:
        assert db.engine.url.password == "p@ss/wo:rd"
        with db.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
        assert "p@ss" not in repr(db.engine)
    finally:
        db.dispose()
        postgres_server.drop(name)
