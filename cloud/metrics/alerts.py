"""Rules for Prometheus's alerts, made from the catalogue: what somebody should look at, and how soon."""

import json
from typing import Final, NamedTuple

from cloud.metrics import catalogue as c
from cloud.metrics.catalogue import Metric


class Alert(NamedTuple):
    """expression: PromQL, true when it should be looked at. lasts: for so long. urgent: somebody gets up for it."""

    name: str
    expression: str
    lasts: str
    urgent: bool
    means: str


def _rate(metric: Metric, span: str = "5m", matcher: str = "") -> str:
    return f"sum(rate({metric.full_name}{matcher}[{span}]))"


def _slowest(metric: Metric) -> str:
    return f"histogram_quantile(0.99, sum by (le) (rate({metric.full_name}_bucket[5m])))"


_FAILED: Final = '{status="5xx"}'
ALERTS: Final = (
    Alert(
        "ThroughlineIsDown",
        'up{job="throughline"} == 0',
        "2m",
        urgent=True,
        means="A process of Throughline does not answer Prometheus: it has ended, or hangs.",
    ),
    Alert(
        "ThroughlineDatabaseIsAway",
        f"{c.ANSWERS.full_name} == 0",
        "1m",
        urgent=True,
        means="The HTTP service does not reach the database. Workers store nothing, and acknowledge nothing.",
    ),
    Alert(
        "ThroughlineBrokerIsAway",
        f"{c.CONNECTED.full_name} == 0",
        "1m",
        urgent=True,
        means="A process has no connection to the broker; the log of the process says why.",
    ),
    Alert(
        "ThroughlineReconnects",
        f"increase({c.CONNECTIONS.full_name}[10m]) > 5",
        "0m",
        urgent=False,
        means="A process loses the broker again and again: look at its log and at the broker's.",
    ),
    Alert(
        "ThroughlineBrokerFillsUp",
        f"max({c.BROKER_QUEUE.full_name}) > 0.5",
        "0m",
        urgent=True,
        means="More than half of what the broker keeps for a worker is taken; when it is full, messages are dropped.",
    ),
    Alert(
        "ThroughlineBrokerDrops",
        f"max(increase({c.BROKER_DROPPED.full_name}[10m])) > 0",
        "0m",
        urgent=True,
        means="The broker dropped messages. Devices that follow the watermark send them again; others have lost them.",
    ),
    Alert(
        "ThroughlineStoresNothing",
        f"{c.WAITING.full_name} > 0 and rate({c.STORED.full_name}[5m]) + rate({c.DUPLICATES.full_name}[5m]) == 0",
        "5m",
        urgent=True,
        means="A worker holds messages and stores none; the broker fills up behind it.",
    ),
    Alert(
        "ThroughlineBatchesFail",
        f"increase({c.INGEST_FAILED.full_name}[5m]) > 3",
        "5m",
        urgent=True,
        means="Batches cannot be stored and are tried again; the worker's log names the error.",
    ),
    Alert(
        "ThroughlineIngestIsSlow",
        f"{_slowest(c.RECEIPT_LAG)} > 1",
        "10m",
        urgent=False,
        means="One message in a hundred waits longer than a second in a worker: add threads or workers, or look at the "
        "database.",
    ),
    Alert(
        "ThroughlineMessagesAreLost",
        f'increase({c.GAPS.full_name}{{change="given_up"}}[15m]) > 0',
        "0m",
        urgent=False,
        means="Devices gave up messages that were never stored, or skip numbers on purpose.",
    ),
    Alert(
        "ThroughlineRejectsMany",
        f"{_rate(c.REJECTED)} > 0.05 * ({_rate(c.MESSAGES)} + {_rate(c.REJECTED)})",
        "15m",
        urgent=False,
        means="More than one message in twenty cannot be taken: a firmware is wrong. See the units' quarantine.",
    ),
    Alert(
        "ThroughlineOutboxIsLate",
        f"max({c.OUTBOX_AGE.full_name}) > 60",
        "2m",
        urgent=True,
        means="Commands and watermarks do not leave: is a worker running, and connected?",
    ),
    Alert(
        "ThroughlineTimersAreLate",
        f"{_slowest(c.LATENESS)} > 60",
        "5m",
        urgent=False,
        means="What falls due is done a minute late or more.",
    ),
    Alert(
        "ThroughlineSeriesAreLate",
        f"max({c.SERIES_LATE.full_name}) > 3600",
        "30m",
        urgent=False,
        means="Charts miss the last hour, and telemetry that waits for them is not taken away however old it is: give "
        "the series more time (THROUGHLINE_SERIES_SHARE_PERCENT).",
    ),
    Alert(
        "ThroughlineMailIsRefused",
        f'increase({c.MAIL_DONE.full_name}{{outcome="refused"}}[1h]) > 0',
        "0m",
        urgent=False,
        means="The mail server refused mails for good.",
    ),
    Alert(
        "ThroughlineMenusAreSlow",
        f"{_slowest(c.PUSH)} > 0.1",
        "10m",
        urgent=False,
        means="One change in a hundred needs longer than a tenth of a second to reach an open phone.",
    ),
    Alert(
        "ThroughlineFails",
        f"{_rate(c.RESPONSES, matcher=_FAILED)} "
        f"> 0.01 * {_rate(c.RESPONSES)}",
        "5m",
        urgent=True,
        means="More than one call in a hundred fails by our fault; the log names where.",
    ),
    Alert(
        "ThroughlineAuditLogShrank",
        f"resets({c.AUDIT_HEAD.full_name}[1h]) > 0",
        "0m",
        urgent=True,
        means="The audit log has fewer entries than before: run `throughline audit verify` with a head that you noted.",
    ),
    Alert(
        "ThroughlineRunsOutOfFiles",
        "process_open_fds / process_max_fds > 0.8",
        "5m",
        urgent=False,
        means="A process has most of its files open; each connection is one. Raise its limit (LimitNOFILE of systemd).",
    ),
)  # fmt: skip


def rules() -> str:
    """The rules as a file, for `rule_files` of Prometheus."""
    lines = ["# Made by `throughline metrics alerts`.", "groups:", "  - name: throughline", "    rules:"]
    for one in ALERTS:
        lines += [
            f"      - alert: {one.name}",
            f"        expr: {json.dumps(one.expression)}",
            f"        for: {one.lasts}",
            "        labels:",
            f"          severity: {'critical' if one.urgent else 'warning'}",
            "        annotations:",
            f"          summary: {json.dumps(one.means)}",
        ]
    return "\n".join(lines) + "\n"
