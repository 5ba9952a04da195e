"""Certificates of devices on both databases: enrolled once, renewed with their key, ended for good."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from cloud.db import Transaction
from cloud.errors import InvalidError, NotFoundError, RetiredError
from cloud.identity import authority, authority_files, devices, enrolment
from cloud.identity import service as identity
from cloud.identity.authority import Issuer
from cloud.identity.authority_files import Authority
from cloud.identity.enrolment import (
    ClockOffError,
    Enrolled,
    EnrolmentRefusedError,
    RenewalRefusedError,
    Terms,
    TooManyCertificatesError,
)
from cloud.ownership import returns
from cloud.ownership.rules import WIPE
from cloud.registry import service as registry
from cloud.secrets import Keys
from tests.certificates import PrivateKey, certificate_of, new_key, print_of, request_of, signed_renewal
from tests.integration.cloud.world import BASE, World, at_once
from tests.services import ManualClock

Result = TypeVar("Result")
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


def test_a_token_and_a_request_make_a_certificate_of_the_unit(office: Office, world: World) -> None:
    unit, key = world.unit(), new_key()
    made = office.first(unit.id, key)
    found = certificate_of(made.certificate)
    assert found.public_key() == key.public_key()
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [unit.uri]
    assert found.subject.rfc4514_string() == f"CN={unit.id}"
    assert made.chain == office.known.chain
    assert office.known_as(made.certificate) == devices.DeviceCertificate(
        unit.id, f"{found.serial_number:032x}", made.not_after, revoked=False
    )
    assert made.not_after == world.clock() + TERMS.lasts
    assert made.not_after - timedelta(days=31) < made.renew_at < made.not_after - timedelta(days=29)
    assert office.ended() == (0, [])


# --- the token ---


def test_a_token_works_once(office: Office, unit: str) -> None:
    token = office.token(unit)
    office.enrol(token, request_of(new_key()))
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(new_key()))
    assert len(office.world.rows("device_certificate")) == 1


def test_a_lost_answer_is_given_again_to_the_same_key_for_a_while(
    office: Office, unit: str, clock: ManualClock
) -> None:
    key, token = new_key(), office.token(unit)
    first = office.enrol(token, request_of(key))
    clock.advance(minutes=14)
    again = office.enrol(token, request_of(key, "made anew, so signed anew"))
    assert again == first
    clock.advance(minutes=2)
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(key))
    assert len(office.world.rows("device_certificate")) == 1


def test_a_lost_answer_is_not_given_again_once_it_was_revoked(office: Office, unit: str) -> None:
    key, token = new_key(), office.token(unit)
    office.enrol(token, request_of(key))
    office.revoke(unit)
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(key))


def test_a_token_expires(office: Office, unit: str, clock: ManualClock) -> None:
    token = office.token(unit, timedelta(hours=1))
    clock.advance(hours=1)
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(new_key()))


def test_the_newest_token_ends_the_one_before_used_or_not(office: Office, unit: str) -> None:
    first, second = office.token(unit), office.token(unit)
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(first, request_of(new_key()))
    key = new_key()
    office.enrol(second, request_of(key))
    third = office.token(unit)
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(second, request_of(key))
    office.enrol(third, request_of(new_key()))
    assert len(office.world.rows("device_certificate")) == 2


def test_a_token_is_stored_as_its_hash_alone(office: Office, unit: str) -> None:
    token = office.token(unit)
    (row,) = office.world.rows("enrolment_token")
    assert row.token_hash == hashlib.sha256(token.encode()).digest()
    assert token not in repr(row)
    assert len(token) >= len("tle_") + 43, "256 bits in base64"


def test_a_wrong_request_leaves_the_token_as_it_was(office: Office, unit: str) -> None:
    token = office.token(unit)
    with pytest.raises(InvalidError):
        office.enrol(token, "no request")
    office.enrol(token, request_of(new_key()))


def test_of_two_requests_with_one_token_at_once_one_wins(office: Office, unit: str) -> None:
    token = office.token(unit)
    keys = [new_key() for _ in range(6)]
    found = at_once([lambda key=key: office.enrol(token, request_of(key)) for key in keys])  # type: ignore[misc]  # a loop's lambda
    assert sorted(type(one).__name__ for one in found) == ["Enrolled", *["EnrolmentRefusedError"] * 5]
    assert len(office.world.rows("device_certificate")) == 1


def test_the_same_request_sent_twice_at_once_gets_one_certificate(office: Office, unit: str) -> None:
    token, csr = office.token(unit), request_of(new_key())
    found = at_once([lambda: office.enrol(token, csr)] * 4)
    assert len({one.certificate for one in found if isinstance(one, Enrolled)}) == 1
    assert all(isinstance(one, Enrolled) for one in found)


def test_a_retired_unit_is_not_enrolled_and_its_token_is_not_used_up(office: Office, world: World, unit: str) -> None:
    first = office.first(unit, key := new_key())
    token = office.token(unit)
    world.run(lambda tx: registry.retire(tx, unit))
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(new_key()))
    with pytest.raises(RenewalRefusedError):
        office.renew(key, first.certificate, new_key())


def test_retiring_a_unit_ends_all_that_it_connects_with(office: Office, world: World, unit: str) -> None:
    first = office.first(unit, key := new_key())
    token = office.token(unit)
    world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    world.run(lambda tx: returns.retire(tx, unit))
    known = office.known_as(first.certificate)
    assert known is not None
    assert known.revoked
    assert world.read(lambda tx: identity.device_secret(tx, unit))[1]  # type: ignore[index]  # it has one
    assert world.rows("enrolment_token") == []
    assert office.ended() == (1, [unit]), "its connection is judged anew"
    assert office.revoked() == {certificate_of(first.certificate).serial_number}
    assert [row.name for row in world.rows("command", product_id=unit)] == [WIPE], "it is told, if it still hears it"
    with pytest.raises(EnrolmentRefusedError):
        office.enrol(token, request_of(new_key()))
    with pytest.raises(RenewalRefusedError):
        office.renew(key, first.certificate, new_key())


def test_a_retired_unit_gets_no_token_and_no_password(office: Office, world: World, unit: str) -> None:
    world.run(lambda tx: registry.retire(tx, unit))
    with pytest.raises(RetiredError):
        office.token(unit)
    with pytest.raises(RetiredError):
        world.run(lambda tx: identity.issue_credential(tx, world.keys, unit))
    assert world.rows("enrolment_token") == world.rows("device_credential") == []


def test_a_token_is_for_a_unit_that_there_is(office: Office) -> None:
    with pytest.raises(NotFoundError):
        office.token("01kan0000000000000000000pr")


# --- keys ---


def test_a_key_belongs_to_one_unit(office: Office, world: World) -> None:
    key, other = new_key(), world.unit().id
    office.first(world.unit().id, key)
    token = office.token(other)
    with pytest.raises(InvalidError) as refused:
        office.enrol(token, request_of(key))
    assert refused.value.problems[0].code == "key_known"
    office.enrol(token, request_of(new_key()))


def test_the_key_of_a_revoked_certificate_is_not_certified_again(office: Office, unit: str) -> None:
    key = new_key()
    office.first(unit, key)
    office.revoke(unit)
    token = office.token(unit)
    with pytest.raises(InvalidError):
        office.enrol(token, request_of(key))
    fresh = new_key()
    first = office.enrol(token, request_of(fresh))
    with pytest.raises(InvalidError):
        office.renew(fresh, first.certificate, key)


# --- renewal ---


def test_a_renewal_gives_the_next_and_leaves_the_current_one_valid(office: Office, unit: str) -> None:
    old, new = new_key(), new_key()
    first = office.first(unit, old)
    second = office.renew(old, first.certificate, new)
    assert certificate_of(second.certificate).public_key() == new.public_key()
    assert {office.valid_until(one.certificate) for one in (first, second)} == {first.not_after}
    assert office.revoked() == set()
    third = office.renew(old, first.certificate, new_key())  # the second's answer never came
    assert third.certificate not in {first.certificate, second.certificate}


def test_a_key_may_be_kept_over_a_renewal(office: Office, unit: str, clock: ManualClock) -> None:
    key = new_key()
    first = office.first(unit, key)
    clock.advance(days=60)
    second = office.renew(key, first.certificate, key)
    assert second.certificate != first.certificate
    assert second.not_after == first.not_after + timedelta(days=60)


def test_a_renewal_whose_answer_was_lost_gives_the_same(office: Office, unit: str, clock: ManualClock) -> None:
    old, new = new_key(), new_key()
    first = office.first(unit, old)
    made = office.renew(old, first.certificate, new)
    clock.advance(minutes=10)
    assert office.renew(old, first.certificate, new) == made
    assert len(office.world.rows("device_certificate")) == 2


def test_a_grace_ends_the_renewed_certificate_and_puts_it_on_the_list(
    office: Office, unit: str, clock: ManualClock
) -> None:
    terms = Terms(BASE, timedelta(days=90), grace=timedelta(hours=6))
    old, new = new_key(), new_key()
    first = office.first(unit, old)
    second = office.renew(old, first.certificate, new, terms)
    assert office.valid_until(first.certificate) == clock() + timedelta(hours=6)
    clock.advance(hours=5)
    office.renew(old, first.certificate, new_key(), terms)  # does not put the end off
    assert office.revoked() == set()
    since = clock()
    both = [certificate_of(one.certificate).fingerprint(hashes.SHA256()) for one in (first, second)]
    assert office.world.run(lambda tx: devices.lapsed_after(tx, None)) == []
    clock.advance(hours=1)
    assert office.revoked() == {certificate_of(first.certificate).serial_number}
    lapsed = [devices.Lapsed(unit, early=True)]
    assert office.world.run(lambda tx: devices.lapsed_after(tx, since)) == lapsed
    assert office.world.run(lambda tx: devices.lapsed_after(tx, tx.now)) == [], "that was before"
    ends = office.world.run(lambda tx: devices.ends_of(tx, [*both, bytes(32)]))
    assert ends == {both[0]: clock(), both[1]: second.not_after}
    assert office.ended() == (0, []), "the unit's connection is not to be ended for that"
    with pytest.raises(RenewalRefusedError):
        office.renew(old, first.certificate, new_key(), terms)


def test_a_certificate_that_has_ended_is_not_renewed(office: Office, unit: str, clock: ManualClock) -> None:
    key = new_key()
    first = office.first(unit, key)
    clock.now = first.not_after - timedelta(seconds=1)
    second = office.renew(key, first.certificate, new_key())
    clock.now = first.not_after
    with pytest.raises(RenewalRefusedError):
        office.renew(key, first.certificate, new_key())
    assert office.valid_until(second.certificate) > clock()


def test_a_revoked_certificate_is_not_renewed(office: Office, unit: str) -> None:
    key = new_key()
    first = office.first(unit, key)
    office.revoke(unit)
    with pytest.raises(RenewalRefusedError):
        office.renew(key, first.certificate, new_key())


def test_only_the_certificate_s_own_key_renews_it(office: Office, world: World, unit: str) -> None:
    """A neighbour with a valid certificate of its own signs: for another's certificate that counts for nothing."""
    key, neighbour = new_key(), new_key()
    first = office.first(unit, key)
    office.first(world.unit().id, neighbour)
    for signer in (neighbour, new_key()):
        with pytest.raises(RenewalRefusedError):
            office.renew(signer, first.certificate, new_key())


def test_a_certificate_of_the_same_words_and_another_issuer_is_not_ours(
    office: Office, world: World, unit: str
) -> None:
    key = new_key()
    ours = certificate_of(office.first(unit, key).certificate)
    their_key = new_key()
    theirs = Issuer(authority.root_certificate(their_key, 1, world.clock()), their_key)
    validity = authority.Validity(ours.not_valid_before_utc, ours.not_valid_after_utc)
    forged = authority.device_certificate(theirs, key.public_key(), unit, "https://x", ours.serial_number, validity)
    with pytest.raises(RenewalRefusedError):
        office.renew(key, authority.pem(forged), new_key())


def test_a_signature_for_another_request_or_time_counts_for_nothing(
    office: Office, unit: str, clock: ManualClock
) -> None:
    key = new_key()
    first = office.first(unit, key)
    csr, other = request_of(new_key()), request_of(new_key())
    good = signed_renewal(key, first.certificate, csr, clock())
    for sent, at, signature in (
        (other, clock(), good),
        (csr, clock() + timedelta(seconds=1), good),
        (csr, clock(), "no base64"),
        (csr, clock(), ""),
    ):
        given = {"certificate": first.certificate, "csr": sent, "at": at, "signature": signature}
        with pytest.raises(RenewalRefusedError):
            office.world.run(lambda tx, given=given: enrolment.renew(tx, office.known, TERMS, **given))  # type: ignore[misc]  # a loop's lambda


def test_a_renewal_says_its_time_about_rightly(office: Office, unit: str) -> None:
    key = new_key()
    first = office.first(unit, key)
    for off in (timedelta(minutes=16), timedelta(minutes=-16)):
        with pytest.raises(ClockOffError, match="09:30:00Z"):
            office.renew(key, first.certificate, new_key(), off=off)
    office.renew(key, first.certificate, new_key(), off=timedelta(minutes=14))


def test_a_unit_has_so_many_valid_certificates_and_no_more(office: Office, unit: str, clock: ManualClock) -> None:
    key = new_key()
    first = office.first(unit, key)
    for _ in range(enrolment.MAX_LIVE - 1):
        office.renew(key, first.certificate, new_key())
    with pytest.raises(TooManyCertificatesError):
        office.renew(key, first.certificate, new_key())
    assert len(office.world.rows("device_certificate")) == enrolment.MAX_LIVE
    office.first(unit, new_key())  # an operator's token is above that
    clock.advance(days=91)
    assert len(office.world.read(lambda tx: devices.live_certificates(tx, unit))) == 0


def test_renewals_at_once_do_not_go_above_the_limit(office: Office, unit: str) -> None:
    key = new_key()
    first = office.first(unit, key)
    keys = [new_key() for _ in range(enrolment.MAX_LIVE + 3)]
    found = at_once([lambda new=new: office.renew(key, first.certificate, new) for new in keys])  # type: ignore[misc]  # a loop's lambda
    kinds = sorted(type(one).__name__ for one in found)
    assert kinds == [*["Enrolled"] * (enrolment.MAX_LIVE - 1), *["TooManyCertificatesError"] * 4]


# --- the end ---


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
    at_once([lambda one=one: world.run(lambda tx: devices.note_ended(tx, one)) for one in units])  # type: ignore[misc]  # a loop's lambda
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


def test_an_authority_that_was_put_aside_is_no_reason_to_enrol_anew(
    office: Office, unit: str, world: World, tmp_path: Path
) -> None:
    """The device renews with the key that it has, and gets the new root with its certificate."""
    key = new_key()
    first = office.first(unit, key)
    authority_files.make_at_first_start(tmp_path, world.keys, world.clock())
    office.known = authority_files.load(tmp_path, world.keys)
    second = office.renew(key, first.certificate, new_key())
    assert second.chain == office.known.chain
    assert second.chain != first.chain
