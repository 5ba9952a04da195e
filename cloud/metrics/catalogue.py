"""Every metric, as a frozen description: its name, what it means, its labels, and which process tells it.

The live values (`meters.py`), the reference page, the dashboard and the alerts are all made from these. A label has few
values, known beforehand: no metric names a device, a person or an address. A new one is also put on the dashboard, and
into the test that sees each of them move.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from broker.contract.codec import RejectionReason
from broker.contract.topics import Up

PREFIX: Final = "throughline_"
API, WORK = "api", "work"


class Kind(StrEnum):
    """As Prometheus has them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One metric, without the prefix. label: its only one, or empty; values: all that it can have.

    buckets: upper bounds of a histogram, ascending, without the infinite one. told_by: processes. A name ends with its
    unit, and a counter's with `_total`: Prometheus, "Metric and label naming".
    """

    name: str
    kind: Kind
    what: str
    told_by: tuple[str, ...]
    label: str = ""
    values: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        return PREFIX + self.name


QUICK_S: Final = (0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Around the goals for a phone's menu: 15 ms for half of them, 60 ms for 99 in 100."""
LATE_S: Final = (0.005, 0.015, 0.06, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 3_600.0, 86_400.0)
"""A device may be offline for a day and then tell."""
SIZES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)

_WORK: Final = (WORK,)
_API: Final = (API,)
_BOTH: Final = (API, WORK)
_COUNTER, _GAUGE, _HISTOGRAM = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

# --- ingest ---

MESSAGES: Final = Metric(
    "ingest_messages_total",
    _COUNTER,
    "Messages of devices that could be read, by kind; duplicates too.",
    _WORK,
    "kind",
    tuple(kind.value for kind in Up),
)
STORED: Final = Metric(
    "ingest_stored_total", _COUNTER, "Messages that were stored, and acknowledged after that.", _WORK
)
DUPLICATES: Final = Metric("ingest_duplicates_total", _COUNTER, "Messages that had been stored before.", _WORK)
REJECTED: Final = Metric(
    "ingest_rejected_total",
    _COUNTER,
    "Messages that cannot be taken, and went to quarantine, by reason.",
    _WORK,
    "reason",
    tuple(reason.value for reason in RejectionReason),
)
GAPS: Final = Metric(
    "ingest_gap_messages_total",
    _COUNTER,
    "Messages whose successors came before them: missed at first (opened), come later after all (closed), and never to "
    "come (given_up). What is open now is opened less the other two.",
    _WORK,
    "change",
    ("opened", "closed", "given_up"),
)
BATCH: Final = Metric("ingest_batch_messages", _HISTOGRAM, "Messages of a batch.", _WORK, buckets=SIZES)
TRANSACTION: Final = Metric(
    "ingest_transaction_seconds",
    _HISTOGRAM,
    "How long a batch's transaction took, its commit included.",
    _WORK,
    buckets=QUICK_S,
)
RECEIPT_LAG: Final = Metric(
    "ingest_receipt_lag_seconds",
    _HISTOGRAM,
    "From a message's arrival at the worker until it was stored; of 32 messages of a batch, which stand for all of it.",
    _WORK,
    buckets=QUICK_S,
)
DEVICE_LAG: Final = Metric(
    "ingest_device_lag_seconds",
    _HISTOGRAM,
    "From the time that a message bears, by its device's clock, until it was stored; of 32 messages of a batch, which "
    "stand for all of it. A clock that is ahead counts as 0.",
    _WORK,
    buckets=LATE_S,
)
INGEST_FAILED: Final = Metric(
    "ingest_failed_tries_total", _COUNTER, "Batches that could not be stored at a try, and were tried again.", _WORK
)
WAITING: Final = Metric(
    "ingest_waiting_messages", _GAUGE, "Messages that the worker has taken from the broker and not yet stored.", _WORK
)
WAITING_BYTES: Final = Metric("ingest_waiting_bytes", _GAUGE, "Bytes of their payloads.", _WORK)

# --- the broker and the database ---

CONNECTIONS: Final = Metric(
    "broker_connections_total",
    _COUNTER,
    "Connections made to the broker, by the part of the process: more than one is a reconnect.",
    _BOTH,
    "client",
    ("bus", "ingest", "outbox"),
)
CONNECTED: Final = Metric(
    "broker_connected",
    _GAUGE,
    "1 while this part of the process is connected to the broker.",
    _BOTH,
    "client",
    ("bus", "ingest"),
)
BROKER_QUEUE: Final = Metric(
    "broker_queue_ratio",
    _GAUGE,
    "The part that is taken of what the broker keeps for a session of the cloud; at 1 it drops what comes next. Left "
    "out while the broker does not say.",
    _WORK,
)
BROKER_DROPPED: Final = Metric(
    "broker_dropped_messages_total",
    _COUNTER,
    "Messages that the broker dropped because a queue was full, since its start, as it says itself.",
    _WORK,
)
COMMIT: Final = Metric(
    "database_commit_seconds",
    _HISTOGRAM,
    "How long the commit of a transaction took, of whatever kind.",
    _BOTH,
    buckets=QUICK_S,
)
ANSWERS: Final = Metric(
    "database_answers",
    _GAUGE,
    "1 when the database answered this scrape; when 0, the figures that are read from it are left out.",
    _API,
)

# --- what leaves, and what falls due ---

OUTBOX: Final = Metric(
    "outbox_messages",
    _GAUGE,
    "Messages to devices that wait to leave, those that say how far a device is stored counted by the row: one for a "
    "batch, of up to 1,000 devices.",
    _API,
)
OUTBOX_AGE: Final = Metric("outbox_late_seconds", _GAUGE, "How long the oldest of them has been due; 0: none is.", _API)
OUTBOX_DONE: Final = Metric(
    "outbox_handled_total",
    _COUNTER,
    "Messages to devices: sent, as the broker acknowledged; left, as it did not in time, and tried again; too old "
    "(expired); larger than a broker takes (oversize).",
    _WORK,
    "outcome",
    ("sent", "left", "expired", "oversize"),
)
MAILS: Final = Metric("mail_messages", _GAUGE, "Mails that wait to leave.", _API)
MAIL_DONE: Final = Metric(
    "mail_handled_total",
    _COUNTER,
    "Mails: taken by the mail server (sent), put into the mail folder (filed), tried again later (later), refused for "
    "good.",
    _WORK,
    "outcome",
    ("sent", "filed", "later", "refused"),
)
PUSH_DONE: Final = Metric(
    "push_messages_total",
    _COUNTER,
    "Push messages: taken by the push service (sent), tried again later (later), refused for good, and for browsers "
    "that are gone.",
    _WORK,
    "outcome",
    ("sent", "later", "refused", "gone"),
)
TIMERS_DUE: Final = Metric("timers_due", _GAUGE, "Timers that are due and not done.", _API)
SERIES_LATE: Final = Metric(
    "series_late_seconds",
    _GAUGE,
    "How long the oldest telemetry has waited that is in no series yet; 0: none does. What waits is not taken away, "
    "however old it is.",
    _API,
)
LATENESS: Final = Metric(
    "scheduler_lateness_seconds", _HISTOGRAM, "How late a timer was taken up.", _WORK, buckets=LATE_S
)
DUTIES: Final = Metric(
    "scheduler_duties_total", _COUNTER, "Timers' duties, done or failed.", _WORK, "outcome", ("done", "failed")
)
ROUNDS_FAILED: Final = Metric(
    "rounds_failed_total",
    _COUNTER,
    "Rounds of a loop that failed as a whole, and were tried again.",
    _WORK,
    "loop",
    ("mail", "outbox", "push", "scheduler", "series"),
)

# --- phones ---

STREAMS: Final = Metric("live_streams", _GAUGE, "Phones with an open stream at this process.", _API)
PUSH: Final = Metric(
    "live_push_seconds",
    _HISTOGRAM,
    "From the word that something changed until an open stream was looked after, the new menu composed and sent.",
    _API,
    buckets=QUICK_S,
)
MENUS: Final = Metric(
    "menus_total",
    _COUNTER,
    "Menus served: as they were kept (kept), kept and held against the record (checked), composed anew (composed).",
    _API,
    "how",
    ("kept", "checked", "composed"),
)
SHOWN: Final = Metric(
    "menus_shown_total",
    _COUNTER,
    "Menus that differ from what their phone had before: written down before the phone got them (written), later, as "
    "the database took long (late, and then written), and not at all (lost).",
    _API,
    "outcome",
    ("written", "late", "lost"),
)
PROOFS: Final = Metric(
    "proofs_of_place_total",
    _COUNTER,
    "New proofs of place at demo units: believed, and doubted, as the same person proved to be in another shop that is "
    "too far away for the time between.",
    _API,
    "outcome",
    ("believed", "doubted"),
)
RESPONSES: Final = Metric(
    "http_responses_total", _COUNTER, "HTTP responses, by the class of their status.", _API, "status",
    ("1xx", "2xx", "3xx", "4xx", "5xx"),
)  # fmt: skip

# --- identity and audit ---

ENROLMENTS: Final = Metric(
    "enrolments_total",
    _COUNTER,
    "Devices that asked this process for a certificate: the first (enrolled), the next (renewed), and refused ones.",
    _API,
    "outcome",
    ("enrolled", "renewed", "refused"),
)
REVOCATIONS: Final = Metric(
    "device_revocations_total",
    _COUNTER,
    "Times that a unit's password or certificates were ended, by whomever, since the first start of the system.",
    _API,
)
AUDIT_HEAD: Final = Metric(
    "audit_head", _GAUGE, "Number of the newest entry of the audit log. It never gets smaller.", _API
)

METRICS: Final = (
    MESSAGES, STORED, DUPLICATES, REJECTED, GAPS, BATCH, TRANSACTION, RECEIPT_LAG, DEVICE_LAG, INGEST_FAILED, WAITING,
    WAITING_BYTES, CONNECTIONS, CONNECTED, BROKER_QUEUE, BROKER_DROPPED, COMMIT, ANSWERS, OUTBOX, OUTBOX_AGE,
    OUTBOX_DONE, MAILS, MAIL_DONE, PUSH_DONE, SERIES_LATE,
    TIMERS_DUE, LATENESS, DUTIES, ROUNDS_FAILED, STREAMS, PUSH, MENUS, SHOWN, PROOFS, RESPONSES, ENROLMENTS,
    REVOCATIONS, AUDIT_HEAD,
)  # fmt: skip
"""All, in the order of the reference page."""


def of_process(process: str) -> tuple[Metric, ...]:
    """Those that a process tells: `api` or `work`."""
    return tuple(one for one in METRICS if process in one.told_by)
