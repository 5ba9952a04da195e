"""Sealing for one browser by RFC 8291, with the RFC's own example, and signing by RFC 8292."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.push import sealing
from cloud.push.rules import FORMS, Word
from cloud.push.wording import LANGUAGES, content, language_of
from tests.push_service import Browser, opened, verified

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
# RFC 8291, section 5 and appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
RECEIVER_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SENDER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def scalar(text: str) -> sealing.PrivateKey:
    """The key with this private number."""
    return sealing.private_key((int.from_bytes(sealing.unb64(text), "big") - 1).to_bytes(32, "big"))


def test_the_example_of_the_rfc_is_sealed_byte_for_byte() -> None:
    made = sealing.seal(
        PLAIN,
        sealing.unb64(RECEIVER),
        sealing.unb64(AUTH),
        own=scalar(SENDER_PRIVATE),
        salt=sealing.unb64(SALT),
    )
    assert sealing.b64(made) == BODY


def test_the_receiver_of_these_tests_opens_the_example_of_the_rfc() -> None:
    browser = Browser(scalar(RECEIVER_PRIVATE), sealing.unb64(AUTH))
    assert browser.p256dh == RECEIVER
    assert opened(browser, sealing.unb64(BODY)) == PLAIN


@given(st.binary(max_size=1500), st.binary(min_size=16, max_size=16))
def test_whatever_is_sealed_the_browser_opens_and_up_to_the_padding_all_are_of_one_length(
    plain: bytes, salt: bytes
) -> None:
    browser = Browser.new()
    key, auth = sealing.unb64(browser.p256dh), browser.secret
    made = sealing.seal(plain, key, auth, own=scalar(SENDER_PRIVATE), salt=salt, padded=1024)
    assert opened(browser, made) == plain
    assert len(made) == 86 + max(1024, len(plain)) + 1 + 16


def test_what_does_not_fit_into_one_record_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        sealing.seal(bytes(4096), sealing.unb64(RECEIVER), sealing.unb64(AUTH), own=scalar(SENDER_PRIVATE), salt=b"")


def test_a_signature_names_the_service_and_ends_within_a_day_and_the_key_beside_it_checks_it() -> None:
    key = sealing.private_key(b"k" * 32)
    header = sealing.signed(key, "https://push.example.com", "mailto:a@b.example", NOW)
    claims, public = verified(header)
    assert public == sealing.b64(sealing.public_point(key))
    assert (claims["aud"], claims["sub"]) == ("https://push.example.com", "mailto:a@b.example")
    assert NOW.timestamp() < claims["exp"] <= (NOW + timedelta(hours=24)).timestamp()


@pytest.mark.parametrize("seed", [bytes(32), b"\xff" * 32, b"\x01" * 32])
def test_any_32_secret_bytes_are_a_key_and_the_same_ones_the_same(seed: bytes) -> None:
    one, other = sealing.private_key(seed), sealing.private_key(seed)
    assert sealing.public_point(one) == sealing.public_point(other)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (RECEIVER, "BTBZMqHH6r4Tts7J_aSI"),
        (RECEIVER[:-2], AUTH),
        (sealing.b64(b"\x04" + bytes(64)), AUTH),
        ("!" + RECEIVER[1:], AUTH),
        (RECEIVER, "BTBZMqHH6r4Tts7J+aSIgg"),
        ("", ""),
    ],
)
def test_what_is_no_point_of_the_curve_or_no_secret_is_no_key(p256dh: str, auth: str) -> None:
    assert sealing.are_keys(RECEIVER, AUTH)
    assert not sealing.are_keys(p256dh, auth)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_said_in_every_language_and_fits(language: str) -> None:
    for word in FORMS:
        made = content(word, language, "01jd0000000000000000000000")
        assert len(made) <= sealing.PADDED_BYTES
        assert b'"url":"/app/?journey=01jd0000000000000000000000"' in made


def test_a_phone_is_told_in_the_best_of_our_languages() -> None:
    assert [language_of(asked) for asked in ("de-AT,de;q=0.9", "ar", "fr", "")] == ["de", "ar", "en", "en"]
    assert "Ihr Paket" in content(Word.PARCEL_OUT, "de", "j").decode()
