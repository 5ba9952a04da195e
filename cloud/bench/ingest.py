"""`ingest`: how many messages a second the real system takes in for good, from the publisher's first byte to the last
row's commit, beside what the same broker, and amqtt as it is, give a subscriber that does nothing, beside the way of
the tutorials, and beside Node-RED.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from itertools import count as counting

from cloud.bench import node_red, stand, watermark
from cloud.bench.machine import describe, found
from cloud.bench.options import Bench, Options, Step
from cloud.bench.references import drained, drained_by_c, own_database, stock_amqtt
from cloud.bench.report import Goal, Row, row
from cloud.bench.servers import NOT_FOUND, Programs, programs_here
from cloud.bench.stand import Stand
from cloud.bench.storing import Run, stored

METHOD = (
    "The real processes on free ports. A publisher of its own process sends frames that were made before (status and "
    "telemetry in turn, about 250 bytes, QoS 1, {devices:,} devices over 8 connections of a service user, 1,024 "
    "unacknowledged at most). Counted is from its first byte until the last row is committed, seen by looking into the "
    "database, the oftener the nearer the end; the worker acknowledges after the commit. Each run is checked: every "
    "message stored exactly once, every watermark at its device's last message. Workers that share the load do so in a "
    "deployment of their own beside the first, idle while others are measured. The references run in turn with ours, "
    "with the same publisher and the worker idle, on the first one's broker and database; stock amqtt stands beside "
    "the embedded broker. A bare paho subscriber is a process that subscribes at QoS 1, acknowledges, and only counts. "
    "Stock amqtt is amqtt's own program (python -m amqtt.scripts.broker_script) in a process of its own: its listener, "
    "its way of passing messages, nothing of ours; anybody may come, and of its own plugins those that log and count "
    "are left out, which makes it faster. Our embedded broker is amqtt with messages passed by ourselves, and every "
    "one judged. mosquitto_sub subscribes at QoS 1 with a session that persists, as the worker does, acknowledges each "
    "message at once (counted with strace: a PUBACK for each) and writes its payload to nowhere; it gets up to five "
    "times as many messages, because it is over so soon. The tutorial way (paho, one SQLModel commit a message) gets a "
    "twentieth. {node_red}The last rows weigh the watermark: the same worker in a process of the bench's, with and "
    "without telling devices how far they are stored. One run to warm up, {runs} counted."
)
NODE_RED_METHOD = (
    "Node-RED has two flows as a good user builds them (tests/bench/node-red: MQTT at QoS 1 with a session that "
    "persists; 1,000 messages or 100 ms joined to a batch; arrays into one INSERT, two connections). One appends topic "
    "and payload as they are; the other parses, stores each message once, and each device's newest state, in a "
    "transaction. Both acknowledge when they have a message in memory, before they store it, and neither checks, "
    "judges or tells anything. "
)
BARE, C_SUBSCRIBER, TUTORIAL = "bare paho subscriber", "mosquitto_sub", "a commit for each message (SQLModel, paho)"
STOCK, OUR_BROKER = f"stock amqtt, {BARE}", f"our embedded broker, {BARE}"
NODE_RED, NODE_RED_STATE = "Node-RED, batches appended", "Node-RED, batches, each once and newest state"
FAN_IN = Goal(0.4, of="ratio")
EMBEDDED_FAN_IN = Goal(0.8, of="ratio")
BESIDE_TUTORIAL = Goal(50, of="ratio")
BESIDE_NODE_RED = Goal(1.3, of="ratio")
DURABLE = Goal(15_000)
MESSAGES = {stand.EMBEDDED: 30_000, stand.ONE_SERVER: 30_000}
AT_MOST_BY_C = 100_000
"""What Mosquitto holds for a subscriber that falls behind; beyond it, messages are lost."""


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    programs, without_node_red = programs_here(), node_red.missing()
    rows: list[Row] = []
    notes = ["every message of every run was stored exactly once; every watermark stood at the last message"]
    with stand.embedded(("work",), options.devices) as here:
        rows += on_stand(here, options.messages or MESSAGES[here.name], options.runs, step)
    if programs is None:
        notes.append(NOT_FOUND)
    else:
        with ExitStack() as stack:
            here = stack.enter_context(stand.one_server(("work",), options.devices, programs))
            shared = [
                stack.enter_context(stand.one_server(("work",), options.devices, programs, options.workers))
                for _ in range(options.workers > 1)
            ]
            count = options.messages or MESSAGES[here.name]
            rows += on_stand(here, count, options.runs, step, shared=shared)
        rows += weighed(options, step, programs)
        notes += [without_node_red] if without_node_red else []
    machine = describe(
        mosquitto=programs and programs.mosquitto,
        postgres=programs and programs.postgres,
        node_red="" if without_node_red or programs is None else node_red.version(),
    )
    method = METHOD.format(
        devices=options.devices, runs=options.runs, node_red="" if without_node_red else NODE_RED_METHOD
    )
    return Bench(rows=tuple(rows), machine=machine, method=method, notes=tuple(notes))


def weighed(options: Options, step: Step, programs: Programs) -> list[Row]:
    """The watermark's cost, on a stand whose worker is the bench's."""
    with stand.one_server((), options.devices, programs) as here:
        return watermark.in_turn(here, 1, options.messages or MESSAGES[here.name], options.runs, step)


Way = Callable[[int], Run]
"""A reference's run, with a boot of its own."""


def on_stand(here: Stand, count: int, runs: int, step: Step, *, shared: Sequence[Stand] = ()) -> list[Row]:
    """The rows of one deployment. shared: others whose workers share the load, measured in turn with it."""
    boots = counting()
    ours: dict[str, list[Run]] = {one.name: [] for one in (here, *shared)}
    with ExitStack() as stack:
        ways = _ways(here, count, stack)
        beside: dict[str, list[Run]] = {name: [] for name in ways}
        for one in (here, *shared):
            step(f"{one.name}, warming up", 0, runs)
            stored(one, next(boots), max(2 * len(one.units), count // 4))
        for number in range(runs):
            for one in (here, *shared):
                step(one.name, number, runs)
                ours[one.name].append(stored(one, next(boots), count))
            for name, way in ways.items():
                step(f"{here.name}, {name}", number, runs)
                beside[name].append(way(number))
    step(here.name, runs, runs)
    durable: list[Row] = []
    for name, found_runs in ours.items():
        durable += rows_of(name, found_runs, beside, on_mosquitto=here.on_mosquitto)
    return durable + [
        row(f"{here.name}: {name}", "msg/s", _rates(others), parts=[one.parts for one in others])
        for name, others in beside.items()
    ]


def _ways(here: Stand, count: int, stack: ExitStack) -> dict[str, Way]:
    """What ours is measured beside. Stock amqtt and Node-RED run as long as `stack`, idle while others are measured."""
    few = max(200, count // 20)
    ways: dict[str, Way] = {}
    if not here.on_mosquitto:
        amqtt = stack.enter_context(stock_amqtt(here))
        drained(here, 0, max(1, count // 4), through=amqtt)
        ways[STOCK] = lambda boot: drained(here, boot, count, through=amqtt)
    ways[BARE if here.on_mosquitto else OUR_BROKER] = lambda boot: drained(here, boot, count)
    ways[TUTORIAL] = lambda boot: drained(here, boot, few, database_url=own_database(here))
    program = found("mosquitto_sub") if here.on_mosquitto else None
    if program is not None:
        # So fast that the same number would be over before it could be timed.
        many = max(count, min(5 * count, AT_MOST_BY_C))
        ways[C_SUBSCRIBER] = lambda boot: drained_by_c(here, boot, many, program)
    if here.on_mosquitto and not node_red.missing():
        there = stack.enter_context(node_red.running_node_red(here))
        for name, flow in ((NODE_RED, node_red.APPEND), (NODE_RED_STATE, node_red.STATE)):
            node_red.stored_by(there, here, flow, max(1, count // 4))
            ways[name] = functools.partial(_by_node_red, there, here, flow, count)
    return ways


def _by_node_red(there: node_red.NodeRed, here: Stand, flow: node_red.Flow, count: int, _boot: int) -> Run:
    return node_red.stored_by(there, here, flow, count)


def rows_of(name: str, ours: list[Run], beside: dict[str, list[Run]], *, on_mosquitto: bool) -> list[Row]:
    """Ours, of the deployment `name`, beside each reference on the same kind of broker and database."""
    what = f"{name}: durable"
    found_rows = [
        row(
            what,
            "msg/s",
            _rates(ours),
            reference=reference,
            reference_runs=_rates(others),
            goal=goal_beside(reference, on_mosquitto=on_mosquitto),
            parts=() if at else [one.parts for one in ours],
        )
        for at, (reference, others) in enumerate(beside.items())
    ]
    return [row(what, "msg/s", _rates(ours), goal=DURABLE), *found_rows] if on_mosquitto else found_rows


def goal_beside(name: str, *, on_mosquitto: bool) -> Goal | None:
    """What ours shall reach of this reference."""
    if on_mosquitto:
        return {C_SUBSCRIBER: FAN_IN, NODE_RED: BESIDE_NODE_RED, TUTORIAL: BESIDE_TUTORIAL}.get(name)
    return EMBEDDED_FAN_IN if name == STOCK else None


def _rates(runs: Iterable[Run]) -> list[float]:
    return [one.rate for one in runs]
