"""Menus a second of one API process, beside a route that only returns the same bytes."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final, NamedTuple

from cloud.bench import bare, http_load
from cloud.bench.customer import menu_body, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import Meter
from cloud.bench.options import Step
from cloud.bench.report import Goal, Row, median_parts, percentile, row
from cloud.bench.stand import Stand
from cloud.supervisor import free_port

REFERENCE: Final = "bare Starlette route"
WARM: Final = Goal(0.5, of="ratio")
SAME: Final = Goal(0.7, of="ratio")
SLOWEST: Final = Goal(2.0, of="ratio", at_most=True)
TURNS: Final = 4
"""Of a run: so that what else the machine does meets all of them alike."""
METHOD: Final = (
    "Menus a second: one API process and a real owner's journey; a client of its own process with {connections} "
    "connections, each with one request at a time. Ours and the reference, a bare Starlette route with the same "
    "{size:,} bytes under the same uvicorn, take turns: in a run each has {turns} turns of {span_s:g} s, after "
    "{warm_s:g} s to warm up. Warm: session and menu are in the process's memory. Cold: each request asks in an "
    "Accept-Language that was never sent before, so that session and menu are read from the record, composed, and "
    "written down as shown."
)


class Ask(NamedTuple):
    """A kind of request. goal: of its rate; slowest: of its p99, both beside the reference's."""

    name: str
    orders: http_load.Orders
    goal: Goal | None = None
    slowest: Goal | None = None


class Turn(NamedTuple):
    """parts: µs of a core for each request."""

    answered: http_load.Answered
    parts: dict[str, float]


class Run(NamedTuple):
    """Some turns: requests a second, milliseconds of each."""

    rate: float
    times_ms: list[float]
    parts: dict[str, float]


def on_stand(here: Stand, runs: int, step: Step, number: int = 0) -> tuple[tuple[Row, ...], str, str]:
    """The rows, how they were measured, and what was seen of the client. number: of the stand's unit."""
    customer = moved_in(here, number)
    etag, body = menu_body(here, customer)
    path, token = customer.menu_path, customer.token
    orders = bare.Orders(host=here.settings.host, port=free_port(), body=body)
    with running("bare", orders) as reference:
        at = http_load.Orders(
            host=orders.host, port=orders.port, head=f"GET /menu HTTP/1.1\r\nHost: {orders.host}", status=200
        )
        asks = [*_asks(here, path, token, etag), Ask(REFERENCE, at)]
        turns = _in_turn(asks, {"server": here.pids()["api"]}, {"server": reference.pid}, runs, step)
    shares = [turn.answered.client_share for taken in turns.values() for turn in taken]
    note = f"the client had {min(shares):.0%} to {max(shares):.0%} of a core: near 100% it would be the limit itself"
    method = METHOD.format(
        connections=at.connections, size=len(body), turns=TURNS, span_s=at.span_s, warm_s=at.warm_up_s
    )
    return rows_of({ask: runs_of(taken) for ask, taken in turns.items()}), method, note


def _asks(here: Stand, path: str, token: str, etag: str) -> list[Ask]:
    """What is asked of ours."""
    head = f"GET {path} HTTP/1.1\r\nHost: {here.settings.host}\r\nAuthorization: Bearer {token}"
    warm = f"{head}\r\nAccept-Language: en"
    cold = f"{head}\r\nAccept-Language: en, qaa-x-{{n}};q=0.1"

    def orders(head: str, status: int, *, numbered: bool = False) -> http_load.Orders:
        at = here.settings
        return http_load.Orders(host=at.host, port=at.port, head=head, status=status, numbered=numbered)

    return [
        Ask("warm menu, 200", orders(warm, 200), WARM, SLOWEST),
        Ask("warm menu, 304", orders(f"{warm}\r\nIf-None-Match: {etag}", 304), SAME),
        Ask("cold menu, 200", orders(cold, 200, numbered=True)),
    ]


def _in_turn(
    asks: list[Ask], ours: Mapping[str, int | None], beside: Mapping[str, int | None], runs: int, step: Step
) -> dict[Ask, list[Turn]]:
    found: dict[Ask, list[Turn]] = {ask: [] for ask in asks}
    with ExitStack() as stack:
        clients = {ask: stack.enter_context(running("http_load", ask.orders)) for ask in asks}
        for number in range(runs * TURNS):
            for ask, client in clients.items():
                step(ask.name, number // TURNS, runs)
                found[ask].append(_turn(ask, client, beside if ask.name == REFERENCE else ours))
    step("done", runs, runs)
    return found


def _turn(ask: Ask, client: Helper, pids: Mapping[str, int | None]) -> Turn:
    meter = Meter(pids)
    client.begin()
    answered = client.result(http_load.Answered)
    # The meter runs over the warm-up too, whose requests are as many for each second.
    whole = answered.answers * (1 + ask.orders.warm_up_s / ask.orders.span_s)
    parts = meter.per_item_us(round(whole))
    return Turn(answered, {**parts, "client": answered.client_share * 1e6 / answered.rate})


def runs_of(turns: list[Turn]) -> list[Run]:
    """Each with its turns together. Pure."""
    found = []
    for start in range(0, len(turns), TURNS):
        part = turns[start : start + TURNS]
        rate = sum(turn.answered.rate for turn in part) / len(part)
        times = [one for turn in part for one in turn.answered.latencies_ms]
        found.append(Run(rate, times, median_parts([turn.parts for turn in part])))
    return found


def rows_of(found: Mapping[Ask, list[Run]]) -> tuple[Row, ...]:
    """Of each kind of request its rate, p50 and p99. Pure."""
    beside = next(runs for ask, runs in found.items() if ask.name == REFERENCE)
    rows = []
    for ask, runs in found.items():
        named = "" if ask.name == REFERENCE else REFERENCE
        rates, others = [one.rate for one in runs], [one.rate for one in beside] if named else []
        parts = [one.parts for one in runs]
        rows.append(
            row(ask.name, "requests/s", rates, reference=named, reference_runs=others, goal=ask.goal, parts=parts)
        )
        for percent in (50, 99):
            times, of_reference = (_percentiles(each, percent) for each in (runs, beside if named else []))
            goal = ask.slowest if percent == 99 else None
            rows.append(
                row(f"{ask.name}, p{percent}", "ms", times, reference=named, reference_runs=of_reference, goal=goal)
            )
    return tuple(rows)


def _percentiles(runs: list[Run], percent: float) -> list[float]:
    return [percentile(one.times_ms, percent) for one in runs]
