"""The doctor's judgements, one by one, at both sides of each line."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.doctor import checks, rules
from cloud.doctor.checks import CHECKS, Check, Finding, State

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OK, WARN, BAD = State.OK, State.WARN, State.BAD
GOOD = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "server_encoding": "UTF8",
    "max_connections": "100",
}


def ill(found: list[Finding]) -> dict[str, State]:
    return {one.check.code: one.state for one in found if one.state is not OK}


@pytest.mark.parametrize(
    ("change", "version", "expected"),
    [
        ({}, 150_003, {}),
        ({"fsync": "off"}, 150_003, {"postgresql-fsync": BAD}),
        ({"synchronous_commit": "off"}, 150_003, {"postgresql-synchronous-commit": BAD}),
        ({"synchronous_commit": "remote_apply"}, 150_003, {}),
        ({"full_page_writes": "off"}, 150_003, {"postgresql-full-page-writes": BAD}),
        ({"server_encoding": "SQL_ASCII"}, 150_003, {"postgresql-encoding": BAD}),
        ({"max_connections": "20"}, 150_003, {"postgresql-connections": WARN}),
        ({}, 120_019, {"postgresql-version": BAD}),
    ],
)
def test_postgresql(change: dict[str, str], version: int, expected: dict[str, State]) -> None:
    assert ill(rules.postgresql(GOOD | change, version, 2)) == expected


@pytest.mark.parametrize(
    ("each", "connections", "wanted", "state", "says"),
    [
        ("64", "100", 6_400, OK, "64 x 100"),
        ("64", "100", 6_401, WARN, "set 65 or more"),
        ("64", "200", 64_000, WARN, "set 320 or more"),
        ("320", "200", 64_000, OK, "320 x 200"),
    ],
)
def test_room_for_locks(each: str, connections: str, wanted: int, state: State, says: str) -> None:
    found = rules.locks({"max_locks_per_transaction": each, "max_connections": connections}, wanted)
    assert found.state is state
    assert says in found.seen


@pytest.mark.parametrize(
    ("shape", "locked"),
    [((1, 2, 2_000, 4_000), 4_000), ((4, 2, 4_000, 4_000), 16_000), ((4, 16, 10_000, 300), 19_200)],
)
def test_what_workers_may_lock_at_once(shape: tuple[int, int, int, int], locked: int) -> None:
    assert rules.locked(*shape) == locked


@pytest.mark.parametrize(
    ("journal", "synchronous", "expected"),
    [
        ("wal", 2, {}),
        ("wal", 3, {}),
        ("delete", 2, {"sqlite-journal": BAD}),
        ("wal", 1, {"sqlite-synchronous": BAD}),
    ],
)
def test_sqlite(journal: str, synchronous: int, expected: dict[str, State]) -> None:
    assert ill(rules.sqlite(journal, synchronous)) == expected


@pytest.mark.parametrize(("now", "state"), [("0010", OK), ("0009", BAD), (None, BAD), ("0011", BAD)])
def test_migrations(now: str | None, state: State) -> None:
    assert rules.migrations(now, "0010", frozenset({"0009", "0010"})).state is state


@pytest.mark.parametrize(
    ("apart", "state"), [(0.9, OK), (-0.9, OK), (1.1, WARN), (-29, WARN), (31, BAD), (-3_600, BAD)]
)
def test_clocks(apart: float, state: State) -> None:
    assert rules.clock(checks.CLOCK_DATABASE, apart, 1, 30).state is state


@pytest.mark.parametrize(("share", "dropped", "state"), [(0.1, 0, OK), (0.5, 0, BAD), (0.1, 3, WARN), (None, 0, WARN)])
def test_the_brokers_queue(share: float | None, dropped: int, state: State) -> None:
    assert rules.room(share, dropped).state is state


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [(50, 100, OK), (3, 10, WARN), (5, 100, WARN), (0.4, 1, BAD), (1.9, 100, BAD), (0, 0, BAD)],
)
def test_room_on_the_disk(free: float, total: float, state: State) -> None:
    assert rules.disk(int(free * rules.GIB), int(total * rules.GIB)).state is state


@pytest.mark.parametrize(("limit", "state"), [(16_384, OK), (16_383, WARN), (1_024, WARN), (1_023, BAD)])
def test_open_files(limit: int, state: State) -> None:
    assert rules.files(limit).state is state


@pytest.mark.parametrize(
    ("loose", "foreign", "count", "state"),
    [([], [], 9, OK), (["/k/master"], [], 9, BAD), ([], ["/k/master"], 9, WARN), ([], [], 0, BAD)],
)
def test_secrets(loose: list[str], foreign: list[str], count: int, state: State) -> None:
    assert rules.secrets(loose, foreign, count).state is state


@pytest.mark.parametrize(
    ("name", "days", "state"),
    [
        ("issuing-0001.pem", 61, OK),
        ("issuing-0001.pem", 59, WARN),
        ("root.pem", -1, BAD),
        ("server.pem", 21, OK),
        ("server.pem", 19, WARN),
        ("server.pem", 0, BAD),
    ],
)
def test_certificates_ends(name: str, days: int, state: State) -> None:
    assert rules.ends({name: NOW + timedelta(days=days), "other.pem": NOW + timedelta(days=999)}, NOW).state is state


@pytest.mark.parametrize(("days", "state"), [(7, OK), (2, WARN), (-1, BAD), (None, BAD)])
def test_the_revocation_list(days: int | None, state: State) -> None:
    assert rules.revocation_list(None if days is None else NOW + timedelta(days=days), NOW).state is state


@pytest.mark.parametrize(
    ("given", "proxies", "expected"),
    [
        ("https://menu.example.com", ("127.0.0.1",), {}),
        ("https://menu.example.com", (), {"proxy-named": WARN}),
        ("http://menu.example.com", ("127.0.0.1",), {"public-url": BAD}),
        ("", (), {"public-url": WARN}),
    ],
)
def test_the_public_address(given: str, proxies: tuple[str, ...], expected: dict[str, State]) -> None:
    assert ill(rules.public_url(given or "http://127.0.0.1:8000", given, proxies)) == expected


@pytest.mark.parametrize(
    ("host", "sender", "fault", "state"),
    [
        ("mail.example.com", "Acme <noreply@example.com>", "", OK),
        ("", "Acme <noreply@example.com>", "", WARN),
        ("mail.example.com", "Throughline <noreply@throughline.invalid>", "", WARN),
        ("mail.example.com", "Acme <noreply@example.com>", "others may read the password", BAD),
    ],
)
def test_mail(host: str, sender: str, fault: str, state: State) -> None:
    assert rules.mail(host, sender, fault).state is state


@pytest.mark.parametrize(
    ("host", "port", "state"),
    [("127.0.0.1", 9464, OK), ("localhost", 9464, OK), ("::1", 9464, OK), ("0.0.0.0", 9464, WARN), ("0.0.0.0", 0, OK)],  # noqa: S104 - judged, not bound
)
def test_where_figures_are_read(host: str, port: int, state: State) -> None:
    assert rules.metrics_address(host, port).state is state


@pytest.mark.parametrize(
    ("travel", "plain", "expected"),
    [(False, False, {}), (True, False, {"time-travel": BAD}), (False, True, {"plain-devices": WARN})],
)
def test_switches(travel: bool, plain: bool, expected: dict[str, State]) -> None:
    assert ill(rules.switches(time_travel=travel, plain_devices=plain)) == expected


def test_a_time_zone_that_is_none() -> None:
    assert rules.time_zone("Mars/Olympus", known=False).state is WARN
    assert rules.time_zone("", known=True).state is OK


def test_all_of_them_together_are_as_the_worst_one() -> None:
    def found(*states: State) -> list[Finding]:
        return [rules.by(state, checks.DISK, "") for state in states]

    assert [checks.worst(found(*one)) for one in ((), (OK, OK), (OK, WARN), (WARN, BAD, OK))] == [OK, OK, WARN, BAD]


def test_codes_are_there_once_and_every_check_says_why_and_how_to_mend_it() -> None:
    assert len({one.code for one in CHECKS}) == len(CHECKS)
    assert {value for value in vars(checks).values() if isinstance(value, Check)} == set(CHECKS)
    assert [one.code for one in CHECKS if not (one.why.endswith(".") and one.mend.endswith("."))] == []
