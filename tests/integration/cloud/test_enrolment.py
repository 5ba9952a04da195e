"""Certificates of devices on both databases: enrolled once, renewed with their key, ended for good."""

from datetime import timedelta

import pytest
from cryptography import x509

from cloud.db import Transaction
from cloud.identity import authority_files, devices, enrolment
from cloud.identity.authority_files import Authority
from cloud.identity.enrolment import Enrolled, Terms
from cloud.secrets import Keys
from tests.certificates import PrivateKey, certificate_of, new_key, print_of, request_of, signed_renewal
from tests.integration.cloud.world import BASE, World
from tests.services import ManualClock

TERMS = Terms(BASE, timedelta(days=90))


@pytest.fixture(scope="session")
def known(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    authority_files.make_at_first_start(folder, keys, ManualClock()())
    return authority_files.load(folder, keys)


@pytest.fixture
def unit(world: World) -> str:
    return world.unit().id


class Office:
    """The use cases, each in a transaction of its own."""

    def __init__(self, world: World, known: Authority) -> None:
        self.world, self.known = world, known

    def token(self, product_id: str, lasts: timedelta = timedelta(hours=1)) -> str:
        return self.world.run(lambda tx: devices_token(tx, product_id, lasts))

    def enrol(self, token: str, csr: str) -> Enrolled:
        return self.world.run(lambda tx: enrolment.enrol(tx, self.known, TERMS, token, csr))

    def first(self, product_id: str, key: PrivateKey) -> Enrolled:
        return self.enrol(self.token(product_id), request_of(key))

    def renew(
        self, old: PrivateKey, certificate: str, new: PrivateKey, terms: Terms = TERMS, off: timedelta = timedelta()
    ) -> Enrolled:
        csr, at = request_of(new), self.world.clock() + off
        signature = signed_renewal(old, certificate, csr, at)
        return self.world.run(
            lambda tx: enrolment.renew(
                tx, self.known, terms, certificate=certificate, csr=csr, at=at, signature=signature
            )
        )

    def revoke(self, product_id: str) -> None:
        self.world.run(lambda tx: devices.revoke(tx, product_id))

    def known_as(self, certificate: str) -> devices.DeviceCertificate | None:
        return self.world.read(lambda tx: devices.certificate_of(tx, print_of(certificate)))

    def ended(self, mark: int = 0) -> tuple[int, list[str]]:
        return self.world.read(lambda tx: devices.ended_after(tx, mark))

    def revoked(self) -> set[int]:
        """The serial numbers of the current issuer's list."""
        pem = self.world.read(lambda tx: devices.crl(tx, self.known))
        return {one.serial_number for one in x509.load_pem_x509_crl(pem)}


def devices_token(tx: Transaction, product_id: str, lasts: timedelta) -> str:
    return enrolment.issue_token(tx, product_id, lasts).token


@pytest.fixture
def office(world: World, known: Authority) -> Office:
    return Office(world, known)


def test_a_token_and_a_request_make_a_certificate_of_the_unit(office: Office, world: World) -> None:
    unit, key = world.unit(), new_key()
    made = office.first(unit.id, key)
    found = certificate_of(made.certificate)
    assert found.public_key() == key.public_key()
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [unit.uri]
    assert found.subject.rfc4514_string() == f"CN={unit.id}"
    row = office.known_as(made.certificate)
    assert row == devices.DeviceCertificate(unit.id, f"{found.serial_number:032x}", made.not_after, revoked=False)
    assert office.ended() == (0, [])


def test_an_end_is_marked_once_and_is_on_the_list(office: Office, unit: str) -> None:
    made = office.first(unit, new_key())
    assert office.revoked() == set()
    office.revoke(unit)
    office.revoke(unit)
    assert office.ended() == (1, [unit])
    assert office.ended(1) == (1, [])
    assert office.known_as(made.certificate).revoked
    assert office.revoked() == {certificate_of(made.certificate).serial_number}
