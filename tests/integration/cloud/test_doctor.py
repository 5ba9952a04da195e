"""The doctor at real services: a good deployment is all well, and each thing that is broken is named."""

import json
import resource
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from cloud import broker_files, compose
from cloud.__main__ import main
from cloud.clock import system_clock
from cloud.doctor import looking
from cloud.doctor.checks import Finding, State, worst
from cloud.doctor.looking import look_over, of_broker, of_database, of_files, of_mosquitto, of_public_address
from cloud.identity.authority_files import OFFLINE_ROOT
from cloud.opened import unmade_database
from cloud.secrets import load_keys
from cloud.settings import Settings, as_environment, load_settings
from tests.mail_sink import certificate
from tests.ports import free_port
from tests.services import Postgres, missing, running_postgres
from tests.system import listens, until

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class PublicAddress:
    """A proxy that ends TLS, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.ahead = timedelta()
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((timestamp or system_clock().timestamp()) + outer.ahead.total_seconds())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """A call is no news."""

        self.certificate, key = certificate(folder)
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, name="public address", daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Deployment:
    """Mosquitto with the product's own files, PostgreSQL that waits for its disk, and an address with TLS."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.folder = folder
        self.public = PublicAddress(folder)
        self.config = folder / "mosquitto"
        self._broker: subprocess.Popen[bytes] | None = None
        self.database = server.create()
        self.settings = load_settings(
            data_dir=folder / "data",
            database_url=server.url(self.database),
            broker="external",
            mqtt_port=free_port(),
            mqtt_tls_port=free_port(),
            public_url=self.public.url,
            trusted_proxies=("127.0.0.1",),
            smtp_host="mail.example.com",
            mail_sender="Acme <noreply@example.com>",
        )
        compose.prepare(self.settings)
        shutil.rmtree(self.settings.keys_dir / OFFLINE_ROOT)
        db = unmade_database(self.settings)
        files = broker_files.mosquitto_folder(
            self.settings, load_keys(self.settings.keys_dir), db, self.config, user="root"
        )
        db.dispose()
        broker_files.write_folder(self.config, files)

    def start_broker(self, program: str, change: tuple[str, str] = ("", "")) -> None:
        """change: what of its configuration is other than usual."""
        path = self.config / "mosquitto.conf"
        text = path.read_text()
        assert change[0] in text
        other = self.config / "other.conf"
        other.write_text(text.replace(*change) if change[0] else text)
        self._broker = subprocess.Popen([program, "-c", str(other)], stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        until(lambda: listens(self.settings.mqtt_port), "mosquitto")

    def stop_broker(self) -> None:
        if self._broker is not None:
            self._broker.terminate()
            self._broker.wait(20)
            self._broker = None

    def look(self) -> list[Finding]:
        return look_over(self.settings, lambda: unmade_database(self.settings), self.config)


@pytest.fixture(scope="module")
def mosquitto() -> str:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        missing("needs the mosquitto broker")
        raise AssertionError
    return program


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres(**DURABLE) as running:
        yield running


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, server: Postgres, mosquitto: str) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("deployment"), server)
    try:
        made.start_broker(mosquitto)
        yield made
    finally:
        made.stop_broker()
        made.public.close()


@pytest.fixture
def good(built: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """On a machine with room."""
    monkeypatch.setenv("SSL_CERT_FILE", str(built.public.certificate))
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=50 << 30, total=100 << 30))
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (1_024, 65_536))
    return built


def ill(found: Any) -> dict[str, State]:
    return {one.check.code: one.state for one in found if one.state is not State.OK}


def test_a_good_deployment_is_all_well(good: Deployment) -> None:
    found = good.look()
    assert ill(found) == {}
    assert worst(found) is State.OK
    looked_at = {one.check.code for one in found}
    assert {
        "postgresql-fsync",
        "broker-room",
        "broker-queue",
        "broker-inflight",
        "mosquitto-doors",
        "clock-public",
    } <= looked_at
    assert len(looked_at) == len(checked_by_code(found)) >= 30


def checked_by_code(found: list[Finding]) -> dict[str, str]:
    return {one.check.code: one.seen for one in found}


def test_what_the_doctor_tries_out_changes_no_file_and_can_be_done_again(good: Deployment) -> None:
    files = sorted(good.settings.data_dir.rglob("*"))
    first, second = (ill(of_broker(good.settings)) for _ in range(2))
    assert first == second == {}
    assert sorted(good.settings.data_dir.rglob("*")) == files


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("max_queued_messages 100000", "max_queued_messages 1000\nmax_queued_bytes 0"), {"broker-queue": State.BAD}),
        (("sys_interval 5", "sys_interval 0"), {"broker-room": State.WARN}),
        (("max_inflight_messages 4096", "max_inflight_messages 20"), {"broker-inflight": State.WARN}),
    ],
)
def test_what_the_broker_would_drop_is_seen_by_its_behaviour_without_its_files(
    good: Deployment, mosquitto: str, change: tuple[str, str], expected: dict[str, State]
) -> None:
    good.stop_broker()
    try:
        good.start_broker(mosquitto, change)
        assert ill(of_broker(good.settings)) == expected
    finally:
        good.stop_broker()
        good.start_broker(mosquitto)


def test_a_broker_that_does_not_let_us_in(good: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ASK_S", 1.0)
    elsewhere = good.settings.model_copy(update={"mqtt_port": free_port()})
    assert ill(of_broker(elsewhere)) == {"broker-answers": State.BAD}
    stranger = good.settings.model_copy(update={"mqtt_username": "nobody"})
    assert ill(of_broker(stranger)) == {"broker-answers": State.BAD}
    unknown = good.settings.model_copy(update={"mqtt_tls": True, "mqtt_ca_file": str(good.folder / "nowhere.pem")})
    assert ill(of_broker(unknown)) == {"broker-answers": State.BAD}


# --- the database ---


def of(settings: Settings) -> dict[str, State]:
    return ill(of_database(settings, lambda: unmade_database(settings)))


def test_a_database_that_forgets_what_it_said_is_stored(good: Deployment, server: Postgres) -> None:
    with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {good.database} SET synchronous_commit TO off".encode())
        try:
            assert of(good.settings) == {"postgresql-synchronous-commit": State.BAD}
        finally:
            admin.execute(f"ALTER DATABASE {good.database} RESET synchronous_commit".encode())


def test_a_server_that_does_not_wait_for_its_disk(good: Deployment, postgres_server: Postgres) -> None:
    settings = good.settings.model_copy(update={"database_url": postgres_server.url(postgres_server.create())})
    assert of(settings) == {
        "postgresql-fsync": State.BAD,
        "postgresql-synchronous-commit": State.BAD,
        "postgresql-full-page-writes": State.BAD,
        "migrations": State.BAD,
    }


def test_a_table_of_locks_that_is_too_small_for_the_workers_together(good: Deployment) -> None:
    room = 64 * 200  # of a test's server
    assert of(good.settings.model_copy(update={"ingest_workers": 3, "ingest_lanes": 2})) == {}
    more = good.settings.model_copy(update={"ingest_workers": 4, "ingest_lanes": 2})
    assert of(more) == {"postgresql-locks": State.WARN}
    smaller = more.model_copy(update={"ingest_batch": room // 8})
    assert of(smaller) == {}


def test_a_database_that_is_away(good: Deployment) -> None:
    gone = good.settings.model_copy(
        update={"database_url": good.settings.database_url.replace(good.database, f"{good.database}_gone")}
    )
    assert of(gone) == {"database-answers": State.BAD}


def test_a_database_behind_this_program_and_one_without_an_administrator(good: Deployment) -> None:
    engine = sa.create_engine(good.settings.database_url)
    with engine.begin() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
    try:
        for other in ("0001", "9999"):
            _execute(engine, "UPDATE alembic_version SET version_num = :to", to=other)
            assert of(good.settings) == {"migrations": State.BAD}
        _execute(engine, "UPDATE alembic_version SET version_num = :to", to=version)
        _execute(engine, "UPDATE operator_key SET revoked_at = now()")
        assert of(good.settings) == {"admin-key": State.BAD}
    finally:
        _execute(engine, "UPDATE alembic_version SET version_num = :to", to=version)
        _execute(engine, "UPDATE operator_key SET revoked_at = NULL")
        engine.dispose()


def _execute(engine: sa.Engine, statement: str, **values: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement), values)


# --- files, the machine, the way out ---


def test_a_secret_that_others_may_read_and_a_root_that_is_still_here(good: Deployment) -> None:
    secret, root = good.settings.keys_dir / "mqtt-password", good.settings.keys_dir / OFFLINE_ROOT / "root.key"
    secret.chmod(0o644)
    root.parent.mkdir()
    root.touch(mode=0o600)
    try:
        assert ill(of_files(good.settings)) == {"secret-files": State.BAD, "offline-root": State.WARN}
    finally:
        secret.chmod(0o600)
        shutil.rmtree(root.parent)


def test_keys_that_this_user_may_not_look_at(good: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_settings: Settings) -> None:
        raise PermissionError(13, "Permission denied", str(good.settings.keys_dir))

    monkeypatch.setattr(looking, "_secret_files", refused)
    assert ill(of_files(good.settings)) == {"secret-files": State.BAD}


def test_an_authority_that_has_ended_and_a_list_that_is_out_of_date(
    good: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "system_clock", lambda: datetime.now(UTC) + timedelta(days=365 * 30))
    assert ill(of_files(good.settings)) == {"tls-ends": State.BAD}
    assert ill(of_mosquitto(good.config, good.settings)) == {
        "mosquitto-revocation-list": State.BAD,
        "tls-ends": State.BAD,
    }
    monkeypatch.setattr(looking, "system_clock", lambda: datetime.now(UTC) + timedelta(days=5))
    assert ill(of_mosquitto(good.config, good.settings)) == {"mosquitto-revocation-list": State.WARN}


def test_a_configuration_that_cannot_be_read(good: Deployment) -> None:
    assert ill(of_mosquitto(good.folder / "nowhere", good.settings)) == {"mosquitto-file": State.BAD}


def test_a_public_address_with_a_wrong_clock_or_that_leads_elsewhere(good: Deployment) -> None:
    public = good.public
    try:
        public.ahead = timedelta(minutes=10)
        assert ill(of_public_address(good.settings)) == {"clock-public": State.BAD}
        public.ahead = timedelta()
        public.status = 502
        assert ill(of_public_address(good.settings)) == {"clock-public": State.WARN}
    finally:
        public.ahead, public.status = timedelta(), 200
    elsewhere = good.settings.model_copy(update={"public_url": f"https://127.0.0.1:{free_port()}"})
    assert ill(of_public_address(elsewhere)) == {"clock-public": State.WARN}


def test_a_time_zone_that_nobody_knows(good: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Mars/Olympus")
    assert ill(looking.of_machine(good.settings)) == {"time-zone": State.WARN}
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert ill(looking.of_machine(good.settings)) == {}


# --- the command ---


def test_the_command_says_it_as_a_table_and_as_json_and_by_its_exit_status(
    good: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in as_environment(good.settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    config = ["--mosquitto", str(good.config)]
    assert main(["doctor", *config]) == 0
    assert "All well." in capsys.readouterr().out
    monkeypatch.setenv("THROUGHLINE_PLAIN_DEVICES", "true")
    assert main(["doctor", "--json", *config]) == 1
    (found,) = [one for one in json.loads(capsys.readouterr().out) if one["state"] != "ok"]
    assert (found["code"], found["state"]) == ("plain-devices", "warn")
    assert {"title", "seen", "why", "mend"} <= set(found)
    monkeypatch.setenv("THROUGHLINE_TIME_TRAVEL", "true")
    assert main(["doctor", *config]) == 2
    shown = capsys.readouterr().out
    assert "time-travel" in shown
    assert "Leave `THROUGHLINE_TIME_TRAVEL` out." in shown


def test_where_nothing_is_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data-dir", str(tmp_path / "none")]) == 2
    assert "database-answers" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
