"""The menu as the phone gets it: frozen values, encoded to JSON as they stand."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from broker.contract.messages import Json
from broker.contract.stages import Stage


class Kind(StrEnum):
    GUIDE = "guide"
    TRACK = "track"
    TRAINING = "training"
    LINK = "link"
    COUPON = "coupon"
    COMMAND = "command"
    SETTING = "setting"
    SURVEY = "survey"
    SHARE = "share"
    REORDER = "reorder"
    EXPERT = "expert"
    PRIVACY = "privacy"


OFFERING_KINDS = frozenset({Kind.COUPON, Kind.SHARE, Kind.REORDER})
"""Not shown in distress, unless an item says that it is needed for the fix."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing the item does. confirm: the question to ask first. href of a POST is the item's own address."""

    method: Literal["GET", "POST"]
    href: str
    confirm: str | None = None


class GuideStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a guide. picture: its address, under which it never changes; empty when there is none.

    The text says it all: whoever does not see the picture misses nothing.
    """

    text: str
    picture: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a survey: choosing the item with this `value` gives it."""

    value: str
    label: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the command of an item is, while it runs and for a little while after.

    state: queued (it has not left), sent, accepted (the device has it), running, done, failed. percent: 0 to 100, when
    the device tells. text: the same in words, with the reason of a failure.
    """

    state: Literal["queued", "sent", "accepted", "running", "done", "failed"]
    percent: int | None = None
    text: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """because: the conditions that held, as `name=value`, so that the phone and the operator can say why it is here.

    steps: a guide's steps in order. done: for a line of a checklist. code, qr: a coupon's text and its QR as an SVG
    data URI. choices: a survey's answers, in order. progress: of a command that was chosen.
    """

    id: str
    kind: Kind
    title: str
    detail: str = ""
    icon: str = ""
    action: Action | None = None
    badge: str | None = None
    because: tuple[str, ...] = ()
    steps: tuple[GuideStep, ...] = ()
    done: bool | None = None
    code: str = ""
    qr: str = ""
    choices: tuple[Choice, ...] = ()
    progress: Progress | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    items: tuple[Item, ...]


class StatusLine(msgspec.Struct, frozen=True, kw_only=True):
    """level: the device's level in support and install, the parcel's in delivery, else `none`."""

    text: str
    level: Literal["none", "ok", "busy", "attention", "error", "offline", "unknown"]
    since: datetime | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the record is asked to do when an item is chosen: kept beside the menu, never sent to the phone.

    do: note, command, step, coupon, call, wait, cancel_order, return, survey.
    """

    do: str
    arguments: dict[str, Json] = {}
    needs_proof: bool = False


def command_of(arguments: Mapping[str, Json], item_id: str) -> tuple[str, dict[str, Json]]:
    """A command's name and what goes with it, from an order's arguments; without a name it is called by the item."""
    return str(arguments.get("name", item_id)), {name: value for name, value in arguments.items() if name != "name"}


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """etag: over everything that the phone shows, so that equal menus have equal etags.

    until: when it stops being theirs to see; a phone keeps such a menu nowhere. None: it does not end by itself.
    """

    journey: str
    stage: Stage
    title: str
    language: str
    status: StatusLine
    sections: tuple[Section, ...]
    etag: str
    live: str = "/menu/v1/live"
    until: datetime | None = None


class Composed(msgspec.Struct, frozen=True):
    """A menu, and what stands behind its items by their ids."""

    menu: Menu
    orders: dict[str, Order]
