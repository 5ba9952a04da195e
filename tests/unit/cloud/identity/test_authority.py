"""What certificates and revocation lists say, and that nothing gets into them that was not meant to."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity import authority
from cloud.identity.authority import Ended, Issuer, Withdrawn
from tests.certificates import new_key

NOW = datetime(2026, 11, 22, 9, 30, 0, 123_456, tzinfo=UTC)
URI = "https://id.example/01/09506000134352/21/SN0001"
PRODUCT = "01kan0000000000000000000pr"


def issuer_of(root: Issuer, now: datetime = NOW) -> Issuer:
    key = new_key()
    return Issuer(authority.issuing_certificate(root, key.public_key(), 2, now), key)


def root_of(now: datetime = NOW) -> Issuer:
    key = new_key()
    return Issuer(authority.root_certificate(key, 1, now), key)


ROOT = root_of()
ISSUER = issuer_of(ROOT)
KEY = new_key().public_key()
DEVICE = authority.device_certificate(ISSUER, KEY, PRODUCT, URI, 3, authority.validity(ISSUER, NOW, timedelta(days=90)))


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.Extension[x509.ExtensionType]:
    return certificate.extensions.get_extension_for_class(kind)


def test_a_device_s_certificate_says_who_it_is_and_that_it_is_a_client_and_nothing_else() -> None:
    assert DEVICE.subject == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PRODUCT)])
    assert DEVICE.issuer == ISSUER.certificate.subject
    assert DEVICE.public_key() == KEY
    assert DEVICE.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    said = {one.oid._name: (one.value, one.critical) for one in DEVICE.extensions}  # noqa: SLF001 - the OID's name
    usage = x509.KeyUsage(True, *[False] * 8)
    assert said == {
        "subjectKeyIdentifier": (x509.SubjectKeyIdentifier.from_public_key(KEY), False),
        "basicConstraints": (x509.BasicConstraints(ca=False, path_length=None), True),
        "keyUsage": (usage, True),
        "extendedKeyUsage": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        "subjectAltName": (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI)]), False),
        "authorityKeyIdentifier": (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ISSUER.key.public_key()),
            False,
        ),
    }


def test_an_issuing_authority_certifies_no_other_authority() -> None:
    for certificate, length in ((ROOT.certificate, 1), (ISSUER.certificate, 0)):
        found = extension(certificate, x509.BasicConstraints)
        assert found.value == x509.BasicConstraints(ca=True, path_length=length)
        assert found.critical
        usage = extension(certificate, x509.KeyUsage).value
        assert isinstance(usage, x509.KeyUsage)
        assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)


def test_each_is_signed_by_the_one_above_it() -> None:
    DEVICE.verify_directly_issued_by(ISSUER.certificate)
    ISSUER.certificate.verify_directly_issued_by(ROOT.certificate)
    ROOT.certificate.verify_directly_issued_by(ROOT.certificate)
    with pytest.raises((InvalidSignature, ValueError)):
        DEVICE.verify_directly_issued_by(issuer_of(ROOT).certificate)


def test_two_issuing_authorities_of_one_root_have_different_names() -> None:
    assert ISSUER.certificate.subject != issuer_of(ROOT).certificate.subject


def test_a_certificate_begins_a_little_before_it_is_made_and_ends_in_whole_seconds() -> None:
    assert DEVICE.not_valid_before_utc == NOW.replace(microsecond=0) - timedelta(hours=1)
    assert DEVICE.not_valid_after_utc == NOW.replace(microsecond=0) + timedelta(days=90)


@given(st.integers(0, 6 * 365), st.integers(1, 900))
def test_no_certificate_outlives_the_authority_that_issued_it(days: int, lasts: int) -> None:
    made = authority.validity(ISSUER, NOW + timedelta(days=days), timedelta(days=lasts))
    assert made.ends <= ISSUER.certificate.not_valid_after_utc


def test_an_issuing_authority_does_not_outlive_its_root() -> None:
    late = issuer_of(ROOT, NOW + authority.ROOT_LASTS - timedelta(days=30))
    assert late.certificate.not_valid_after_utc == ROOT.certificate.not_valid_after_utc


def test_a_server_s_certificate_names_hosts_and_addresses_and_is_no_client() -> None:
    names = ["mqtt.example", "localhost", "192.0.2.7", "::1", "localhost"]
    made = authority.server_certificate(ISSUER, KEY, names, 4, authority.validity(ISSUER, NOW, authority.SERVER_LASTS))
    found = extension(made, x509.SubjectAlternativeName).value
    assert isinstance(found, x509.SubjectAlternativeName)
    assert found.get_values_for_type(x509.DNSName) == ["mqtt.example", "localhost"]
    assert found.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.7"), ip_address("::1")]
    assert extension(made, x509.ExtendedKeyUsage).value == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def test_a_server_s_certificate_serves_until_a_third_is_left_or_something_changes() -> None:
    names = ["localhost", "127.0.0.1"]
    made = authority.server_certificate(ISSUER, KEY, names, 4, authority.validity(ISSUER, NOW, authority.SERVER_LASTS))
    assert authority.still_serves(made, ISSUER, names, NOW)
    assert authority.still_serves(made, ISSUER, names, NOW + timedelta(days=59))
    assert not authority.still_serves(made, ISSUER, names, NOW + timedelta(days=61))
    assert not authority.still_serves(made, ISSUER, names, NOW - timedelta(days=1))
    assert not authority.still_serves(made, ISSUER, [*names, "mqtt.example"], NOW)
    assert not authority.still_serves(made, issuer_of(ROOT), names, NOW)


def test_a_revocation_list_says_what_ended_and_why() -> None:
    at = NOW - timedelta(days=1)
    lines = [Withdrawn(7, at, Ended.REVOKED), Withdrawn(8, at, Ended.SUPERSEDED)]
    found = x509.load_pem_x509_crl(authority.revocation_list(ISSUER, lines, 42, NOW))
    assert found.is_signature_valid(ISSUER.key.public_key())
    assert found.issuer == ISSUER.certificate.subject
    assert found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 42
    assert found.next_update_utc == NOW.replace(microsecond=0) + authority.CRL_LASTS
    revoked = {one.serial_number: one for one in found}
    assert set(revoked) == {7, 8}
    assert not list(revoked[7].extensions)
    reason = revoked[8].extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.superseded
    assert revoked[7].revocation_date_utc == at.replace(microsecond=0)


def test_a_list_without_lines_is_a_list() -> None:
    assert not list(x509.load_pem_x509_crl(authority.revocation_list(ISSUER, [], 1, NOW)))


@given(st.integers(1, 2**128))
def test_every_serial_number_of_128_bits_can_be_said(serial: int) -> None:
    made = authority.device_certificate(ISSUER, KEY, PRODUCT, URI, serial, authority.Validity(NOW, NOW))
    assert made.serial_number == serial


def test_everything_is_on_p_256() -> None:
    for one in (ROOT.certificate, ISSUER.certificate, DEVICE):
        key = one.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
