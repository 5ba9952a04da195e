"""The only clock. Who asks for the time is handed a `Clock`, so that tests and the demo run a year in seconds."""

import mmap
import os
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]
"""Gives the time, timezone-aware, in UTC."""

_OFFSET = struct.Struct("<d")


def system_clock() -> datetime:
    return datetime.now(UTC)


class TravelClock:
    """A clock that can be put forward, and that all processes of one system share.

    The offset in seconds stands in a file of eight bytes that every process maps, so that a jump is seen by all of
    them at once. Meant for the demo and for tests; `Settings.time_travel` must be on. begin: how far from the real
    time a new clock begins; one whose file is there already goes on as it was.
    """

    def __init__(self, path: Path, begin: timedelta = timedelta()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(handle).st_size < _OFFSET.size:
                os.write(handle, _OFFSET.pack(begin.total_seconds()))
            self._map = mmap.mmap(handle, _OFFSET.size)
        finally:
            os.close(handle)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        """How far ahead of the real time it is; negative: behind."""
        return timedelta(seconds=_OFFSET.unpack_from(self._map)[0])

    def advance(self, by: timedelta) -> None:
        """Puts the clock forward. Raises ValueError for a negative span: time does not run back."""
        if by < timedelta():
            msg = "the clock only goes forward"
            raise ValueError(msg)
        _OFFSET.pack_into(self._map, 0, (self.offset + by).total_seconds())

    def catch_up(self) -> None:
        """Puts a clock that is behind forward to the real time, exactly. One that is ahead stays so."""
        if self.offset < timedelta():
            _OFFSET.pack_into(self._map, 0, 0.0)
