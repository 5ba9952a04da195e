"""A printer that behaves like one: a pure state machine.

Time (in seconds) and chance come in as arguments; out come the next printer and what it says. Its words are IPP's
(RFC 8011): a state, and printer-state-reasons with their severity; while any reason is an error it is stopped. This
file says what a printer is and what it reports; what happens to it is in `handling`.
"""

from datetime import datetime
from random import Random
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Json, Measurement
from device_sim.drafts import Draft, EventDraft, StatusDraft, TelemetryDraft

LOW_PERCENT: Final = 10
WASTE_ALMOST_FULL_PERCENT: Final = 90

FAULTS: Final = {
    "media-jam": "error",
    "cover-open": "error",
    "door-open": "error",
    "output-area-full": "error",
    "fuser-over-temp": "error",
    "fuser-under-temp": "warning",
    "opc-near-eol": "warning",
}
"""Faults that come from outside of what the printer consumes, and their severity. Keywords of RFC 8011."""

DEVICE_STEPS: Final = ("load_paper", "install_supplies", "connect_network", "print_test_page")
"""Installation steps that the printer reports; `power_on` is witnessed by the birth message itself."""


OPTIONAL_FIELDS: Final = ("job", "display")
"""Reported only while there is one."""


class Ink(msgspec.Struct, frozen=True, kw_only=True):
    """A supply. pages_when_full: pages that a full one prints."""

    name: str = "black"
    color: str = "black"
    kind: str = "toner"
    pages_when_full: int = 1500


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all printers of a kind."""

    profile: str = "printer"
    firmware: str = "1.4.2"
    capabilities: tuple[str, ...] = (
        "print_sample",
        "print_test_page",
        "cancel_job",
        "identify",
        "restart",
        "clean_head",
        "help_display",
        "wipe_user_data",
    )
    inks: tuple[Ink, ...] = (Ink(),)
    tray_sheets: int = 250
    pages_per_minute: float = 20.0
    mean_pages_between_jams: int = 2500
    waste_pages: int = 20_000


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """kind: document, sample, test_page or clean_head. due_s: until the next page is out, or the cleaning done.
    told_percent: how far a command's job said that it is.
    """

    kind: str
    pages_left: int
    due_s: float
    pages_done: int = 0
    command_id: str = ""
    told_percent: int = 0


class Printer(msgspec.Struct, frozen=True, kw_only=True):
    """One printer. levels: percent per ink of the model; empty while no supplies are in. steps: done in this epoch."""

    model: Model = Model()
    epoch: int = 0
    firmware: str = ""
    levels: tuple[float, ...] = ()
    sheets: int = 0
    waste_percent: float = 0.0
    faults: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    pages_total: int = 0
    steps: tuple[str, ...] = ()
    networked: bool = False
    settings: dict[str, Json] = {}
    settings_version: int = 0
    display: str = ""
    blinks: int = 0
    stage: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """printer-state-reasons with their severity, errors first."""
        found = [*_supply_reasons(self), *_media_reasons(self), *(f"{name}-{FAULTS[name]}" for name in self.faults)]
        order = {"error": 0, "warning": 1, "report": 2}
        return tuple(sorted(found, key=lambda reason: (order[reason.rpartition("-")[2]], reason)))

    @property
    def state(self) -> str:
        if any(reason.endswith("-error") for reason in self.reasons):
            return "stopped"
        return "processing" if self.jobs and self.ready else "idle"

    @property
    def ready(self) -> bool:
        """It has what a page needs, and nothing is in the way."""
        has_supply = bool(self.levels) and min(self.levels) > 0
        return has_supply and self.sheets > 0 and not any(reason.endswith("-error") for reason in self.reasons)


class Outcome(NamedTuple):
    """The next printer, and what it says on the way. restart: it wants to be switched off and on."""

    printer: Printer
    said: tuple[Draft, ...] = ()
    restart: bool = False


def installed(model: Model, epoch: int = 0) -> Printer:
    """A printer that has been in use: supplies and paper in, every installation step done."""
    return Printer(
        model=model,
        epoch=epoch,
        levels=(100.0,) * len(model.inks),
        sheets=model.tray_sheets,
        steps=DEVICE_STEPS,
        networked=True,
    )


def reported_of(printer: Printer) -> dict[str, Json]:
    """The whole reported state."""
    job = printer.jobs[0] if printer.jobs else None
    reported: dict[str, Json] = {
        "state": printer.state,
        "reasons": list(printer.reasons),
        "supplies": _supplies(printer),
        "pages_total": printer.pages_total,
        "sheets": printer.sheets,
        "waste_percent": int(printer.waste_percent),
        "firmware": printer.firmware or printer.model.firmware,
        "settings": printer.settings,
        "settings_version": printer.settings_version,
    }
    if job is not None:
        reported["job"] = {"kind": job.kind, "pages_left": job.pages_left}
    if printer.display:
        reported["display"] = printer.display
    return reported


def told(before: Printer, after: Printer, *said: Draft, restart: bool = False) -> Outcome:
    """`after` with what was said, the steps that it witnessed, and a status of just what changed (None: removed)."""
    holds = {
        "load_paper": after.sheets > 0,
        "install_supplies": bool(after.levels),
        "connect_network": after.networked,
    }
    new = tuple(step for step in DEVICE_STEPS if holds.get(step, False) and step not in after.steps)
    after = msgspec.structs.replace(after, steps=after.steps + new)
    events = tuple(EventDraft("install_step_done", {"step": step}) for step in new)
    old, now = reported_of(before), reported_of(after)
    changed = {field: value for field, value in now.items() if field not in old or old[field] != value}
    changed.update({field: None for field in old if field not in now})
    status = (StatusDraft(changed),) if changed else ()
    return Outcome(after, (*said, *events, *status), restart)


def measure(printer: Printer, now: datetime, rng: Random) -> TelemetryDraft:
    """One reading of its sensors. Busy is warm and takes power; `now` gives the room its day."""
    busy = printer.state == "processing"
    room = 19 + 4 * (1 - abs(now.hour + now.minute / 60 - 14) / 14)
    readings = (
        Measurement(name="fuser_temperature", unit="Cel", value=round(rng.gauss(182 if busy else room + 8, 1.5), 1)),
        Measurement(name="power", unit="W", value=round(abs(rng.gauss(410 if busy else 6, 12 if busy else 0.4)), 1)),
        Measurement(name="wifi_rssi", unit="dBm", value=float(round(rng.gauss(-58, 3)))),
        Measurement(name="pages_total", unit="1", value=float(printer.pages_total)),
    )
    levels = tuple(
        Measurement(name=f"supply.{ink.name}", unit="%", value=round(level, 2))
        for ink, level in zip(printer.model.inks, printer.levels, strict=False)
    )
    return TelemetryDraft(readings + levels)


def _supplies(printer: Printer) -> list[Json]:
    levels = printer.levels or (-2.0,) * len(printer.model.inks)
    return [
        {
            "name": ink.name,
            "level_percent": -2 if level < 0 else int(level + 0.999),
            "kind": ink.kind,
            "color": ink.color,
        }
        for ink, level in zip(printer.model.inks, levels, strict=True)
    ]


def _supply_reasons(printer: Printer) -> list[str]:
    reasons = []
    if not printer.levels:
        # A printer that was never set up is not broken: until its first supplies went in, this is no error.
        severity = "error" if "install_supplies" in printer.steps else "report"
        reasons.append(f"marker-supply-missing-{severity}")
    for ink, level in zip(printer.model.inks, printer.levels, strict=False):
        word = "toner" if ink.kind == "toner" else "marker-supply"
        if level <= 0:
            reasons.append(f"{word}-empty-error")
        elif level <= LOW_PERCENT:
            reasons.append(f"{word}-low-warning")
    if printer.waste_percent >= 100:
        reasons.append("marker-waste-full-error")
    elif printer.waste_percent >= WASTE_ALMOST_FULL_PERCENT:
        reasons.append("marker-waste-almost-full-warning")
    return list(dict.fromkeys(reasons))


def _media_reasons(printer: Printer) -> list[str]:
    if printer.sheets == 0:
        return [f"media-empty-{'error' if 'load_paper' in printer.steps else 'report'}"]
    return ["media-low-warning"] if printer.sheets * 100 < printer.model.tray_sheets * LOW_PERCENT else []
