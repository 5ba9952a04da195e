"""Days go by, the same for the same seed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.chance import chance
from device_sim.drafts import Draft, EventDraft, StatusDraft, TelemetryDraft
from device_sim.life import Habits, Life, is_open, live, next_in_office
from device_sim.printer import DEVICE_STEPS, Model, Printer

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
BUSY = Habits(jobs_per_hour=10, faults_per_hour=0.2)


def lived(seed: int, hours: int, step_s: float = 300, habits: Habits = BUSY) -> tuple[Printer, list[Draft], list[str]]:
    printer, life, rng, now = Printer(model=Model(mean_pages_between_jams=200)), Life(), chance(seed), MONDAY
    said: list[Draft] = []
    states: list[str] = []
    while now < MONDAY + timedelta(hours=hours):
        now += timedelta(seconds=step_s)
        moment = live(printer, life, now, step_s, rng, habits)
        printer, life = moment.printer, moment.life
        said.extend(moment.said)
        states.append(printer.state)
    return printer, said, states


@settings(max_examples=5, deadline=None)
@given(st.integers())
def test_the_same_seed_says_the_same(seed: int) -> None:
    assert lived(seed, 24) == lived(seed, 24)


def test_another_seed_says_something_else() -> None:
    assert lived(1, 24)[1] != lived(2, 24)[1]


def test_a_fleet_printer_sets_itself_up_first() -> None:
    printer, said, _ = lived(1, 1)
    done = [one.data["step"] for one in said if isinstance(one, EventDraft) and one.name == "install_step_done"]
    assert set(done) == set(DEVICE_STEPS) - {"connect_network"}
    assert printer.pages_total == 1


def test_each_step_measures_once() -> None:
    _, said, states = lived(1, 10)
    assert sum(isinstance(one, TelemetryDraft) for one in said) == len(states)


def test_nobody_prints_at_night_or_at_the_weekend() -> None:
    before = lived(3, 5 * 24)[0].pages_total
    assert lived(3, 7 * 24)[0].pages_total == before
    assert lived(3, 7 * 24 + 12)[0].pages_total > before


def test_in_a_working_week_pages_come_out_faults_come_and_are_mended() -> None:
    printer, said, states = lived(5, 5 * 24)
    reasons = {
        reason for one in said if isinstance(one, StatusDraft) for reason in one.reported.get("reasons") or () if reason
    }
    assert printer.pages_total > 1000
    assert {"media-jam-error", "media-empty-error", "toner-low-warning", "toner-empty-error"} <= reasons
    assert "stopped" in states
    assert states[-1] == "idle"


@given(st.integers(0, 14 * 24 * 60), st.integers(), st.floats(0.01, 60))
def test_the_next_arrival_is_later_and_falls_into_office_hours(minutes: int, seed: int, per_hour: float) -> None:
    habits = Habits()
    after = MONDAY + timedelta(minutes=minutes)
    due = next_in_office(habits, after, per_hour, chance(seed))
    assert due >= after
    # Closing time itself is the latest moment.
    assert is_open(habits, due - timedelta(microseconds=1)) or is_open(habits, due)
