"""HTTP of the registry: models, units and their import. Thin. Labels and links have files of their own."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from cloud.errors import FieldProblem, InvalidError, TooLargeError
from cloud.identity.permissions import Permission
from cloud.record import service as record
from cloud.registry import service
from cloud.registry.importing import ImportForm
from cloud.registry.imports import import_units
from cloud.registry.service import Registered
from cloud.web import MAX_IMPORT_BYTES, Call, Context, Cursor, Limit, Page, calls, context_of, page

api = APIRouter(prefix="/api/v1", tags=["registry"])
ReadModels = Annotated[Call, calls(Permission.MODELS_READ)]
WriteModels = Annotated[Call, calls(Permission.MODELS_WRITE)]
Read = Annotated[Call, calls(Permission.UNITS_READ)]
Register = Annotated[Call, calls(Permission.UNITS_REGISTER)]
Parts = Annotated[Context, Depends(context_of)]


TelemetryDays = Annotated[
    int | None,
    Field(
        ge=0,
        le=36_500,
        description="how long telemetry of its units is kept, in days; 0: for ever; null: as the deployment says",
    ),
]


class ModelIn(BaseModel):
    gtin: Annotated[str, Field(min_length=8, max_length=14, description="GTIN-8, -12, -13 or -14 with its check digit")]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    brand: Annotated[str, Field(min_length=1, max_length=120)]
    profile: Annotated[str, Field(min_length=1, max_length=64)] = "printer"
    links: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=8)] = {}
    telemetry_days: TelemetryDays = None


class ModelChange(BaseModel):
    telemetry_days: TelemetryDays


class ModelOut(ModelIn):
    created_at: datetime


class ProductIn(BaseModel):
    gtin: Annotated[str, Field(min_length=8, max_length=14)]
    serial: Annotated[str | None, Field(max_length=64, description="left out: one is made")] = None


class RegisteredOut(BaseModel):
    """claim_code: shown this once, for the leaflet in the box."""

    id: str
    gtin: str
    serial: str
    uri: str
    claim_code: str


class ProductOut(BaseModel):
    id: str
    gtin: str
    serial: str
    state: str
    uri: str
    claimed: bool
    shop_id: str | None
    beacon_uid: str
    created_at: datetime


class BadRowOut(BaseModel):
    line: int
    pointer: str
    code: str
    detail: str


class ImportOut(BaseModel):
    """registered: how many; 0 when any row is bad: all or nothing. units: with their claim codes, this once."""

    registered: int
    bad_rows: list[BadRowOut]
    unnamed_bad_rows: int = 0
    dry_run: bool
    units: list[RegisteredOut]


def _model_out(row: Any) -> ModelOut:
    return ModelOut.model_validate(row, from_attributes=True)


@api.post("/models", status_code=201)
def create_model(body: ModelIn, call: WriteModels) -> ModelOut:
    return call.write(ModelOut, lambda tx: _model_out(service.create_model(tx, **body.model_dump())))


@api.get("/models")
def list_models(call: ReadModels) -> Page[ModelOut]:
    return call.read(lambda tx: Page(items=[_model_out(row) for row in service.list_models(tx)], next=None))


@api.get("/models/{gtin}")
def read_model(gtin: str, call: ReadModels) -> ModelOut:
    return call.read(lambda tx: _model_out(service.read_model(tx, gtin.zfill(14))))


@api.patch("/models/{gtin}")
def change_model(gtin: str, body: ModelChange, call: WriteModels) -> ModelOut:
    """Sets how long telemetry of its units is kept. What is kept no longer goes within the hour, for good."""
    return call.write(ModelOut, lambda tx: _model_out(service.keep_telemetry(tx, gtin.zfill(14), body.telemetry_days)))


@api.post("/products", status_code=201)
def register(body: ProductIn, call: Register) -> RegisteredOut:
    """Registers one unit."""

    def use_case(tx: Any) -> RegisteredOut:
        unit = service.register(tx, call.keys, call.url, body.gtin, body.serial)
        return RegisteredOut(**msgspec.structs.asdict(unit))

    return call.write(RegisteredOut, use_case)


@api.post(
    "/products/import",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    },
)
async def import_many(request: Request, call: Register, dry_run: Annotated[bool, Query()] = False) -> ImportOut:
    """Registers many at once: all, or none when a row is bad; every bad row is named with its line."""
    forms = {"text/csv": ImportForm.CSV, "application/x-ndjson": ImportForm.JSON_LINES}
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in forms:
        problem = FieldProblem("", "wrong_content_type", "send text/csv or application/x-ndjson")
        raise InvalidError(problems=(problem,))
    chunks = await _spooled(request.stream())
    parts = call.context
    once = call.repeatable(record.fingerprint(b"".join(chunks)), list[Registered])
    found = await run_in_threadpool(
        import_units, parts.db, parts.keys, call.url, chunks, forms[kind], dry_run=dry_run, once=once
    )
    return ImportOut(
        registered=found.registered,
        bad_rows=[BadRowOut(**row._asdict()) for row in found.bad_rows],
        unnamed_bad_rows=found.unnamed_bad_rows,
        dry_run=found.dry_run,
        units=[RegisteredOut(**msgspec.structs.asdict(unit)) for unit in found.units],
    )


async def _spooled(stream: AsyncIterator[bytes]) -> list[bytes]:
    """The body, kept in parts. Raises TooLargeError."""
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        size += len(part)
        if size > MAX_IMPORT_BYTES:
            raise TooLargeError
        parts.append(part)
    return parts


@api.get("/products")
def list_products(
    call: Read,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Annotated[str | None, Query(max_length=64, description="the beginning of a serial, or a GTIN")] = None,
    state: Annotated[Literal["registered", "retired"] | None, Query()] = None,
) -> Page[ProductOut]:
    """Units, the newest first."""

    def read(tx: Any) -> Page[ProductOut]:
        rows = service.list_products(tx, query=q, state=state, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.id), lambda row: product_out(row, call.url))

    return call.read(read)


def product_out(row: Any, base_url: str) -> ProductOut:
    """A unit as operators see it."""
    return ProductOut.model_validate(service.as_json(row, base_url))


@api.get("/products/{product_id}")
def read_product(product_id: str, call: Read) -> ProductOut:
    return call.read(lambda tx: product_out(service.read_unit(tx, product_id).product, call.url))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
