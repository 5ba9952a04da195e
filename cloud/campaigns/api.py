"""HTTP of campaigns: the public links, and the marketers' calls. Thin."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Response
from pydantic import BaseModel, Field

from broker.contract.stages import Stage
from cloud.campaigns import service
from cloud.identity.permissions import Permission
from cloud.identity.visits import admit, app_address, visitor, with_visit
from cloud.record.events import Channel
from cloud.web import Call, Context, Cursor, Limit, Page, calls, context_of, page
from mobile_menu.visit_cookie import LOCKED, MAX_VISIT, PLAIN

links = APIRouter(tags=["public links"], dependencies=[Depends(admit)])
api = APIRouter(prefix="/api/v1", tags=["campaigns"])
Read = Annotated[Call, calls(Permission.CAMPAIGNS_READ)]
Write = Annotated[Call, calls(Permission.CAMPAIGNS_WRITE)]
Parts = Annotated[Context, Depends(context_of)]


def visit_of(
    context: Parts,
    locked: Annotated[str | None, Cookie(alias=LOCKED, max_length=MAX_VISIT)] = None,
    plain: Annotated[str | None, Cookie(alias=PLAIN, max_length=MAX_VISIT)] = None,
) -> str | None:
    """The visit that the browser remembers, by the one name that counts here."""
    return locked if context.settings.https else plain


Visit = Annotated[str | None, Depends(visit_of)]


@links.get("/c/{campaign_id}", status_code=303, response_class=Response)
def follow_campaign(campaign_id: str, context: Parts, visit: Visit) -> Response:
    """Records the click, knows the visitor again by a cookie, and goes on to the app or the campaign's target."""

    def follow(tx: Any) -> tuple[str, str | None]:
        service.campaign(tx, campaign_id)
        person_id, fresh = visitor(tx, context.keys, visit)
        row, journey = service.click(tx, campaign_id, person_id)
        return row.target or app_address(context.settings.url, journey.id), fresh

    return with_visit(*context.db.run(follow), secure=context.settings.https)


@links.get("/r/{code}", status_code=303, response_class=Response)
def follow_referral(code: str, context: Parts, visit: Visit) -> Response:
    """A friend's recommendation."""

    def follow(tx: Any) -> tuple[str, str | None]:
        service.referral(tx, code)
        person_id, fresh = visitor(tx, context.keys, visit)
        return app_address(context.settings.url, service.follow(tx, context.keys, code, person_id).id), fresh

    return with_visit(*context.db.run(follow), secure=context.settings.https)


class CampaignIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    stage: Stage = Stage.INTERESTED
    gtin: Annotated[str, Field(min_length=8, max_length=14)]
    channel: Channel = Channel.WEB
    target: Annotated[str, Field(max_length=500)] = ""


class CampaignOut(BaseModel):
    id: str
    name: str
    stage: Stage
    gtin: str
    channel: Channel
    target: str
    active: bool
    url: str
    created_at: datetime


def _show(row: Any, base_url: str) -> CampaignOut:
    return CampaignOut.model_validate({**row.model_dump(), "url": f"{base_url}/c/{row.id}"})


@api.post("/campaigns", status_code=201)
def create_campaign(body: CampaignIn, call: Write) -> CampaignOut:
    """A campaign; `url` is the link to spread."""
    hosts = call.context.settings.allowed_targets
    return call.write(
        CampaignOut, lambda tx: _show(service.create_campaign(tx, **dict(body), allowed_hosts=hosts), call.url)
    )


@api.get("/campaigns")
def list_campaigns(call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[CampaignOut]:
    def read(tx: Any) -> Page[CampaignOut]:
        rows = service.campaigns(tx, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.id), lambda row: _show(row, call.url))

    return call.read(read)


@api.get("/campaigns/{campaign_id}")
def read_campaign(campaign_id: str, call: Read) -> CampaignOut:
    return call.read(lambda tx: _show(service.campaign(tx, campaign_id), call.url))


@api.delete("/campaigns/{campaign_id}", status_code=204)
def stop_campaign(campaign_id: str, call: Write) -> None:
    """Ends the campaign: its link leads nowhere from now on."""
    call.write(type(None), lambda tx: service.stop(tx, campaign_id))


def routers() -> tuple[APIRouter, ...]:
    return (links, api)
