"""HTTP of control. Thin."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud.control import service
from cloud.identity.permissions import Permission
from cloud.web import Call, Page, calls

api = APIRouter(prefix="/api/v1", tags=["control"])
Read = Annotated[Call, calls(Permission.COMMANDS_READ)]
Act = Annotated[Call, calls(Permission.COMMANDS_SEND)]


class CommandIn(BaseModel):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
    arguments: Annotated[dict[str, Any], Field(max_length=64)] = {}
    expires_in_s: Annotated[int, Field(ge=5, le=7 * 86_400)] = 600


class CommandOut(BaseModel):
    """status: queued, sent, accepted, done, failed or expired."""

    id: str
    product_id: str
    name: str
    arguments: dict[str, Any]
    status: str
    detail: str
    result: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


def _show(row: Any) -> CommandOut:
    return CommandOut.model_validate(row, from_attributes=True)


@api.post("/products/{product_id}/commands", status_code=202)
def send_command(product_id: str, body: CommandIn, call: Act) -> CommandOut:
    """Asks the device to act; its answer shows at `/commands/{id}`."""
    life = timedelta(seconds=body.expires_in_s)
    return call.write(CommandOut, lambda tx: _show(service.queue(tx, product_id, body.name, body.arguments, life=life)))


@api.get("/products/{product_id}/commands")
def list_commands(product_id: str, call: Read) -> Page[CommandOut]:
    """The newest commands to this device."""
    return call.read(lambda tx: Page(items=[_show(row) for row in service.newest(tx, product_id)], next=None))


@api.get("/commands/{command_id}")
def read_command(command_id: str, call: Read) -> CommandOut:
    return call.read(lambda tx: _show(service.read(tx, command_id)))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
