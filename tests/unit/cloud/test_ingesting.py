"""How many ingest workers there may be, and where each of them sits."""

from pathlib import Path

import pytest

from broker.contract.topics import ALL_UP
from cloud.__main__ import services_of
from cloud.errors import SetupError
from cloud.ingesting import check_workers, seat_names, shared_filter
from cloud.secrets import load_keys
from cloud.settings import Settings, load_settings

POSTGRES = "postgresql+psycopg://somebody@127.0.0.1/nothing"


def settings(**given: object) -> Settings:
    return load_settings(**{"broker": "external", "database_url": POSTGRES, **given})


def test_several_workers_are_refused_where_the_broker_cannot_share_or_the_database_has_one_writer() -> None:
    with pytest.raises(SetupError, match="embedded"):
        check_workers(settings(broker="embedded", ingest_workers=2))
    with pytest.raises(SetupError, match="PostgreSQL"):
        check_workers(settings(database_url="", ingest_workers=2))
    check_workers(settings(ingest_workers=2))
    check_workers(settings(broker="embedded", database_url=""))


def test_up_runs_as_many_workers_as_are_asked_for_and_one_name_cannot_be_all_of_theirs() -> None:
    assert services_of(settings()) == ("work", "api")
    assert services_of(settings(ingest_workers=3)) == ("work", "api", "work-2", "work-3")
    with pytest.raises(SetupError, match="worker_name"):
        services_of(settings(ingest_workers=2, worker_name="mine"))


def test_a_worker_takes_the_seat_of_its_name_or_the_first_free_one() -> None:
    assert seat_names(settings()) == ("work-1",)
    assert seat_names(settings(ingest_workers=3)) == ("work-1", "work-2", "work-3")
    assert seat_names(settings(ingest_workers=3, worker_name="mine")) == ("mine",)
    assert seat_names(settings(broker="embedded", worker_name="mine")) == ("work-1",), "its session is the one there is"


def test_each_deployment_has_a_group_of_its_own_that_tells_nothing_of_its_keys(tmp_path: Path) -> None:
    one, other = (shared_filter(load_keys(tmp_path / name)) for name in ("one", "other"))
    assert one == shared_filter(load_keys(tmp_path / "one"))
    assert one != other
    share, group, topics = one.split("/", 2)
    assert (share, topics) == ("$share", ALL_UP)
    assert len(bytes.fromhex(group)) == 16
