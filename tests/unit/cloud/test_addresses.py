"""Where people may be sent: to what every reader reads as the same host."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloud.addresses import plain_host
from cloud.campaigns.service import target_allowed

HOSTS = ("shop.example",)
TRICKS = (
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://shop.example@evil.example/",
    "https://shop.example:443@evil.example/",
    "https://user:pass@shop.example/",
    "https://@shop.example/",
    "https://shop.example\\@evil.example/",
    "https://evil.example\\.shop.example/",
    "https://evil.example#@shop.example/",
    "https://evil.example?@shop.example/",
    "https://evil.example/shop.example",
    "https://shop.example.evil.example/",
    "https://evilshop.example/",
    "https://shop。example/",
    "https://shop．example/",
    "https://ｓhop.example/",
    "https://ѕhop.example/",
    "https://shop%2eexample/",
    "https://shop.example%2f@evil.example/",
    "https://shop.example%00.evil.example/",
    "https://shop.example:8443/",
    "https://shop.example:0443x/",
    "https://shop.example:٤٤٣/",
    "https://shop.example./",
    "https://.shop.example/",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://0x7f000001/",
    "http://shop.example/",
    "HTTPS://shop.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://shop.example/",
    "https://shop.example/ ",
    "https://shop.example/\nSet-Cookie: a=b",
    "https://shop.example/\r\nx",
    "https://sh\top.example/",
    "https://shop.example/\x00",
    "https://shop.example/a\\b",
    "https://shop.example/ä",
    'https://sh"op.example/',
    'https://shop.example/"',
    "https://shop.example/<a>",
    "https://shop.example/{b}",
    "https://shop.example/|",
    "https://shop.example/^",
    "https://shop.example/`",
    "https://shop.example/?a[]=1",
    "https://shop.example/%zz",
    "https://shop.example/%4",
    "https://shop.example/?%",
    "https://shop.example/#%g0",
    "https://shop.example/a#b#c",
    "https://a;b/",
    "https://.../",
    "",
)


@pytest.mark.parametrize("target", TRICKS)
def test_no_trick_leads_a_campaigns_link_to_another_host(target: str) -> None:
    assert not target_allowed(target, HOSTS)


@pytest.mark.parametrize(
    "target",
    [
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example:443/a",
        "https://shop.example/spring?utm=1&b=%20#top",
        "https://shop.example/a/../b;c=(1)",
        "https://shop.example?a=b/c?d",
        "https://shop.example#top/?",
        "https://shop.example/%C3%a4//x:y@z,!$&'()*+~_-.",
    ],
)
def test_a_plain_address_on_an_allowed_host_passes(target: str) -> None:
    assert target_allowed(target, HOSTS)
    assert plain_host(target) == "shop.example"


@example("1?@")
@given(st.text(st.sampled_from("https:/\\@.?#%shopevil[]1é\t "), max_size=40))
def test_what_passes_has_the_host_between_the_slashes_as_any_browser_reads_it(text: str) -> None:
    host = plain_host("https://" + text)
    if host is not None:
        assert text.lower().startswith(host)
        assert text[len(host) : len(host) + 1] in {"", "/", "?", "#", ":"}
        assert not set(text) & set("\\\t é")
        assert "@" not in re.split("[/?#]", text)[0], "behind the host it may stand, as in the path above"


def test_http_is_for_those_who_ask_for_it() -> None:
    assert plain_host("http://shop.example/") is None
    assert plain_host("http://shop.example:80/", ("http", "https")) == "shop.example"
    assert plain_host("http://shop.example:443/", ("http", "https")) is None
    assert plain_host("https://xn--mnchen-3ya.example/") == "xn--mnchen-3ya.example"
