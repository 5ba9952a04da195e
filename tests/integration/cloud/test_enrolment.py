"""Certificates of devices on both databases: enrolled once, renewed with their key, ended for good."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cloud.errors import InvalidError, NotFoundError, RetiredError
from cloud.identity import authority_files, devices
from cloud.identity import service as identity
from cloud.identity.enrolment import (
    Enrolled,
    EnrolmentRefusedError,
    RenewalRefusedError,
)
from cloud.ownership import returns
from cloud.ownership.rules import WIPE
from cloud.registry import service as registry
from tests.certificates import certificate_of, new_key, request_of
from tests.integration.cloud.office import TERMS, Office
from tests.integration.cloud.world import World, at_once
from tests.services import ManualClock


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
    found = at_once([lambda key=key: office.enrol(token, request_of(key)) for key in keys])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
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
