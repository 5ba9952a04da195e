"""How a figure moves over time: a line through samples by least squares, and what counts as flat. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

SETTLING = 0.25
"""The part of a run at whose end a process has its pools, caches and buffers; it is not judged."""
FLAT_PERCENT = 5.0
"""A line that rises by no more of its own level, from the first judged sample to the last, is flat."""

LONG_ENOUGH_S = 600.0
"""A process still fills its pools and caches for minutes. What is watched for less may rise and yet be flat, and is not
judged.
"""


class Sample(NamedTuple):
    """A figure at a time, in seconds from the beginning."""

    at_s: float
    value: float


class Trend(NamedTuple):
    """A line through samples. slope: units a second. level: the mean. span_s: from the first sample to the last."""

    slope: float
    level: float
    span_s: float

    @property
    def rise_percent(self) -> float:
        """How much the line rises over its span, of its level. Negative when it falls."""
        return 100 * self.slope * self.span_s / self.level

    @property
    def an_hour(self) -> float:
        """What the slope would come to in an hour. A short run says little about an hour."""
        return self.slope * 3600

    @property
    def flat(self) -> bool:
        return self.rise_percent <= FLAT_PERCENT


def trend(samples: Sequence[Sample]) -> Trend:
    """The line with the least squares of its distances. Raises ValueError without three samples at two times, or when
    their mean is not above zero.
    """
    count = len(samples)
    if count < 3 or samples[0].at_s == samples[-1].at_s:
        msg = "a trend needs three samples at two times"
        raise ValueError(msg)
    middle = sum(one.at_s for one in samples) / count
    level = sum(one.value for one in samples) / count
    if level <= 0:
        msg = "a trend of figures above zero"
        raise ValueError(msg)
    spread = sum((one.at_s - middle) ** 2 for one in samples)
    slope = sum((one.at_s - middle) * (one.value - level) for one in samples) / spread
    return Trend(slope, level, samples[-1].at_s - samples[0].at_s)


def too_short(span_s: float) -> bool:
    """Whether a time of so many seconds is too short to tell what is flat."""
    return span_s < LONG_ENOUGH_S


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Without those of the first quarter of their time. Raises ValueError when there are none."""
    if not samples:
        msg = "no samples"
        raise ValueError(msg)
    begin, end = samples[0].at_s, samples[-1].at_s
    return [one for one in samples if one.at_s >= begin + SETTLING * (end - begin)]
