"""What the devices of a durability run say, and what must come of it. Pure.

What a message says follows from its (boot, seq) alone, so that nobody has to keep five million of them. What must come
of them is folded one after the other, in the order of (boot, seq): no field carries a version, nothing is merged. It
shares no line with the merge of the product, which has to end in the same, in whatever order it is given them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Json
from broker.contract.topics import Up

LAMPS: Final = 7
"""Fields that come and go."""
EVENT_EVERY: Final = 50
POISON: Final[dict[str, bytes]] = {
    "not JSON": b'{"schema":1,"boot":',
    "no UTF-8": b'{"schema":1,"boot":0,"seq":1,"at":"\xff\xfe"}',
    "nested without end": b"[" * 20_000,
    "another schema": b'{"schema":99,"boot":0,"seq":1,"at":"2026-01-01T00:00:00Z","reported":{}}',
    "nothing": b"",
    "a list": b"[]",
    "a huge number": b'{"schema":1,"boot":1' + b"0" * 400 + b',"seq":1,"at":"2026-01-01T00:00:00Z","reported":{}}',
}
"""What no parser can read, or nobody may believe. Where a boot can be read all the same, no crowd has it."""


class Said(NamedTuple):
    """One message without its (boot, seq) and time."""

    kind: Up
    fields: dict[str, Json]


def said(boot: int, seq: int) -> Said:
    """What a device says as the `seq`th message of this boot: first its birth, then statuses, telemetry and events."""
    if seq == 1:
        return Said(Up.BIRTH, {"firmware": f"1.{boot}", "profile": "printer", "connection": 1})
    if seq % EVENT_EVERY == 0:
        return Said(Up.EVENT, {"name": "page_printed", "data": {"pages": seq}})
    if seq % 2:
        return Said(Up.STATUS, {"reported": _reported(boot, seq)})
    readings = [
        {"name": "fuser_temperature", "value": 180 + seq % 20, "unit": "Cel"},
        {"name": "power", "value": 412.5, "unit": "W"},
        {"name": "humidity", "value": 38.25, "unit": "%"},
    ]
    return Said(Up.TELEMETRY, {"measurements": readings})


def _reported(boot: int, seq: int) -> dict[str, Json]:
    """A part of the state, never all of it: which fields are named, and which are removed, goes by the seq."""
    lamp = f"lamp-{boot % 3}-{seq // 2 % LAMPS}"
    fields: dict[str, Json] = {"state": "processing" if seq % 4 == 1 else "idle", lamp: None if seq % 5 == 0 else seq}
    if seq % 3:
        fields["pages_total"] = boot * 1_000_000 + seq
    if seq % 7 == 0:
        fields["supplies"] = [{"name": "black", "level_percent": 100 - seq % 100}]
    return fields


def poisoned(boot: int, seq: int) -> Said:
    """A message that can be named and not be stored, in the place of the one that would be there."""
    match seq % 4:
        case 0:
            return Said(Up.STATUS, {"reported": {"state": 7}})
        case 1:
            return Said(Up.TELEMETRY, {"measurements": []})
        case 2:
            return Said(Up.BIRTH, {"firmware": f"{boot}\0", "profile": "printer"})
        case _:
            return Said(Up.STATUS, {"reported": {"deep": [[[[[[[[[[seq]]]]]]]]]]}})


def encoded(message: Said, boot: int, seq: int, at: datetime) -> bytes:
    """As it goes over the wire."""
    return msgspec.json.encode({"schema": 1, "boot": boot, "seq": seq, "at": at, **message.fields})


class Known(NamedTuple):
    """What a twin must say after some messages. boot: the newest that was heard of."""

    reported: dict[str, Json]
    firmware: str = ""
    boot: int = -1


def folded(known: Known, boot: int, numbers: Iterable[int]) -> Known:
    """`known` after these messages of a boot that is newer than all before, one after the other by their number."""
    reported, firmware, heard = dict(known.reported), known.firmware, known.boot
    for seq in sorted(numbers):
        heard = boot
        kind, fields = said(boot, seq)
        if kind is Up.BIRTH:
            firmware = fields["firmware"]
        if kind is Up.STATUS:
            for name, value in fields["reported"].items():
                if value is None:
                    reported.pop(name, None)
                else:
                    reported[name] = value
    return Known(reported, firmware, heard)
