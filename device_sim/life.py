"""How the days of a printer go: office hours, jobs, faults, and somebody who mends them. Pure, and the same for a seed.

Life is lived in steps: `live` takes the printer from one moment to the next, whatever lies between them.
"""

from datetime import datetime, timedelta
from random import Random

import msgspec

from device_sim.drafts import Draft
from device_sim.handling import fault, install_supplies, load_paper, repair, run, submit
from device_sim.printer import FAULTS, Printer, measure


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """Times of day are UTC. Rates count within office hours; repairs happen then too."""

    opens_hour: int = 8
    closes_hour: int = 18
    works_weekends: bool = False
    jobs_per_hour: float = 4.0
    mean_pages: float = 6.0
    mean_repair_s: float = 900.0
    faults_per_hour: float = 0.02
    """Besides jams, which come with the pages."""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What is going to happen next. None: not decided yet, or nothing."""

    next_job_at: datetime | None = None
    next_fault_at: datetime | None = None
    mended_at: datetime | None = None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    printer: Printer
    life: Life
    said: tuple[Draft, ...]


def is_open(habits: Habits, at: datetime) -> bool:
    works = habits.works_weekends or at.weekday() < 5
    return works and habits.opens_hour <= at.hour < habits.closes_hour


def next_in_office(habits: Habits, after: datetime, per_hour: float, rng: Random) -> datetime:
    """The next arrival of a Poisson process that runs in office hours only."""
    due = after + timedelta(hours=rng.expovariate(per_hour))
    if is_open(habits, due):
        return due
    opening = due.replace(hour=habits.opens_hour, minute=0, second=0, microsecond=0)
    while opening < due or not is_open(habits, opening):
        opening += timedelta(days=1)
    return opening + timedelta(hours=min(rng.expovariate(per_hour), habits.closes_hour - habits.opens_hour))


def live(printer: Printer, life: Life, now: datetime, seconds: float, rng: Random, habits: Habits) -> Moment:
    """The printer at `now`, `seconds` after it was as given; said ends with one telemetry message."""
    said: list[Draft] = []
    if "print_test_page" not in printer.steps:
        printer = _set_up(printer, said)
    life, printer = _people_come(printer, life, now, rng, habits, said)
    outcome = run(printer, seconds, rng)
    said.extend(outcome.said)
    said.append(measure(outcome.printer, now, rng))
    return Moment(printer=outcome.printer, life=life, said=tuple(said))


def _set_up(printer: Printer, said: list[Draft]) -> Printer:
    """An owner who unpacks it does all at once: this is for crowds; `stories` tells the slow ones."""
    missing = [] if printer.levels else [install_supplies]
    missing += [] if printer.sheets else [load_paper]
    for act in missing:
        printer, spoken, _ = act(printer)
        said.extend(spoken)
    if not any(job.kind == "test_page" for job in printer.jobs):
        printer, spoken, _ = submit(printer, 1, "test_page")
        said.extend(spoken)
    return printer


def _people_come(
    printer: Printer, life: Life, now: datetime, rng: Random, habits: Habits, said: list[Draft]
) -> tuple[Life, Printer]:
    job_at = life.next_job_at or next_in_office(habits, now, habits.jobs_per_hour, rng)
    fault_at = life.next_fault_at or next_in_office(habits, now, habits.faults_per_hour, rng)
    while job_at <= now:
        pages = 1 + int(rng.expovariate(1 / habits.mean_pages))
        printer, spoken, _ = submit(printer, pages)
        said.extend(spoken)
        job_at = next_in_office(habits, job_at, habits.jobs_per_hour, rng)
    if fault_at <= now:
        printer, spoken, _ = fault(printer, rng.choice(sorted(set(FAULTS) - {"media-jam"})))
        said.extend(spoken)
        fault_at = next_in_office(habits, now, habits.faults_per_hour, rng)
    mended_at = life.mended_at
    if not printer.faults and printer.state != "stopped":
        mended_at = None
    elif mended_at is None:
        mended_at = next_in_office(habits, now, 3600 / habits.mean_repair_s, rng)
    elif mended_at <= now:
        printer, spoken, _ = repair(printer)
        said.extend(spoken)
        mended_at = None
    return Life(next_job_at=job_at, next_fault_at=fault_at, mended_at=mended_at), printer
