"""The cookie by which a browser's visits belong to one visitor. Links set it, and a phone's session does.

Scripts cannot read it, and it goes along only to our own pages. Over HTTPS its name begins with `__Host-`: browsers
take such a one only over HTTPS and from this very host, so that neither a neighbour below the same domain nor somebody
on the line can put a visit of theirs into a browser. A cookie without the prefix means nothing there.
Source: draft-ietf-httpbis-rfc6265bis, 4.1.3.
"""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

PLAIN: Final = "tl_visit"
LOCKED: Final = f"__Host-{PLAIN}"
MAX_VISIT: Final = 512
"""Characters of it that are looked at."""


def cookie_name(*, secure: bool) -> str:
    """The one name that counts. secure: our address is an https one."""
    return LOCKED if secure else PLAIN


def give_visit(response: Response, token: str, lasts: timedelta, *, secure: bool) -> None:
    """The browser keeps the token."""
    max_age = int(lasts.total_seconds())
    name = cookie_name(secure=secure)
    response.set_cookie(name, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")


def end_visit(response: Response, *, secure: bool) -> None:
    """The browser forgets the token."""
    give_visit(response, "", timedelta(0), secure=secure)
