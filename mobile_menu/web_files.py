"""Serves static pages, read once, with the headers that keep them safe; the phone's web app under `/app` with them.

Which files there are is the business of `web/`; a file whose suffix has no type here is not served.
"""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mobile_menu.streams import etag_matches

FOLDER = Path(__file__).with_name("web")
SCOPE = "/app"
INDEX = "index.html"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_PACKED = frozenset({".png", ".webp", ".woff2", ".ico"})

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"Accept-Encoding"),
)


class WebFile(NamedTuple):
    """zipped: None when that would gain nothing. etag: of the plain bytes."""

    body: bytes
    zipped: bytes | None
    media_type: str
    etag: str


def web_app(folder: Path = FOLDER) -> list[BaseRoute]:
    """The routes of the app: `/app` and everything below it."""
    files = WebFiles(read_files(folder))
    return routes_of(SCOPE, files)


def routes_of(scope: str, files: "WebFiles") -> list[BaseRoute]:
    """The address itself, which is the index, and everything below it."""
    return [
        Route(scope, files, methods=["GET"], include_in_schema=False),
        Route(scope + "/{path:path}", files, methods=["GET"], include_in_schema=False),
    ]


def read_files(folder: Path) -> dict[str, WebFile]:
    """The files to be served, by their path below `/app`."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES)
    return {path.relative_to(folder).as_posix(): _read(path) for path in found}


def _read(path: Path) -> WebFile:
    body = path.read_bytes()
    zipped = gzip.compress(body, mtime=0) if path.suffix not in _PACKED else body
    return WebFile(
        body=body,
        zipped=zipped if len(zipped) < len(body) else None,
        media_type=TYPES[path.suffix],
        etag=hashlib.sha256(body).hexdigest()[:20],
    )


class WebFiles:
    """Answers with a file, or 304. An address without a suffix is a page of the app, and so its index."""

    def __init__(self, files: dict[str, WebFile]) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        path = scope["path_params"].get("path", "")
        file = self._files.get(path if "." in path else INDEX)
        if file is None:
            raise HTTPException(404)
        asked = dict(scope["headers"])
        zips = file.zipped is not None and b"gzip" in asked.get(b"accept-encoding", b"")
        etag = f"{file.etag}-gz" if zips else file.etag
        headers = [*_HEADERS, (b"etag", b'"%s"' % etag.encode())]
        if path.endswith("sw.js"):
            headers.append((b"service-worker-allowed", SCOPE.encode()))
        if etag_matches(asked.get(b"if-none-match", b"").decode("latin-1"), etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = file.zipped if zips and file.zipped is not None else file.body
        headers += [(b"content-type", file.media_type.encode()), (b"content-length", b"%d" % len(body))]
        if zips:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
