"""How much of its time the loop of the series works, and how long it rests: more as it falls behind. Pure."""

from typing import Final

EVERY_S: Final = 10.0
"""So old is what waits when it is taken in: the more comes together, the less each message costs."""
PATIENT_S: Final = 60.0
"""Up to this age of the oldest that waits, nobody is in a hurry."""
AT_MOST: Final = 0.5
"""Of a thread's time, however far behind, unless the settings give more: the rest is for what devices say now."""


def share_of(usual: float, late_s: float) -> float:
    """The part of a thread's time that the series may take: `usual`, and in proportion to how late they are.

    late_s: age of the oldest message that waits; negative when a clock was set back.
    """
    return max(usual, min(usual * late_s / PATIENT_S, AT_MOST))


def rest_s(worked_s: float, late_s: float, usual: float) -> float:
    """How long to rest after a round. late_s: as it is after the round, 0 when nothing waits."""
    for_others = worked_s * (1 / share_of(usual, late_s) - 1)
    return max(for_others, EVERY_S - max(late_s, 0.0))
