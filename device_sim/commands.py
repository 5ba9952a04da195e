"""What the cloud tells a printer: commands and desired settings. Pure.

That a command is executed once is for whoever remembers its id (`memory`); here it is only whether it can be, and how.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from broker.contract.messages import Command, Desired, Json, ResultStatus
from device_sim.drafts import ResultDraft
from device_sim.handling import end_job, submit
from device_sim.printer import Outcome, Printer, told

SAMPLE_PAGES: Final = 1

SETTINGS: Final[dict[str, Callable[[Json], bool]]] = {
    "economy_mode": lambda value: isinstance(value, bool),
    "quiet_mode": lambda value: isinstance(value, bool),
    "sleep_after_min": lambda value: type(value) is int and 1 <= value <= 240,
    "display_language": lambda value: isinstance(value, str) and 2 <= len(value) <= 16,
}
"""The settings that a printer has, and what it takes for each."""


def execute(printer: Printer, command: Command, now: datetime) -> Outcome:
    """Does what the command says, or says why not. A job or a restart is accepted now and ends later."""
    if now >= command.expires_at:
        return told(printer, printer, ResultDraft(command.id, ResultStatus.EXPIRED, "it came after its time"))
    if command.name not in printer.model.capabilities or command.name not in _COMMANDS:
        return _failed(printer, command, "unknown command")
    return _COMMANDS[command.name](printer, command)


def apply(printer: Printer, desired: Desired) -> Outcome:
    """Takes over the settings that it has and that are sound; the version it echoes says which wish it has heard."""
    if desired.version <= printer.settings_version:
        return Outcome(printer)
    taken = {name: value for name, value in desired.settings.items() if name in SETTINGS and SETTINGS[name](value)}
    # Settings are desired whole: what is left out goes back to the printer's own default.
    return told(printer, msgspec.structs.replace(printer, settings=taken, settings_version=desired.version))


def ended_by_power_loss(command_id: str, name: str) -> ResultDraft:
    """The answer, after a start, to a command that was under way before it: only a restart is done by that."""
    if name == "restart":
        return ResultDraft(command_id, ResultStatus.DONE)
    return ResultDraft(command_id, ResultStatus.FAILED, "the power went before it was done")


def _print(kind: str) -> Callable[[Printer, Command], Outcome]:
    return lambda printer, command: submit(printer, SAMPLE_PAGES, kind, command.id)


def _clean(printer: Printer, command: Command) -> Outcome:
    return submit(printer, 0, "clean_head", command.id)


def _cancel(printer: Printer, command: Command) -> Outcome:
    if not printer.jobs:
        return _failed(printer, command, "there is no job")
    after, said = end_job(printer, ResultStatus.FAILED, "cancelled")
    return told(printer, after, *said, ResultDraft(command.id, ResultStatus.DONE))


def _identify(printer: Printer, command: Command) -> Outcome:
    after = msgspec.structs.replace(printer, blinks=printer.blinks + 1)
    return told(printer, after, ResultDraft(command.id, ResultStatus.DONE))


def _restart(printer: Printer, command: Command) -> Outcome:
    return told(printer, printer, ResultDraft(command.id, ResultStatus.ACCEPTED), restart=True)


def _help(printer: Printer, command: Command) -> Outcome:
    text = command.arguments.get("text", "")
    if not isinstance(text, str) or len(text) > 256:
        return _failed(printer, command, "arguments.text is to be a text of at most 256 characters")
    after = msgspec.structs.replace(printer, display=text)
    return told(printer, after, ResultDraft(command.id, ResultStatus.DONE))


def _wipe(printer: Printer, command: Command) -> Outcome:
    """Forgets what its user left on it: jobs, settings, what the display says. Its page count is the machine's own."""
    wiped = msgspec.structs.replace(printer, jobs=(), settings={}, display="")
    ended = [ResultDraft(job.command_id, ResultStatus.FAILED, "wiped") for job in printer.jobs if job.command_id]
    return told(printer, wiped, *ended, ResultDraft(command.id, ResultStatus.DONE))


def _failed(printer: Printer, command: Command, why: str) -> Outcome:
    return told(printer, printer, ResultDraft(command.id, ResultStatus.FAILED, why))


_COMMANDS: Final[dict[str, Callable[[Printer, Command], Outcome]]] = {
    "print_sample": _print("sample"),
    "print_test_page": _print("test_page"),
    "clean_head": _clean,
    "cancel_job": _cancel,
    "identify": _identify,
    "restart": _restart,
    "help_display": _help,
    "wipe_user_data": _wipe,
}
