"""HTTP of telemetry: a unit's messages as they came, and its series for charts. Thin."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud.errors import FieldProblem, InvalidError
from cloud.identity.permissions import Permission
from cloud.registry.service import read_unit
from cloud.twin import series, telemetry
from cloud.twin.series_rules import Bucket, Every
from cloud.twin.telemetry import Place
from cloud.web import Call, Cursor, Time, calls

api = APIRouter(prefix="/api/v1/products/{product_id}", tags=["twin"])
Read = Annotated[Call, calls(Permission.TWINS_READ)]
_NAME: Final = r"[a-z][a-z0-9_.-]{0,63}"
Names = Annotated[
    str | None,
    Query(
        pattern=rf"^{_NAME}(,{_NAME}){{0,31}}$",
        description="names of measurements, with commas between them; left out: all",
    ),
]
USUAL_SPAN: Final = {
    None: timedelta(days=1),
    Every.MINUTE: timedelta(days=1),
    Every.HOUR: timedelta(days=31),
    Every.DAY: timedelta(days=366),
}
"""Back from the end, when no beginning is named."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MessageOut(BaseModel):
    """at: as the device says; time: where it stands in time, which is the receipt when `at` cannot be right."""

    at: datetime
    time: datetime
    received_at: datetime
    boot: int
    seq: int
    measurements: list[dict[str, Any]]


class TelemetryOut(BaseModel):
    """next: the cursor of the page after it, null on the last."""

    items: list[MessageOut]
    next: str | None


class FieldOut(BaseModel):
    """last: the newest by the device's time, and not the one that came last."""

    name: str
    unit: str
    count: int
    min: float
    max: float
    mean: float
    last: float
    last_at: datetime


class BucketOut(BaseModel):
    """left_out: measurements of fields beyond the 256 that a bucket has room for."""

    start: datetime
    fields: list[FieldOut]
    left_out: int


class SeriesOut(BaseModel):
    """complete_to: all that was received before is counted. next: the cursor of the page after it, null on the last."""

    every: Every
    complete_to: datetime
    items: list[BucketOut]
    next: str | None


@api.get("/telemetry")
def read_telemetry(
    product_id: str,
    call: Read,
    from_: Annotated[Time | None, Query(alias="from")] = None,
    to: Time | None = None,
    every: Every | None = None,
    fields: Names = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    cursor: Cursor = None,
) -> TelemetryOut | SeriesOut:
    """What the unit measured from `from` until before `to`, oldest first: its messages, or, with `every`, what they
    come to in each minute, hour or day of UTC. Without `from`: of the last day; of hours 31 days, of days 366.
    """
    names = None if fields is None else frozenset(fields.split(","))

    def read(tx: Any) -> TelemetryOut | SeriesOut:
        read_unit(tx, product_id)
        end = to or tx.now + timedelta(seconds=1)
        start = from_ or end - USUAL_SPAN[every]
        if every is None:
            rows = telemetry.messages(tx, product_id, start, end, limit + 1, _message_place(cursor))
            return _messages_out(rows, limit, names)
        buckets = series.read(tx, product_id, every, start, end, limit + 1, _time(cursor, timedelta(seconds=1)))
        return SeriesOut(
            every=every,
            complete_to=series.complete_to(tx),
            items=[shown for start, one in buckets[:limit] if (shown := _bucket_out(start, one, names)) is not None],
            next=_number(buckets[limit - 1][0], timedelta(seconds=1)) if len(buckets) > limit else None,
        )

    return call.read(read)


def _messages_out(rows: list[Any], limit: int, names: frozenset[str] | None) -> TelemetryOut:
    items = []
    for row in rows[:limit]:
        measured = [one for one in row.measurements if names is None or one["name"] in names]
        if measured:
            times = {"at": row.at, "time": row.time, "received_at": row.received_at}
            items.append(MessageOut(**times, boot=row.boot, seq=row.seq, measurements=measured))
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else f"{_number(last.time, timedelta(microseconds=1))}.{last.boot}.{last.seq}"
    return TelemetryOut(items=items, next=following)


def _bucket_out(start: datetime, bucket: Bucket, names: frozenset[str] | None) -> BucketOut | None:
    """None: it has nothing of what was asked for."""
    fields = [
        FieldOut(
            name=one.name,
            unit=one.unit,
            count=one.count,
            min=one.low,
            max=one.high,
            mean=one.mean,
            last=one.last,
            last_at=one.at,
        )
        for one in bucket.fields.values()
        if names is None or one.name in names
    ]
    return BucketOut(start=start, fields=fields, left_out=bucket.left_out) if fields else None


def _number(at: datetime, unit: timedelta) -> str:
    return str((at - _EPOCH) // unit)


def _message_place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    time, boot, seq = (*cursor.split("."), "", "")[:3]
    at = _time(time, timedelta(microseconds=1))
    if at is None or not (_is_count(boot) and _is_count(seq)):
        raise _no_cursor()
    return Place(at, int(boot), int(seq))


def _time(cursor: str | None, unit: timedelta) -> datetime | None:
    if cursor is None:
        return None
    if not _is_count(cursor.removeprefix("-")):
        raise _no_cursor()
    try:
        return _EPOCH + int(cursor) * unit
    except OverflowError as error:
        raise _no_cursor() from error


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _no_cursor() -> InvalidError:
    return InvalidError(problems=(FieldProblem("/cursor", "wrong_form", "the `next` of the page before"),))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
