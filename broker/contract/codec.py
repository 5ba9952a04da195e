"""Bytes to messages and back. Bad input is a value, `Rejection`, never an exception: it must not stop a loop."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from broker.contract import quick
from broker.contract.messages import (
    MAX_DEPTH,
    MAX_PAYLOAD_BYTES,
    Birth,
    Command,
    Desired,
    Event,
    Firmware,
    Json,
    Message,
    Presence,
    Result,
    StageNotice,
    Status,
    Stored,
    Supply,
    Telemetry,
)
from broker.contract.topics import Down, Up, UpTopic, parse_up
from broker.contract.values import number_problem, value_problem

AnyUp = Birth | Status | Telemetry | Event | Result | Presence
AnyDown = Command | Desired | Stored | StageNotice | Firmware

QUARANTINE_BYTES: Final = 256


class RejectionReason(StrEnum):
    """Stable codes, counted per device."""

    UNKNOWN_TOPIC = "unknown_topic"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    UNKNOWN_SCHEMA = "unknown_schema"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_DEVICE = "unknown_device"
    UNSTORABLE = "unstorable"
    OVER_LIMIT = "over_limit"


class Rejection(msgspec.Struct, frozen=True):
    """A message that will never get better. head: its first `QUARANTINE_BYTES`, for the operator's quarantine."""

    reason: RejectionReason
    detail: str
    head: bytes


class Accepted(msgspec.Struct, frozen=True):
    """A message that obeys the contract, and where it came from."""

    topic: UpTopic
    message: AnyUp


UP_TYPES: Final[dict[Up, type[AnyUp]]] = {
    Up.BIRTH: Birth,
    Up.STATUS: Status,
    Up.TELEMETRY: Telemetry,
    Up.EVENT: Event,
    Up.RESULT: Result,
    Up.PRESENCE: Presence,
}
DOWN_TYPES: Final[dict[Down, type[AnyDown]]] = {
    Down.COMMAND: Command,
    Down.DESIRED: Desired,
    Down.STORED: Stored,
    Down.STAGE: StageNotice,
    Down.FIRMWARE: Firmware,
}
_UP_DECODERS: Final = {kind: msgspec.json.Decoder(form) for kind, form in UP_TYPES.items()}
_DOWN_DECODERS: Final = {kind: msgspec.json.Decoder(form) for kind, form in DOWN_TYPES.items()}
_OUTERMOST: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER: Final = msgspec.json.Encoder()
_Keyword = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9.-]{0,254}$")]
_Keywords = Annotated[tuple[_Keyword, ...], msgspec.Meta(max_length=64)]
_Supplies = Annotated[tuple[Supply, ...], msgspec.Meta(max_length=64)]


class _Shared(msgspec.Struct):
    """The fields of a status that mean the same for every product; null removes one."""

    state: _Keyword | None = None
    reasons: _Keywords | None = None
    supplies: _Supplies | None = None


def encode(message: Message) -> bytes:
    """The message as JSON, `schema` first."""
    return _ENCODER.encode(message)


def decode_up(topic: str, payload: bytes) -> Accepted | Rejection:  # noqa: PLR0911 - one line for each way to be wrong
    """What a device said, or why it cannot be taken. Never raises."""
    address = parse_up(topic)
    if address is None:
        return _rejected(RejectionReason.UNKNOWN_TOPIC, "the topic is none of the contract's", payload)
    if len(payload) > MAX_PAYLOAD_BYTES:
        return _rejected(RejectionReason.TOO_LARGE, f"{len(payload)} bytes; {MAX_PAYLOAD_BYTES} are allowed", payload)
    if address.kind is Up.STATUS and (status := quick.read_status(payload)) is not None:
        return Accepted(address, status)
    try:
        message = _UP_DECODERS[address.kind].decode(payload)
        if not _names_its_schema(payload):
            return _rejected(RejectionReason.UNKNOWN_SCHEMA, "the field `schema` is missing", payload)
    except msgspec.ValidationError as error:
        return _invalid(str(error), payload)
    except RecursionError:
        return _rejected(RejectionReason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels", payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _rejected(RejectionReason.NOT_JSON, str(error), payload)
    found = _checked(Accepted(address, message), payload)
    if isinstance(found, Accepted) and isinstance(message, Status):
        quick.learn_status(message)
    return found


def decode_down(kind: Down, payload: bytes) -> AnyDown | Rejection:
    """What the cloud told a device, for the device's side. Never raises."""
    try:
        return _DOWN_DECODERS[kind].decode(payload)
    except msgspec.ValidationError as error:
        return _invalid(str(error), payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _rejected(RejectionReason.NOT_JSON, str(error), payload)


def unsendable(kind: Down, message: Command | Desired) -> str:
    """Why a message would not reach a device, or be refused by it; empty when neither. It is then within all limits."""
    field = message.arguments if isinstance(message, Command) else message.settings
    if depth_of(field) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels"
    problem = value_problem(field)
    if problem:
        return problem
    payload = encode(message)
    if len(payload) > MAX_PAYLOAD_BYTES:
        return f"{len(payload)} bytes; {MAX_PAYLOAD_BYTES} are allowed"
    found = decode_down(kind, payload)
    return found.detail if isinstance(found, Rejection) else ""


def reported_problem(reported: dict[str, Json]) -> str:
    """What is wrong with the fields of a status that mean the same for every product; empty when nothing is."""
    try:
        msgspec.convert(reported, type=_Shared)
    except msgspec.ValidationError as error:
        return f"reported: {error}"
    return ""


def depth_of(value: Json, limit: int = MAX_DEPTH) -> int:
    """Levels of arrays and objects in `value`; counting stops at `limit` + 1."""
    if limit < 0 or not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((depth_of(part, limit - 1) for part in inner), default=0)


def _names_its_schema(payload: bytes) -> bool:
    """The decoder checks a schema that is there. Whether it is there: writers put it first, and then this costs
    nothing; otherwise the outermost names are read, because the word may also stand deeper, in `data`.
    """
    return payload.startswith(b'{"schema":') or "schema" in _OUTERMOST.decode(payload)


def _checked(accepted: Accepted, payload: bytes) -> Accepted | Rejection:
    match accepted.message:
        case Status(reported=field) | Event(data=field) | Result(data=field):
            if quick.may_be_deep(payload) and depth_of(field) > MAX_DEPTH:
                return _rejected(RejectionReason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels", payload)
        case _:
            return accepted
    problem = number_problem(field) if quick.has_long_number(payload) else ""
    if not problem and isinstance(accepted.message, Status):
        problem = reported_problem(field)
    return _rejected(RejectionReason.WRONG_TYPE, problem, payload) if problem else accepted


def _invalid(detail: str, payload: bytes) -> Rejection:
    reason = RejectionReason.UNKNOWN_SCHEMA if detail.endswith("`$.schema`") else RejectionReason.WRONG_TYPE
    return _rejected(reason, detail, payload)


def _rejected(reason: RejectionReason, detail: str, payload: bytes) -> Rejection:
    return Rejection(reason, detail, payload[:QUARANTINE_BYTES])
