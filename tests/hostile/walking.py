"""Every call of the OpenAPI, asked by every role with what schemathesis thinks of: good data, wrong data, edges, other
methods, missing headers. The contract as it is served is the judge: no 5xx, and nothing that it does not say.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import requests.auth
import schemathesis
from requests import PreparedRequest
from schemathesis import Response
from schemathesis.engine import events, from_schema

from cloud.commerce.signatures import sign_standard
from cloud.problems import PROBLEM, STATUS
from device_sim.carrier import signature
from tests.hostile.deployment import Deployment

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
)
NOT_SO: Final = {
    ("POST /hooks/carrier/{carrier}", "negative_data_rejection"): "an event of another kind is taken and left alone",
    (
        "POST /hooks/broker/acl",
        "negative_data_rejection",
    ): "brokers write flags as text or not: both are read",
    ("POST /api/v1/products/import", "negative_data_rejection"): "a bad row is named in an answer, which is no error",
}
"""What a check takes for a failure and is none, and why."""
LAST: Final = ("/menu/v1/opt-out",)
"""After these the caller is nobody any more, so that they are asked when all the rest has been."""
EXEMPLARY: Final = ("signed", "broker")
"""They also send the contract's own examples: a GTIN and a certificate are not thought of by chance."""
HALF: Final = 0.5
"""How often a parameter gets a value that names something, instead of one that is thought of."""


class Signer(requests.auth.AuthBase):
    """Signs what is sent as a shop or a carrier would, so that the walk gets past the signature."""

    def __init__(self, to: Deployment) -> None:
        self._shop, self._carrier = to.keys.shop_secret, to.keys.carrier_secret
        self._at: datetime = to.clock()
        self._sent = 0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        assert isinstance(raw, bytes), "no body here is streamed"
        self._sent += 1
        request.headers.update(sign_standard(self._shop, f"msg_{self._sent}", self._at, raw))
        request.headers["X-Hmac-Signature"] = signature(self._carrier, raw)
        return request


@dataclass
class Walk:
    """What a role asked and got.

    granted: the calls that want a credential and did not turn it away. done: the calls that were carried out.
    statuses: how often each came. failures: what broke the contract or our own rules for every answer, each kind once a
    call. errors: what the tool could not ask.
    """

    role: str
    cases: int = 0
    checks: int = 0
    seconds: float = 0.0
    operations: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def walk(
    to: Deployment,
    role: str,
    *,
    examples: int,
    coverage: bool,
    seed: int = 1,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Walk:
    """Asks as this role. examples: at most so many invented ones for a call. coverage: also each edge that the contract
    itself names. only, without: beginnings of paths.
    """
    config = schemathesis.Config.from_dict(_config(to, role, examples, coverage=coverage, seed=seed))
    found = Walk(role)
    began = time.monotonic()
    document, secrets = to.openapi(), to.secrets()
    for paths in _in_order(document["paths"], tuple(only), tuple(without)):
        loaded = schemathesis.openapi.from_dict({**document, "paths": paths}, config=config)
        if role == "signed":
            loaded.auth.set_from_requests(Signer(to))
        for event in from_schema(loaded).execute():
            _note(found, event, secrets)
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _in_order(paths: dict[str, Any], only: Sequence[str], without: Sequence[str]) -> Iterator[dict[str, Any]]:
    wanted = {
        path: calls
        for path, calls in paths.items()
        if (not only or path.startswith(tuple(only))) and not path.startswith(tuple(without) or "-")
    }
    yield {path: calls for path, calls in wanted.items() if path not in LAST}
    last = {path: calls for path, calls in wanted.items() if path in LAST}
    if last:
        yield last


def _config(to: Deployment, role: str, examples: int, *, coverage: bool, seed: int) -> dict[str, Any]:
    names = {name: values for name, values in to.known.items() if values}
    bound = {"probability": HALF}
    return {
        "seed": seed,
        "base-url": to.url,
        "headers": to.headers.get(role, {}),
        "continue-on-failure": True,
        "request-timeout": 60,
        "max-stream-events": 1,
        "max-redirects": 0,
        "suppress-health-check": ["all"],
        "warnings": False,
        "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
        "generation": {
            "max-examples": max(examples, 1),
            "deterministic": True,
            "no-shrink": True,
            "with-security-parameters": False,
        },
        "phases": {
            "examples": {"enabled": role in EXEMPLARY},
            "coverage": {"enabled": coverage, "unexpected-methods": ["put", "trace", "delete"]},
            "fuzzing": {"enabled": examples > 0},
            "stateful": {"enabled": False},
        },
        "dictionaries": {name: {"values": values} for name, values in names.items()},
        "parameters": {key: {"dictionary": name, **bound} for name in names for key in (name, f"body.{name}")},
    }


def _note(found: Walk, event: events.EngineEvent, secrets: Mapping[str, str]) -> None:
    match event:
        case events.ScenarioFinished(recorder=recorder):
            found.operations.add(recorder.label)
            found.cases += len(recorder.interactions)
            for case_id, interaction in recorder.interactions.items():
                if interaction.response is not None:
                    _judge(found, recorder.label, recorder.cases[case_id].value, interaction.response, secrets)
            for case_id, checks in recorder.checks.items():
                found.checks += len(checks)
                for check in checks:
                    if check.failure_info is not None and (recorder.label, check.name) not in NOT_SO:
                        _failed(found, recorder, case_id, check)
        case events.NonFatalError(info=info, label=label):
            words = [line.strip() for line in info.format().splitlines() if line.strip()]
            found.errors.append(f"{label}: {' '.join(words[:2])}")  # and no trace: it names this machine's paths
        case events.FatalError(exception=exception):
            found.errors.append(repr(exception))
        case _:
            pass


def _judge(found: Walk, label: str, case: Any, response: Response, secrets: Mapping[str, str]) -> None:
    """Our own rules for every answer, also to methods and paths of which the contract says nothing."""
    status = response.status_code
    found.statuses[status] += 1
    if status < 400 and case.method == case.operation.method.upper():
        found.done.add(label)
    if status < 400 and case.operation.definition.raw.get("security") and case.method == case.operation.method.upper():
        found.granted.add(label)
    wrong = [f"shows {name}" for name, secret in secrets.items() if secret.encode() in response.content]
    if status >= 400:
        wrong += problem_flaws(status, response.headers.get("content-type", [""])[0], response.content)
    for one in wrong:
        found.failures.setdefault(f"{label}: {one}: {status}", case.as_curl_command())


def problem_flaws(status: int, media_type: str, body: bytes) -> Iterator[str]:
    """Why this error does not leave as all errors must (RFC 9457, with a code of ours that has this status)."""
    if media_type != PROBLEM:
        yield f"an error as {media_type or 'nothing'}"
        return
    said = json.loads(body)
    if said.get("status") != status:
        yield "another status in the body"
    if STATUS.get(said.get("code", ""), status) != status:
        yield "a code of another status"
    if not {"title", "detail", "code", "type"} <= said.keys():
        yield "not the members of a problem"
    if b"Traceback" in body or b'File \\"' in body:
        yield "a trace"


def _failed(found: Walk, recorder: Any, case_id: str, check: Any) -> None:
    failure = check.failure_info.failure
    if check.name == "negative_data_rejection" and " in cookie" in failure.message:
        return  # a cookie ends at its first semicolon: what was sent need not be what was thought of
    if found.role == "signed" and (check.name == "missing_required_header" or " at header" in failure.message):
        return  # the signer added what was left out
    response = recorder.interactions[case_id].response
    if check.name == "negative_data_rejection" and getattr(response, "status_code", 0) == 413:
        return  # what is too large is refused before anybody looks at what else is wrong with it
    said = f"{response.status_code} {response.content[:300]!r}" if response is not None else "no answer"
    kind = f"{recorder.label}: {check.name}: {getattr(response, 'status_code', '-')}"
    found.failures.setdefault(kind, f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}\n-> {said}")
