"""Decisions of the twin: what a message means, and what it changes. Pure.

A field of `reported` carries the (boot, seq) that set it, and the higher one wins, so that messages which arrive late,
twice or out of order end with the same fields. A removed field keeps its key (a tombstone), or a late one would revive
it. `version`, `level_since`, `error_since` and `usage` tell of what the cloud saw happen, in the order of arrival.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from broker.contract.messages import Birth, Json, Presence, Result, Status, Telemetry, UpMessage
from broker.contract.messages import Event as DeviceEvent
from broker.contract.presence import PresenceKey, merge_presence
from cloud.record.events import Event, EventType
from cloud.registry.profiles import Profile
from cloud.twin.health import SAYS_HOW_IT_IS, Health, health, standing

_JSON: Final = msgspec.json.Encoder()
Field = tuple[Json, int, int]
"""Value (None: removed), boot, seq."""


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """The newest known state of one unit. level_since: when the cloud knew of the level. version: counts changes."""

    product_id: str
    version: int = 0
    reported: dict[str, Field] = {}
    epoch: int = 0
    presence: PresenceKey = PresenceKey(-1, -1, True)
    firmware: str = ""
    profile: str = ""
    capabilities: tuple[str, ...] = ()
    birth: tuple[int, int] = (-1, -1)
    level: str = "unknown"
    level_since: datetime | None = None
    error_since: datetime | None = None
    """When an error that has not been mended began; it stays while the device is offline."""
    desired: dict[str, Json] = {}
    desired_version: int = 0
    usage: dict[str, tuple[float, datetime]] = {}
    """Supply -> level in percent and time, at its last refill that the cloud saw."""

    @property
    def values(self) -> dict[str, Json]:
        """The reported fields that stand."""
        return {name: value for name, (value, _boot, _seq) in self.reported.items() if value is not None}

    @property
    def online(self) -> bool | None:
        """None: never heard of."""
        return None if self.presence.boot < 0 else self.presence.online


CLOCK_BELIEVED = timedelta(days=90)
"""How far back a device may date what it says and be believed: it may have kept it while it was away, but a clock that
was never set says 1970.
"""
MAX_FIELDS = 256
"""Names in a reported state, those that were removed included: a removed one keeps its key."""
MAX_REPORTED_BYTES = 128 * 1024
"""Of the fields of a reported state as JSON: twice the largest message."""
PACE_FROM = timedelta(hours=1)
"""A span shorter than this says nothing about a pace."""
SPECIAL_EVENTS = {"factory_reset": EventType.DEVICE_FACTORY_RESET, "install_step_done": EventType.INSTALL_STEP_DONE}
"""Device events that the lifecycle knows by a name of their own."""


def to_event(product_id: str, message: UpMessage | Presence, known_epoch: int, received_at: datetime) -> Event | None:
    """The journal's event for a message; None for telemetry, which has a table of its own."""
    if isinstance(message, Presence):
        return _presence_event(product_id, message, received_at)
    if isinstance(message, Telemetry):
        return None
    epoch = known_epoch if message.epoch is None else message.epoch
    kind, data = _meaning(message)
    data["boot"], data["seq"], data["epoch"] = message.boot, message.seq, epoch
    return Event(
        id=f"{product_id}:{message.boot}:{message.seq}",
        type=kind,
        at=message.at,
        source="device",
        channel="device",
        product_id=product_id,
        data=data,
    )


def _presence_event(product_id: str, message: Presence, received_at: datetime) -> Event:
    return Event(
        id=f"{product_id}:{message.boot}:c{message.connection}:{message.status.value}",
        type=EventType.DEVICE_PRESENCE,
        at=message.at or received_at,
        source="device",
        channel="device",
        product_id=product_id,
        data={"boot": message.boot, "connection": message.connection, "status": message.status.value},
    )


def _meaning(message: UpMessage) -> tuple[EventType, dict[str, Json]]:
    if type(message) is Status:  # half of all
        return EventType.DEVICE_STATUS, {"reported": message.reported}
    match message:
        case Birth():
            return EventType.DEVICE_BIRTH, {
                "firmware": message.firmware,
                "profile": message.profile,
                "capabilities": list(message.capabilities),
                "connection": message.connection,
            }
        case DeviceEvent(name="install_step_done"):
            return EventType.INSTALL_STEP_DONE, {"step": str(message.data.get("step", "")), "witness": "device"}
        case DeviceEvent(name="factory_reset"):
            return EventType.DEVICE_FACTORY_RESET, {}
        case DeviceEvent():
            return EventType.DEVICE_EVENT, {"name": message.name, "data": message.data}
        case Result():
            return EventType.DEVICE_RESULT, {
                "command_id": message.command_id,
                "status": message.status.value,
                "detail": message.detail,
                "data": message.data,
            }
        case _:
            msg = f"no event for {type(message).__name__}"
            raise TypeError(msg)


def apply(twin: Twin, event: Event, profile: Profile, known_at: datetime) -> Twin:
    """The twin after an event. The same twin, when nothing in it changes."""
    data = event.data
    if event.type == EventType.TWIN_DESIRED:
        return msgspec.structs.replace(
            twin,
            desired=merge_desired(twin.desired, data["settings"]),
            desired_version=twin.desired_version + 1,
            version=twin.version + 1,
        )
    if event.source != "device":
        return twin
    changed = _changes(twin, event)
    if not changed:
        return twin
    reported: dict[str, Field] = changed.get("reported", twin.reported)
    if reported is not twin.reported:
        before, now = _value(twin.reported, "supplies"), _value(reported, "supplies")
        changed["usage"] = usage_of(twin.usage, before, now, believed(event.at, known_at))
    presence: PresenceKey = changed.get("presence", twin.presence)
    said = {name: _value(reported, name) for name in SAYS_HOW_IT_IS}
    level, has_error = standing(said, None if presence.boot < 0 else presence.online, profile)
    return msgspec.structs.replace(
        twin,
        level=level.value,
        level_since=twin.level_since if level == twin.level else known_at,
        error_since=(twin.error_since or known_at) if has_error else None,
        version=twin.version + 1,
        **changed,
    )


def _changes(twin: Twin, event: Event) -> dict[str, Any]:
    """The fields that a device's event changes by itself; empty when it tells nothing new."""
    data = event.data
    changed: dict[str, Any] = {}
    presence = merge_presence(twin.presence, _presence_of(event))
    if presence != twin.presence:
        changed["presence"] = presence
    epoch = int(data.get("epoch", 0))
    if epoch > twin.epoch:
        changed["epoch"] = epoch
    if event.type == EventType.DEVICE_BIRTH and (data["boot"], data["seq"]) > twin.birth:
        changed |= {
            "birth": (data["boot"], data["seq"]),
            "firmware": data["firmware"],
            "profile": data["profile"],
            "capabilities": tuple(data["capabilities"]),
        }
    if event.type == EventType.DEVICE_STATUS:
        reported = merge_reported(twin.reported, data["reported"], data["boot"], data["seq"])
        if reported is not twin.reported:
            changed["reported"] = reported
    return changed


def condition(twin: Twin, profile: Profile) -> Health:
    """How the device is."""
    return health(twin.values, twin.online, profile)


def merge_reported(known: dict[str, Field], heard: dict[str, Json], boot: int, seq: int) -> dict[str, Field]:
    """Field by field, the higher (boot, seq) wins. The same dict, when no field is newer."""
    when = boot, seq
    newer = {
        name: (value, boot, seq)
        for name, value in heard.items()
        if (there := known.get(name)) is None or when > (there[1], there[2])
    }
    return {**known, **newer} if newer else known


class Room:
    """What a reported state may still take in: without a bound, each status of one device would cost more than the
    last, and all others would wait for it.

    A sum that is never too small is kept as statuses come; only where it says that there might be no room, the fields
    are looked at one by one.
    """

    def __init__(self, known: dict[str, Field]) -> None:
        self._known = known
        self._heard: list[dict[str, Json]] = []
        self._fields = len(known)
        self._bytes = len(_JSON.encode(known))

    def take(self, heard: dict[str, Json]) -> str:
        """Why a status cannot be merged, or empty; then it counts as merged."""
        fields, size = self._fields + len(heard), self._bytes + len(_JSON.encode(heard))
        after: dict[str, Json] = {}
        if fields > MAX_FIELDS or size > MAX_REPORTED_BYTES:
            after = {name: value for name, (value, _boot, _seq) in self._known.items()}
            for one in (*self._heard, heard):
                after |= one
            fields, size = len(after), sum(_sizes(after))
        if fields > MAX_FIELDS:
            return f"the device's state would have more than {MAX_FIELDS} fields"
        if size > MAX_REPORTED_BYTES:
            return f"the device's state would have more than {MAX_REPORTED_BYTES} bytes"
        self._heard = [after] if after else [*self._heard, heard]
        self._fields, self._bytes = fields, size
        return ""


def _sizes(fields: dict[str, Json]) -> list[int]:
    """Bytes of each field as JSON, its name included."""
    return [len(name) + len(_JSON.encode(value)) for name, value in fields.items()]


def merge_desired(known: dict[str, Json], wished: dict[str, Json]) -> dict[str, Json]:
    """The settings with the wish in them; null removes one."""
    return {name: value for name, value in {**known, **wished}.items() if value is not None}


def usage_of(
    counted: dict[str, tuple[float, datetime]], before: Json, supplies: Json, at: datetime
) -> dict[str, tuple[float, datetime]]:
    """Where each supply that is there now stood at its last refill: a level that rises starts the count anew. before:
    the supplies as they were, and `counted` of them.
    """
    usage: dict[str, tuple[float, datetime]] = {}
    old = _levels(before)
    now = _levels(supplies)
    for supply in supplies or ():
        name = str(supply["name"])
        level = now.get(name)
        start = counted.get(name)
        if level is not None and (start is None or level > old.get(name, level)):
            usage[name] = (level, at)
        elif start is not None:
            usage[name] = start
    return usage


def believed(at: datetime, known_at: datetime) -> datetime:
    """When it happened: as the device says, or when the cloud knew of it, if the device's clock cannot be right."""
    return at if known_at - CLOCK_BELIEVED <= at <= known_at else known_at


def days_left(level: float, start: tuple[float, datetime] | None, now: datetime) -> float | None:
    """Days until a supply is used up, at the pace since its last refill; None when that cannot be told yet."""
    if start is None or level < 0:
        return None
    used, span = start[0] - level, now - start[1]
    if used < 1 or span < PACE_FROM:
        return None
    return round(level * (span / timedelta(days=1)) / used, 1)


def _levels(supplies: Json) -> dict[str, float]:
    return {
        str(supply["name"]): float(supply["level_percent"]) for supply in supplies or () if supply["level_percent"] >= 0
    }


def _value(reported: dict[str, Field], name: str) -> Json:
    """What a field says; None when it is not there, or was removed."""
    field = reported.get(name)
    return None if field is None else field[0]


def _presence_of(event: Event) -> PresenceKey:
    data = event.data
    if event.type == EventType.DEVICE_PRESENCE:
        return PresenceKey(data["boot"], data["connection"], data["status"] == "offline")
    return PresenceKey(data["boot"], int(data.get("connection", 0)), offline=False)
