"""The short way to read a status: taken only where the long way would end alike.

To ask of each name and each word again whether it is one costs more than to read the message. A fleet uses the same few
hundred all day; so those that the long way has let pass are remembered, and a status of such words alone is read
without asking. Whatever is not plainly right has no answer here, and is read the long way, which says what is wrong.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from broker.contract.messages import (
    MAX_DEPTH,
    SCHEMA,
    Json,
    ShortText,
    Status,
    UpMessage,
)

MAX_WORDS: Final = 4_096
"""Words remembered of each kind. When there are more, they are forgotten, and learnt again."""
_BEGINNING: Final = b'{"schema":'
"""Writers put it first; a decoder would not miss it."""
_DIGITS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER: Final = b"0" * 19


class Words:
    """Words that are known to be in order."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __len__(self) -> int:
        return len(self._known)

    def know(self, words: Iterable[str]) -> bool:
        """All of them are known."""
        return self._known.issuperset(words)

    def learn(self, words: Iterable[str]) -> None:
        """Remembers words that were found to be in order."""
        if len(self._known) >= MAX_WORDS:
            self._known.clear()
        self._known.update(words)


NAMES: Final = Words()
KEYWORDS: Final = Words()


class _Status(UpMessage, frozen=True, kw_only=True, tag=SCHEMA):
    reported: Annotated[dict[str, Json], msgspec.Meta(max_length=64)]


class _Supply(msgspec.Struct):
    name: str
    level_percent: Annotated[int, msgspec.Meta(ge=-3, le=100)]
    kind: str = "toner"
    color: ShortText = ""


class _Shared(msgspec.Struct):
    state: str | None = None
    reasons: Annotated[tuple[str, ...], msgspec.Meta(max_length=64)] | None = None
    supplies: Annotated[tuple[_Supply, ...], msgspec.Meta(max_length=64)] | None = None


_STATUS: Final = msgspec.json.Decoder(_Status)
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def has_long_number(payload: bytes) -> bool:
    """There may be an integer beyond 64 bits in it: most messages have none, and need not be walked."""
    return _LONG_NUMBER in payload.translate(_DIGITS)


def may_be_deep(payload: bytes) -> bool:
    """There are more openings in it than levels allowed: most messages have fewer, and need not be walked."""
    return payload.count(b"{") + payload.count(b"[") > MAX_DEPTH + 1


def read_status(payload: bytes) -> Status | None:
    """The status; None when it must be read the long way."""
    if not payload.startswith(_BEGINNING) or may_be_deep(payload) or has_long_number(payload):
        return None
    try:
        said = _STATUS.decode(payload)
        shared = msgspec.convert(said.reported, type=_Shared)
    except _FAULTS:
        return None
    keywords = shared.reasons or ()
    if shared.state is not None:
        keywords = (shared.state, *keywords)
    if not (NAMES.know(said.reported) and KEYWORDS.know(keywords)):
        return None
    for supply in shared.supplies or ():
        if not NAMES.know((supply.name, supply.kind)):
            return None
    return Status(boot=said.boot, seq=said.seq, at=said.at, epoch=said.epoch, reported=said.reported)


def learn_status(status: Status) -> None:
    """Remembers the names and words of a status that was read the long way, and found to be in order."""
    shared = msgspec.convert(status.reported, type=_Shared)
    NAMES.learn(status.reported)
    NAMES.learn([word for supply in shared.supplies or () for word in (supply.name, supply.kind)])
    KEYWORDS.learn([*(shared.reasons or ()), *([shared.state] if shared.state is not None else [])])
