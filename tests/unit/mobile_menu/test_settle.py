"""What is decided beforehand of content's conditions is decided as they say; and what is remembered is nobody's own."""

from collections.abc import Iterator

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.conditions import holds
from mobile_menu.rules.content import Made
from mobile_menu.rules.memo import Memo
from mobile_menu.rules.settle import FEW, Known, Selection, settled
from mobile_menu.rules.situation import (
    Coupon,
    Device,
    Level,
    Parcel,
    ParcelState,
    Place,
    Relation,
    Shop,
    Situation,
    Zone,
)
from mobile_menu.rules.tree import Condition
from tests.unit.mobile_menu.situations import situations
from tests.unit.mobile_menu.trees import conditions

CONTENT = load_content("printer")


def known(situation: Situation, *, reasons: bool) -> Known:
    device = situation.device
    return (
        situation.stage,
        device.level,
        situation.place.zone,
        situation.role,
        situation.onlooker,
        situation.parcel.state,
        device.reasons if reasons else None,
    )


@settings(max_examples=300, deadline=None)
@given(conditions, situations, st.booleans())
def test_what_is_left_of_a_condition_says_what_the_whole_says(
    drawn: Condition, situation: Situation, reasons: bool
) -> None:
    left = settled(drawn, known(situation, reasons=reasons))
    told = left if left is None or isinstance(left, tuple) else left(situation)
    assert told == holds(drawn, situation)


@settings(max_examples=100, deadline=None)
@given(st.lists(situations, min_size=2, max_size=6))
def test_a_menu_does_not_depend_on_the_menus_before_it(drawn: list[Situation]) -> None:
    fresh = msgspec.structs.replace(CONTENT, made=Memo(0))
    expected = [compose_menu(one, fresh) for one in drawn]
    assert [compose_menu(one, CONTENT) for one in (*drawn, *reversed(drawn))] == [*expected, *reversed(expected)]


def test_a_device_with_many_reasons_makes_no_combinations_to_remember() -> None:
    words = [*CONTENT.reason_labels]
    selection = Selection(tuple(CONTENT.ready.values()), (), ())
    for count in range(FEW + 1, len(words)):
        device = Device(level=Level.ERROR, reasons=tuple(words[:count]))
        selection.of(Situation(journey_id="j", stage=Stage.SUPPORT, profile="printer", device=device))
    assert len(selection) <= FEW + 2  # with none up to so many that content asks for, and with more


def test_what_is_remembered_is_bounded() -> None:
    memo: Memo[int, str] = Memo(3)
    for number in range(10):
        assert memo.of(number, str) == str(number)
        assert len(memo) <= 3
    assert memo.get(9) == "9"
    assert memo.get(0) is None


MARK = "zebra-4711"


def _mine() -> Iterator[Situation]:
    """Everything in a situation that is somebody's own, with a mark in it."""
    plain = Situation(
        journey_id=MARK,
        stage=Stage.SUPPORT,
        profile="printer",
        gtin=MARK,
        serial=MARK,
        product_id=MARK,
        role=Role.VISITOR,
        device=Device(level=Level.OK),
        parcel=Parcel(state=ParcelState.MOVING, tracking_url=f"https://c.example/{MARK}", detail=MARK),
        relation=Relation(
            coupon=Coupon(code=MARK, amount=5000, currency="USD"),
            referral_url=f"https://r.example/{MARK}",
            order_id=MARK,
        ),
        place=Place(zone=Zone.UNKNOWN, shop=Shop(id="s", name="Shop", url="https://s.example")),
    )
    for stage in Stage:
        for state in ParcelState:
            parcel = msgspec.structs.replace(plain.parcel, state=state)
            yield msgspec.structs.replace(plain, stage=stage, parcel=parcel)


def test_nothing_that_is_somebodys_own_is_remembered() -> None:
    made: Made = Memo(10_000)
    content = msgspec.structs.replace(CONTENT, made=made)
    shown = b"".join(msgspec.json.encode(compose_menu(one, content).menu) for one in _mine())
    assert shown.count(MARK.encode()) > 10
    assert len(made) > 20
    assert MARK not in repr(made.all())
    for texts in content.texts.values():
        for text in texts.by_id.values():
            assert MARK not in repr(text.kept.all())
