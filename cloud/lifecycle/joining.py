"""Journeys of two persons who turn out to be one: which of them are the same journey, and what the two make. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from broker.contract.stages import Role
from cloud.lifecycle.facts import join
from cloud.lifecycle.rows import Journey

STRENGTH: Final = {Role.VISITOR: 0, Role.GUEST: 1, Role.HOUSEHOLD: 2, Role.OWNER: 3}


class Pair(NamedTuple):
    """Two journeys that are one: `other` goes on in `into`."""

    into: str
    other: str


def pairs(ours: Sequence[Journey], theirs: Sequence[Journey]) -> list[Pair]:
    """Which open journeys of the two persons are one and the same, each named at most once as `other`.

    With the same unit they are; with the same model while neither has a unit, too. A journey with the model alone is
    part of one with a unit when all it holds is looking: with an order, a parcel, a coupon or a case of its own it may
    be about a second unit, and stays.
    """
    ours, theirs = [one for one in ours if not one.closed], [one for one in theirs if not one.closed]
    found: list[Pair] = []
    for mine in ours:
        for other in theirs:
            gone = {pair.other for pair in found}
            if mine.id not in gone and other.id not in gone and _same(mine, other):
                found.append(_pair(mine, other))
    return found


def joined(into: Journey, other: Journey) -> Journey:
    """What the two make, but for stage and version: those are the engine's to tell. It began when `into` did."""
    return msgspec.structs.replace(
        into,
        product_id=into.product_id or other.product_id,
        role=max(into.role, other.role, key=lambda role: STRENGTH[Role(role)]),
        facts=join(into.facts, other.facts),
        stalls=(*into.stalls, *(stall for stall in other.stalls if stall not in into.stalls)),
    )


def _same(mine: Journey, other: Journey) -> bool:
    if mine.gtin != other.gtin:
        return False
    if mine.product_id == other.product_id:
        return True
    with_model = [one for one in (mine, other) if one.product_id is None]
    return len(with_model) == 1 and _only_looked(with_model[0])


def _only_looked(one: Journey) -> bool:
    facts = one.facts
    kept = any(
        touch is not None and touch.type.startswith("coupon.") for touch in (facts.last_engaged, facts.last_touch)
    )
    return not (facts.orders or facts.parcels or facts.cases or facts.returned or kept)


def _pair(mine: Journey, other: Journey) -> Pair:
    """The one that is more goes on: by role, then with a unit, then the older."""

    def rank(one: Journey) -> tuple[int, int, float, str]:
        return (-STRENGTH[Role(one.role)], int(one.product_id is None), one.opened_at.timestamp(), one.id)

    into, goes = sorted((mine, other), key=rank)
    return Pair(into.id, goes.id)
