"""Who enrols devices, with an authority of its own: the fixtures `known`, `unit` and `office` of tests here."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from cloud.db import Transaction
from cloud.identity import authority_files, devices, enrolment
from cloud.identity.authority_files import Authority
from cloud.identity.enrolment import (
    Enrolled,
    Terms,
)
from cloud.secrets import Keys
from tests.certificates import PrivateKey, print_of, request_of, signed_renewal
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

    def valid_until(self, certificate: str) -> datetime:
        found = self.known_as(certificate)
        assert found is not None
        assert not found.revoked
        return found.not_after

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
