"""Calls are made again for passing reasons only, and always as the same call."""

from collections.abc import Callable

import httpx
import pytest

from device_sim.calls import ATTEMPTS, Caller
from device_sim.errors import RefusedError, UnreachableError


def caller(answer: Callable[[httpx.Request], httpx.Response]) -> Caller:
    return Caller("http://cloud", transport=httpx.MockTransport(answer), backoff_base_s=0.0)


def no_answer(request: httpx.Request) -> httpx.ConnectError:
    return httpx.ConnectError("refused", request=request)


async def test_a_passing_failure_is_tried_again_with_the_same_idempotency_key() -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise no_answer(request)
        return httpx.Response({2: 503, 3: 429}.get(len(keys), 201), json={"id": 1})

    async with caller(answer) as http:
        assert await http.json("POST", "/api/v1/products", {"gtin": "1"}) == {"id": 1}
        assert len(keys) == 4
        assert len(set(keys)) == 1
        await http.json("POST", "/api/v1/products", {"gtin": "1"})
    assert len(set(keys)) == 2


async def test_a_refusal_is_not_tried_again_and_carries_the_problem_s_code() -> None:
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(409, json={"title": "Conflict", "code": "already_claimed", "detail": "It has an owner."})

    async with caller(answer) as http:
        with pytest.raises(RefusedError, match="It has an owner") as caught:
            await http.call("POST", "/menu/v1/claims")
    assert (caught.value.status, caught.value.problem, count) == (409, "already_claimed", 1)


async def test_a_service_that_stays_ill_is_given_up_on() -> None:
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(502, text="<html>")

    async with caller(answer) as http:
        with pytest.raises(RefusedError) as caught:
            await http.call("GET", "/healthz")
    assert (caught.value.status, count) == (502, ATTEMPTS)


async def test_a_service_that_is_not_there_is_unreachable() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise no_answer(request)

    async with caller(answer) as http:
        with pytest.raises(UnreachableError, match="ConnectError"):
            await http.call("GET", "/healthz")


async def test_a_safe_call_needs_no_key() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "idempotency-key" not in request.headers
        return httpx.Response(204)

    async with caller(answer) as http:
        assert await http.json("GET", "/healthz") is None
