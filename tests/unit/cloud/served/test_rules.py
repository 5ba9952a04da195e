"""A menu that is kept comes back as it was, to the byte."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.served.rules import Shown, pack, unpack
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON, st.booleans())
def test_what_is_packed_comes_back_byte_for_byte(menu: object, situation: object, pretty: bool) -> None:
    body, made_of = msgspec.json.encode(menu), msgspec.json.encode(situation)
    if pretty:
        body = msgspec.json.format(body, indent=2)  # other bytes for the same value
    assert unpack(pack(Shown(body, made_of))) == Shown(body, made_of)


@pytest.mark.parametrize("number", range(0, 30, 5))
def test_a_menu_with_its_situation_takes_less_than_the_menu_alone(number: int) -> None:
    content = load_content("printer")
    situation = content.tests[number].situation
    body = msgspec.json.encode(compose_menu(situation, content).menu)
    assert len(pack(Shown(body, msgspec.json.encode(situation)))) < len(body)
