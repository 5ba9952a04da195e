"""What the cloud may tell a printer, and what it answers."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.contract.messages import Command, Desired, Json, ResultStatus
from device_sim.chance import chance
from device_sim.commands import apply, ended_by_power_loss, execute
from device_sim.drafts import ResultDraft
from device_sim.handling import fault, run
from device_sim.printer import Model, Outcome, Printer, installed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def told_to(printer: Printer, name: str, **arguments: Json) -> Outcome:
    command = Command(id="c1", name=name, expires_at=NOW + timedelta(minutes=1), arguments=arguments)
    return execute(printer, command, NOW)


def answers(outcome: Outcome) -> list[ResultStatus]:
    return [one.status for one in outcome.said if isinstance(one, ResultDraft)]


@pytest.mark.parametrize("name", ["print_sample", "print_test_page", "clean_head"])
def test_a_job_is_accepted_at_once_and_done_later(name: str) -> None:
    outcome = told_to(installed(Model()), name)
    assert answers(outcome) == [ResultStatus.ACCEPTED]
    assert answers(run(outcome.printer, 60, chance(1))) == [ResultStatus.DONE]


def test_a_printer_that_is_stopped_refuses_to_print_and_says_why() -> None:
    outcome = told_to(fault(installed(Model()), "media-jam").printer, "print_sample")
    assert outcome.said[0] == ResultDraft("c1", ResultStatus.FAILED, "media-jam-error")
    assert not outcome.printer.jobs


def test_a_command_after_its_time_does_nothing() -> None:
    printer = installed(Model())
    late = Command(id="c1", name="identify", expires_at=NOW)
    outcome = execute(printer, late, NOW)
    assert answers(outcome) == [ResultStatus.EXPIRED]
    assert outcome.printer == printer


def test_an_unknown_command_fails() -> None:
    assert answers(told_to(installed(Model()), "explode")) == [ResultStatus.FAILED]


def test_a_command_that_the_model_cannot_do_fails() -> None:
    assert answers(told_to(installed(Model(capabilities=("identify",))), "print_sample")) == [ResultStatus.FAILED]


def test_cancelling_ends_both_the_job_and_the_command_that_began_it() -> None:
    printing = told_to(installed(Model()), "print_sample").printer
    cancel = Command(id="c2", name="cancel_job", expires_at=NOW + timedelta(minutes=1))
    outcome = execute(printing, cancel, NOW)
    said = [(one.command_id, one.status) for one in outcome.said if isinstance(one, ResultDraft)]
    assert said == [("c1", ResultStatus.FAILED), ("c2", ResultStatus.DONE)]
    assert not outcome.printer.jobs
    assert answers(execute(outcome.printer, cancel, NOW)) == [ResultStatus.FAILED]


def test_identify_blinks_and_help_is_displayed() -> None:
    assert told_to(installed(Model()), "identify").printer.blinks == 1
    assert (
        told_to(installed(Model()), "help_display", text="Open the rear door").printer.display == "Open the rear door"
    )
    assert answers(told_to(installed(Model()), "help_display", text=7)) == [ResultStatus.FAILED]


def test_a_restart_wants_the_power_cycled_and_is_done_by_it() -> None:
    outcome = told_to(installed(Model()), "restart")
    assert outcome.restart
    assert answers(outcome) == [ResultStatus.ACCEPTED]
    assert ended_by_power_loss("c1", "restart").status is ResultStatus.DONE
    assert ended_by_power_loss("c1", "print_sample").status is ResultStatus.FAILED


def test_settings_that_are_sound_are_taken_and_the_version_is_echoed() -> None:
    wish = Desired(version=2, settings={"economy_mode": True, "quiet_mode": "yes", "colour": "red"})
    outcome = apply(installed(Model()), wish)
    assert outcome.printer.settings == {"economy_mode": True}
    assert outcome.printer.settings_version == 2


def test_an_older_wish_changes_nothing() -> None:
    printer = apply(installed(Model()), Desired(version=2, settings={"quiet_mode": True})).printer
    assert apply(printer, Desired(version=1, settings={})) == Outcome(printer)
    assert apply(printer, Desired(version=2, settings={})) == Outcome(printer)


def test_what_is_no_longer_desired_goes_back_to_the_default() -> None:
    printer = apply(installed(Model()), Desired(version=1, settings={"quiet_mode": True})).printer
    assert apply(printer, Desired(version=2, settings={})).printer.settings == {}
