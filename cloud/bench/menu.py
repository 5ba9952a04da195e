"""`menu`: how many menus a second one API process serves, beside a route that only returns the same bytes."""

from collections.abc import Mapping
from typing import NamedTuple

from cloud.bench import bare, composing, http_load, stand
from cloud.bench.customer import Customer, menu_body, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import Meter, describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, percentile, row
from cloud.bench.stand import Stand
from cloud.supervisor import free_port

METHOD = (
    "The real API process (SQLite, embedded broker and worker beside it) and a real owner's journey; a client of its "
    "own process with {connections} connections, each with one request at a time, for {span_s:g} s a run after "
    "{warm_s:g} s to warm up. Ours and the reference, a bare Starlette route with the same {size:,} bytes under the "
    "same uvicorn, take turns. Warm: session and menu are in the process's memory. Cold: each request asks in an "
    "Accept-Language that was never sent before, so that session and menu are read from the record and composed."
)
REFERENCE = "bare Starlette route"
WARM = Goal(0.5, of="ratio")


class Ask(NamedTuple):
    """A kind of request."""

    name: str
    orders: http_load.Orders
    goal: Goal | None = None


class Run(NamedTuple):
    answered: http_load.Answered
    parts: dict[str, float]


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    with stand.embedded(("work", "api"), 10) as here:
        customer = moved_in(here)
        etag, body = menu_body(here, customer)
        orders = bare.Orders(host=here.settings.host, port=free_port(), body=body)
        with running("bare", orders) as reference:
            found = _in_turn(_asks(here, customer, etag), here, (orders, reference), options.runs, step)
    rows, shares = _rows(found), [run.answered.client_share for runs in found.values() for run in runs]
    some = http_load.Orders(host="", port=0, head="", status=0)
    method = METHOD.format(connections=some.connections, span_s=some.span_s, warm_s=some.warm_up_s, size=len(body))
    note = f"the client had {min(shares):.0%} to {max(shares):.0%} of a core: near 100% it would be the limit itself"
    step("composing", 0, 1)
    composed, how = composing.rows(options.runs, lambda: None)
    return Bench(rows=(*composed, *rows), machine=describe(), method=f"{method} {how}", notes=(note,))


def _asks(here: Stand, customer: Customer, etag: str) -> list[Ask]:
    """What is asked of ours."""
    at = here.settings
    head = f"GET {customer.menu_path} HTTP/1.1\r\nHost: {here.settings.host}\r\nAuthorization: Bearer {customer.token}"
    warm = f"{head}\r\nAccept-Language: en"
    cold = f"{head}\r\nAccept-Language: en, qaa-x-{{n}};q=0.1"
    return [
        Ask("warm menu, 200", http_load.Orders(host=at.host, port=at.port, head=warm, status=200), WARM),
        Ask(
            "warm menu, 304",
            http_load.Orders(host=at.host, port=at.port, head=f"{warm}\r\nIf-None-Match: {etag}", status=304),
            WARM,
        ),
        Ask("cold menu, 200", http_load.Orders(host=at.host, port=at.port, head=cold, status=200, numbered=True)),
    ]


def _in_turn(
    asks: list[Ask], here: Stand, beside: tuple[bare.Orders, Helper], runs: int, step: Step
) -> Mapping[Ask, list[Run]]:
    at, process = beside
    head = f"GET /menu HTTP/1.1\r\nHost: {at.host}"
    reference = Ask(REFERENCE, http_load.Orders(host=at.host, port=at.port, head=head, status=200))
    found: dict[Ask, list[Run]] = {ask: [] for ask in (*asks, reference)}
    for number in range(runs):
        for ask, own in found.items():
            step(ask.name, number, runs)
            pid = process.pid if ask is reference else here.pids()["api"]
            own.append(_run(ask, pid))
    step("done", runs, runs)
    return found


def _run(ask: Ask, pid: int | None) -> Run:
    with running("http_load", ask.orders) as client:
        meter = Meter({"server": pid})
        client.begin()
        answered = client.result(http_load.Answered)
        # The meter runs over the warm-up too, whose requests are as many for each second.
        whole = answered.answers * (1 + ask.orders.warm_up_s / ask.orders.span_s)
        parts = meter.per_item_us(round(whole))
    return Run(answered, {**parts, "client": answered.client_share * 1e6 / answered.rate})


def _rows(found: Mapping[Ask, list[Run]]) -> tuple[Row, ...]:
    beside = [run.answered.rate for ask, runs in found.items() if ask.name == REFERENCE for run in runs]
    rows = []
    for ask, runs in found.items():
        rates, parts = [run.answered.rate for run in runs], [run.parts for run in runs]
        if ask.name == REFERENCE:
            rows.append(row(ask.name, "requests/s", rates, parts=parts))
        else:
            rows.append(
                row(
                    ask.name,
                    "requests/s",
                    rates,
                    reference=REFERENCE,
                    reference_runs=beside,
                    goal=ask.goal,
                    parts=parts,
                )
            )
        for percent in (50, 99):
            times = [percentile(run.answered.latencies_ms, percent) for run in runs]
            rows.append(row(f"{ask.name}, p{percent}", "ms", times))
    return tuple(rows)
