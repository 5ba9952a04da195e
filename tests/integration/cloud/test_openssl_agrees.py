"""OpenSSL as the foreign judge of our certificates and lists, and as the maker of requests for us to judge."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.identity import authority, authority_files, devices, enrolment, requests, tls_files
from cloud.identity.authority_files import Authority
from cloud.identity.enrolment import Enrolled, Terms
from cloud.identity.requests import Request, RequestProblem
from tests.certificates import new_key, request_of
from tests.integration.cloud.world import BASE, World
from tests.services import missing

pytestmark = pytest.mark.tours

TERMS = Terms(BASE, timedelta(days=90))
Run = Callable[..., str]


@pytest.fixture
def openssl(tmp_path: Path) -> Run:
    """Runs `openssl` in the test's folder; what it says on both streams."""

    def run(line: str, *, fails: bool = False) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                ["openssl", *line.split()],  # noqa: S607 - wherever it is
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
        except FileNotFoundError:
            missing("needs the program openssl")
            raise AssertionError from None
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    return run


@pytest.fixture
def known(sqlite_world: World, tmp_path: Path) -> Authority:
    (tmp_path / "keys").mkdir()
    authority_files.make_at_first_start(tmp_path / "keys", sqlite_world.keys, sqlite_world.clock())
    found = authority_files.load(tmp_path / "keys", sqlite_world.keys)
    (tmp_path / "root.pem").write_text(authority.pem(found.root))
    (tmp_path / "issuing.pem").write_text(authority.pem(found.current.certificate))
    return found


def enrolled(world: World, known: Authority, product_id: str, csr: str) -> Enrolled:
    token = world.run(lambda tx: enrolment.issue_token(tx, product_id, timedelta(hours=1))).token
    return world.run(lambda tx: enrolment.enrol(tx, known, TERMS, token, csr))


def at(world: World) -> int:
    return int(world.clock().timestamp())


def test_the_chain_is_verified_for_clients_and_not_for_servers(
    openssl: Run, known: Authority, sqlite_world: World, tmp_path: Path
) -> None:
    made = enrolled(sqlite_world, known, sqlite_world.unit().id, request_of(new_key()))
    (tmp_path / "device.pem").write_text(made.certificate)
    verify = f"verify -x509_strict -attime {at(sqlite_world)} -CAfile root.pem -untrusted issuing.pem"
    assert "device.pem: OK" in openssl(f"{verify} -purpose sslclient device.pem")
    assert "purpose" in openssl(f"{verify} -purpose sslserver device.pem", fails=True)
    openssl("verify -CAfile issuing.pem device.pem", fails=True)
    assert "device.pem: OK" in openssl(f"verify -attime {at(sqlite_world)} -CAfile keys/ca/trust.pem device.pem")
    after = at(sqlite_world) + 91 * 24 * 3600
    assert "expired" in openssl(f"{verify.replace(str(at(sqlite_world)), str(after))} device.pem", fails=True)


def test_a_device_certifies_nothing_itself(openssl: Run, known: Authority, sqlite_world: World, tmp_path: Path) -> None:
    """Someone with a device's key signs a certificate for another device: no chain leads to the root."""
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.key")
    openssl("req -new -key device.key -subj /CN=x -out device.csr")
    made = enrolled(sqlite_world, known, sqlite_world.unit().id, (tmp_path / "device.csr").read_text())
    (tmp_path / "device.pem").write_text(made.certificate)
    (tmp_path / "both.pem").write_text((tmp_path / "issuing.pem").read_text() + made.certificate)
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout forged.key -subj /CN=y -out forged.csr"
    )
    openssl("x509 -req -in forged.csr -CA device.pem -CAkey device.key -days 30 -set_serial 1 -out forged.pem")
    said = openssl(
        f"verify -attime {at(sqlite_world) + 3600} -CAfile root.pem -untrusted both.pem forged.pem", fails=True
    )
    assert "invalid CA certificate" in said or "unable to get" in said


def test_a_certificate_shows_its_unit_to_people(
    openssl: Run, known: Authority, sqlite_world: World, tmp_path: Path
) -> None:
    unit = sqlite_world.unit()
    made = enrolled(sqlite_world, known, unit.id, request_of(new_key()))
    (tmp_path / "device.pem").write_text(made.certificate)
    said = openssl("x509 -in device.pem -noout -text")
    for line in (
        f"Subject: CN = {unit.id}",
        f"URI:{unit.uri}",
        "TLS Web Client Authentication",
        "CA:FALSE",
        "Digital Signature",
        "ASN1 OID: prime256v1",
        "Signature Algorithm: ecdsa-with-SHA256",
    ):
        assert line in said, f"{line}\n{said}"
    assert "TLS Web Server Authentication" not in said


def test_a_revoked_certificate_is_refused_by_the_list_and_another_is_not(
    openssl: Run, known: Authority, sqlite_world: World, tmp_path: Path
) -> None:
    for name in ("kept", "ended"):
        unit = sqlite_world.unit().id
        (tmp_path / f"{name}.pem").write_text(enrolled(sqlite_world, known, unit, request_of(new_key())).certificate)
        if name == "ended":
            sqlite_world.run(lambda tx, unit=unit: devices.revoke(tx, unit))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    (tmp_path / "crl.pem").write_bytes(sqlite_world.read(lambda tx: devices.crl(tx, known)))
    assert "verify OK" in openssl("crl -in crl.pem -CAfile issuing.pem -noout")
    check = f"verify -crl_check -attime {at(sqlite_world)} -CAfile keys/ca/trust.pem -CRLfile crl.pem"
    assert "kept.pem: OK" in openssl(f"{check} kept.pem")
    assert "certificate revoked" in openssl(f"{check} ended.pem", fails=True)
    late = at(sqlite_world) + 8 * 24 * 3600
    assert "CRL has expired" in openssl(f"{check.replace(str(at(sqlite_world)), str(late))} kept.pem", fails=True)


def test_the_lists_of_two_issuing_authorities_work_from_one_file(
    openssl: Run, sqlite_world: World, tmp_path: Path
) -> None:
    keys_dir, keys, now = tmp_path / "keys", sqlite_world.keys, sqlite_world.clock()
    keys_dir.mkdir()
    offline = tmp_path / "offline"
    authority_files.make(keys_dir, keys, now, offline=offline, passphrase="a passphrase of the tests")
    ids = [sqlite_world.unit().id for _ in range(3)]
    for number, unit in enumerate(ids):
        known = authority_files.load(keys_dir, keys)
        made = enrolled(sqlite_world, known, unit, request_of(new_key()))
        (tmp_path / f"{number}.pem").write_text(made.certificate)
        if number == 0:
            authority_files.renew(keys_dir, keys, now, offline=offline, passphrase="a passphrase of the tests")
    for unit in ids[:2]:
        sqlite_world.run(lambda tx, unit=unit: devices.revoke(tx, unit))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    lists = sqlite_world.read(lambda tx: devices.crl(tx, authority_files.load(keys_dir, keys)))
    assert lists.count(b"BEGIN X509 CRL") == 2
    (tmp_path / "crl.pem").write_bytes(lists)
    check = f"verify -crl_check -attime {at(sqlite_world)} -CAfile keys/ca/trust.pem -CRLfile crl.pem"
    assert "revoked" in openssl(f"{check} 0.pem", fails=True)
    assert "revoked" in openssl(f"{check} 1.pem", fails=True)
    assert "2.pem: OK" in openssl(f"{check} 2.pem")


@pytest.mark.usefixtures("known")
def test_the_listener_s_certificate_is_a_server_s_for_its_names(
    openssl: Run, sqlite_world: World, tmp_path: Path
) -> None:
    names = ["mqtt.example", "127.0.0.1"]
    path = tls_files.server_certificate(tmp_path / "keys", sqlite_world.keys, names, sqlite_world.clock())
    verify = f"verify -x509_strict -attime {at(sqlite_world)} -CAfile root.pem -untrusted {path} -purpose sslserver"
    assert "OK" in openssl(f"{verify} -verify_hostname mqtt.example {path}")
    assert "OK" in openssl(f"{verify} -verify_ip 127.0.0.1 {path}")
    assert "mismatch" in openssl(f"{verify} -verify_hostname other.example {path}", fails=True)
    assert "purpose" in openssl(f"{verify.replace('sslserver', 'sslclient')} {path}", fails=True)


@pytest.mark.parametrize("name", ["P-256", "prime256v1"])
def test_a_request_that_openssl_made_is_taken(openssl: Run, tmp_path: Path, name: str) -> None:
    openssl(f"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{name} -out device.key")
    openssl("req -new -key device.key -subj /O=Acme/CN=whatever -addext basicConstraints=CA:TRUE -out device.csr")
    assert isinstance(requests.read_request((tmp_path / "device.csr").read_text()), Request)


def test_nothing_that_a_request_asks_for_gets_into_the_certificate(
    openssl: Run, known: Authority, sqlite_world: World, tmp_path: Path
) -> None:
    unit, victim = sqlite_world.unit(), sqlite_world.unit()
    (tmp_path / "wishes.cnf").write_text(
        "[req]\ndistinguished_name=name\nprompt=no\nreq_extensions=wishes\nattributes=more\n"
        f"[name]\nO=Acme\nCN={victim.id}\n"
        "[wishes]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n"
        f"extendedKeyUsage=serverAuth,codeSigning\nsubjectAltName=URI:{victim.uri},DNS:wish.example\n"
        "[more]\nchallengePassword=secret\n"
    )
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.key")
    openssl("req -new -config wishes.cnf -key device.key -out device.csr")
    made = enrolled(sqlite_world, known, unit.id, (tmp_path / "device.csr").read_text())
    (tmp_path / "device.pem").write_text(made.certificate)
    said = openssl("x509 -in device.pem -noout -text")
    for wish in (victim.id, victim.uri, "wish.example", "Acme", "CA:TRUE", "Sign, CRL", "Server Auth", "Code Sign"):
        assert wish not in said
    assert f"Subject: CN = {unit.id}" in said


@pytest.mark.parametrize(
    ("make", "code"),
    [
        ("ec -pkeyopt ec_paramgen_curve:P-256 -sha1", "wrong_signature"),
        ("ec -pkeyopt ec_paramgen_curve:P-384", "wrong_key"),
        ("ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "wrong_key"),
        ("rsa:2048", "wrong_key"),
        ("ed25519", "wrong_key"),
    ],
)
def test_requests_of_other_kinds_that_openssl_makes_are_refused(
    openssl: Run, tmp_path: Path, make: str, code: str
) -> None:
    openssl(f"req -new -newkey {make} -nodes -keyout device.key -subj /CN=x -out device.csr")
    found = requests.read_request((tmp_path / "device.csr").read_text())
    assert isinstance(found, RequestProblem)
    assert found.code == code


def test_a_compressed_point_is_refused(openssl: Run, tmp_path: Path) -> None:
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.key")
    openssl("ec -in device.key -conv_form compressed -out compressed.key")
    openssl("req -new -key compressed.key -subj /CN=x -out device.csr")
    found = requests.read_request((tmp_path / "device.csr").read_text())
    assert isinstance(found, RequestProblem)
    assert found.code == "wrong_key"
