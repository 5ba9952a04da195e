"""`GET /menu/v1/pictures/{digest}.svg`: a picture of a guide, as plain ASGI.

An address names the bytes, so what is behind it never changes, and every phone and cache between may keep it for good.
It asks for no session: a picture is the same for everybody, says nothing of anybody, and an `<img>` could not send one.
"""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from mobile_menu.rules.pictures import PREFIX, Picture
from mobile_menu.streams import etag_matches
from mobile_menu.threads import Threads

FindPicture = Callable[[str], Picture | None]
"""The picture of a digest; None when there is none. It may block."""

PICTURE_PATH = PREFIX + "{digest}.svg"
_POLICY = "default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""Opened by itself it is a document: one that draws by its own style sheet, and does nothing else."""


class PictureRoute:
    """Answers with the picture, 304, or 404."""

    def __init__(self, find: FindPicture, threads: Threads) -> None:
        self._find = find
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        picture = await self._threads.run(self._find, scope["path_params"]["digest"])
        if picture is None:
            raise HTTPException(404)
        headers = [
            (b"etag", b'"%s"' % picture.digest.encode()),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"content-security-policy", _POLICY.format(picture.style_hash).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        asked = dict(scope["headers"])
        if etag_matches(asked.get(b"if-none-match", b"").decode("latin-1"), picture.digest):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers += [(b"content-type", b"image/svg+xml"), (b"content-length", b"%d" % len(picture.body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else picture.body})
