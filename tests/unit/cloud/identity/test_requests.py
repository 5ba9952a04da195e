"""Certificate requests, as devices and as others send them: only the proof of a P-256 key gets through."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity import requests
from cloud.identity.requests import Request, RequestProblem
from tests.certificates import new_key, request_of, signed_renewal

KEY = new_key()
PEM = request_of(KEY)
DER = x509.load_pem_x509_csr(PEM.encode()).public_bytes(Encoding.DER)


def pem_of(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def signed(key: Any, digest: Any) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest)
    return made.public_bytes(Encoding.PEM).decode()


def code_of(pem: str) -> str:
    found = requests.read_request(pem)
    assert isinstance(found, RequestProblem), "it was taken"
    return found.code


def test_the_key_of_a_right_request_is_taken() -> None:
    found = requests.read_request(PEM)
    assert isinstance(found, Request)
    assert found.public_key == KEY.public_key()


@pytest.mark.parametrize("digest", [SHA256(), SHA384(), SHA512()], ids=lambda one: one.name)
def test_a_request_may_be_signed_with_any_digest_of_256_bits_or_more(digest: Any) -> None:
    assert isinstance(requests.read_request(signed(KEY, digest)), Request)


@pytest.mark.parametrize(
    "form", [PEM.replace("CERTIFICATE", "NEW CERTIFICATE"), f"\n {PEM}\n", PEM.replace("\n", "\r\n")]
)
def test_the_spellings_of_pem_that_tools_have_are_taken(form: str) -> None:
    assert isinstance(requests.read_request(form), Request)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "P-224", "secp256k1", "brainpool", "RSA"],
)
def test_a_key_of_another_kind_is_refused(key: Any) -> None:
    assert code_of(signed(key, SHA256())) == "wrong_key"


def test_a_signature_with_a_short_digest_is_refused() -> None:
    """SHA-1, which no library makes any more, is tried in the tests with OpenSSL's program."""
    assert code_of(signed(KEY, SHA224())) == "wrong_signature"


def test_an_ed25519_key_is_refused() -> None:
    assert code_of(signed(ed25519.Ed25519PrivateKey.generate(), None)) == "wrong_key"


def test_a_request_that_another_key_signed_is_refused() -> None:
    """The key of one request and the signature of another: possession of neither is shown."""
    body = x509.load_pem_x509_csr(PEM.encode()).tbs_certrequest_bytes
    other = x509.load_pem_x509_csr(request_of(new_key()).encode()).signature
    forged = _sequence(body + bytes.fromhex("300a06082a8648ce3d040302") + _bits(other))
    x509.load_der_x509_csr(forged)  # the form is right
    assert code_of(pem_of(forged)) == "wrong_signature"


def _sequence(content: bytes) -> bytes:
    return b"\x30\x81" + bytes([len(content)]) + content


def _bits(content: bytes) -> bytes:
    return b"\x03" + bytes([len(content) + 1]) + b"\x00" + content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no request",
        PEM + PEM,
        PEM + "more",
        "before\n" + PEM,
        PEM.replace("BEGIN CERTIFICATE", "BEGIN NEW CERTIFICATE"),
        PEM.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        PEM.replace("A", "\u0410", 1),
        PEM.replace("-----END", "=-----END"),
        PEM[:-40],
        "-----BEGIN CERTIFICATE REQUEST-----\n\n-----END CERTIFICATE REQUEST-----\n",
    ],
)
def test_what_is_not_one_block_and_nothing_else_is_refused(text: str) -> None:
    assert code_of(text) in {"not_pem", "not_a_request"}


def test_a_request_that_is_too_large_is_not_even_read() -> None:
    large = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60)] * 120)
    )
    assert code_of(large.sign(KEY, SHA256()).public_bytes(Encoding.PEM).decode()) == "too_large"
    assert code_of(PEM + " " * requests.MAX_REQUEST_CHARACTERS) == "too_large"


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_a_request_of_which_any_byte_was_changed_is_refused(position: int, change: int) -> None:
    """A law of the signature: it covers the whole request, and itself is one of few that are valid."""
    changed = bytearray(DER)
    changed[position] ^= change
    assert isinstance(requests.read_request(pem_of(bytes(changed))), RequestProblem)


def test_a_signature_that_says_its_last_bit_does_not_count_is_refused() -> None:
    """One signature has one spelling. Every second one ends in a bit that is zero and could be left out."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = next(one for one in iter(lambda: builder.sign(KEY, SHA256()), None) if not one.signature[-1] & 1)
    der = signed.public_bytes(Encoding.DER)
    assert isinstance(requests.read_request(pem_of(der)), Request)
    shorter = bytearray(der)
    shorter[-len(signed.signature) - 1] = 1
    assert x509.load_der_x509_csr(bytes(shorter)).is_signature_valid, "a reader that is not strict takes it"
    assert code_of(pem_of(bytes(shorter))) == "wrong_signature"


@given(st.binary(max_size=600))
def test_no_bytes_whatever_raise(body: bytes) -> None:
    assert isinstance(requests.read_request(pem_of(body)), RequestProblem)


@given(st.integers(0, len(DER)), st.integers(0, len(DER)), st.binary(max_size=40))
def test_a_request_with_a_part_replaced_raises_nothing(start: int, end: int, other: bytes) -> None:
    spliced = DER[:start] + other + DER[end:]
    found = requests.read_request(pem_of(spliced))
    assert isinstance(found, Request) == (spliced == DER)


@given(st.text(max_size=400))
def test_no_text_whatever_raises(text: str) -> None:
    assert isinstance(requests.read_request(text), RequestProblem)
    requests.read_certificate(text)
    requests.read_signature(text)


def test_a_long_text_that_nearly_fits_is_refused_at_once() -> None:
    """A pattern that went back and forth in it would take minutes: the test's own limit of time would end it."""
    for text in ("-----BEGIN CERTIFICATE REQUEST-----" + " " * 8_000, "-----BEGIN CERTIFICATE-----" + "A" * 8_000):
        assert code_of(text) == "not_pem"
        assert requests.read_certificate(text) is None


# --- renewal ---

AT = datetime(2026, 1, 31, 8, 0, 0, 250_000, tzinfo=UTC)
CERTIFICATE, REQUEST = bytes(range(32)), bytes(range(32, 64))


def test_the_statement_has_four_lines_and_the_time_in_utc_without_fractions() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    said = requests.renewal_statement(CERTIFICATE, REQUEST, elsewhere)
    assert said == (
        b"throughline certificate renewal 1\n"
        b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        b"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"
        b"2026-01-31T08:00:00Z\n"
    )


def test_only_the_key_that_signed_the_statement_has_signed_it() -> None:
    said = requests.renewal_statement(CERTIFICATE, REQUEST, AT)
    signature = KEY.sign(said, ec.ECDSA(SHA256()))
    assert requests.is_signed(KEY.public_key(), signature, said)
    assert not requests.is_signed(new_key().public_key(), signature, said)
    assert not requests.is_signed(KEY.public_key(), signature[:-1], said)
    assert not requests.is_signed(KEY.public_key(), b"", said)


@pytest.mark.parametrize(
    "other",
    [
        requests.renewal_statement(REQUEST, CERTIFICATE, AT),
        requests.renewal_statement(CERTIFICATE, CERTIFICATE, AT),
        requests.renewal_statement(CERTIFICATE, REQUEST, AT + timedelta(seconds=1)),
        requests.renewal_statement(CERTIFICATE, REQUEST, AT)[len("throughline ") :],
    ],
)
def test_a_signature_over_anything_else_is_none(other: bytes) -> None:
    signature = KEY.sign(other, ec.ECDSA(SHA256()))
    assert not requests.is_signed(KEY.public_key(), signature, requests.renewal_statement(CERTIFICATE, REQUEST, AT))


def test_the_helper_of_these_tests_writes_the_statement_by_itself() -> None:
    """So that a change of the form is noticed, and not made on both sides."""
    made = x509.CertificateBuilder(
        issuer_name=x509.Name([]),
        subject_name=x509.Name([]),
        public_key=KEY.public_key(),
        serial_number=1,
        not_valid_before=AT.replace(microsecond=0),
        not_valid_after=AT.replace(microsecond=0) + timedelta(days=1),
    ).sign(KEY, SHA256())
    pem = made.public_bytes(Encoding.PEM).decode()
    signature = requests.read_signature(signed_renewal(KEY, pem, PEM, AT))
    der, request = requests.read_certificate(pem), requests.read_request(PEM)
    assert signature is not None
    assert der == made.public_bytes(Encoding.DER)
    assert isinstance(request, Request)
    statement = requests.renewal_statement(made.fingerprint(SHA256()), request.digest, AT)
    assert requests.is_signed(KEY.public_key(), signature, statement)
