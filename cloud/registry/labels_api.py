"""HTTP of labels: one as a picture, many as sheets, and the page to try a printer's feed with. Thin."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from cloud.errors import FieldProblem, InvalidError
from cloud.identity.permissions import Permission
from cloud.registry import gs1, service
from cloud.registry.label_pdf import MAX_OFFSET_MM, Feed, calibration_pdf, label_pdf
from cloud.registry.labels import Label, label_png, label_svg
from cloud.registry.sheets import SHEETS
from cloud.web import Call, calls

api = APIRouter(prefix="/api/v1", tags=["labels"])
Print = Annotated[Call, calls(Permission.LABELS_PRINT)]
SheetName = Literal[
    "a4-3x8",
    "a4-l7159",
    "a4-l7160",
    "a4-l7163",
    "a4-l7165",
    "a4-1",
    "letter-3x10",
    "letter-5163",
    "50x25",
    "62x29",
    "100x50",
    "4x6in",
]
Dpi = Annotated[
    Literal[203, 300, 600] | None,
    Field(description="a printer of dots: its modules are whole ones. Left out: as the format's printers have"),
]
Offset = Annotated[float, Field(ge=-MAX_OFFSET_MM, le=MAX_OFFSET_MM)]
PDF = "application/pdf"
_PDF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The PDF", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}


class LabelsIn(BaseModel):
    product_ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    sheet: SheetName = "a4-3x8"
    skip: Annotated[int, Field(ge=0, le=100, description="places on the first sheet that are used already")] = 0
    offset_x_mm: Annotated[Offset, Field(description="all of it is moved right by this")] = 0
    offset_y_mm: Annotated[Offset, Field(description="all of it is moved down by this")] = 0
    dpi: Dpi = None


class SheetOut(BaseModel):
    """A format of labels. Sizes in mm, width first."""

    name: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int
    rows: int


class SheetsOut(BaseModel):
    items: list[SheetOut]


def label_of(unit: service.Unit, base_url: str) -> Label:
    """What the unit's label says."""
    gtin, serial = gs1.Gtin(unit.product.gtin), gs1.Serial(unit.product.serial)
    uri = gs1.digital_link(base_url, gtin, serial)
    return Label(uri=uri, gtin=gtin, serial=serial, title=f"{unit.model.brand} {unit.model.name}")


def _font(call: Call) -> Path | None:
    path = call.context.settings.label_font
    return Path(path) if path else None


@api.get("/products/{product_id}/label.{form}", response_class=Response)
def read_label(product_id: str, form: Literal["svg", "png", "pdf"], call: Print) -> Response:
    """The unit's QR label, for its type plate."""
    label = call.read(lambda tx: label_of(service.read_unit(tx, product_id), call.url))
    match form:
        case "svg":
            return Response(label_svg(label), media_type="image/svg+xml")
        case "png":
            return Response(label_png(label, font=_font(call)), media_type="image/png")
        case "pdf":
            return Response(label_pdf([label], SHEETS["62x29"], feed=Feed(font=_font(call))), media_type=PDF)


@api.get("/labels/sheets")
def read_sheets(call: Print) -> SheetsOut:  # noqa: ARG001 - for who may print
    """The formats that labels are printed in."""
    return SheetsOut(
        items=[
            SheetOut(name=name, page=one.page, label=one.label, columns=one.columns, rows=one.rows)
            for name, one in SHEETS.items()
        ]
    )


@api.get("/labels/calibration", response_class=Response, responses=_PDF_ANSWER)
def read_calibration(
    call: Print,  # noqa: ARG001 - for who may print
    sheet: SheetName = "a4-3x8",
    offset_x_mm: Annotated[float, Query(ge=-MAX_OFFSET_MM, le=MAX_OFFSET_MM)] = 0,
    offset_y_mm: Annotated[float, Query(ge=-MAX_OFFSET_MM, le=MAX_OFFSET_MM)] = 0,
) -> Response:
    """The outlines of a sheet's labels, to print on plain paper and hold against a sheet."""
    return Response(calibration_pdf(SHEETS[sheet], sheet, Feed((offset_x_mm, offset_y_mm))), media_type=PDF)


@api.post("/labels", response_class=Response)
def print_labels(body: LabelsIn, call: Print) -> Response:
    """Sheets of labels as one PDF."""
    sheet = SHEETS[body.sheet]
    if body.skip >= sheet.places:
        detail = f"the first page has {sheet.places} places"
        raise InvalidError(problems=(FieldProblem("/skip", "out_of_range", detail),))
    wanted = call.read(lambda tx: [label_of(unit, call.url) for unit in service.read_units(tx, body.product_ids)])
    feed = Feed((body.offset_x_mm, body.offset_y_mm), body.dpi, _font(call))
    return Response(label_pdf(wanted, sheet, skip=body.skip, feed=feed), media_type=PDF)


def routers() -> tuple[APIRouter, ...]:
    return (api,)
