"""What a batch of messages came to, in figures: counted once for the batch, so that a message costs next to nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from broker.contract.codec import Accepted
from cloud.twin.sorting import Rejected

One = TypeVar("One")
SAMPLES: Final = 32
"""So many messages of a batch are timed; each stands for its share."""


class Timed(NamedTuple):
    """weight: how many messages it stands for."""

    seconds: float
    weight: int


class Gaps(NamedTuple):
    """Messages that were missed at first, that came later after all, and that will never come."""

    opened: int = 0
    closed: int = 0
    given_up: int = 0

    def plus(self, other: "Gaps") -> "Gaps":
        return Gaps(self.opened + other.opened, self.closed + other.closed, self.given_up + other.given_up)


class Tally(NamedTuple):
    """kinds: messages that could be read, by the word in their topic; reasons: rejected ones. lags: from the time that
    a message bears until its transaction began; not below 0.
    """

    kinds: Mapping[str, int] = MappingProxyType({})
    reasons: Mapping[str, int] = MappingProxyType({})
    gaps: Gaps = Gaps()
    lags: tuple[Timed, ...] = ()


def tally_of(accepted: Sequence[Accepted], rejected: Sequence[Rejected], gaps: Gaps, now: datetime) -> Tally:
    """Counts a batch. Pure."""
    kinds = Counter([part.topic.kind.value for part in accepted])
    reasons = Counter([part.rejection.reason.value for part in rejected])
    lags = [
        Timed(max(0.0, (now - part.message.at).total_seconds()), weight)
        for part, weight in sampled(accepted)
        if part.message.at is not None
    ]
    return Tally(kinds, reasons, gaps, tuple(lags))


def sampled(many: Sequence[One], most: int = SAMPLES) -> list[tuple[One, int]]:
    """At most so many of them, evenly spread, each with the number that it stands for. Their numbers add up."""
    step = -(-len(many) // most) or 1
    return [(many[at], min(step, len(many) - at)) for at in range(0, len(many), step)]


def change_of(before: int, after: int, given_up: int) -> Gaps:
    """Of one stream, by how many messages were missing before and after."""
    net = after - before + given_up
    return Gaps(max(net, 0), max(-net, 0), given_up)
