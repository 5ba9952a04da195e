"""HTTP of identity: operators' keys, and devices' credentials. Thin."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud.identity import operators, service
from cloud.identity.permissions import OperatorRole, Permission
from cloud.web import Call, Page, Time, calls

api = APIRouter(prefix="/api/v1", tags=["identity"])
Manage = Annotated[Call, calls(Permission.KEYS_MANAGE)]
Enrol = Annotated[Call, calls(Permission.DEVICES_ENROL)]
Revoke = Annotated[Call, calls(Permission.DEVICES_REVOKE)]


class KeyIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    role: OperatorRole
    expires_at: Time | None = None


class KeyOut(BaseModel):
    id: str
    name: str
    role: OperatorRole
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedKeyOut(BaseModel):
    """token: shown this once."""

    id: str
    name: str
    role: OperatorRole
    token: str
    expires_at: datetime | None


class CredentialOut(BaseModel):
    """What a device connects with; shown this once. beacon_key: hex, for its ephemeral ids."""

    username: str
    password: str
    beacon_uid: str
    beacon_key: str


@api.post("/keys", status_code=201)
def issue_key(body: KeyIn, call: Manage) -> IssuedKeyOut:
    def use_case(tx: Any) -> IssuedKeyOut:
        return IssuedKeyOut(**msgspec.structs.asdict(operators.issue_key(tx, body.name, body.role, body.expires_at)))

    return call.write(IssuedKeyOut, use_case)


@api.get("/keys")
def list_keys(call: Manage) -> Page[KeyOut]:
    def read(tx: Any) -> Page[KeyOut]:
        return Page(
            items=[KeyOut.model_validate(row, from_attributes=True) for row in operators.list_keys(tx)], next=None
        )

    return call.read(read)


@api.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: str, call: Manage) -> None:
    call.write(type(None), lambda tx: operators.revoke_key(tx, key_id))


@api.post("/products/{product_id}/credential", status_code=201)
def issue_credential(product_id: str, call: Enrol) -> CredentialOut:
    """A password for the unit's MQTT connection; an older one ends with it."""

    def use_case(tx: Any) -> CredentialOut:
        return CredentialOut(**msgspec.structs.asdict(service.issue_credential(tx, call.keys, product_id)))

    return call.write(CredentialOut, use_case)


@api.post("/products/{product_id}/revoke", status_code=204)
def revoke_credential(product_id: str, call: Revoke) -> None:
    """Ends the unit's password: it cannot connect any more."""
    call.write(type(None), lambda tx: service.revoke_credential(tx, product_id))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
