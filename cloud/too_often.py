"""The answer to who calls too often: a page for a person, a problem for a machine, and the wait for both."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from cloud import resolver_pages as pages
from cloud.problems import known_error, problem
from cloud.registry.negotiation import language_for, wants_html, weighted
from mobile_menu.ports import TooManyAttemptsError


def too_often(headers: Headers, wait_s: int, detail: str) -> Response:
    """429. headers: of the call, which say whether a browser shows the answer to somebody."""
    given = {"Retry-After": str(wait_s), "Vary": "Accept, Accept-Language", "Cache-Control": "no-store"}
    if not wants_html(weighted(headers.get("accept", ""))):
        return problem(429, TooManyAttemptsError.code, detail, None, given)
    page = pages.busy_page(language_for(headers.get("accept-language", ""), pages.LANGUAGES), wait_s)
    given |= {"Content-Language": page.language, "Content-Security-Policy": pages.POLICY}
    return Response(page.html, 429, given, "text/html")


def refused(request: Request, error: Exception) -> Response:
    """The handler of TooManyAttemptsError: whatever a person opens by an address is opened with GET."""
    assert isinstance(error, TooManyAttemptsError)  # noqa: S101 - registered for this one only
    if request.method != "GET":
        return known_error(request, error)
    return too_often(request.headers, error.retry_after_s, error.detail)
