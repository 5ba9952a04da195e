"""What happens to a printer: its power, what people do to it, its jobs, and time. Pure.

Each function takes a printer and gives the next one with what it says on the way. What the cloud tells it is in
`commands`, how its days go in `life`.
"""

from random import Random
from typing import Final

import msgspec

from broker.contract.messages import ResultStatus
from device_sim.drafts import BirthDraft, Draft, EventDraft, ResultDraft, StatusDraft
from device_sim.printer import FAULTS, OPTIONAL_FIELDS, Job, Outcome, Printer, reported_of, told

ECONOMY_FACTOR: Final = 0.7
"""How much of the usual supply a page takes in economy mode."""
MAX_QUEUE: Final = 16
CLEANING_S: Final = 20.0


def power_up(printer: Printer) -> Outcome:
    """Birth, the whole status, and the steps that hold. Jobs do not survive the power; the network comes later."""
    fresh = msgspec.structs.replace(printer, jobs=(), display="", networked=False)
    return _introduced(fresh)


def join_network(printer: Printer) -> Outcome:
    return told(printer, msgspec.structs.replace(printer, networked=True))


def load_paper(printer: Printer, sheets: int | None = None) -> Outcome:
    """Fills the tray, or adds `sheets` as far as they fit."""
    room = printer.model.tray_sheets
    filled = room if sheets is None else min(room, printer.sheets + max(0, sheets))
    return told(printer, msgspec.structs.replace(printer, sheets=filled))


def install_supplies(printer: Printer) -> Outcome:
    """Puts full supplies in, in place of whatever was there."""
    full = (100.0,) * len(printer.model.inks)
    return told(printer, msgspec.structs.replace(printer, levels=full))


def empty_waste(printer: Printer) -> Outcome:
    return told(printer, msgspec.structs.replace(printer, waste_percent=0.0))


def fault(printer: Printer, name: str) -> Outcome:
    """The fault `name` of `FAULTS` is there. Raises KeyError when there is no such fault."""
    _ = FAULTS[name]
    return told(printer, msgspec.structs.replace(printer, faults=tuple(sorted({*printer.faults, name}))))


def repair(printer: Printer, name: str | None = None) -> Outcome:
    """Removes the fault `name`; without a name, all that is in the way: faults, no paper, no supply, full waste."""
    if name is not None:
        rest = tuple(known for known in printer.faults if known != name)
        return told(printer, msgspec.structs.replace(printer, faults=rest))
    spent = not printer.levels or min(printer.levels) <= 0
    mended = msgspec.structs.replace(
        printer,
        faults=(),
        sheets=printer.sheets or printer.model.tray_sheets,
        levels=(100.0,) * len(printer.model.inks) if spent else printer.levels,
        waste_percent=0.0 if printer.waste_percent >= 100 else printer.waste_percent,
    )
    return told(printer, mended)


def hold_help_button(printer: Printer) -> Outcome:
    """Somebody holds the button that asks for help."""
    return told(printer, printer, EventDraft("help_requested", {"reasons": list(printer.reasons)}))


def submit(printer: Printer, pages: int, kind: str = "document", command_id: str = "") -> Outcome:
    """Puts a job in the queue; a full queue, or a printer that cannot print, lets a command's job fail."""
    problem = ""
    if len(printer.jobs) >= MAX_QUEUE:
        problem = "spool-area-full"
    elif command_id and not printer.ready:
        problem = ", ".join(printer.reasons)
    if problem:
        said = (ResultDraft(command_id, ResultStatus.FAILED, problem),) if command_id else ()
        return told(printer, printer, *said)
    due_s = 60 / printer.model.pages_per_minute if pages else CLEANING_S
    job = Job(kind=kind, pages_left=pages, due_s=due_s, command_id=command_id)
    accepted = (ResultDraft(command_id, ResultStatus.ACCEPTED),) if command_id else ()
    return told(printer, msgspec.structs.replace(printer, jobs=(*printer.jobs, job)), *accepted)


def run(printer: Printer, seconds: float, rng: Random) -> Outcome:
    """Lets `seconds` pass: pages come out, supplies and paper go down, now and then a sheet jams."""
    before, said = printer, list[Draft]()
    while printer.jobs and printer.ready and seconds >= printer.jobs[0].due_s:
        seconds -= printer.jobs[0].due_s
        printer, spoken = _one_page(printer, rng)
        said.extend(spoken)
    if printer.jobs and printer.ready:
        begun = msgspec.structs.replace(printer.jobs[0], due_s=printer.jobs[0].due_s - seconds)
        begun, spoken = _how_far(begun)
        printer = msgspec.structs.replace(printer, jobs=(begun, *printer.jobs[1:]))
        said.extend(spoken)
    return told(before, printer, *said)


def _how_far(job: Job) -> tuple[Job, tuple[Draft, ...]]:
    """A command's job says how far it is, a quarter at a time: accepted again, with the percent."""
    pages = job.pages_done + job.pages_left
    share = job.pages_done / pages if pages else 1 - job.due_s / CLEANING_S
    percent = int(share * 4 + 1e-9) * 25
    if not job.command_id or percent <= job.told_percent:
        return job, ()
    said = ResultDraft(job.command_id, ResultStatus.ACCEPTED, "", {"percent": percent})
    return msgspec.structs.replace(job, told_percent=percent), (said,)


def end_job(printer: Printer, status: ResultStatus, detail: str = "") -> tuple[Printer, tuple[Draft, ...]]:
    """The first job is over; returns the printer without it and what there is to say about it."""
    job, rest = printer.jobs[0], printer.jobs[1:]
    said: list[Draft] = []
    if job.pages_done:
        said.append(EventDraft("page_printed", {"pages": job.pages_done, "kind": job.kind}))
    steps = printer.steps
    if job.kind == "test_page" and status is ResultStatus.DONE and "print_test_page" not in steps:
        steps = (*steps, "print_test_page")
        said.append(EventDraft("install_step_done", {"step": "print_test_page"}))
    if job.command_id:
        data = {"pages": job.pages_done} if job.pages_done else {}
        said.append(ResultDraft(job.command_id, status, detail, data))
    return msgspec.structs.replace(printer, jobs=rest, steps=steps), tuple(said)


def factory_reset(printer: Printer) -> Outcome:
    """A new epoch: settings and steps are forgotten; paper, supplies and the page counter stay. Wants a restart."""
    fresh = Printer(
        model=printer.model,
        epoch=printer.epoch + 1,
        levels=printer.levels,
        sheets=printer.sheets,
        waste_percent=printer.waste_percent,
        faults=printer.faults,
        pages_total=printer.pages_total,
    )
    return Outcome(fresh, (EventDraft("factory_reset", {"epoch": fresh.epoch}),), restart=True)


def adopt_epoch(printer: Printer, epoch: int) -> Outcome:
    """Somebody else has the printer now: in a newer epoch it introduces itself again; else nothing happens."""
    if epoch <= printer.epoch:
        return Outcome(printer)
    return _introduced(msgspec.structs.replace(printer, epoch=epoch, steps=()))


def _introduced(printer: Printer) -> Outcome:
    model = printer.model
    birth = BirthDraft(
        firmware=printer.firmware or model.firmware, profile=model.profile, capabilities=model.capabilities
    )
    outcome = told(printer, printer)
    # Whole: what a twin may still hold from before, and what is no more, is named as gone.
    whole = dict.fromkeys(OPTIONAL_FIELDS) | reported_of(outcome.printer)
    return Outcome(outcome.printer, (birth, StatusDraft(whole), *outcome.said))


def _one_page(printer: Printer, rng: Random) -> tuple[Printer, tuple[Draft, ...]]:
    job = printer.jobs[0]
    if job.pages_left == 0:
        cleaned = tuple(max(0.0, level - 1) for level in printer.levels)
        return end_job(msgspec.structs.replace(printer, levels=cleaned), ResultStatus.DONE)
    share = ECONOMY_FACTOR if printer.settings.get("economy_mode") is True else 1.0
    levels = tuple(
        max(0.0, level - share * 100 / ink.pages_when_full)
        for ink, level in zip(printer.model.inks, printer.levels, strict=True)
    )
    next_job = msgspec.structs.replace(
        job, pages_left=job.pages_left - 1, pages_done=job.pages_done + 1, due_s=60 / printer.model.pages_per_minute
    )
    jammed = rng.random() * printer.model.mean_pages_between_jams < 1
    printer = msgspec.structs.replace(
        printer,
        levels=levels,
        sheets=printer.sheets - 1,
        waste_percent=min(100.0, printer.waste_percent + 100 / printer.model.waste_pages),
        pages_total=printer.pages_total + 1,
        jobs=(next_job, *printer.jobs[1:]),
        faults=tuple(sorted({*printer.faults, "media-jam"})) if jammed else printer.faults,
    )
    return end_job(printer, ResultStatus.DONE) if next_job.pages_left == 0 else (printer, ())
