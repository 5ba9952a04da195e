"""The cookie by which a browser's visits belong to one visitor: `tl_visit`. Links set it, and a phone's session does.

Scripts cannot read it, and it goes along only to our own pages.
"""

from datetime import timedelta

from starlette.responses import Response

COOKIE = "tl_visit"


def give_visit(response: Response, token: str, lasts: timedelta, *, secure: bool) -> None:
    """The browser keeps the token. secure: our address is an https one."""
    max_age = int(lasts.total_seconds())
    response.set_cookie(COOKIE, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")


def end_visit(response: Response, *, secure: bool) -> None:
    """The browser forgets the token."""
    give_visit(response, "", timedelta(0), secure=secure)
