import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.codes import (
    ALPHABET,
    CODE_LENGTH,
    ClaimCode,
    claim_hash,
    claim_matches,
    display,
    new_claim_code,
    new_token,
    normalise,
    token_hash,
)

PEPPER = b"p" * 32
codes = st.text(ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH).map(ClaimCode)


def test_a_new_code_has_ten_characters_of_the_alphabet_and_is_never_the_same() -> None:
    fresh = {new_claim_code() for _ in range(2000)}
    assert len(fresh) == 2000
    assert all(len(code) == 10 for code in fresh)
    assert set("".join(fresh)) == set(ALPHABET)


def test_the_alphabet_has_32_signs_and_none_that_is_misread() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("ILOU")


@given(codes)
def test_what_is_displayed_is_read_back(code: ClaimCode) -> None:
    assert display(code) == f"{code[:5]}-{code[5:]}"
    assert normalise(display(code)) == code
    assert normalise(display(code).lower()) == code


@pytest.mark.parametrize(
    "typed",
    [
        "10ABC-DEF23",
        "IOabc def23",
        " lo abc def 23 ",
        "1\u20100ABC\u2013DEF\u201423",
        "１０ＡＢＣＤＥＦ２３",
        "10ABC\u00a0DEF23",
    ],
)
def test_what_a_person_means_is_understood(typed: str) -> None:
    assert normalise(typed) == "10ABCDEF23"


@pytest.mark.parametrize(
    "typed", ["", "10ABCDEF2", "10ABCDEF233", "10ABCDEF2U", "10ABCDEF2!", "10ABCDEF2ß", " " * 41, "٣٣٣٣٣٣٣٣٣٣"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert normalise(typed) is None


@given(st.text())
def test_anything_typed_is_a_code_or_none(typed: str) -> None:
    code = normalise(typed)
    assert code is None or (len(code) == CODE_LENGTH and set(code) <= set(ALPHABET))


@given(codes, codes)
def test_only_the_right_code_matches(right: ClaimCode, other: ClaimCode) -> None:
    stored = claim_hash(PEPPER, "product-1", right)
    assert claim_matches(stored, PEPPER, "product-1", display(right).lower())
    assert claim_matches(stored, PEPPER, "product-1", other) == (other == right)


def test_a_stored_hash_is_worthless_for_another_unit_or_another_pepper() -> None:
    code = ClaimCode("10ABCDEF23")
    stored = claim_hash(PEPPER, "product-1", code)
    assert not claim_matches(stored, PEPPER, "product-2", code)
    assert not claim_matches(stored, b"q" * 32, "product-1", code)
    assert code.encode() not in stored


def test_codes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    stored = claim_hash(PEPPER, "product-1", ClaimCode("10ABCDEF23"))
    assert not claim_matches(stored, PEPPER, "product-1", "10ABCDEF24")
    assert compared == [(stored, claim_hash(PEPPER, "product-1", ClaimCode("10ABCDEF24")))]


def test_a_token_carries_its_prefix_and_256_random_bits() -> None:
    tokens = {new_token("tlk_") for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(token.startswith("tlk_") and len(token) == 4 + 43 for token in tokens)


@pytest.mark.parametrize("prefix", ["", "tlk", "TLK_", "a_", "t l_", "verylongprefix_"])
def test_a_prefix_that_is_none_is_an_error(prefix: str) -> None:
    with pytest.raises(ValueError, match="not a token prefix"):
        new_token(prefix)


def test_a_token_is_stored_as_its_sha_256() -> None:
    token = new_token("tls_")
    assert token_hash(token) == hashlib.sha256(token.encode()).digest()
    assert len(token_hash("\ud800")) == 32  # whatever a header may hold
