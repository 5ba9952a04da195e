"""What the phone service refuses by itself; what the record refuses is in `ports.py`.

ThroughlineError
  ForeignOriginError     a page of another site asks for a session
  TooManyStreamsError    more live streams than one phone or one address needs, or than this process holds
"""

from typing import ClassVar

from broker.contract.errors import ThroughlineError


class ForeignOriginError(ThroughlineError):
    """Sessions are started by our own pages only."""

    code: ClassVar[str] = "foreign_origin"


class TooManyStreamsError(ThroughlineError):
    """There are too many live streams open; close one, or ask for the menu instead."""

    code: ClassVar[str] = "too_many_streams"

    def __init__(self, *, retry_after_s: int) -> None:
        """retry_after_s: when one of those that are open may have ended."""
        super().__init__(retry_after_s=retry_after_s)
