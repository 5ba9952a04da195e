"""The benches on Mosquitto and PostgreSQL, each with few messages: what they start works, and what they check fails."""

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cloud.bench import (
    fill,
    fleet,
    idle,
    ingest,
    latency,
    memory,
    node_red,
    stand,
    storing,
    watermark,
)
from cloud.bench.customer import moved_in
from cloud.bench.options import Options
from cloud.bench.servers import Programs, programs_here
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.record.service import outbox
from cloud.twin.telemetry import telemetry_table
from tests.services import missing

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]
DEVICES = 12


def silently(_what: str, _done: int, _total: int) -> None:
    """No progress bar."""


@pytest.fixture(scope="module")
def programs() -> Programs:
    found = programs_here()
    if found is None:
        missing("Mosquitto and PostgreSQL are not both here")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def here(programs: Programs) -> Iterator[Stand]:
    """One deployment of two workers for all: each test has boots of its own."""
    with stand.one_server(("work", "api"), DEVICES, programs, workers=2) as running:
        yield running


def test_ingest_measures_ours_and_every_reference_and_checks_each_run(here: Stand) -> None:
    rows = ingest.on_stand(here, 240, 1, silently)
    names = [ingest.BARE, ingest.TUTORIAL, ingest.C_SUBSCRIBER]
    names += [] if node_red.missing() else [ingest.NODE_RED, ingest.NODE_RED_STATE]
    ours = [one for one in rows if one.what.endswith(": durable")]
    assert [one.reference for one in ours] == ["", *names]
    assert all(one.value > 0 for one in rows)
    parts = ours[1].parts
    assert {"publisher", "mosquitto", "postgres", "work", "work-2"} <= parts.keys()


def test_a_message_that_is_stored_twice_or_not_at_all_ends_the_bench(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing.stored(here, 50, 40)

    def lose(_here: Stand, _boot: int, _expected: dict[str, int]) -> float:
        with here.db.engine.begin() as connection:
            connection.execute(
                sa.delete(telemetry_table).where(telemetry_table.c.boot == 51, telemetry_table.c.seq == 2)
            )
        return time.monotonic()

    waiting = storing.await_stored
    monkeypatch.setattr(storing, "await_stored", lambda *given: waiting(*given) and lose(*given))
    with pytest.raises(SetupError, match="sent were 40"):
        storing.stored(here, 51, 40)


def test_a_stream_goes_on_where_it_was(here: Stand) -> None:
    storing.stored(here, 60, 2 * DEVICES)
    storing.stored(here, 60, 2 * DEVICES, earlier=2)
    with pytest.raises(SetupError, match="sent were"):
        storing.stored(here, 60, DEVICES, earlier=3)  # it was at 4: this one comes twice


def test_the_watermark_is_told_in_one_way_and_not_in_the_other(programs: Programs) -> None:
    with stand.one_server((), DEVICES, programs) as quiet:
        rows = watermark.in_turn(quiet, 2, 40, 1, silently)
        # Boots 2 and 3 of the worker that tells, 4 and 5 of the one that does not; the last may still wait to leave.
        said = set(re.findall(r'"boot":(\d+)', told(quiet) + waiting(quiet)))
        assert said
        assert said <= {"2", "3"}
        assert storing.low_of(quiet, 5) == 40
    assert [one.reference for one in rows] == [watermark.UNTOLD, ""]
    assert all("work" in one.parts for one in rows)


def waiting(here: Stand) -> str:
    """What is to be sent."""
    with here.db.engine.connect() as connection:
        return "".join(bytes(payload).decode() for (payload,) in connection.execute(sa.select(outbox.c.payload)))


def told(here: Stand) -> str:
    """What the broker keeps for devices."""
    at = here.address
    command = ["mosquitto_sub", "-h", at.host, "-p", str(at.port), "-u", at.username, "-P", at.password]
    command += ["-i", f"{at.username}-told", "-t", "tl/v1/+/down/stored", "-W", "2"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own


def test_a_fleet_of_copies_speaks_as_devices_do(here: Stand) -> None:
    rows = fleet.on_stands(here, here, Options(runs=1, messages=24, registered=300), 200, silently)
    assert [one.what for one in rows] == [
        "durable, 12 devices",
        "durable, 300 devices, 12 speak",
        "durable, 300 devices, 200 speak",
    ]
    assert all(one.goal == "ratio ≥ 0.9" for one in rows[1:])


def test_nothing_to_copy_is_said(here: Stand) -> None:
    with pytest.raises(SetupError, match="no row of journey"):
        fill.fill(here, fill.journey_parts("none", "none", "none")[1:], 3, silently)


def test_latency_behind_mosquitto_hears_every_change(here: Stand) -> None:
    notes: list[str] = []
    rows = latency.on_stand(here, Options(runs=1, messages=2, rate=20), notes, silently)
    assert [one.what.split(": ")[1] for one in rows] == ["p50", "p95", "p99"]
    assert all(one.value > 0 for one in rows)
    assert "were published" in notes[0]


def test_silent_devices_stay_connected_and_sleeping_journeys_asleep(here: Stand) -> None:
    options = Options(runs=1, minutes=0.02, registered=40, connections=60)
    rows, notes = idle.on_stand(here, moved_in(here, 1), options, silently)
    assert [one.what for one in rows][:2] == ["all but the broker", "all"]
    assert "all stayed connected" in notes[0]


def test_a_worker_s_memory_is_watched_while_the_database_goes_and_comes_back(here: Stand) -> None:
    rows, notes = memory.on_stand(here, Options(devices=DEVICES, minutes=0.03, away_minutes=0.03), silently)
    assert [one.unit for one in rows] == ["%", "MiB/h", "MiB", "MiB"] * 2
    assert rows[2].value > 10
    assert "stored exactly once" in notes[1]
