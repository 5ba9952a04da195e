"""Life, readiness, figures and contracts: what machines ask the HTTP service."""

import base64
from typing import Annotated
from urllib.parse import urlsplit

import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from broker.contract.asyncapi import document
from cloud.admission import admit
from cloud.contracts import Kept
from cloud.figures import DatabaseFigures
from cloud.identity.permissions import Permission
from cloud.metrics.callers import names_here
from cloud.metrics.meters import TEXT, Page
from cloud.mqtt import Bus
from cloud.problems import problem
from cloud.web import Context, context_of

LOCAL = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Any of them says that a proxy on this host speaks for somebody else."""
Parts = Annotated[Context, Depends(context_of)]
Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, description="An operator's key."))
]


def add_health(app: FastAPI, bus: Bus) -> None:
    """Adds `/healthz`, `/readyz`, `/metrics` and `/asyncapi.json`."""
    api = APIRouter(tags=["health"])
    context: Context = app.state.context
    page, known = Page(context.meters), DatabaseFigures(context.db, context.meters)

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives. On the event loop: calls that wait for a stuck database do not keep it from saying so."""
        return {"status": "ok"}

    @api.get("/readyz", response_class=Response)
    def readyz(context: Parts) -> Response:
        """It can serve: the database answers. A broker that is away is said, and is no reason to send phones away."""
        try:
            with context.db.reading() as tx:
                tx.session.execute(sa.text("SELECT 1"))
        except SQLAlchemyError:
            return problem(503, "busy", "The database does not answer.")
        state = "connected" if bus.connected.is_set() else "away"
        return Response(f'{{"status":"ready","broker":"{state}"}}', media_type="application/json")

    @api.get("/metrics", response_class=Response)
    async def metrics(request: Request, context: Parts, bearer: Bearer) -> Response:
        """Prometheus figures: for who asks on this host itself, and with an operator's key for others."""
        if not _is_local(request, context.settings.url):
            await admit(request, context, None if bearer is None else bearer.credentials, Permission.FIGURES_READ)
        await known.look()
        return Response(await run_in_threadpool(page), headers={"Content-Type": TEXT})

    @api.get("/.well-known/receipt-key.json")
    def receipt_key(context: Parts) -> dict[str, str]:
        """The public key that verifies the receipts of erasures."""
        signer = context.keys.signer
        public = base64.b64encode(signer.public_key).decode()
        return {"algorithm": "Ed25519", "key_id": signer.key_id, "public_key": public}

    contract = Kept(document)
    as_json = {"content": {"application/json": {"schema": {"type": "object"}}}}

    @api.get("/asyncapi.json", response_class=Response, responses={200: as_json})
    async def asyncapi() -> Response:
        """The MQTT contract."""
        return contract.answer()

    app.include_router(api)


def _is_local(request: Request, public_url: str) -> bool:
    client = request.client.host if request.client else ""
    if client not in LOCAL or any(name in request.headers for name in FORWARDED):
        return False
    return names_here(request.headers.get("host", ""), urlsplit(public_url).hostname or "")
