"""Life, readiness, figures and contracts: what machines ask the HTTP service."""

import base64
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from broker.contract.asyncapi import document
from cloud.admission import admit
from cloud.contracts import Kept
from cloud.identity.permissions import Permission
from cloud.mqtt import Bus
from cloud.record.service import outbox, timer
from cloud.web import Context, context_of, problem
from mobile_menu.live import LiveHub

LOCAL = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Any of them says that a proxy on this host speaks for somebody else."""
Parts = Annotated[Context, Depends(context_of)]
Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, description="An operator's key."))
]


def add_health(app: FastAPI, hub: LiveHub, bus: Bus) -> None:
    """Adds `/healthz`, `/readyz`, `/metrics` and `/asyncapi.json`."""
    api = APIRouter(tags=["health"])

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
        if not _is_local(request):
            await admit(request, context, None if bearer is None else bearer.credentials, Permission.FIGURES_READ)
        figures = await run_in_threadpool(_figures, context, hub, bus)
        return Response(generate_latest(figures), media_type=CONTENT_TYPE_LATEST)

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


def _is_local(request: Request) -> bool:
    client = request.client.host if request.client else ""
    return client in LOCAL and not any(name in request.headers for name in FORWARDED)


def _figures(context: Context, hub: LiveHub, bus: Bus) -> CollectorRegistry:
    registry = CollectorRegistry()

    def show(name: str, text: str, value: float) -> None:
        Gauge(f"throughline_{name}", text, registry=registry).set(value)

    with context.db.reading() as tx:
        waiting = tx.session.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()
        late = sa.select(sa.func.count()).select_from(timer).where(timer.c.due_at <= tx.now)
        due = tx.session.execute(late).scalar_one()
    show("live_streams", "Phones with an open stream at this process", len(hub))
    show("outbox_messages", "Messages that wait to leave", waiting)
    show("timers_due", "Timers that are due and not done", due)
    show("broker_connected", "1 while this process is connected to the broker", bus.connected.is_set())
    return registry
