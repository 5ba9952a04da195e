"""A dashboard for Grafana, made from the catalogue: rows of panels, each a question that an operator asks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from cloud.metrics import catalogue as c
from cloud.metrics.catalogue import Metric

SCHEMA: Final = 39
"""Grafana 10.4's; later ones read it."""
UID: Final = "throughline"
_COLUMNS: Final = 24
_WIDTH, _HEIGHT = 8, 8
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_EVERY: Final = "$__rate_interval"
PROCESS: Final = {
    "CPU": "rate(process_cpu_seconds_total[$__rate_interval])",
    "memory": "process_resident_memory_bytes",
    "open files": "process_open_fds / process_max_fds",
}
"""What the system knows of each process, by the names that Prometheus's own client gives."""


class Panel(NamedTuple):
    """One graph. lines: PromQL by legend. unit: as Grafana names it."""

    title: str
    unit: str
    lines: Mapping[str, str]


def _rate(metric: Metric, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric.full_name}[{_EVERY}]))"


def _quantile(metric: Metric, share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({metric.full_name}_bucket[{_EVERY}])))"


def _spread(metric: Metric) -> dict[str, str]:
    return {"half are below": _quantile(metric, 0.5), "99 in 100 are below": _quantile(metric, 0.99)}


def _by(metric: Metric) -> dict[str, str]:
    return {f"{{{{{metric.label}}}}}": _rate(metric, metric.label)}


ROWS: Final[Mapping[str, Sequence[Panel]]] = {
    "What devices say": (
        Panel("Messages by kind", "cps", _by(c.MESSAGES)),
        Panel("Stored, and stored before", "cps", {"stored": _rate(c.STORED), "duplicates": _rate(c.DUPLICATES)}),
        Panel("Rejected, by reason", "cps", _by(c.REJECTED)),
        Panel("From receipt to stored", "s", _spread(c.RECEIPT_LAG)),
        Panel("From the device's clock to stored", "s", _spread(c.DEVICE_LAG)),
        Panel("Missing messages: opened, closed, given up", "cps", _by(c.GAPS)),
        Panel("Batch size", "short", _spread(c.BATCH)),
        Panel("A batch's transaction", "s", _spread(c.TRANSACTION)),
        Panel(
            "Taken and not yet stored",
            "short",
            {"{{instance}}": c.WAITING.full_name, "{{instance}}, kB": f"{c.WAITING_BYTES.full_name} / 1000"},
        ),
    ),
    "Broker and database": (
        Panel("Connected to the broker", "short", {"{{instance}} {{client}}": c.CONNECTED.full_name}),
        Panel(
            "Connections made in an hour",
            "short",
            {"{{client}}": f"sum by (client) (increase({c.CONNECTIONS.full_name}[1h]))"},
        ),
        Panel(
            "The broker's queue",
            "percentunit",
            {
                "taken": f"max({c.BROKER_QUEUE.full_name})",
                "dropped a second": f"max(rate({c.BROKER_DROPPED.full_name}[5m]))",
            },
        ),
        Panel(
            "The database",
            "s",
            {**_spread(c.COMMIT), "failed tries of batches a second": _rate(c.INGEST_FAILED)},
        ),
        Panel("The database answers", "short", {"{{instance}}": c.ANSWERS.full_name}),
    ),
    "What leaves, and what falls due": (
        Panel(
            "Messages to devices that wait (watermarks: rows of many)",
            "short",
            {"waiting": f"max({c.OUTBOX.full_name})"},
        ),
        Panel("Messages to devices, by outcome", "cps", _by(c.OUTBOX_DONE)),
        Panel(
            "How late",
            "s",
            {"oldest message": f"max({c.OUTBOX_AGE.full_name})", "timers, 99 in 100": _quantile(c.LATENESS, 0.99)},
        ),
        Panel("How late the series are", "s", {"oldest telemetry": f"max({c.SERIES_LATE.full_name})"}),
        Panel("Mails that wait", "short", {"waiting": f"max({c.MAILS.full_name})"}),
        Panel("Mails, by outcome", "cps", _by(c.MAIL_DONE)),
        Panel("Push messages, by outcome", "cps", _by(c.PUSH_DONE)),
        Panel("Timers that are due", "short", {"due": f"max({c.TIMERS_DUE.full_name})"}),
        Panel("Duties of timers", "cps", _by(c.DUTIES)),
        Panel("Rounds that failed", "cps", _by(c.ROUNDS_FAILED)),
    ),
    "Phones": (
        Panel("Live streams", "short", {"{{instance}}": c.STREAMS.full_name}),
        Panel("Menus, by how they were come by", "cps", _by(c.MENUS)),
        Panel("New menus, by whether they were written down in time", "cps", _by(c.SHOWN)),
        Panel("Proofs of place at demo units", "cps", _by(c.PROOFS)),
        Panel("From the change to the phone", "s", _spread(c.PUSH)),
        Panel("HTTP responses", "cps", _by(c.RESPONSES)),
    ),
    "Identity and audit": (
        Panel("Enrolments", "cps", _by(c.ENROLMENTS)),
        Panel("Revocations in a day", "short", {"ended": f"max(increase({c.REVOCATIONS.full_name}[1d]))"}),
        Panel("Newest entry of the audit log", "short", {"number": f"max({c.AUDIT_HEAD.full_name})"}),
    ),
    "Processes": tuple(
        Panel(title, {"memory": "bytes", "CPU": "percentunit"}.get(title, "percentunit"), {"{{instance}}": expression})
        for title, expression in PROCESS.items()
    ),
}


def dashboard() -> str:
    """The dashboard as a file, for Grafana's import or its provisioning."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS.items():
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1},
            }
        )
        y += 1
        for number, panel in enumerate(row):
            across, down = number % (_COLUMNS // _WIDTH), number // (_COLUMNS // _WIDTH)
            place = {"x": across * _WIDTH, "y": y + down * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            panels.append(_panel(len(panels) + 1, panel, place))
        y += -(-len(row) // (_COLUMNS // _WIDTH)) * _HEIGHT
    return json.dumps(_whole(panels), indent=1, ensure_ascii=False) + "\n"


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for at, (legend, expression) in enumerate(panel.lines.items())
        ],
    }


def _whole(panels: list[dict[str, Any]]) -> dict[str, Any]:
    source = {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
        "refresh": 1,
        "options": [],
    }
    return {
        "uid": UID,
        "title": "Throughline",
        "tags": ["throughline"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [source]},
        "annotations": {"list": []},
        "panels": panels,
    }
