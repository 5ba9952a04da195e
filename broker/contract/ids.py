"""Identifiers: opaque, time-ordered, 128 bits, safe in URLs and topics.

The form is ULID in lower case: 26 characters of Crockford's base 32, which has no i, l, o or u to be misread.
"""

import re
from datetime import datetime
from typing import NewType

from ulid import ULID

ProductId = NewType("ProductId", str)
"""Names one unit for ever; also its MQTT client id and the topic level of all that it says."""

JourneyId = NewType("JourneyId", str)

_FORM = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(at: datetime) -> str:
    """A fresh id whose order follows `at` (timezone-aware). Draws 80 random bits."""
    return str(ULID.from_datetime(at)).lower()


def is_id(text: str) -> bool:
    """`text` has the form of an id. Whether it names anything is for the registry to say."""
    return _FORM.fullmatch(text) is not None
