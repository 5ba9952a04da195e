"""Serves static pages, read once, with the headers that keep them safe; the phone's web app under `/app` with them.

Which files there are is the business of `web/`; a file whose suffix has no type here is not served.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mobile_menu.rules.texts import negotiate
from mobile_menu.streams import etag_matches
from mobile_menu.web_shell import INDEX, LANGUAGES, WORKER, digest_of, pages_of, whole_of, worker_of

FOLDER = Path(__file__).with_name("web")
SCOPE = "/app"

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
    (b"vary", b"Accept-Encoding, Accept-Language"),
)


class WebFile(NamedTuple):
    """zipped: None when that would gain nothing. etag: of the plain bytes."""

    body: bytes
    zipped: bytes | None
    media_type: str
    etag: str


def web_app(folder: Path = FOLDER) -> list[BaseRoute]:
    """The routes of the app: `/app` and everything below it."""
    files = whole_of(_bodies(folder), SCOPE)
    pages = {language: _file(INDEX, page) for language, page in pages_of(files, SCOPE).items()}
    files[WORKER] = worker_of(files, SCOPE)
    return routes_of(SCOPE, WebFiles({path: _file(path, body) for path, body in files.items()}, pages))


def routes_of(scope: str, files: "WebFiles") -> list[BaseRoute]:
    """The address itself, which is the index, and everything below it."""
    return [
        Route(scope, files, methods=["GET"], include_in_schema=False),
        Route(scope + "/{path:path}", files, methods=["GET"], include_in_schema=False),
    ]


def read_files(folder: Path) -> dict[str, WebFile]:
    """The files to be served, as they are, by their path below `folder`."""
    return {path: _file(path, body) for path, body in _bodies(folder).items()}


def _bodies(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _file(path: str, body: bytes) -> WebFile:
    suffix = Path(path).suffix
    zipped = gzip.compress(body, mtime=0) if suffix not in _PACKED else body
    return WebFile(
        body=body,
        zipped=zipped if len(zipped) < len(body) else None,
        media_type=TYPES[suffix],
        etag=digest_of(body),
    )


class WebFiles:
    """Answers with a file, or 304. An address without a suffix is a page of the app, and so its index.

    pages: the index by language, for whom it is to be in their own; without them it is the file of that name.
    """

    def __init__(self, files: dict[str, WebFile], pages: Mapping[str, WebFile] | None = None) -> None:
        self._files = files
        self._pages = pages or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        path = scope["path_params"].get("path", "")
        asked = dict(scope["headers"])
        file = self._found(path if "." in path else INDEX, asked.get(b"accept-language", b""))
        if file is None:
            raise HTTPException(404)
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

    def _found(self, path: str, accept_language: bytes) -> WebFile | None:
        if path == INDEX and self._pages:
            return self._pages[negotiate(accept_language.decode("latin-1"), LANGUAGES)]
        return self._files.get(path)
