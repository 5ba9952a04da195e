"""HTTP as a well-behaved client speaks it: the one place in this house that sends requests.

A call that fails for a passing reason (no connection, 5xx, 429) is made again, with backoff and jitter and with the
same Idempotency-Key, so that it has its effect once.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import httpx
import tenacity

from broker.contract.messages import Json
from device_sim.errors import RefusedError, UnreachableError

ATTEMPTS: Final = 10
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class _PassingError(Exception):
    """An answer that may be another one soon."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        super().__init__(str(response.status_code))


class _Wait(tenacity.wait.wait_base):
    """Full jitter below an exponential bound; what the service asks for with Retry-After counts more, up to 30 s."""

    def __init__(self, base_s: float) -> None:
        self._jitter = tenacity.wait_random_exponential(multiplier=base_s, max=5)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        wait = self._jitter(retry_state)
        error = retry_state.outcome.exception() if retry_state.outcome else None
        if isinstance(error, _PassingError):
            asked = error.response.headers.get("retry-after", "")
            wait = max(wait, min(float(asked), 30.0)) if asked.isdigit() else wait
        return wait


class Caller:
    """A client of one service. transport: another way to reach it, for tests. backoff_base_s: of the retries."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 15.0,
        backoff_base_s: float = 0.2,
    ) -> None:
        self.client = httpx.AsyncClient(
            base_url=base_url, headers=headers, transport=transport, timeout=timeout_s, follow_redirects=False
        )
        self._wait = _Wait(backoff_base_s)
        self.renew: Callable[[str], Awaitable[bool]] | None = None
        """Asked for a new credential when the one in this Authorization header was refused: true, when there is one."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def call(
        self,
        method: str,
        url: str,
        *,
        body: Json = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        renews: bool = True,
    ) -> httpx.Response:
        """The answer, if it is below 400. Raises RefusedError for any other, UnreachableError for none.

        renews: a refused credential may be renewed, and the call made again with the new one.
        """
        sent = dict(headers or {})
        if method not in SAFE:
            sent.setdefault("Idempotency-Key", str(uuid4()))
        request = self.client.build_request(method, url, json=body, content=content, headers=sent, params=params)
        response = await self._insisted(request)
        renew = self.renew if renews and response.status_code == httpx.codes.UNAUTHORIZED else None
        if renew is not None and await renew(request.headers.get("Authorization", "")):
            request.headers["Authorization"] = self.client.headers["Authorization"]
            response = await self._insisted(request)
        if response.status_code >= 400:
            raise refusal(response)
        return response

    async def _insisted(self, request: httpx.Request) -> httpx.Response:
        """The answer, whatever it is, once nothing passing stands in its way."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type((httpx.TransportError, _PassingError)),
            reraise=True,
        )
        try:
            response: httpx.Response = await retrying(self._once, request)
        except _PassingError as error:
            response = error.response
        except httpx.TransportError as error:
            msg = f"{request.method} {request.url}: {type(error).__name__} {error}"
            raise UnreachableError(msg) from error
        return response

    async def json(self, method: str, url: str, body: Json = None, params: Mapping[str, str] | None = None) -> Json:
        """The answer's JSON; None when it has no content."""
        response = await self.call(method, url, body=body, params=params)
        return response.json() if response.content else None

    async def _once(self, request: httpx.Request) -> httpx.Response:
        response = await self.client.send(request)
        if response.status_code == 429 or response.status_code >= 500:
            raise _PassingError(response)
        return response


class Outsider:
    """Whoever calls one service for as long as it is entered; what a subclass calls, it calls by `_http`."""

    def __init__(self, http: Caller) -> None:
        self._http = http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.client.aclose()


def refusal(response: httpx.Response) -> RefusedError:
    """The problem document of an answer as an error; an answer without one is described by its status."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    facts = problem if isinstance(problem, dict) else {}
    text = str(facts.get("detail") or facts.get("title") or response.reason_phrase)
    where = f"{response.request.method} {response.request.url.path}"
    return RefusedError(
        f"{where}: {response.status_code}, {text}", status=response.status_code, problem=str(facts.get("code", ""))
    )
