"""A printer with an identity of its own: enrolled by its own door, renewed, revoked at work, and let in again."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter
from device_sim.enrolment import Enroller
from device_sim.errors import RefusedError
from device_sim.registration import Registrar
from device_sim.session import Endpoint
from tests.system import GTIN, QUICK, ROOT, System, until_async


@pytest.fixture
async def enroller(system: System, tmp_path: Path) -> AsyncIterator[Enroller]:
    async with Enroller(system.url, tmp_path / "device", clock=system.clock) as made:
        yield made


@pytest.fixture
async def unit(system: System, enroller: Enroller) -> Credential:
    await system.model()
    async with Registrar(system.url, system.key) as registrar:
        return await registrar.enrol(GTIN, f"C{os.urandom(6).hex()}", enroller)


def printer_of(system: System, unit: Credential, enroller: Enroller) -> SimulatedPrinter:
    endpoint = Endpoint(port=system.tls_port, ca_file=str(enroller.files.ca_file))
    return SimulatedPrinter(endpoint, unit.identity, clock=system.clock, tuning=QUICK, speed=20.0)


async def online(printer: SimulatedPrinter) -> bool:
    return printer.online


async def test_a_printer_with_a_certificate_works_by_tls_and_over_a_renewal(
    system: System, unit: Credential, enroller: Enroller
) -> None:
    assert unit.password == ""
    async with printer_of(system, unit, enroller) as printer, system.operator() as operator:
        await printer.load_paper()
        await printer.install_supplies()
        await printer.all_stored(30)
        before = enroller.files.certificate(unit.id)
        await enroller.renew(unit.id)
        assert enroller.files.certificate(unit.id).serial_number != before.serial_number
        await printer.cut()
        await printer.plug_in()
        await until_async(lambda: online(printer), "the printer is back, with its next certificate")
        await printer.print_pages(1)
        await printer.all_stored(30)
        twin = await operator.json("GET", f"/api/v1/products/{unit.id}/twin")
        assert twin["online"]
        listed = await operator.json("GET", f"/api/v1/products/{unit.id}/certificates")
        assert len(listed["items"]) == 2


async def test_a_printer_that_is_revoked_while_it_works_is_out_and_comes_back_with_a_new_token_alone(
    system: System, unit: Credential, enroller: Enroller
) -> None:
    async with printer_of(system, unit, enroller) as printer, system.operator() as operator:
        await until_async(lambda: online(printer), "the printer is there")
        await operator.call("POST", f"/api/v1/products/{unit.id}/revoke")

        async def out() -> bool:
            return not printer.online

        await until_async(out, "it was cut off")
        tries = printer.counters.failures

        async def tried_in_vain() -> bool:
            assert not printer.online
            return printer.counters.failures >= tries + 5

        await until_async(tried_in_vain, "it tries again and again")
        with pytest.raises(RefusedError):
            await enroller.renew(unit.id)
        issued = await operator.json("POST", f"/api/v1/products/{unit.id}/enrolment")
        await enroller.enrol(unit.id, issued["token"])
        await until_async(lambda: online(printer), "it is back, with a certificate for a new key")


def test_a_simulated_fleet_enrols_itself_and_connects_by_tls(system: System, tmp_path: Path) -> None:
    file = tmp_path / "fleet.jsonl"
    command = [
        *(sys.executable, "-m", "cloud", "sim", "--devices", "3", "--duration", "3", "--json"),
        *("--url", system.url, "--port", str(system.tls_port), "--credentials", str(file)),
    ]
    for _ in range(2):  # the second time with the certificates of the first
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            cwd=ROOT,
            env={**os.environ, "TL_OPERATOR_KEY": system.key},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["online_at_most"] == 3, report
    assert len(list((tmp_path / "fleet.jsonl.certificates").glob("*.pem"))) == 4
    assert "password" not in file.read_text()
