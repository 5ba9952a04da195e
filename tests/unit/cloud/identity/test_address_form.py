"""One spelling for each address, and none for what is no address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.address_form import MAX_LENGTH, normalise


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+tag@Example.COM\n", "ada.lovelace+tag@example.com"),
        ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("a@MÜNCHEN.DE", "a@xn--mnchen-3ya.de"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_what_a_person_meant_has_one_spelling(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "ada@example",
        "ada@192.0.2.1",
        "ada@[192.0.2.1]",
        "ada@example..com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@exa_mple.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        '"a b"@example.com',
        "a b@example.com",
        "a@b@example.com",
        "ada@example.com, bob@example.com",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada\0@example.com",
        "=?utf-8?q?ada?=@example.com",
        "=?x?q?ada?=@example.com",
        "ädä@example.com",
        "аda@example.com",  # the first letter is Cyrillic
        "ada@faß.de",
        "ada@exa\u200dmple.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 5) + ".com",
        "x" * 1001,
        "ada@\ud800.com",
    ],
)
def test_what_is_no_address_that_we_can_send_to_has_none(typed: str) -> None:
    assert normalise(typed) is None


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-zäßı.+-]{1,8}@[A-Za-zäßı-]{1,8}\.[A-Za-zäı]{2,5}", fullmatch=True))
def test_the_spelling_of_a_spelling_is_itself_in_ascii_and_fits_a_header(typed: str) -> None:
    kept = normalise(typed)
    if kept is not None:
        assert normalise(kept) == kept
        assert kept.isascii()
        assert kept.isprintable()
        assert kept == kept.lower()
        assert len(kept) <= MAX_LENGTH
        assert not set(kept) & set(' \r\n<>,;:"()[]\\')
