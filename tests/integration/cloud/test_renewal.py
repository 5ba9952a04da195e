"""The next certificate of a unit, for the signature of the one that it has."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes

from cloud.identity import authority, devices, enrolment
from cloud.identity.authority import Issuer
from cloud.identity.enrolment import (
    ClockOffError,
    RenewalRefusedError,
    Terms,
    TooManyCertificatesError,
)
from tests.certificates import certificate_of, new_key, request_of, signed_renewal
from tests.integration.cloud.office import TERMS, Office
from tests.integration.cloud.world import BASE, World, at_once
from tests.services import ManualClock


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
            office.world.run(lambda tx, given=given: enrolment.renew(tx, office.known, TERMS, **given))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable


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
    found = at_once([lambda new=new: office.renew(key, first.certificate, new) for new in keys])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    kinds = sorted(type(one).__name__ for one in found)
    assert kinds == [*["Enrolled"] * (enrolment.MAX_LIVE - 1), *["TooManyCertificatesError"] * 4]
