"""A device's side of enrolment: its key stays with it, a lost answer costs nothing, and a renewal comes in time."""

import asyncio
import base64
import json
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from device_sim.enrolment import Enroller, statement
from device_sim.errors import NotCertifiedError, RefusedError
from device_sim.session import tls_context

UNIT = "01kan0000000000000000000pr"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LASTS = timedelta(days=90)


class Office:
    """A service that certifies whoever asks, and remembers what it was asked. lose: answers that do not arrive."""

    def __init__(self) -> None:
        self.now = NOW
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._signed("root", self.key.public_key())
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.lose = 0
        self.name = UNIT

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append((request.url.path, body))
        if self.lose:
            self.lose -= 1
            msg = "lost"
            raise httpx.ReadError(msg)
        key = x509.load_pem_x509_csr(body["csr"].encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        answer = {
            "product_id": self.name,
            "certificate": self._pem(self._signed(UNIT, key)),
            "chain": self._pem(self._signed("issuing", self.key.public_key())) + self._pem(self.root),
            "beacon_uid": "11" * 16,
            "beacon_key": "22" * 16,
        }
        return httpx.Response(201, json=answer)

    def _signed(self, name: str, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return x509.CertificateBuilder(
            issuer_name=subject,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=self.now,
            not_valid_after=self.now + LASTS,
        ).sign(self.key, SHA256())

    @staticmethod
    def _pem(certificate: x509.Certificate) -> str:
        return certificate.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def device(office: Office, tmp_path: Path) -> Callable[[], Enroller]:
    """The device, as it is after each start."""
    return lambda: Enroller(
        "http://cloud", tmp_path / "certs", clock=lambda: office.now, transport=httpx.MockTransport(office)
    )


async def test_an_enrolled_device_has_files_for_itself_alone(
    device: Callable[[], Enroller], office: Office, tmp_path: Path
) -> None:
    async with device() as one:
        beacon = await one.enrol(UNIT, "tle_x")
        assert beacon == ("11" * 16, "22" * 16)
        assert one.files.key(UNIT).public_key() == one.files.certificate(UNIT).public_key()
        assert one.files.ca_file.read_text() == office._pem(office.root)  # noqa: SLF001 - the test's own
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "certs").iterdir()}
    assert files == {"ca.pem": 0o600, f"{UNIT}.pem": 0o600}
    content = (tmp_path / "certs" / f"{UNIT}.pem").read_text()
    assert [content.count(f"BEGIN {part}") for part in ("PRIVATE KEY", "CERTIFICATE")] == [1, 2]


async def test_the_private_key_is_never_sent(device: Callable[[], Enroller], office: Office) -> None:
    async with device() as one:
        await one.enrol(UNIT, "tle_x")
        await one.renew(UNIT)
    assert not any("PRIVATE" in value for _path, body in office.asked for value in body.values())


async def test_after_a_lost_answer_and_a_restart_the_same_key_asks_again(
    device: Callable[[], Enroller], office: Office
) -> None:
    office.lose = 1_000
    async with device() as one:
        asking = asyncio.create_task(one.enrol(UNIT, "tle_x"))
        async with asyncio.timeout(30):
            while not office.asked:  # noqa: ASYNC110 - the fake service has no event to wait for
                await asyncio.sleep(0)
        asking.cancel()  # the power goes
        with suppress(asyncio.CancelledError):
            await asking
    office.lose = 0
    async with device() as again:
        await again.enrol(UNIT, "tle_x")
    keys = [x509.load_pem_x509_csr(body["csr"].encode()).public_key() for _path, body in office.asked]
    assert len(keys) >= 2
    assert all(key == keys[0] for key in keys)


async def test_a_renewal_is_for_a_new_key_and_signed_by_the_current_one(
    device: Callable[[], Enroller], office: Office
) -> None:
    async with device() as one:
        await one.enrol(UNIT, "tle_x")
        old, certificate = one.files.key(UNIT), one.files.certificate(UNIT)
        await one.renew(UNIT)
        assert one.files.key(UNIT).public_key() != old.public_key()
    path, body = office.asked[-1]
    assert path == "/enrol/renew"
    said = statement(certificate, body["csr"], body["at"])
    assert said.startswith(b"throughline certificate renewal 1\n")
    assert said.endswith(b"\n2026-11-22T09:30:00Z\n")
    old.public_key().verify(base64.b64decode(body["signature"]), said, ec.ECDSA(SHA256()))


async def test_a_certificate_is_due_when_a_third_of_its_time_is_left(
    device: Callable[[], Enroller], office: Office
) -> None:
    async with device() as one:
        await one.enrol(UNIT, "tle_x")
        office.now = NOW + LASTS * 2 / 3 - timedelta(seconds=1)
        assert await one.renew_due([UNIT]) == 0
        office.now = NOW + LASTS * 2 / 3
        assert await one.renew_due([UNIT]) == 1
        assert await one.renew_due([UNIT]) == 0


async def test_one_device_that_cannot_be_renewed_keeps_no_other(device: Callable[[], Enroller], office: Office) -> None:
    async with device() as one:
        await one.enrol(UNIT, "tle_x")
        office.now = NOW + LASTS
        assert await one.renew_due(["01kan00000000000000000none", UNIT]) == 1


async def test_a_certificate_that_is_not_the_device_s_own_is_not_kept(
    device: Callable[[], Enroller], office: Office, tmp_path: Path
) -> None:
    async with device() as one:
        office.name = "01kan0000000000000000other"
        with pytest.raises(NotCertifiedError):
            await one.enrol(UNIT, "tle_x")
        assert not (tmp_path / "certs" / f"{UNIT}.pem").exists()
        office.name = UNIT
        await one.enrol(UNIT, "tle_x")
        before = one.files.certificate(UNIT)
        one.files.next_key(UNIT)
        with pytest.raises(NotCertifiedError):
            one.files.keep(UNIT, office._pem(before), office._pem(office.root) * 2)  # noqa: SLF001 - the test's own
        assert one.files.certificate(UNIT) == before


async def test_a_refusal_is_the_caller_s_to_know(tmp_path: Path) -> None:
    refusing = httpx.MockTransport(lambda _: httpx.Response(403, json={"code": "enrolment_refused"}))
    async with Enroller("http://cloud", tmp_path, transport=refusing) as one:
        with pytest.raises(RefusedError) as refused:
            await one.enrol(UNIT, "tle_x")
    assert refused.value.problem == "enrolment_refused"


async def test_a_device_shows_its_certificate_where_there_is_one(
    device: Callable[[], Enroller], tmp_path: Path
) -> None:
    async with device() as one:
        await one.enrol(UNIT, "tle_x")
        ca_file = str(one.files.ca_file)
        assert tls_context("", str(one.files.file(UNIT))) is None
        assert tls_context(ca_file, "") is tls_context(ca_file, "")
        first = tls_context(ca_file, str(one.files.file(UNIT)))
        assert first is not None
        assert first is not tls_context(ca_file, str(one.files.file(UNIT))), "its file is read at each connect"
    with pytest.raises(aiomqtt.MqttError):
        tls_context(ca_file, str(tmp_path / "gone.pem"))
