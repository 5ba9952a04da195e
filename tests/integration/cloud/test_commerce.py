"""Orders, parcels, coupons: late, twice, out of order and at once."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations

import pytest

from broker.contract.stages import Role, Stage
from cloud.campaigns import service as campaigns
from cloud.commerce import coupons
from cloud.commerce.tables import CouponRow
from cloud.errors import ConflictError, InvalidError, NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parcels import leading_parcel
from cloud.record.events import Channel, OrderStatus, ParcelStatus
from tests.integration.cloud.world import GTIN, World, at_once

LATER = timedelta(hours=1)


def stage(world: World, journey_id: str) -> str:
    return world.read(lambda tx: lifecycle.read(tx, journey_id)).stage


def test_an_order_that_names_the_journey_moves_it_to_delivery_and_its_cancellation_back(world: World) -> None:
    journey = world.begin(world.phone())
    assert world.order(journey=journey.id)
    assert stage(world, journey.id) == Stage.DELIVERY
    assert world.order(version=2, status=OrderStatus.CANCELLED)
    assert stage(world, journey.id) == Stage.ENGAGED


def test_the_same_webhook_twice_is_one_event(world: World) -> None:
    journey = world.begin(world.phone())
    assert world.order(journey=journey.id, tracking_code="T-1")
    assert not world.order(journey=journey.id, tracking_code="T-1")
    assert world.parcel(event_id="evt_same")
    assert not world.parcel(event_id="evt_same")
    assert len(world.rows("journal", type="order.changed")) == 1
    assert len(world.rows("journal", type="parcel.changed")) == 1


def test_the_same_webhook_twice_at_once_is_one_event(world: World) -> None:
    journey = world.begin(world.phone())
    found = at_once([lambda: world.order(journey=journey.id, tracking_code="T-1")] * 3)
    assert sorted(found, key=repr) == [False, False, True]
    found = at_once([lambda: world.parcel(event_id="evt_same")] * 3)
    assert sorted(found, key=repr) == [False, False, True]


def test_versions_in_reverse_end_with_the_newest(world: World) -> None:
    journey = world.begin(world.phone())
    world.order(version=3, status=OrderStatus.CANCELLED, journey=journey.id)
    world.order(version=1, journey=journey.id)
    world.order(version=2, status=OrderStatus.FULFILLED, journey=journey.id)
    assert stage(world, journey.id) == Stage.ENGAGED
    (row,) = world.rows("shop_order")
    assert (row.version, row.status) == (3, "cancelled")


def test_a_journey_that_only_an_older_version_names_learns_the_newest(world: World) -> None:
    journey = world.begin(world.phone())
    assert world.order(version=2, status=OrderStatus.CANCELLED)
    assert world.rows("journal", type="order.changed") == []
    world.order(version=1, journey=journey.id)
    order = world.read(lambda tx: lifecycle.read(tx, journey.id)).facts.orders["A-1"]
    assert (order.version, order.status) == (2, OrderStatus.CANCELLED)


def test_the_largest_version_fits(world: World) -> None:
    assert world.order(version=2**53 - 1)


@pytest.mark.parametrize("order", list(permutations(("order", "naming", "parcel", "delivered"))))
def test_order_and_parcel_in_any_order_end_with_the_parcel_at_the_journey(
    sqlite_world: World, order: tuple[str, ...]
) -> None:
    world = sqlite_world
    journey = world.begin(world.phone())
    at = world.clock()
    webhooks = {
        "order": lambda: world.order(version=1, tracking_code="T-1"),
        "naming": lambda: world.order(version=2, status=OrderStatus.FULFILLED, journey=journey.id),
        "parcel": lambda: world.parcel(status_at=at),
        "delivered": lambda: world.parcel(status=ParcelStatus.DELIVERED, status_at=at + LATER),
    }
    for name in order:
        webhooks[name]()
    found = world.read(lambda tx: lifecycle.read(tx, journey.id))
    leading = leading_parcel(found.facts)
    assert leading is not None
    assert (leading.status, leading.scan.at) == (ParcelStatus.DELIVERED, at + LATER)
    assert found.stage == Stage.INSTALL


def test_an_order_and_its_parcel_at_once_meet(world: World) -> None:
    for number in range(4):
        journey, code = world.begin(world.phone()), f"T-{number}"
        order = partial(world.order, f"A-{number}", journey=journey.id, tracking_code=code)
        assert at_once([order, partial(world.parcel, code, ParcelStatus.DELIVERED)])[0] is True
        assert stage(world, journey.id) == Stage.INSTALL


def test_what_belongs_to_nobody_yet_is_in_no_journal(world: World) -> None:
    assert world.order(tracking_code="T-1")
    assert world.parcel()
    assert not world.parcel("T-1", status_at=world.clock())
    assert world.rows("journal", type="order.changed") + world.rows("journal", type="parcel.changed") == []


def test_an_order_that_names_the_unit_ties_the_journey_to_it(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    journey = world.begin(phone)
    world.order(journey=journey.id, serial=unit.serial)
    assert world.journey(phone).product_id == unit.id
    assert world.journey(phone).role == Role.VISITOR
    assert world.claim(phone, unit).journey_id == journey.id


def test_an_order_that_names_the_unit_alone_finds_the_journey_when_it_is_claimed(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.order(serial=unit.serial, tracking_code="T-1", customer={"name": "Ada"})
    world.parcel()
    claimed = world.claim(phone, unit)
    facts = world.journey(phone).facts
    assert [order.status for order in facts.orders.values()] == ["placed"]
    assert set(facts.parcels) == {"T-1"}
    (row,) = world.rows("shop_order")
    assert (row.journey_id, row.person_id, row.customer) == (claimed.journey_id, phone.person_id, None)


def test_a_reference_to_no_journey_or_to_one_with_another_model_is_none(world: World) -> None:
    for reference in ("../etc", "01jd0000000000000000000000"):
        assert world.order(f"A-{reference}", journey=reference)
    assert {row.journey_id for row in world.rows("shop_order")} == {None}
    with pytest.raises(NotFoundError):
        world.order(gtin="00012345678905")


def test_a_carriers_time_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(InvalidError, match="9999"):
        world.parcel(promised_at=datetime(9999, 12, 31, tzinfo=UTC))


# --- coupons ---


def coupon(world: World, journey: lifecycle.Journey) -> CouponRow:
    return world.run(lambda tx: coupons.issue_coupon(tx, lifecycle.read(tx, journey.id), None))


def test_a_journey_gets_one_coupon_also_when_it_asks_at_once(world: World) -> None:
    journey = world.begin(world.phone())
    found = at_once([lambda: coupon(world, journey)] * 4)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len({one.code for one in found if isinstance(one, CouponRow)}) == 1
    assert len(world.rows("coupon")) == 1
    assert stage(world, journey.id) == Stage.ENGAGED


def test_a_coupon_is_redeemed_once_however_many_tills_take_it_at_once(world: World) -> None:
    shop, journey = world.shop(), world.begin(world.phone())
    code = coupon(world, journey).code
    found = at_once([lambda: world.run(lambda tx: coupons.redeem(tx, code.lower(), shop.id))] * 4)
    assert sum(isinstance(one, CouponRow) for one in found) == 1
    assert sum(isinstance(one, ConflictError) for one in found) == 3
    assert len(world.rows("journal", type="coupon.redeemed")) == 1


def test_an_expired_or_unknown_coupon_is_none_and_a_new_one_can_be_had(world: World) -> None:
    shop, journey = world.shop(), world.begin(world.phone())
    first = coupon(world, journey)
    world.clock.now += coupons.COUPON_LASTS
    for code in (first.code, "nonsense", ""):
        with pytest.raises(NotFoundError):
            world.run(lambda tx, code=code: coupons.redeem(tx, code, shop.id))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert coupon(world, journey).code != first.code


def test_two_clicks_at_once_are_one_journey(world: World) -> None:
    phone = world.phone()
    campaign = world.run(
        lambda tx: campaigns.create_campaign(
            tx, name="C", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.WEB, target="", allowed_hosts=()
        )
    ).id
    found = at_once([lambda: world.run(lambda tx: campaigns.click(tx, campaign, phone.person_id))] * 4)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len(world.rows("journey")) == 1
    assert len(world.rows("journal", type="campaign.clicked")) == 4


def test_a_campaign_that_has_ended_counts_no_click(world: World) -> None:
    phone = world.phone()
    campaign = world.run(
        lambda tx: campaigns.create_campaign(
            tx, name="C", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.WEB, target="", allowed_hosts=()
        )
    ).id
    world.run(lambda tx: campaigns.stop(tx, campaign))
    with pytest.raises(NotFoundError):
        world.run(lambda tx: campaigns.click(tx, campaign, phone.person_id))
    assert world.rows("journey") == []


def test_a_journey_gets_one_link_to_share_also_when_it_asks_at_once(world: World) -> None:
    phone = world.phone()
    journey = world.begin(phone)
    found = at_once([lambda: world.run(lambda tx: campaigns.referral_of(tx, journey).code) for _ in range(6)])
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len(set(found)) == len(world.rows("referral")) == 1
