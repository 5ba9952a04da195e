"""A database that vanishes without a word is noticed: libpq is told so when it connects, and idle ones are asked."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cloud import db
from cloud.db import make_engine
from tests.services import Postgres

pytestmark = pytest.mark.postgres
NOTICES = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")


def told(url: str) -> dict[str, str]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            found: dict[str, str] = driver.info.get_parameters()
            return {name: found.get(name, "") for name in NOTICES}
    finally:
        engine.dispose()


def test_a_server_that_is_silent_is_given_up_within_half_a_minute(
    postgres_server: Postgres, postgres_template: str
) -> None:
    found = told(postgres_server.url(postgres_template))
    assert found == dict(zip(NOTICES, ("10", "15", "5", "3", "30000"), strict=True))


def test_what_the_url_says_counts(postgres_server: Postgres, postgres_template: str) -> None:
    url = sa.make_url(postgres_server.url(postgres_template)).update_query_dict({"tcp_user_timeout": "5000"})
    assert told(url.render_as_string())["tcp_user_timeout"] == "5000"
    assert told(url.render_as_string())["keepalives_idle"] == "15"


def test_a_connection_that_was_idle_is_asked_before_it_is_used_and_with_it_all_that_are_as_old_go(
    postgres_server: Postgres, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FRESH_S", 0.0)
    with closing_engine(postgres_server.url(postgres_template)) as engine:
        before = end_all(engine, 3)
        dead: list[int] = []
        ping = engine.dialect.do_ping

        def counted(connection: Any) -> bool:
            dead.extend({connection.info.backend_pid} & before)
            return ping(connection)

        monkeypatch.setattr(engine.dialect, "do_ping", counted)
        with ExitStack() as stack:
            every = [stack.enter_context(engine.connect()) for _ in range(3)]
            found = [one.execute(sa.text("SELECT pg_backend_pid()")).scalar_one() for one in every]
        assert not before & set(found)
        assert len(dead) == 1


def test_a_connection_that_was_used_just_now_is_not_asked(
    postgres_server: Postgres, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FRESH_S", 3600.0)
    with closing_engine(postgres_server.url(postgres_template)) as engine:
        asked: list[object] = []
        monkeypatch.setattr(engine.dialect, "do_ping", asked.append)
        assert len({backend_of(engine) for _ in range(3)}) == 1
        assert asked == []


def test_if_it_is_gone_all_the_same_one_call_fails_and_no_other(
    postgres_server: Postgres, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FRESH_S", 3600.0)
    with closing_engine(postgres_server.url(postgres_template)) as engine:
        before = end_all(engine, 3)
        with pytest.raises(OperationalError):
            backend_of(engine)
        assert [backend_of(engine) not in before for _ in range(3)] == [True] * 3


@contextmanager
def closing_engine(url: str) -> Iterator[sa.Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def backend_of(engine: sa.Engine) -> int:
    """The process of the server that answers."""
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())


def end_all(engine: sa.Engine, count: int) -> set[int]:
    """Fills the pool with so many connections, and ends them from the server's side; which these were."""
    with ExitStack() as stack:
        every = [stack.enter_context(engine.connect()) for _ in range(count)]
        found = {int(one.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()) for one in every}
    ending = sa.text("SELECT pg_terminate_backend(pid, 60000) FROM unnest(CAST(:pids AS int[])) AS pid")
    with closing_engine(engine.url.render_as_string(hide_password=False)) as other, other.connect() as connection:
        assert set(connection.execute(ending, {"pids": sorted(found)}).scalars()) == {True}
    return found
