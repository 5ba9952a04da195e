"""The doctor's judgements: from what was seen to a finding. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from cloud.doctor import checks
from cloud.doctor.checks import Check, Finding, State, bad, ok, warn
from cloud.pace import MAX_BATCH_DEVICES

POOL = 30
"""Connections that one process may have to PostgreSQL."""
SAFE_COMMITS = frozenset({"on", "local", "remote_write", "remote_apply"})
GIB = 1 << 30


def by(state: State, check: Check, seen: str) -> Finding:
    return Finding(check, state, seen)


def postgresql(settings: Mapping[str, str], version: int, processes: int) -> list[Finding]:
    """settings: as `SHOW` says them, to this user in this database. version: as `server_version_num`."""
    commit, pages = settings["synchronous_commit"], settings["full_page_writes"]
    room = int(settings["max_connections"])
    return [
        (ok if version >= 130_000 else bad)(checks.PG_VERSION, f"{version // 10_000}.{version % 10_000}"),
        (ok if settings["fsync"] == "on" else bad)(checks.PG_FSYNC, f"fsync {settings['fsync']}"),
        (ok if commit in SAFE_COMMITS else bad)(checks.PG_COMMIT, f"synchronous_commit {commit}"),
        (ok if pages == "on" else bad)(checks.PG_PAGES, f"full_page_writes {pages}"),
        (ok if settings["server_encoding"] == "UTF8" else bad)(checks.PG_ENCODING, settings["server_encoding"]),
        (ok if room >= POOL * processes else warn)(checks.PG_CONNECTIONS, f"max_connections {room}"),
    ]


def locks(settings: Mapping[str, str], wanted: int) -> Finding:
    """Whether the lock table holds what the workers lock at once. settings: as `SHOW` says them; wanted: see `locked`.

    PostgreSQL makes the table a little larger, by its own processes: that room is left to all the others.
    """
    each, connections = int(settings["max_locks_per_transaction"]), int(settings["max_connections"])
    seen = f"{each} x {connections} connections, for up to {wanted:,} devices at once"
    if each * connections >= wanted:
        return ok(checks.PG_LOCKS, seen)
    return warn(checks.PG_LOCKS, f"{seen}: set {-(-wanted // connections)} or more")


def locked(workers: int, lanes: int, batch: int, window: int) -> int:
    """Devices that all workers may hold locked at once. window: messages that wait in one worker at most."""
    return workers * lanes * min(batch, window, MAX_BATCH_DEVICES)


def sqlite(journal: str, synchronous: int) -> list[Finding]:
    """As the pragmas say; synchronous: 2 is FULL."""
    names = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
    return [
        (ok if journal == "wal" else bad)(checks.SQLITE_JOURNAL, journal),
        (ok if synchronous >= 2 else bad)(checks.SQLITE_SYNC, names.get(synchronous, str(synchronous))),
    ]


def migrations(now: str | None, head: str, known: frozenset[str]) -> Finding:
    """now: the database's revision; None: it has no tables."""
    if now == head:
        return ok(checks.MIGRATIONS, head)
    if now is None:
        return bad(checks.MIGRATIONS, "no tables")
    return bad(checks.MIGRATIONS, f"{now}, and this program wants {head}" if now in known else "of a newer program")


def room(share: float | None, dropped: int) -> Finding:
    """share: the part of the broker's queue that is taken; None: it does not say. dropped: since its start."""
    if share is None:
        return warn(checks.BROKER_ROOM, "it does not say how full it is")
    state = State.BAD if share >= 0.5 else State.WARN if dropped else State.OK
    return by(state, checks.BROKER_ROOM, f"{share:.0%} taken, {dropped} dropped since its start")


def clock(check: Check, apart_s: float, warns_s: float, fails_s: float) -> Finding:
    """apart_s: how far the other clock is ahead of ours."""
    state = State.OK if abs(apart_s) <= warns_s else State.WARN if abs(apart_s) <= fails_s else State.BAD
    return by(state, check, f"{abs(apart_s):.1f} s {'ahead of' if apart_s > 0 else 'behind'} this machine's")


def disk(free: int, total: int) -> Finding:
    """In bytes."""
    share = free / total if total else 0.0
    state = State.OK
    if free < 4 * GIB or share < 0.1:
        state = State.WARN
    if free < GIB // 2 or share < 0.02:
        state = State.BAD
    return by(state, checks.DISK, f"{free / GIB:.1f} GiB free, {share:.0%}")


def files(limit: int) -> Finding:
    state = State.OK if limit >= 16_384 else State.WARN if limit >= 1_024 else State.BAD
    return by(state, checks.FILES, f"{limit:,} files")


def secrets(open_to_others: list[str], foreign: list[str], looked_at: int) -> Finding:
    """Paths: which others may read, and which belong to somebody else."""
    if open_to_others:
        return bad(checks.SECRETS, f"others may read {', '.join(open_to_others)}")
    if foreign:
        return warn(checks.SECRETS, f"of another user: {', '.join(foreign)}")
    return (ok if looked_at else bad)(checks.SECRETS, f"{looked_at} files" if looked_at else "there are no keys")


def ends(certificates: Mapping[str, datetime], now: datetime) -> Finding:
    """Certificates' ends, by the name of their file."""
    if not certificates:
        return bad(checks.TLS_ENDS, "there are no certificates")
    name, end = min(certificates.items(), key=lambda one: one[1])
    left = end - now
    own = name == "server.pem"  # made anew by itself, when it has 30 days left
    state = State.OK if left > timedelta(days=20 if own else 60) else State.WARN if left > timedelta() else State.BAD
    return by(state, checks.TLS_ENDS, f"{name} ends on {end:%Y-%m-%d}" if left > timedelta() else f"{name} has ended")


def public_url(url: str, given: str, proxies: tuple[str, ...]) -> list[Finding]:
    """url: where phones come; given: as it was set, or empty."""
    parts = urlsplit(url)
    if not given:
        return [warn(checks.PUBLIC_URL, f"not set: labels lead to {url}")]
    if parts.scheme != "https":
        return [bad(checks.PUBLIC_URL, url)]
    named = ok(checks.PROXY, ", ".join(proxies)) if proxies else warn(checks.PROXY, "none is named")
    return [ok(checks.PUBLIC_URL, url), named]


def mail(host: str, sender: str, fault: str) -> Finding:
    """fault: why the mail server's settings cannot be used, or empty."""
    if fault:
        return bad(checks.MAIL, fault)
    if not host:
        return warn(checks.MAIL, "no mail server is set")
    if sender.rstrip(">").endswith(".invalid"):
        return warn(checks.MAIL, f"from {sender}")
    return ok(checks.MAIL, host)


def metrics_address(host: str, port: int) -> Finding:
    try:
        address = ip_address(host)
    except ValueError:
        local = host == "localhost"
    else:
        local = address.is_loopback
    return (ok if local or not port else warn)(checks.METRICS, f"{host}:{port}" if port else "nowhere")


def switches(*, time_travel: bool, plain_devices: bool) -> list[Finding]:
    return [
        (bad if time_travel else ok)(checks.TIME_TRAVEL, "it can be put forward" if time_travel else "the system's"),
        (warn if plain_devices else ok)(checks.PLAIN, "passwords too" if plain_devices else "certificates alone"),
    ]


def time_zone(name: str, known: bool) -> Finding:
    """name: of `TZ`, or empty where the system's is taken."""
    return (ok if known else warn)(checks.TIME_ZONE, name or "the system's")


def revocation_list(ends_at: datetime | None, now: datetime) -> Finding:
    """ends_at: when the first of the lists is out of date; None: there is none."""
    if ends_at is None:
        return bad(checks.MOSQUITTO_REVOKED, "there is none")
    if ends_at <= now:
        return bad(checks.MOSQUITTO_REVOKED, f"out of date since {ends_at:%Y-%m-%d}")
    state = State.OK if ends_at - now > timedelta(days=3) else State.WARN
    return by(state, checks.MOSQUITTO_REVOKED, f"good until {ends_at:%Y-%m-%d}")
