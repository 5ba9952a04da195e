"""The printer keeps IPP's rules, whatever happens to it."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import reported_problem
from broker.contract.messages import Json, ResultStatus
from device_sim.chance import chance
from device_sim.drafts import BirthDraft, Draft, EventDraft, ResultDraft, StatusDraft
from device_sim.handling import (
    CLEANING_S,
    adopt_epoch,
    factory_reset,
    fault,
    install_supplies,
    join_network,
    load_paper,
    power_up,
    repair,
    run,
    submit,
)
from device_sim.printer import DEVICE_STEPS, FAULTS, Ink, Model, Outcome, Printer, installed, measure, reported_of, told

SMALL = Model(inks=(Ink(pages_when_full=10), Ink(name="cyan", color="cyan", kind="ink")), tray_sheets=20)
KEYWORDS = {
    row[0]
    for row in csv.reader(
        line
        for line in (Path(__file__).parents[2] / "data" / "ipp_printer_state_reasons.csv").read_text().splitlines()
        if line and not line.startswith("#")
    )
}

acts = st.sampled_from(["paper", "supplies", "job", "clean", "run", "repair", "network", "power", *sorted(FAULTS)])


def act(printer: Printer, name: str) -> Outcome:  # noqa: PLR0911 - one line for each act
    match name:
        case "paper":
            return load_paper(printer)
        case "supplies":
            return install_supplies(printer)
        case "job":
            return submit(printer, 7)
        case "clean":
            return submit(printer, 0, "clean_head")
        case "run":
            return run(printer, 20, chance(1))
        case "repair":
            return repair(printer)
        case "network":
            return join_network(printer)
        case "power":
            return power_up(printer)
        case _:
            return fault(printer, name)


def steps(said: tuple[Draft, ...]) -> list[Json]:
    return [one.data["step"] for one in said if isinstance(one, EventDraft) and one.name == "install_step_done"]


@given(st.lists(acts, max_size=40))
def test_it_is_stopped_exactly_while_a_reason_is_an_error(names: list[str]) -> None:
    printer = Printer(model=SMALL)
    for name in names:
        printer = act(printer, name).printer
        assert (printer.state == "stopped") == any(reason.endswith("-error") for reason in printer.reasons)


@given(st.lists(acts, max_size=40))
def test_every_reason_is_a_registered_keyword_with_a_severity(names: list[str]) -> None:
    printer = Printer(model=SMALL)
    for name in names:
        printer = act(printer, name).printer
        for reason in printer.reasons:
            keyword, _, severity = reason.rpartition("-")
            assert keyword in KEYWORDS
            assert severity in {"error", "warning", "report"}


@given(st.lists(acts, max_size=40))
def test_the_statuses_merged_since_the_birth_are_the_whole_state(names: list[str]) -> None:
    outcome = power_up(Printer(model=SMALL))
    twin: dict[str, Json] = {}
    for name in [None, *names]:
        outcome = act(outcome.printer, name) if name else outcome
        for one in outcome.said:
            if isinstance(one, StatusDraft):
                twin.update(one.reported)
        twin = {field: value for field, value in twin.items() if value is not None}
        assert twin == reported_of(outcome.printer)
        assert not reported_problem(twin)


@given(st.lists(acts, max_size=60))
def test_each_step_is_witnessed_at_most_once_in_an_epoch(names: list[str]) -> None:
    printer, seen = Printer(model=SMALL), list[Json]()
    for name in names:
        printer, said, _ = act(printer, name)
        seen += steps(said)
    assert len(seen) == len(set(seen))


def test_a_printer_out_of_the_box_is_idle_and_only_reports_what_it_lacks() -> None:
    printer = power_up(Printer()).printer
    assert printer.state == "idle"
    assert printer.reasons == ("marker-supply-missing-report", "media-empty-report")


def test_an_installation_is_witnessed_step_by_step() -> None:
    printer, said, _ = power_up(Printer())
    assert isinstance(said[0], BirthDraft)
    assert steps(said) == []
    printer, said, _ = join_network(printer)
    assert steps(said) == ["connect_network"]
    printer, said, _ = install_supplies(printer)
    assert steps(said) == ["install_supplies"]
    printer, said, _ = load_paper(printer)
    assert steps(said) == ["load_paper"]
    printer = submit(printer, 1, "test_page").printer
    assert printer.state == "processing"
    printer, said, _ = run(printer, 60, chance(1))
    assert steps(said) == ["print_test_page"]
    assert EventDraft("page_printed", {"pages": 1, "kind": "test_page"}) in said
    assert set(printer.steps) == set(DEVICE_STEPS)
    assert printer.state == "idle"


def test_printing_uses_paper_and_toner_until_they_are_out() -> None:
    printer = submit(installed(SMALL), 15).printer
    printer = run(printer, 5 * 60 / SMALL.pages_per_minute, chance(1)).printer
    assert (printer.pages_total, printer.sheets) == (5, 15)
    assert printer.levels[0] == pytest.approx(50)
    printer = run(printer, 3600, chance(1)).printer
    assert printer.reasons[0] == "toner-empty-error"
    assert printer.pages_total == 10
    assert printer.jobs[0].pages_left == 5
    printer = run(repair(printer).printer, 3600, chance(1)).printer
    assert printer.pages_total == 15
    assert not printer.jobs


def test_low_supplies_warn_before_they_stop() -> None:
    printer = msgspec.structs.replace(installed(SMALL), levels=(9.0, 80.0), sheets=1)
    assert printer.reasons == ("media-low-warning", "toner-low-warning")
    assert printer.state == "idle"


def test_economy_mode_makes_toner_last_longer() -> None:
    thrifty = msgspec.structs.replace(installed(SMALL), settings={"economy_mode": True})
    usual, saved = (run(submit(one, 5).printer, 60, chance(1)).printer for one in (installed(SMALL), thrifty))
    assert saved.levels[0] > usual.levels[0]


def test_a_jam_holds_the_job_and_a_repair_lets_it_go_on() -> None:
    printer = submit(installed(SMALL), 5).printer
    printer = fault(printer, "media-jam").printer
    printer = run(printer, 60, chance(1)).printer
    assert (printer.state, printer.pages_total) == ("stopped", 0)
    printer = run(repair(printer, "media-jam").printer, 60, chance(1)).printer
    assert (printer.state, printer.pages_total) == ("idle", 5)


def test_pages_jam_about_as_often_as_the_model_says() -> None:
    model = Model(mean_pages_between_jams=20, tray_sheets=10**6, inks=(Ink(pages_when_full=10**6),))
    printer, rng, jams = installed(model), chance(7), 0
    while printer.pages_total < 4000:
        printer = run(submit(printer, 50).printer, 3600, rng).printer
        jams += "media-jam" in printer.faults
        printer = repair(printer).printer
    assert 150 < jams < 250


def test_time_that_is_too_short_for_a_page_is_not_lost() -> None:
    printer, rng = submit(installed(SMALL), 2).printer, chance(1)
    for _ in range(13):
        printer = run(printer, 0.5, rng).printer
    assert printer.pages_total == 2


def test_cleaning_takes_its_time_and_some_toner() -> None:
    printer = submit(installed(SMALL), 0, "clean_head", "c1").printer
    assert printer.state == "processing"
    printer, said, _ = run(printer, CLEANING_S + 1, chance(1))
    assert ResultDraft("c1", ResultStatus.DONE) in said
    assert printer.levels == (99.0, 99.0)


def percents(said: Iterable[Draft]) -> list[Json]:
    return [one.data["percent"] for one in said if isinstance(one, ResultDraft) and "percent" in one.data]


def test_a_commands_job_says_how_far_it_is_each_quarter_once_and_nobody_elses_does() -> None:
    told: list[Json] = []
    printer, rng = submit(installed(SMALL), 0, "clean_head", "c1").printer, chance(1)
    for _ in range(2 * int(CLEANING_S) - 1):
        printer, said, _ = run(printer, 0.5, rng)
        told += percents(said)
    assert told == [25, 50, 75]
    assert percents(run(submit(installed(SMALL), 4, "document", "c2").printer, 9.1, rng).said) == [75]
    assert percents(run(submit(installed(SMALL), 4).printer, 9.1, rng).said) == []


def test_a_power_cut_forgets_jobs_but_not_pages_or_paper() -> None:
    printer = submit(installed(SMALL), 5).printer
    again = power_up(run(printer, 6, chance(1)).printer).printer
    assert (again.jobs, again.pages_total, again.sheets) == ((), 2, 18)


def test_a_factory_reset_begins_an_epoch_in_which_what_is_there_is_witnessed_again() -> None:
    used = msgspec.structs.replace(installed(SMALL), settings={"quiet_mode": True}, settings_version=4, pages_total=9)
    reset = factory_reset(used)
    assert reset.restart
    assert reset.said == (EventDraft("factory_reset", {"epoch": 1}),)
    printer, said, _ = power_up(reset.printer)
    assert (printer.epoch, printer.settings, printer.settings_version, printer.pages_total) == (1, {}, 0, 9)
    assert steps(said) == ["load_paper", "install_supplies"]


def test_a_newer_epoch_is_adopted_and_an_older_one_is_not() -> None:
    printer, said, _ = adopt_epoch(installed(SMALL, epoch=2), 3)
    assert printer.epoch == 3
    assert isinstance(said[0], BirthDraft)
    assert adopt_epoch(printer, 3) == Outcome(printer)
    assert adopt_epoch(printer, 1) == Outcome(printer)


def test_nothing_new_is_no_status() -> None:
    printer = installed(SMALL)
    assert told(printer, printer).said == ()


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(KeyError):
        fault(installed(SMALL), "on-fire")


def test_a_busy_printer_is_warm() -> None:
    noon, rng = datetime(2026, 11, 23, 12, tzinfo=UTC), chance(1)
    readings = [
        {one.name: one.value for one in measure(printer, noon, rng).measurements}
        for printer in (installed(SMALL), submit(installed(SMALL), 3).printer)
    ]
    assert readings[0]["fuser_temperature"] < 60 < readings[1]["fuser_temperature"]
    assert readings[0]["supply.cyan"] == 100
