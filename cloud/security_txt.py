"""`/.well-known/security.txt` (RFC 9116): to whom somebody who has found a weakness can say so."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from cloud.errors import NotFoundError
from cloud.settings import Settings
from cloud.web import Context, context_of

PATH: Final = "/.well-known/security.txt"
LASTS: Final = timedelta(days=180)
"""How far away Expires is. Source: RFC 9116, section 2.5.5, recommends less than a year."""


def security_txt(settings: Settings, now: datetime) -> str | None:
    """The file's lines; None when no contact is set: a wrong promise is worse than none."""
    if not settings.security_contact:
        return None
    expires = (now + LASTS).replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {
        "Contact": settings.security_contact,
        "Expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages": "en, de",
        "Canonical": f"{settings.url}{PATH}",
        "Policy": settings.security_policy_url,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def router() -> APIRouter:
    """The one route."""
    api = APIRouter(tags=["health"])

    @api.get(PATH, response_class=Response, responses={200: {"content": {"text/plain": {}}}, 404: {}})
    def report_to(context: Annotated[Context, Depends(context_of)]) -> Response:
        """Where to report a vulnerability; 404 until the operator has said where."""
        text = security_txt(context.settings, context.db.clock())
        if text is None:
            raise NotFoundError
        return Response(text, media_type="text/plain; charset=utf-8")

    return api
