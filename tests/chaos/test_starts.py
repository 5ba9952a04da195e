"""Starts that cannot be: one clear line, status 1, nothing half done; and the next start works."""

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import psutil
import pytest

from tests.ports import free_port
from tests.system import LEAVE_WITHIN_S, ROOT, SERVICES, START_WITHIN_S, System, until

pytestmark = pytest.mark.chaos
MODEL = {"gtin": "09506000134352", "name": "One", "brand": "Acme"}


def start(system: System, *more: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`throughline up`, which is expected to give up by itself. Later options replace earlier ones."""
    return subprocess.run(  # noqa: S603 - our own program
        [*system.command(), *more],
        env={**system.environment(), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=START_WITHIN_S,
        cwd=ROOT,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    said = done.stderr.strip()
    assert "Traceback" not in said + done.stdout
    assert said.splitlines() == [said], "one line"
    assert said.startswith("throughline: ")
    assert [word for word in words if word not in said] == []
    assert "tlk_" not in done.stdout, "no key is shown for a start that failed"


@pytest.mark.timeout(240)
def test_a_taken_port_is_named_with_the_option_that_moves_it_and_later_starts_work_and_keep_all(tmp_path: Path) -> None:
    system = System(tmp_path)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = str(squatter.getsockname()[1])
        refused(start(system, "--port", port), port, "--port")
        refused(start(system, "--mqtt-port", port), port, "--mqtt-port")
        refused(start(system, "--mqtt-tls-port", port), port, "--mqtt-tls-port")
    assert not (system.data / "throughline.db").exists()
    system.start()
    try:
        processes = [system.running(service) for service in SERVICES]
        with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {system.key}"}) as operator:
            assert operator.post("/api/v1/models", json=MODEL).status_code == 201
            assert system.stop() == 0
            assert not any(process.is_running() for process in processes)
            system.start()
            assert [one["name"] for one in operator.get("/api/v1/models").json()["items"]] == ["One"]
    finally:
        assert system.stop() == 0
    assert b"Traceback" not in system.said()


def test_a_folder_that_is_none_or_cannot_be_written_is_named(tmp_path: Path) -> None:
    system = System(tmp_path)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("I was here first")
    refused(start(system, "--data-dir", str(in_the_way)), str(in_the_way), "--data-dir")
    refused(start(system, "--data-dir", str(in_the_way / "below")), "--data-dir")
    refused(start(system, "--data-dir", "/proc/throughline"), "/proc/throughline", "--data-dir")
    assert in_the_way.read_text() == "I was here first"


def test_a_setting_that_does_not_exist_or_is_wrong_is_named(tmp_path: Path) -> None:
    system = System(tmp_path)
    refused(start(system, environment={"THROUGHLINE_PORTT": "1"}), "THROUGHLINE_PORTT")
    refused(start(system, "--port", "70000"), "port")
    refused(start(system, environment={"THROUGHLINE_BROKER": "carrier-pigeon"}), "broker")
    refused(start(system, environment={"THROUGHLINE_DATABASE_URL": "nonsense://"}), "database URL")
    assert not (system.data / "throughline.db").exists()


@pytest.mark.timeout(180)
def test_a_second_one_on_the_same_folder_gives_up_and_the_first_goes_on(system: System) -> None:
    before = [system.running(service) for service in SERVICES]
    ports = ["--port", str(free_port()), "--mqtt-port", str(free_port()), "--mqtt-tls-port", str(free_port())]
    refused(start(system, *ports), str(system.data), "--data-dir")
    assert all(process.is_running() for process in before)
    assert httpx.get(f"{system.url}/healthz").status_code == 200


@pytest.mark.timeout(240)
def test_a_supervisor_killed_at_any_moment_of_its_first_start_leaves_nothing_that_stops_the_next(
    tmp_path: Path,
) -> None:
    system = System(tmp_path)
    for moment in ("lock", "keys", "throughline.db"):
        process = subprocess.Popen(  # noqa: S603 - our own program
            system.command(), env=system.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        until(lambda moment=moment: (system.data / moment).exists(), moment, START_WITHIN_S)  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        children = _children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(LEAVE_WITHIN_S)
        assert psutil.wait_procs(children, LEAVE_WITHIN_S)[1] == []
    made = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "cloud", "keys", "create", "rescue", "--role", "admin", "--data-dir", str(system.data)],
        env=system.environment(),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    system.key = made.stdout.strip() or ""
    system.start()
    try:
        with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {system.key}"}) as operator:
            assert operator.get("/api/v1/models").status_code == 200
    finally:
        assert system.stop() == 0


def _children(pid: int) -> Sequence[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return ()


def test_a_database_that_does_not_answer_or_is_none_is_named_without_its_password(tmp_path: Path) -> None:
    system = System(tmp_path)
    away = f"postgresql+psycopg://somebody:hush@127.0.0.1:{free_port()}/nothing"
    done = start(system, environment={"THROUGHLINE_DATABASE_URL": away})
    refused(done, "127.0.0.1", "database")
    assert "hush" not in done.stderr
    system.data.mkdir(exist_ok=True)
    (system.data / "throughline.db").write_bytes(b"this is no database" * 1000)
    refused(start(system), "throughline.db")
    assert (system.data / "throughline.db").read_bytes().startswith(b"this is no database")
