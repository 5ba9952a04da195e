"""Devices get registered, and their secrets come through a file unharmed."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from device_sim.credentials import Credential, load_credentials, save_credentials
from device_sim.errors import CredentialsFileError, RefusedError
from device_sim.registration import DEFAULT_GTIN, Registrar, register_fleet, serials


def api(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == "Bearer k"
    body = json.loads(request.content) if request.content else {}
    match request.url.path:
        case "/api/v1/models":
            return httpx.Response(409, json={"code": "model_exists"})
        case "/api/v1/products":
            unit = {"id": f"id-{body['serial']}", "uri": "https://id.example", "claim_code": "C0DE"}
            return httpx.Response(201, json={**body, **unit})
        case path:
            assert path.endswith("/credential")
            secret = {"username": "u", "password": "p", "beacon_key": "00" * 16, "beacon_uid": "11" * 16}
            return httpx.Response(201, json=secret)


async def test_a_fleet_is_registered_and_a_model_that_exists_is_fine() -> None:
    done: list[Credential] = []
    async with Registrar("http://cloud", "k", transport=httpx.MockTransport(api)) as registrar:
        found = await register_fleet(registrar, serials(3, 1), done=done.append)
    assert found == tuple(done)
    assert [one.serial for one in found] == list(serials(3, 1))
    assert found[0] == Credential(
        id=f"id-{found[0].serial}",
        gtin=DEFAULT_GTIN,
        serial=found[0].serial,
        uri="https://id.example",
        claim_code="C0DE",
        password="p",
        beacon_key="00" * 16,
        beacon_uid="11" * 16,
    )


async def test_a_key_that_may_not_register_is_refused() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(403, json={"code": "forbidden"}))
    async with Registrar("http://cloud", "k", transport=transport) as registrar:
        with pytest.raises(RefusedError):
            await register_fleet(registrar, ["A1"])


def test_a_device_with_a_certificate_needs_no_password(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"
    save_credentials(path, [Credential(id="a", certificate="/somewhere/a.pem")])
    (found,) = load_credentials(path)
    assert (found.identity.password, found.identity.certificate) == ("", "/somewhere/a.pem")


def test_serials_are_different_the_same_for_a_seed_and_fit_the_label() -> None:
    found = serials(500, 7)
    assert len(set(found)) == 500
    assert found == serials(500, 7) != serials(500, 8)
    assert all(len(serial) <= 20 for serial in found)


def test_credentials_come_back_from_their_file_which_only_the_user_reads(tmp_path: Path) -> None:
    path = tmp_path / "devices.jsonl"
    credentials = (Credential(id="a", password="p"), Credential(id="b", password="q", beacon_key="00" * 16))
    save_credentials(path, credentials)
    assert load_credentials(path) == credentials
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("line", ["{", '{"id": "a"}', '{"id": 1, "password": "p"}'])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "devices.jsonl"
    path.write_text(f'{{"id": "a", "password": "p"}}\n\n{line}\n')
    with pytest.raises(CredentialsFileError, match="line 3"):
        load_credentials(path)
