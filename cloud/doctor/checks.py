"""What the doctor looks at: each check with a code that stays, why it matters, and what mends it."""

from enum import StrEnum
from typing import Final, NamedTuple


class State(StrEnum):
    """Of a finding, and of all of them together: the worst."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Check(NamedTuple):
    """code: stable. title: what is looked at. why: what it costs when it is not so. mend: what to change."""

    code: str
    title: str
    why: str
    mend: str


class Finding(NamedTuple):
    """What was found. seen: the value, in a few words; never a secret."""

    check: Check
    state: State
    seen: str


def ok(check: Check, seen: str) -> Finding:
    return Finding(check, State.OK, seen)


def warn(check: Check, seen: str) -> Finding:
    return Finding(check, State.WARN, seen)


def bad(check: Check, seen: str) -> Finding:
    return Finding(check, State.BAD, seen)


def worst(findings: list[Finding]) -> State:
    """`ok` for none."""
    order = list(State)
    return max((one.state for one in findings), key=order.index, default=State.OK)


# --- the database ---

DATABASE_ANSWERS: Final = Check(
    "database-answers", "The database answers", "Nothing is stored without it.",
    "Start it, and compare `THROUGHLINE_DATABASE_URL` and its password file with what it expects.",
)  # fmt: skip
MIGRATIONS: Final = Check(
    "migrations", "The schema is this version's", "A program with another version's tables fails, or does harm.",
    "`throughline db upgrade`, with this version; a database that is newer wants the newer program.",
)  # fmt: skip
PG_VERSION: Final = Check(
    "postgresql-version", "PostgreSQL is 13 or newer", "Older ones are not tried, and get no fixes.", "Upgrade it."
)
PG_FSYNC: Final = Check(
    "postgresql-fsync", "PostgreSQL waits for the disk", "With fsync off a power cut can destroy the whole database.",
    "`fsync = on` in postgresql.conf.",
)  # fmt: skip
PG_COMMIT: Final = Check(
    "postgresql-synchronous-commit", "A commit means stored",
    "With synchronous_commit off, what was acknowledged can be lost when PostgreSQL or its machine dies.",
    "`synchronous_commit = on`, for the server, the database and the user alike.",
)  # fmt: skip
PG_PAGES: Final = Check(
    "postgresql-full-page-writes", "Half-written pages can be mended",
    "Without full_page_writes a crash in the middle of a write can destroy a page for good.",
    "`full_page_writes = on`.",
)  # fmt: skip
PG_ENCODING: Final = Check(
    "postgresql-encoding", "The database keeps every text", "Names in other scripts cannot be stored.",
    "Make the database anew with `ENCODING 'UTF8'`.",
)  # fmt: skip
PG_CONNECTIONS: Final = Check(
    "postgresql-connections", "There are connections enough",
    "A process opens up to 30; who gets none waits, and calls end with 503.", "Raise `max_connections`.",
)  # fmt: skip
PG_LOCKS: Final = Check(
    "postgresql-locks", "There is room for the locks of every worker",
    "A worker locks each device of a batch. When the table of locks is full, workers go on in smaller batches, and "
    "whoever else wants a lock meanwhile fails: calls end with 503.",
    "Raise `max_locks_per_transaction` and restart PostgreSQL, or lower `THROUGHLINE_INGEST_BATCH`.",
)  # fmt: skip
SQLITE_JOURNAL: Final = Check(
    "sqlite-journal", "SQLite writes ahead", "Without WAL, readers and the writer stop each other.",
    "Put the file on a local disk: file systems of networks do not bear a WAL.",
)  # fmt: skip
SQLITE_SYNC: Final = Check(
    "sqlite-synchronous", "A commit means stored", "What was acknowledged can be lost when the power goes.",
    "Nothing but Throughline should open the file; tell us how this came about.",
)  # fmt: skip

# --- the broker ---

BROKER_ANSWERS: Final = Check(
    "broker-answers", "The broker lets the cloud in", "No device is heard, and none is told anything.",
    "Start it; for Mosquitto, write its files anew with `throughline broker config mosquitto`.",
)  # fmt: skip
BROKER_QUEUE: Final = Check(
    "broker-queue", "The broker keeps what waits for a worker",
    "Beyond its limit Mosquitto drops messages silently, after it has acknowledged them.",
    "`max_queued_messages 100000`, as `throughline broker config mosquitto` writes it.",
)  # fmt: skip
BROKER_INFLIGHT: Final = Check(
    "broker-inflight", "The broker sends enough at once",
    "With few messages in flight batches stay small, the worker is slow, and the queue fills.",
    "`max_inflight_messages 4096`.",
)  # fmt: skip
BROKER_ROOM: Final = Check(
    "broker-room", "The broker says how full it is, and has room",
    "When its queue is full it drops what comes next; without a word of it no alarm tells you before.",
    "See that workers run and the database keeps up; `sys_interval 5`, and rules that let services read `$SYS`.",
)  # fmt: skip
BROKER_BOUND: Final = Check(
    "broker-bound", "The alarm counts from the broker's own limit", "It would come too late, or never.",
    "Let `THROUGHLINE_BROKER_QUEUE_MESSAGES` be what `max_queued_messages` says.",
)  # fmt: skip
MOSQUITTO_FILE: Final = Check(
    "mosquitto-file", "Mosquitto's configuration can be read", "What is in it was not looked at.",
    "Name the file or its folder with `--mosquitto`, as a user who may read it.",
)  # fmt: skip
MOSQUITTO_PERSISTENCE: Final = Check(
    "mosquitto-persistence", "Mosquitto keeps its sessions",
    "A restart loses the queues, and every message in them, which devices take for delivered.", "`persistence true`.",
)  # fmt: skip
MOSQUITTO_AUTOSAVE: Final = Check(
    "mosquitto-autosave", "Mosquitto saves often",
    "What came since the last save is lost when it is killed; devices that follow the watermark send it again.",
    "`autosave_interval 30`.",
)  # fmt: skip
MOSQUITTO_FIGURES: Final = Check(
    "mosquitto-figures", "Mosquitto says how full it is, and often enough",
    "With `sys_interval 0` it never does: its queue fills, messages are dropped, and no alarm tells you before.",
    "`sys_interval 5`.",
)  # fmt: skip
MOSQUITTO_EXPIRY: Final = Check(
    "mosquitto-expiry", "Sessions stay",
    "An expired session takes its queue along, and Mosquitto 2.0.11 may crash at the takeover of one.",
    "Leave `persistent_client_expiration` out.",
)  # fmt: skip
MOSQUITTO_SIZE: Final = Check(
    "mosquitto-size", "Messages of every size that is allowed pass",
    "`message_size_limit` acknowledges a message and drops it; a small `max_packet_size` ends the connection.",
    "No `message_size_limit`, and `max_packet_size` as `throughline broker config mosquitto` writes it.",
)  # fmt: skip
MOSQUITTO_QOS: Final = Check(
    "mosquitto-qos", "Acknowledged messages pass", "With `max_qos 0` nothing is acknowledged at all.", "`max_qos 1`."
)
MOSQUITTO_DOORS: Final = Check(
    "mosquitto-doors", "No listener is open to everybody",
    "Anybody may speak for any device, or hear passwords on the way.",
    "`allow_anonymous false`, an `acl_file`, and TLS on each listener that is not for this machine alone.",
)  # fmt: skip
MOSQUITTO_REVOKED: Final = Check(
    "mosquitto-revocation-list", "The revocation list is fresh",
    "Once it is out of date no device gets in; without one, revoked devices do.",
    "Run `throughline broker guard` for good; it makes the list anew.",
)  # fmt: skip

# --- the machine ---

CLOCK_DATABASE: Final = Check(
    "clock-database", "The clocks of this machine and of the database agree",
    "What falls due is early or late, and figures of lag are wrong.", "Let NTP keep both.",
)  # fmt: skip
CLOCK_PUBLIC: Final = Check(
    "clock-public", "The public address answers, and its clock agrees",
    "A clock that is off refuses certificates, tokens and signed webhooks.",
    "Let NTP keep this machine's clock; see that the public address leads to this deployment.",
)  # fmt: skip
TIME_ZONE: Final = Check(
    "time-zone", "The time zone is known",
    "A name that is none is taken for UTC without a word: lines of the log are then hours off.",
    "Correct `TZ`, or install the system's time zones (tzdata).",
)  # fmt: skip
TIME_TRAVEL: Final = Check(
    "time-travel", "The clock is the real one", "Whoever may write the data folder can put all clocks forward.",
    "Leave `THROUGHLINE_TIME_TRAVEL` out.",
)  # fmt: skip
DISK: Final = Check(
    "disk-space", "There is room on the disk", "A full disk stores nothing, and a broker loses what it cannot save.",
    "Make room, or take a larger disk.",
)  # fmt: skip
FILES: Final = Check(
    "file-limit", "Enough files may be open", "Each connection and each live stream is one; then nobody else gets in.",
    "`LimitNOFILE=65536` for systemd, or `ulimit -n`.",
)  # fmt: skip

# --- secrets ---

SECRETS: Final = Check(
    "secret-files", "Secrets are for this user alone", "Who reads the keys reads everything that is sealed.",
    "`chmod 600` the files and `chmod 700` the folder, and think about who may have read them.",
)  # fmt: skip
OFFLINE_ROOT: Final = Check(
    "offline-root", "The root of the certificate authority is offline",
    "Who takes this machine over, and the passphrase, can make devices of their own for years.",
    "Take the folder `root-to-take-offline` to a medium of its own, and delete it here.",
)  # fmt: skip
TLS_ENDS: Final = Check(
    "tls-ends", "Certificates have time left", "After its end nobody who verifies it comes in.",
    "`throughline ca renew` for the authority; the broker's own one is made anew by itself, so see why it was not.",
)  # fmt: skip
ADMIN: Final = Check(
    "admin-key", "An administrator has a key", "Without one nobody can make keys over HTTP, or read the audit log.",
    "`throughline keys create NAME --role admin`.",
)  # fmt: skip

# --- the way out ---

PUBLIC_URL: Final = Check(
    "public-url", "Phones come by HTTPS",
    "The address stands in every label; without TLS anybody on the way reads along, and takes sessions over.",
    "Set `THROUGHLINE_PUBLIC_URL=https://…`, and end TLS at a proxy.",
)  # fmt: skip
PROXY: Final = Check(
    "proxy-named", "The proxy is known", "All clients share one address's limits, and one can shut out all others.",
    "Name it in `THROUGHLINE_TRUSTED_PROXIES`.",
)  # fmt: skip
PLAIN: Final = Check(
    "plain-devices", "Devices come with certificates", "Passwords are for trying things out.",
    "Leave `THROUGHLINE_PLAIN_DEVICES` out.",
)  # fmt: skip
MAIL: Final = Check(
    "mail", "Mail leaves", "Nobody can confirm an address: the letters lie in a folder.",
    "Set `THROUGHLINE_SMTP_HOST` and `THROUGHLINE_MAIL_SENDER`.",
)  # fmt: skip
METRICS: Final = Check(
    "metrics-address", "Figures are not for everybody", "Who reaches the address reads them, without a key.",
    "Let `THROUGHLINE_METRICS_HOST` be this machine's, or one of a private network, and guard that.",
)  # fmt: skip

CHECKS: Final = (
    DATABASE_ANSWERS, MIGRATIONS, PG_VERSION, PG_FSYNC, PG_COMMIT, PG_PAGES, PG_ENCODING, PG_CONNECTIONS,
    PG_LOCKS, SQLITE_JOURNAL, SQLITE_SYNC, BROKER_ANSWERS, BROKER_QUEUE, BROKER_INFLIGHT, BROKER_ROOM, BROKER_BOUND,
    MOSQUITTO_FILE, MOSQUITTO_PERSISTENCE, MOSQUITTO_AUTOSAVE, MOSQUITTO_FIGURES, MOSQUITTO_EXPIRY, MOSQUITTO_SIZE,
    MOSQUITTO_QOS, MOSQUITTO_DOORS, MOSQUITTO_REVOKED, CLOCK_DATABASE, CLOCK_PUBLIC, TIME_ZONE, TIME_TRAVEL, DISK,
    FILES, SECRETS, OFFLINE_ROOT, TLS_ENDS, ADMIN, PUBLIC_URL, PROXY, PLAIN, MAIL, METRICS,
)  # fmt: skip
"""All, in the order in which they are shown."""
