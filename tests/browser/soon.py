"""Looking at a page until it is as it should be. What was asked of a page it does when it comes to it: an event, a
stream, a timer or an animation may still be on its way when the call that set it off has long returned.

A look that is right the first time or wrong for good needs none of this; `tests/house/test_waiting.py` says how such a
one is marked.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.system import DEADLINE_S

Seen = TypeVar("Seen")


def becomes(look: Callable[[], Seen], wanted: Seen) -> None:
    """Looks until what is seen equals `wanted`; fails with what was seen last when it never does."""
    end = time.monotonic() + DEADLINE_S
    while (seen := look()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert seen == wanted
