"""Which journeys of two persons are one, and what they make together."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.stages import Role
from cloud.lifecycle.facts import Facts, Order, Touch, join
from cloud.lifecycle.joining import STRENGTH, joined, pairs
from cloud.lifecycle.rows import Journey
from cloud.record.events import OrderStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOUCH = Touch(at=NOON, event_id="t", type="campaign.clicked")
LOOKED = Facts(first_touch=TOUCH, last_touch=TOUCH, first_engaged=TOUCH, last_engaged=TOUCH)
ORDERED = Facts(orders={"o": Order(at=NOON, event_id="o", version=1, status=OrderStatus.PLACED)})


def journey(name: str, product: str | None = None, role: Role = Role.VISITOR, **other: object) -> Journey:
    base = Journey(
        id=name,
        person_id="p",
        gtin="g",
        product_id=product,
        role=role.value,
        facts=LOOKED,
        stage="engaged",
        stage_since=NOON,
        stalls=(),
        version=1,
        opened_at=NOON,
        changed_at=NOON,
    )
    return msgspec.structs.replace(base, **other)


def test_the_same_unit_or_the_same_model_without_a_unit_is_one_journey() -> None:
    assert [tuple(one) for one in pairs([journey("a", "u")], [journey("b", "u")])] == [("a", "b")]
    assert [tuple(one) for one in pairs([journey("a")], [journey("b")])] == [("a", "b")]
    assert pairs([journey("a", "u")], [journey("b", "v")]) == []
    assert pairs([journey("a")], [journey("b", gtin="h")]) == []


def test_looking_at_the_model_is_part_of_having_the_unit_but_an_order_may_be_about_a_second_one() -> None:
    unit = journey("a", "u", Role.OWNER)
    assert [tuple(one) for one in pairs([unit], [journey("b")])] == [("a", "b")]
    assert pairs([unit], [journey("b", facts=ORDERED)]) == []


def test_a_closed_journey_stays_as_it_is() -> None:
    assert pairs([journey("a", "u")], [journey("b", "u", stage="closed")]) == []


def test_the_stronger_role_goes_on_and_then_the_older_journey() -> None:
    later = NOON + timedelta(days=1)
    assert pairs([journey("a", "u", Role.GUEST)], [journey("b", "u", Role.OWNER)])[0].into == "b"
    assert pairs([journey("a", "u", opened_at=later)], [journey("b", "u")])[0].into == "b"


products = st.sampled_from([None, "u", "v"])
roles = st.sampled_from(list(Role))
facts = st.sampled_from([LOOKED, ORDERED, Facts()])
some = st.lists(st.tuples(products, roles, facts), max_size=4)


def made(side: str, rows: list[tuple[str | None, Role, Facts]]) -> list[Journey]:
    return [journey(f"{side}{number}", *row[:2], facts=row[2]) for number, row in enumerate(rows)]


@given(some, some)
def test_no_journey_goes_on_in_two_nor_in_one_that_is_no_more_when_its_turn_comes(
    ours: list[tuple[str | None, Role, Facts]], theirs: list[tuple[str | None, Role, Facts]]
) -> None:
    gone: set[str] = set()
    for pair in pairs(made("a", ours), made("b", theirs)):
        assert pair.into != pair.other
        assert not {pair.into, pair.other} & gone
        gone.add(pair.other)


@given(products, roles, facts, roles, facts)
def test_two_make_one_with_the_facts_of_both_and_the_stronger_role(
    product: str | None, role: Role, mine: Facts, other_role: Role, others: Facts
) -> None:
    both = joined(journey("a", product, role, facts=mine), journey("b", "u", other_role, facts=others))
    assert both.facts == join(mine, others)
    assert STRENGTH[Role(both.role)] == max(STRENGTH[role], STRENGTH[other_role])
    assert both.product_id == (product or "u")
    assert both.id == "a"
