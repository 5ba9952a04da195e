"""The questions of an external broker, in EMQX 5's form: may this client come in, may it say this, may it hear that.

Thin: the rules are `broker.acl` and `broker.gatekeeper`, through `cloud.brokers.Judge`. Who asks shows the token of
`keys/broker-hook-token`. A question that cannot be read is answered with `deny`: whatever it was, it was not allowed.
"""

import base64
import binascii
import hmac
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, StrictBool, StrictInt
from starlette.concurrency import run_in_threadpool

from cloud.brokers import Judge
from cloud.errors import UnauthenticatedError
from cloud.web import Context, context_of
from mobile_menu.ports import SessionRefusedError
from mobile_menu.streams import bearer_of

api = APIRouter(prefix="/hooks/broker", tags=["brokers"])

ABSENT: Final = ("", "undefined")
"""What EMQX writes for something that a client does not have."""
NOT_RETAINED: Final = (False, "false", "0", *ABSENT)
"""Whatever else is written there, a message would be kept."""
Text = Annotated[str, Field(max_length=1024)]


class Knock(BaseModel):
    """Somebody has connected. cert_pem: as the broker has verified it; empty or `undefined`: without a certificate."""

    clientid: Text
    username: Text = ""
    password: Text = ""
    cert_common_name: Text = ""
    cert_pem: Annotated[str, Field(max_length=16_384)] = ""


class Wish(BaseModel):
    """Somebody who is in wants to say or hear something. qos, retain: as JSON has them, or in words, as EMQX does."""

    username: Text
    clientid: Text = ""
    action: Literal["publish", "subscribe"]
    topic: Text
    qos: Annotated[StrictInt, Field(ge=0, le=2)] | Literal["0", "1", "2"] = 0
    retain: StrictBool | Annotated[str, Field(max_length=16)] = False


class Admission(BaseModel):
    """expire_at: when the certificate ends, in seconds since 1970; the broker then ends the connection."""

    result: Literal["allow", "deny"]
    is_superuser: bool = False
    expire_at: int | None = None


class Permission(BaseModel):
    result: Literal["allow", "deny"]


def judge_of(request: Request, context: Annotated[Context, Depends(context_of)]) -> Judge:
    """For who shows the token. Raises UnauthenticatedError."""
    try:
        given = bearer_of(request.headers.get("authorization", ""))
    except SessionRefusedError:
        raise UnauthenticatedError from None
    if not hmac.compare_digest(given.encode(), context.keys.hook_token.encode()):
        raise UnauthenticatedError
    judge: Judge = request.app.state.judge
    return judge


Judging = Annotated[Judge, Depends(judge_of)]


@api.post("/auth", response_model_exclude_none=True)
async def may_connect(body: Knock, judge: Judging) -> Admission:
    """Whether a client may come in."""
    username, password = (("" if one in ABSENT else one) for one in (body.username, body.password))
    certificate: bytes | None = None
    if body.cert_pem not in ABSENT or body.cert_common_name not in ABSENT:
        try:
            certificate = _der_of(body.cert_pem)
        except ValueError:
            return Admission(result="deny")
    try:
        found = await run_in_threadpool(judge.admits, body.clientid, username, password, certificate)
    except ValueError:
        return Admission(result="deny")
    if isinstance(found, datetime):
        return Admission(result="allow", expire_at=int(found.timestamp()))
    return Admission(result="allow" if found else "deny")


@api.post("/acl")
async def may_do(body: Wish, judge: Judging) -> Permission:
    """Whether a client may publish on a topic, or subscribe to a filter."""
    retained = body.retain not in NOT_RETAINED
    allowed = judge.allows(body.username, body.action, body.topic, retained=retained, qos=int(body.qos))
    return Permission(result="allow" if allowed else "deny")


def _der_of(pem: str) -> bytes:
    """The first certificate of a PEM text. Raises ValueError."""
    begun, _, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    body, end, _ = rest.partition("-----END CERTIFICATE-----")
    if begun.strip() or not end:
        msg = "no certificate"
        raise ValueError(msg)
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def routers() -> tuple[APIRouter, ...]:
    return (api,)
