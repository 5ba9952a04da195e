"""`decode`: how many messages one core takes from bytes to a checked value, beside two other ways to do it."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from broker.contract.codec import Accepted, decode_up
from broker.contract.ids import new_id
from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic
from cloud.bench import messages
from cloud.bench.machine import describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Row, row

METHOD = (
    "In one process: bytes to a value, again and again, for {span_s} s a run, the ways in turn. Ours checks topic, "
    "schema, every field, and for a status the shared fields; `json.loads` checks nothing; pydantic's "
    "`model_validate_json` checks the same fields, without topic and schema."
)
SPAN_S = 0.5


class PydanticSupply(BaseModel):
    """The reference's form of a supply."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")
    level_percent: int = Field(ge=-3, le=100)
    kind: str = Field("toner", pattern=r"^[a-z][a-z0-9_.-]{0,63}$")
    color: str = Field("", max_length=128)


class PydanticReported(BaseModel, extra="allow"):
    """The reference's form of what a status reports."""

    state: str = Field(pattern=r"^[a-z][a-z0-9.-]{0,254}$")
    reasons: tuple[str, ...] = Field(max_length=64)
    supplies: tuple[PydanticSupply, ...] = Field(max_length=64)


class PydanticUp(BaseModel):
    """The reference's form of what every message carries."""

    boot: int = Field(ge=0, le=2**53 - 1)
    seq: int = Field(ge=1, le=2**53 - 1)
    at: datetime
    epoch: int | None = Field(None, ge=0)


class PydanticStatus(PydanticUp):
    """The reference's form of a status."""

    reported: PydanticReported


class PydanticMeasurement(BaseModel):
    """The reference's form of a measurement."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")
    value: float
    unit: str = Field("", max_length=128)
    at: datetime | None = None


class PydanticTelemetry(PydanticUp):
    """The reference's form of telemetry."""

    measurements: tuple[PydanticMeasurement, ...] = Field(min_length=1, max_length=512)


def measure(runs: int, span_s: float, done: Callable[[], None]) -> tuple[Row, ...]:
    """Rows for a status and for telemetry. done: called after each run."""
    product_id, at = str(new_id(datetime.now(UTC))), datetime.now(UTC)
    rows: list[Row] = []
    for kind, payload, form in (
        (Up.STATUS, messages.status(1, 1, at), PydanticStatus),
        (Up.TELEMETRY, messages.telemetry(1, 2, at), PydanticTelemetry),
    ):
        rows += _of(kind, up_topic(product_id, kind), payload, form, (runs, span_s, done))
    return tuple(rows)


def _of(
    kind: Up, topic: str, payload: bytes, form: type[PydanticUp], how: tuple[int, float, Callable[[], None]]
) -> list[Row]:
    if not isinstance(decode_up(topic, payload), Accepted):
        msg = "the bench's own message is not accepted"
        raise TypeError(msg)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: decode_up(topic, payload),
        "json.loads": lambda: json.loads(payload),
        "pydantic": lambda: form.model_validate_json(payload),
    }
    found = in_turn(ways, *how)
    what = f"decode_up, {kind.value} of {len(payload)} bytes"
    return [
        row(what, "msg/s", found["ours"], reference="json.loads, unchecked", reference_runs=found["json.loads"]),
        row(what, "msg/s", found["ours"], reference="pydantic", reference_runs=found["pydantic"]),
    ]


def in_turn(
    ways: dict[str, Callable[[], Json]], runs: int, span_s: float, done: Callable[[], None]
) -> dict[str, Sequence[float]]:
    """Calls a second of each way: one warm-up, then `runs`, the ways alternating."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        _rate(way, span_s / 5)
    for _ in range(runs):
        for name, way in ways.items():
            found[name].append(_rate(way, span_s))
        done()
    return dict(found)


def _rate(way: Callable[[], Any], span_s: float) -> float:
    """Calls a second; the clock is read once in a thousand."""
    calls, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < span_s:
        for _ in range(1000):
            way()
        calls += 1000
    return calls / passed


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    steps = iter(range(1, 2 * options.runs + 1))
    rows = measure(options.runs, SPAN_S, lambda: step("decoding", next(steps), 2 * options.runs))
    return Bench(rows=rows, machine=describe(), method=METHOD.format(span_s=SPAN_S))
