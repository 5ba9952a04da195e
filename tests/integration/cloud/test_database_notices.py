"""A database that vanishes without a word is noticed: libpq is told so when it connects."""

from typing import Any

import pytest
import sqlalchemy as sa

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
