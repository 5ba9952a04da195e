"""What OpenAPI says of every call beyond what the framework finds: the problems that it may answer with.

A status stands at a call when something that the call has can lead to it: a body to 413, a credential to 401. So a
generated client knows all that it may get, and the hostile tests know what was never said. Pure.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from cloud.problems import PROBLEM, Problem

Operation = dict[str, Any]
METHODS: Final = ("get", "put", "post", "delete", "patch")
ANY_CALL: Final = (422, 429, 503)
"""A query can be wrong, a caller too quick and the database away, whatever is asked."""
BY_BODY: Final = (400, 413)
BY_CREDENTIAL: Final = (401, 403, 404)
"""Who has no right to something is told that it is not there, so that 404 belongs to every credential."""
BY_WRITING: Final = (409,)
COOKIE_CALLS: Final = ("/menu/v1/session",)
"""A browser's cookie speaks for them, so that a foreign page is turned away with 403."""
TOKEN_IN_BODY: Final = ("/menu/v1/session/refresh",)
SIGNED: Final = "/hooks/"
LABELS: Final = "/01/"
"""GS1 Digital Link asks for 400 where the address itself is wrong."""
_WORDS: Final = {
    400: "The body, or the address itself, cannot be read",
    401: "No credential, or none that is valid",
    403: "The credential does not allow this",
    404: "There is no such thing, or it is not the caller's",
    409: "It is not in the state that this call expects",
    410: "It was here and has been erased",
    412: "Somebody else changed it meanwhile",
    413: "The body is larger than allowed",
    422: "The input is wrong; `errors` point at the fields",
    429: "Too many; `Retry-After` says when to come again",
    503: "Busy, or the database does not answer; `Retry-After` says when to come again",
}
_FRAMEWORKS: Final = ("HTTPValidationError", "ValidationError")


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every problem at every call, in place; doing it twice changes nothing."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    for path, calls in document.get("paths", {}).items():
        for method in METHODS:
            if method in calls:
                _describe(path, method, calls[method])
    return document


def _describe(path: str, method: str, call: Operation) -> None:
    found = call.setdefault("responses", {})
    for status in sorted({*_possible(path, method, call), *_said(found)}):
        said = found.get(str(status), {})
        words = said.get("description", "")
        generic = words in {"", "Validation Error", HTTPStatus(status).phrase}
        found[str(status)] = {
            **said,
            "description": _WORDS.get(status, HTTPStatus(status).phrase) if generic else words,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": {"Retry-After": _RETRY}} if status in {429, 503} else {}),
        }


_RETRY: Final = {"description": "Seconds", "schema": {"type": "string"}}


def _said(found: dict[str, Any]) -> Iterator[int]:
    """The errors that the call names by itself without a form of their own."""
    for status, answer in found.items():
        media = set(answer.get("content", {}))
        if status.isdecimal() and int(status) >= 400 and media <= {"application/json", PROBLEM}:
            yield int(status)


def _possible(path: str, method: str, call: Operation) -> Iterator[int]:
    yield from ANY_CALL
    if "requestBody" in call:
        yield from BY_BODY
    if call.get("security"):
        yield from BY_CREDENTIAL
    elif path.startswith(SIGNED) or path in TOKEN_IN_BODY:
        yield 401
    if "{" in path:
        yield 404
    if path in COOKIE_CALLS:
        yield 403
    if path.startswith(LABELS):
        yield 400
    if method != "get":
        yield from BY_WRITING
    if any(one["name"] == "If-Match" for one in call.get("parameters", ())):
        yield 412
