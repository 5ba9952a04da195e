"""Every message of the wire as a frozen structure. Times are RFC 3339 UTC; sizes and units stand with each field.

How the form may grow: readers ignore fields they do not know; writers only add optional ones; a field's name is never
used again for another meaning; `SCHEMA` moves only for a break, and the cloud then reads the previous one for a year.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from broker.contract.stages import Stage

SCHEMA = 1
MAX_PAYLOAD_BYTES = 64 * 1024
MAX_DEPTH = 8
"""Levels of arrays and objects inside an open field (`reported`, `data`, `arguments`, `settings`), itself the first."""

Json = Any
"""A JSON value. Its depth is bounded by `MAX_DEPTH`, its size by `MAX_PAYLOAD_BYTES`, its integers by 64 bits."""

Counter = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
ShortText = Annotated[str, msgspec.Meta(max_length=128)]
LongText = Annotated[str, msgspec.Meta(max_length=1024)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="schema", tag=SCHEMA):
    """What every message carries: `"schema": 1`, written by the encoder and checked by the decoder."""


class UpMessage(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """What every message from a device carries. (boot, seq) names it and orders it; no clock is needed.

    boot: kept over power loss, incremented at each start. seq: starts at 1 with each boot, counts every message up.
    at: the device's claim of the time. epoch: how often the device was reset to factory state, or handed on; a device
    that leaves it out is taken to be in the newest epoch known of it.
    """

    boot: Counter
    seq: Sequence
    at: Instant
    epoch: Counter | None = None


class Birth(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    """I am on. Sent first after each start, and again when the device learns of a new epoch."""

    firmware: ShortText
    profile: Name
    capabilities: Annotated[tuple[Name, ...], msgspec.Meta(max_length=64)] = ()
    connection: Counter = 0


class Supply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A marker supply. level_percent: 0 to 100, or -1 other, -2 unknown, -3 some left (RFC 3805)."""

    name: Name
    level_percent: Annotated[int, msgspec.Meta(ge=-3, le=100)]
    kind: Name = "toner"
    color: ShortText = ""


class Status(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    """The reported state, whole or in part. Merged into the twin field by field; null removes a field.

    For every product: `state` is one of its profile's words (a printer's are IPP's: idle, processing, stopped);
    `reasons` are its state reasons (a printer's: printer-state-reasons of RFC 8011 with their severity suffix);
    `supplies` are `Supply` objects. Other fields belong to the profile.
    """

    reported: Annotated[dict[Name, Json], msgspec.Meta(max_length=64)]


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading. unit: UCUM, such as Cel, %, W; at: when it differs from the message's."""

    name: Name
    value: float
    unit: ShortText = ""
    at: Instant | None = None


class Telemetry(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    """One or many measurements."""

    measurements: Annotated[tuple[Measurement, ...], msgspec.Meta(min_length=1, max_length=512)]


class Event(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    """Something happened: `page_printed`, `help_requested`, `install_step_done`, `factory_reset`, `messages_given_up`.

    `install_step_done` names its `step`; `messages_given_up` says which messages will never come: `boot`, and `ranges`
    as pairs of first and last seq.
    """

    name: Name
    data: Annotated[dict[str, Json], msgspec.Meta(max_length=64)] = {}


class ResultStatus(StrEnum):
    ACCEPTED = "accepted"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class Result(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    """The answer to a command. A device may first accept it and later say how it ended.

    While it is at it, it may accept again with `percent` (0 to 100) in `data`: how far it is.
    """

    command_id: ShortText
    status: ResultStatus
    detail: LongText = ""
    data: Annotated[dict[str, Json], msgspec.Meta(max_length=64)] = {}


class PresenceStatus(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"


class Presence(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """Online or offline, and the (boot, connection) it speaks for. Also the last will, which is why it has no seq:
    a will is written before the messages it follows. connection: starts at 1 with each boot, counts each CONNECT.
    """

    boot: Counter
    connection: Counter
    status: PresenceStatus
    at: Instant | None = None


class Command(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """Do this, once. A device remembers the ids it has executed, and does nothing after `expires_at`."""

    id: ShortText
    name: Name
    expires_at: Instant
    arguments: Annotated[dict[str, Json], msgspec.Meta(max_length=64)] = {}


class Desired(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """The settings that the device shall have, whole, with their version."""

    version: Counter
    settings: Annotated[dict[Name, Json], msgspec.Meta(max_length=64)]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Every message of `boot` up to and including `seq` is stored; 0 when not even the first is."""

    boot: Counter
    seq: Counter


class Stored(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """The watermark of the newest boot, and of earlier boots whose messages still came in of late.

    wait_s: the device has said more than it may in a minute. What it said beyond that is not stored: it shall wait so
    long, in seconds, and then send again what lies above the watermark.
    """

    boot: Counter
    seq: Counter
    earlier: Annotated[tuple[Mark, ...], msgspec.Meta(max_length=16)] = ()
    wait_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 0


class StageNotice(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """The stage of the owner's journey, and the epoch the cloud knows; a device in an older epoch adopts it."""

    stage: Stage
    epoch: Counter


class Firmware(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """The release to go to. sha256: hex; signature: base64 over the image; window and jitter in seconds."""

    version: ShortText
    size_bytes: Counter
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    signature: LongText
    url: LongText
    window_s: Counter = 0
    jitter_s: Counter = 0


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """Broker to cloud: the part of a service's queue that is taken, of the fullest; and how many messages were dropped
    since the broker's start because one was full.
    """

    share: float
    dropped: int


class Changed(Message, frozen=True, kw_only=True, tag=SCHEMA):
    """Cloud to cloud, after a commit: these projections changed. products: of many units at once. profiles: those whose
    menus are made of other content from now on.

    traceparent: the trace of what changed them, as W3C Trace Context has it; left out where nobody traces.
    """

    product_id: str | None = None
    products: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    version: Counter = 0
    traceparent: Annotated[str, msgspec.Meta(max_length=64)] | None = None
