"""A picture of a guide as a phone gets it: for good, for everybody, and harmless wherever it is opened."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message

from mobile_menu.picture_route import PICTURE_PATH, PictureRoute
from mobile_menu.rules.pictures import Picture, read_picture
from mobile_menu.threads import Threads
from tests.unit.mobile_menu.picture import PICTURE


@pytest.fixture
def picture() -> Picture:
    read = read_picture(PICTURE)
    assert isinstance(read, Picture)
    return read


@pytest.fixture
def phone(picture: Picture) -> httpx.AsyncClient:
    route = PictureRoute({picture.digest: picture}.get, Threads())
    app = httpx.ASGITransport(Starlette(routes=[Route(PICTURE_PATH, route, methods=["GET"])]))
    return httpx.AsyncClient(transport=app, base_url="http://app.example")


async def test_a_picture_needs_no_session_and_is_kept_for_good(phone: httpx.AsyncClient, picture: Picture) -> None:
    answer = await phone.get(picture.href)
    assert (answer.status_code, answer.content) == (200, picture.body)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers


async def test_opened_by_itself_a_picture_can_do_nothing(phone: httpx.AsyncClient, picture: Picture) -> None:
    headers = (await phone.get(picture.href)).headers
    policy = dict(part.partition(" ")[::2] for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == picture.style_hash
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_phone_that_has_the_picture_gets_no_bytes(phone: httpx.AsyncClient, picture: Picture) -> None:
    etag = (await phone.get(picture.href)).headers["etag"]
    answer = await phone.get(picture.href, headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


async def test_a_question_for_the_head_gets_the_head_alone(picture: Picture) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "method": "HEAD", "headers": [], "path_params": {"digest": picture.digest}}
    await PictureRoute({picture.digest: picture}.get, Threads())(scope, receive, send)
    start, body = sent
    assert start["status"] == 200
    assert (b"content-length", b"%d" % len(picture.body)) in start["headers"]
    assert body["body"] == b""


@pytest.mark.parametrize("name", ["0" * 32 + ".svg", "x.svg", "..%2f..%2fmenu.svg", "%00.svg"])
async def test_what_is_no_picture_is_not_found(phone: httpx.AsyncClient, name: str) -> None:
    assert (await phone.get(f"/menu/v1/pictures/{name}")).status_code == 404
