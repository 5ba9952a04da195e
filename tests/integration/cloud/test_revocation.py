"""How what a unit connects with ends: all at once, in an order that others can follow, and never half."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TypeVar

import pytest
from cryptography import x509

from cloud.db import Transaction
from cloud.errors import NotFoundError, RetiredError
from cloud.identity import devices, enrolment
from cloud.identity import service as identity
from cloud.identity.authority_files import Authority
from cloud.identity.enrolment import (
    EnrolmentRefusedError,
    RenewalRefusedError,
)
from cloud.ownership import returns
from cloud.registry import service as registry
from tests.certificates import certificate_of, new_key, request_of
from tests.integration.cloud.office import TERMS, Office
from tests.integration.cloud.world import World, at_once
from tests.services import ManualClock

Result = TypeVar("Result")


def test_a_revocation_ends_password_certificates_and_token_and_is_marked_once(
    office: Office, world: World, unit: str
) -> None:
    old, new = new_key(), new_key()
    first = office.first(unit, old)
    second = office.renew(old, first.certificate, new)
    world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    token = office.token(unit)
    office.revoke(unit)
    office.revoke(unit)
    assert office.ended() == (1, [unit])
    assert office.ended(1) == (1, [])
    assert office.revoked() == {certificate_of(one.certificate).serial_number for one in (first, second)}
    secret = world.read(lambda tx: identity.device_secret(tx, unit))
    assert secret is not None
    assert secret[1]
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(new_key()))
    with pytest.raises(RenewalRefusedError):
        office.renew(new, second.certificate, new_key())


def test_an_end_is_another_unit_s_business_in_nothing(office: Office, world: World, unit: str) -> None:
    other, key = world.unit().id, new_key()
    kept = office.first(other, key)
    office.first(unit, new_key())
    office.revoke(unit)
    assert office.valid_until(kept.certificate) == kept.not_after
    office.renew(key, kept.certificate, new_key())


def test_what_had_nothing_to_end_is_not_marked(office: Office, unit: str) -> None:
    office.revoke(unit)
    office.token(unit)
    office.revoke(unit)
    assert office.ended() == (0, [])
    with pytest.raises(NotFoundError):
        office.revoke("01kan0000000000000000000pr")


def test_a_device_that_was_revoked_comes_back_with_a_new_token_and_the_old_stays_dead(
    office: Office, unit: str
) -> None:
    old, new = new_key(), new_key()
    dead = office.first(unit, old)
    office.revoke(unit)
    alive = office.first(unit, new)
    assert office.revoked() == {certificate_of(dead.certificate).serial_number}
    known = office.known_as(alive.certificate)
    assert known is not None
    assert not known.revoked
    office.renew(new, alive.certificate, new_key())
    with pytest.raises(RenewalRefusedError):
        office.renew(old, dead.certificate, new_key())


def test_a_new_password_marks_the_end_of_the_one_before(office: Office, world: World, unit: str) -> None:
    world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    assert office.ended() == (0, [])
    world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    assert office.ended() == (1, [unit])
    office.revoke(unit)
    world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    assert office.ended() == (2, [unit])
    assert world.read(devices.newest_mark) == 2


def test_marks_rise_in_the_order_of_the_commits(postgres_world: World) -> None:
    """Who has seen a mark has seen all before it: a later number is not given before an earlier one is committed."""
    early, late = postgres_world.unit().id, postgres_world.unit().id
    noted, go = threading.Event(), threading.Event()

    def slowly(tx: Transaction) -> None:
        devices.note_ended(tx, early)
        noted.set()
        assert go.wait(30)

    def quickly(tx: Transaction) -> None:
        devices.note_ended(tx, late)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(postgres_world.run, slowly)
        assert noted.wait(30)
        second = pool.submit(postgres_world.run, quickly)
        wait([second], timeout=0.5)
        assert postgres_world.read(lambda tx: devices.ended_after(tx, 0)) == (0, [])
        go.set()
        first.result(30)
        second.result(30)
    assert postgres_world.read(lambda tx: devices.ended_after(tx, 0)) == (2, [early, late])


class Held:
    """A transaction that has done its work, and commits when it is told."""

    def __init__(self, world: World, work: Callable[[Transaction], object]) -> None:
        self._world, self._work = world, work
        self._done, self._go = threading.Event(), threading.Event()

    def _run(self, tx: Transaction) -> object:
        found = self._work(tx)
        self._done.set()
        assert self._go.wait(30)
        return found

    def while_doing(self, other: Callable[[], Result]) -> Result:
        """Does the other thing meanwhile, lets go, and gives what the other gave."""
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(self._world.run, self._run)
            assert self._done.wait(30)
            second = pool.submit(other)
            wait([second], timeout=0.5)
            self._go.set()
            first.result(30)
            return second.result(30)


def test_a_renewal_at_the_moment_of_a_revocation_gives_nothing(postgres_world: World, known: Authority) -> None:
    office, key, unit = Office(postgres_world, known), new_key(), postgres_world.unit().id
    first = office.first(unit, key)
    revocation = Held(postgres_world, lambda tx: devices.revoke(tx, unit))
    with pytest.raises(RenewalRefusedError):
        revocation.while_doing(lambda: office.renew(key, first.certificate, new_key()))


def test_a_revocation_at_the_moment_of_an_enrolment_ends_what_was_enrolled(
    postgres_world: World, known: Authority
) -> None:
    office, unit = Office(postgres_world, known), postgres_world.unit().id
    token, csr = office.token(unit), request_of(new_key())
    enrolling = Held(postgres_world, lambda tx: enrolment.enrol(tx, known, TERMS, token, csr))
    enrolling.while_doing(lambda: office.revoke(unit))
    (row,) = postgres_world.rows("device_certificate")
    assert row.revoked_at is not None
    assert office.ended() == (1, [unit])


@pytest.mark.parametrize("thing", ["token", "password"])
def test_what_is_asked_for_at_the_moment_of_a_retirement_is_not_given(postgres_world: World, thing: str) -> None:
    world, unit = postgres_world, postgres_world.unit().id

    def give(tx: Transaction) -> object:
        before = registry.read_unit(tx, unit).product  # as it was, in this session's memory
        assert before.state == "registered"
        if thing == "token":
            return enrolment.issue_token(tx, unit, timedelta(hours=1))
        return identity.issue_credential(tx, world.keys, unit)

    retiring = Held(world, lambda tx: returns.retire(tx, unit))
    with pytest.raises(RetiredError):
        retiring.while_doing(lambda: world.run(give))


def test_many_ends_at_once_are_numbered_without_a_gap(world: World) -> None:
    units = [world.unit().id for _ in range(8)]
    at_once([lambda one=one: world.run(lambda tx: devices.note_ended(tx, one)) for one in units])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    rows = world.rows("device_ended")
    assert [row.number for row in rows] == list(range(1, 9))
    assert {row.product_id for row in rows} == set(units)


# --- lists, and what is forgotten ---


def test_the_list_forgets_what_would_have_ended_anyway(office: Office, unit: str, clock: ManualClock) -> None:
    office.first(unit, new_key())
    office.revoke(unit)
    clock.advance(days=89)
    assert len(office.revoked()) == 1
    clock.advance(days=2)
    assert office.revoked() == set()


def test_each_list_has_a_higher_number_than_the_one_before(office: Office, clock: ManualClock) -> None:
    def number() -> int:
        pem = office.world.read(lambda tx: devices.crl(tx, office.known))
        found = x509.load_pem_x509_crl(pem).extensions.get_extension_for_class(x509.CRLNumber)
        return found.value.crl_number

    first = number()
    clock.advance(milliseconds=1)
    assert number() > first


def test_housekeeping_forgets_old_tokens_and_long_dead_certificates(
    office: Office, world: World, unit: str, clock: ManualClock
) -> None:
    key = new_key()
    office.first(unit, key)
    world.run(devices.forget_ended)
    assert len(world.rows("enrolment_token")) == 1
    clock.advance(hours=3)
    world.run(devices.forget_ended)
    assert not world.rows("enrolment_token")
    clock.advance(days=400)
    world.run(devices.forget_ended)
    assert len(world.rows("device_certificate")) == 1, "its key is still known"
    clock.advance(days=91)
    world.run(devices.forget_ended)
    assert not world.rows("device_certificate")
