"""Menus, and what the service says beside them, for the views that open over a menu."""

import math
from typing import Any

import msgspec

from broker.contract.stages import Stage
from mobile_menu.parcel_ports import ParcelStory
from mobile_menu.rules.menu import Choice, GuideStep, Item, Kind, Menu, Progress, Section, StatusLine
from mobile_menu.simulation_ports import Simulation
from tests.browser import menus

PICTURE = "/menu/v1/pictures/"
STORY: dict[str, Any] = {
    "journey": menus.JOURNEY,
    "state": "moving",
    "status": "in_transit",
    "current_at": "2026-11-20T13:40:00Z",
    "carrier": "Parcel Post",
    "tracking_code": "EZ1000000001",
    "tracking_url": "https://track.example/EZ1000000001",
    "promised_at": "2026-11-24T17:00:00Z",
    "first_promised_at": None,
    "scans": [
        {"status": "in_transit", "at": "2026-11-20T13:40:00Z", "detail": "Arrived at the depot", "place": "Lyon, FR"},
        {"status": "in_transit", "at": "2026-11-19T22:05:00Z", "detail": "Left the sorting centre", "place": "Utrecht"},
        {"status": "label_created", "at": "2026-11-19T09:12:00Z", "detail": "", "place": ""},
    ],
}
msgspec.convert(STORY, ParcelStory)  # the service's own form

SIMULATION: dict[str, Any] = {
    "journey": menus.JOURNEY,
    "spots": [
        {"name": name, "frames": [{"kind": kind, "id": beacon, "distance_m": far, **power}]}
        for name, kind, beacon, far, power in (
            ("here", "eddystone-uid", "ab" * 16, 0.4, {"power_at_1m_dbm": -59, "tx_power_dbm": -18}),
            ("near", "eddystone-uid", "ab" * 16, 3.5, {"power_at_1m_dbm": -59, "tx_power_dbm": -18}),
            ("away", "ibeacon", "cd" * 16 + ":1:2", 12.0, {"power_at_1m_dbm": -59, "tx_power_dbm": -59}),
        )
    ],
    "exponent": 2.3,
    "noise_db": 3.0,
    "weakest_dbm": -100.0,
    "readings": 5,
    "good_for_s": 60,
}
msgspec.convert(SIMULATION, Simulation)


def placed(body: dict[str, Any], menu: Menu) -> dict[str, Any]:
    """What a report of sightings is answered with; here is where the readings say arm's length."""
    readings = [one["rssi_dbm"] for one in body["sightings"] if one["kind"] == "eddystone-uid"]
    mean = sum(readings) / len(readings) if readings else -math.inf
    zone = "here" if mean > -56 else "near" if mean > -85 else "away"
    return {"zone": {"zone": zone, "shop": None, "proven": zone == "here"}, "menu": msgspec.to_builtins(menu)}


def guided(language: str = "en") -> Menu:
    """A jam, whose guide has pictures; its last step has none."""
    names = ("rear-open", "rear-pull", "")
    texts = [step.text for step in menus.CLEAR_JAM.steps]
    steps = tuple(
        GuideStep(text=text, picture=f"{PICTURE}{name}.svg" if name else "")
        for text, name in zip(texts, names, strict=True)
    )
    jam = msgspec.structs.replace(menus.CLEAR_JAM, steps=steps)
    status = StatusLine(text="Paper jam", level="error", since=menus.SINCE)
    return menus.menu(Stage.SUPPORT, status, Section(id="fix", title="Fix it now", items=(jam,)), language=language)


def checklist(done: int, of: int = 4) -> Menu:
    """A checklist of which the first `done` are done, each seen by the device."""
    names = ("Take it out of the box", "Switch it on", "Load paper", "Print a test page")
    items = tuple(
        Item(
            id=f"step-{number}",
            kind=Kind.GUIDE,
            title=name,
            icon="step",
            done=number < done,
            because=("stage=install", *(("done_by=device",) if number < done else ())),
        )
        for number, name in enumerate(names[:of])
    )
    ordered = (*items[done:], *items[:done])
    section = Section(id="checklist", title="Set it up", items=ordered)
    status = StatusLine(text="Waiting for paper", level="attention", since=menus.SINCE)
    return menus.menu(Stage.INSTALL, status, section, etag=f"checklist-{done}")


def all_set() -> Menu:
    """The menu that follows the last step."""
    return msgspec.structs.replace(menus.support_ok(), etag="all-set")


def command(item_id: str, title: str, progress: Progress | None = None, icon: str = "print") -> Item:
    return Item(
        id=item_id, kind=Kind.COMMAND, title=title, icon=icon, action=menus.post(item_id), progress=progress, detail=""
    )


def commands(*items: Item, etag: str = "commands") -> Menu:
    """Commands in every state; or those given."""
    shown = items or (
        command("sample", "Print a sample page"),
        command("test-page", "Print a test page", Progress(state="running", percent=45, text="It is printing: 45 %")),
        command("clean", "Clean the print head", Progress(state="queued", text="The printer is offline."), "clean"),
        command(
            "restart", "Restart it", Progress(state="failed", text="It did not work: the cover is open"), "restart"
        ),
        command("identify", "Let it blink", Progress(state="done", text="Done"), "light"),
    )
    status = StatusLine(text="Ready to print", level="ok", since=menus.SINCE)
    return menus.menu(Stage.SUPPORT, status, Section(id="do", title="Let it work", items=shown), etag=etag)


def survey(item_id: str, title: str, *labels: str, first: int = 0) -> Item:
    choices = tuple(Choice(value=str(value), label=label) for value, label in enumerate(labels, first))
    return Item(
        id=item_id, kind=Kind.SURVEY, title=title, icon="survey", action=menus.post(item_id), choices=choices, detail=""
    )


NPS = survey("nps", "How likely are you to recommend it?", "0, not at all", *map(str, range(1, 10)), "10, certainly")
CES = survey("ces", "How easy was it?", "1, very hard", *map(str, range(2, 7)), "7, very easy", first=1)
CSAT = survey(
    "csat",
    "How content are you with our help?",
    "Not at all",
    "Not content",
    "So-so",
    "Content",
    "Very content",
    first=1,
)


def surveys(*items: Item, etag: str = "surveys") -> Menu:
    """A scale and faces; or those given."""
    section = Section(id="feedback", title="Your word", items=items or (NPS, CSAT))
    return menus.menu(
        Stage.SUPPORT, StatusLine(text="Ready to print", level="ok", since=menus.SINCE), section, etag=etag
    )


def fill(service: Any) -> None:
    """The service knows a parcel's story."""
    service.parcels[menus.JOURNEY] = STORY
