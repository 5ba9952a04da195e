"""What a machine wants to say, before it has a number.

The machine is pure and knows neither its boot counter nor its sequence; `number` turns a draft into a message of the
contract.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from broker.contract.messages import Birth, Event, Json, Measurement, Result, ResultStatus, Status, Telemetry
from broker.contract.topics import Up


class BirthDraft(msgspec.Struct, frozen=True, kw_only=True):
    firmware: str
    profile: str
    capabilities: tuple[str, ...] = ()


class StatusDraft(msgspec.Struct, frozen=True):
    reported: dict[str, Json]


class TelemetryDraft(msgspec.Struct, frozen=True):
    measurements: tuple[Measurement, ...]


class EventDraft(msgspec.Struct, frozen=True):
    name: str
    data: dict[str, Json] = {}


class ResultDraft(msgspec.Struct, frozen=True):
    command_id: str
    status: ResultStatus
    detail: str = ""
    data: dict[str, Json] = {}


Draft = BirthDraft | StatusDraft | TelemetryDraft | EventDraft | ResultDraft
Numbered = Birth | Status | Telemetry | Event | Result


def number(draft: Draft, *, boot: int, seq: int, at: datetime, epoch: int) -> tuple[Up, Numbered]:
    """The draft as a message of the contract, and the topic it belongs to."""
    match draft:
        case BirthDraft(firmware=firmware, profile=profile, capabilities=able):
            birth = Birth(boot=boot, seq=seq, at=at, epoch=epoch, firmware=firmware, profile=profile, capabilities=able)
            return Up.BIRTH, birth
        case StatusDraft(reported):
            return Up.STATUS, Status(boot=boot, seq=seq, at=at, epoch=epoch, reported=reported)
        case TelemetryDraft(measurements):
            return Up.TELEMETRY, Telemetry(boot=boot, seq=seq, at=at, epoch=epoch, measurements=measurements)
        case EventDraft(name, data):
            return Up.EVENT, Event(boot=boot, seq=seq, at=at, epoch=epoch, name=name, data=data)
        case ResultDraft(command_id, status, detail, data):
            result = Result(
                boot=boot,
                seq=seq,
                at=at,
                epoch=epoch,
                command_id=command_id,
                status=status,
                detail=detail,
                data=data,
            )
            return Up.RESULT, result
        case _:
            assert_never(draft)
