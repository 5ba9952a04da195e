"""HTTP of identity: operators' keys, and devices' passwords. Certificates: `devices_api.py`. Thin."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud.identity import operators, service
from cloud.identity.permissions import MAX_SCOPE_LENGTH, MAX_SCOPES, OperatorRole, Permission
from cloud.web import Call, Page, Time, calls

api = APIRouter(prefix="/api/v1", tags=["identity"])
Manage = Annotated[Call, calls(Permission.KEYS_MANAGE)]
Enrol = Annotated[Call, calls(Permission.DEVICES_ENROL)]


Scopes = Annotated[
    list[Annotated[str, Field(max_length=MAX_SCOPE_LENGTH)]],
    Field(
        min_length=1,
        max_length=MAX_SCOPES,
        description="permissions such as `units.read`, or all of a kind such as `units`; they only narrow the role",
    ),
]


class KeyIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    role: OperatorRole
    scopes: Scopes | None = None
    expires_at: Time | None = None


class KeyOut(BaseModel):
    """scopes: what narrows the role, null for all of it. last_used_on: the day in UTC."""

    id: str
    name: str
    role: OperatorRole
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None


class IssuedKeyOut(BaseModel):
    """token: shown this once."""

    id: str
    name: str
    role: OperatorRole
    scopes: list[str] | None
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
    """A key for an operator. It can do nothing that the key cannot which asks for it."""

    def use_case(tx: Any) -> IssuedKeyOut:
        issued = operators.issue_key(
            tx,
            body.name,
            body.role,
            body.expires_at,
            scopes=body.scopes,
            max_age=call.context.settings.key_max_age,
            issuer=call.operator,
        )
        return IssuedKeyOut(**msgspec.structs.asdict(issued))

    return call.write(IssuedKeyOut, use_case)


@api.get("/keys")
def list_keys(call: Manage) -> Page[KeyOut]:
    """Every key, those that have ended too."""

    def read(tx: Any) -> Page[KeyOut]:
        keys = operators.list_keys(tx, call.context.settings.key_max_age)
        return Page(items=[KeyOut.model_validate(one, from_attributes=True) for one in keys], next=None)

    return call.read(read)


@api.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: str, call: Manage) -> None:
    """Ends a key from the next call on. The last key of an admin stays: 409."""
    max_age = call.context.settings.key_max_age
    call.write(type(None), lambda tx: operators.revoke_key(tx, key_id, issuer=call.operator, max_age=max_age))


@api.post("/products/{product_id}/credential", status_code=201)
def issue_credential(product_id: str, call: Enrol) -> CredentialOut:
    """A password for the unit's MQTT connection; an older one ends with it."""

    def use_case(tx: Any) -> CredentialOut:
        return CredentialOut(**msgspec.structs.asdict(service.issue_credential(tx, call.keys, product_id)))

    return call.write(CredentialOut, use_case)


def routers() -> tuple[APIRouter, ...]:
    return (api,)
