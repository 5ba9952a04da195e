"""Days that last minutes: old telemetry goes by the deployment's own retention, and nothing of it goes uncounted."""

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cloud.bench import days, messages, stand, storing
from cloud.bench.days import Days, Gone
from cloud.bench.servers import programs_here
from cloud.bench.stand import Stand
from cloud.bench.waiting import await_that
from cloud.errors import SetupError
from cloud.record.service import journal
from cloud.twin.telemetry import batch_table, telemetry_table
from tests.services import missing

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]
DEVICES, ROUNDS, BOOT = 5, 4, 30
COUNT = DEVICES * ROUNDS
STATUSES = messages.count_statuses(DEVICES, COUNT)
NEVER_S, LONG_S = 1e9, 60.0


@pytest.fixture(scope="module")
def here() -> Iterator[Stand]:
    programs = programs_here()
    if programs is None:
        missing("Mosquitto and PostgreSQL are not both here")
    assert programs is not None
    with stand.one_server(("work",), DEVICES, programs, own=days.SETTINGS) as running:
        yield running


def test_after_two_days_retention_has_taken_the_first_and_each_of_its_messages_was_counted(here: Stand) -> None:
    before, began = storing.statuses_stored(here), here.db.clock()
    with Days(here, BOOT, NEVER_S) as turning:
        storing.stored(here, BOOT, COUNT)
        turning.turn()
        assert rows(here, journal) == 0
        storing.stored(here, BOOT, COUNT, earlier=ROUNDS)
        # What is in no series yet is kept, and asked for again in an hour.
        await_that(lambda: rows(here, batch_table) == 0, lambda: "the series wait", within_s=LONG_S)
        turning.turn()
        turning.finish()
        await_that(lambda: rows(here, telemetry_table) == COUNT - STATUSES, lambda: "nothing went", within_s=LONG_S)
        gone = turning.gone()
        assert (gone, turning.turned) == (Gone(COUNT - STATUSES, 2 * STATUSES), 2)
        assert here.db.clock() - began >= 2 * days.DAY
    storing.check_steady(here, BOOT, 2 * COUNT, 2 * STATUSES, before, gone)
    for wrong in (Gone(gone.readings - 1, gone.statuses), Gone(gone.readings, gone.statuses + 1)):
        with pytest.raises(SetupError, match=f"sent were {2 * COUNT}"):
            storing.check_steady(here, BOOT, 2 * COUNT, 2 * STATUSES, before, wrong)


def test_a_day_begins_when_it_is_time_and_what_goes_wrong_with_it_ends_the_bench(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Days(here, BOOT, NEVER_S) as turning:
        turning.look()
        turning.finish()
        assert (turning.gone(), turning.turned) == (Gone(), 0)
    # Whatever time it is: just after midnight a day does not begin.
    monkeypatch.setattr(days, "OVER", -days.DAY)
    with Days(here, BOOT, 0.0) as turning:
        turning.look()
        turning.finish()
        assert turning.turned == 1

    def refuse() -> int:
        raise SetupError("no")  # noqa: EM101 - a test's own word

    with Days(here, BOOT, 0.0) as turning:
        monkeypatch.setattr(turning, "_forget_events", refuse)
        turning.look()
        with pytest.raises(SetupError, match="no"):
            turning.finish()


def test_a_deployment_that_goes_by_the_real_time_has_no_short_days(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here.db, "clock", time.time)
    with pytest.raises(SetupError, match="cannot be put forward"):
        Days(here, BOOT, NEVER_S)


def rows(here: Stand, table: sa.Table) -> int:
    with here.db.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
