"""How far a command is, for whoever chose it. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from broker.contract.messages import Json

SHOWN_FOR: Final = timedelta(minutes=2)
"""How long the end of a command is told to whoever asked for it."""
ENDED: Final = frozenset({"done", "failed", "expired"})

State = Literal["queued", "sent", "accepted", "running", "done", "failed"]
_STATES: Final[Mapping[str, State]] = {
    "queued": "queued",
    "sent": "sent",
    "accepted": "accepted",
    "done": "done",
    "failed": "failed",
    "expired": "failed",
}


class Told(NamedTuple):
    """A command's state in a customer's words. percent: when the device tells it. expired: its time was up."""

    state: State
    percent: int | None
    expired: bool


def told(status: str, result: Mapping[str, Json], *, over: bool) -> Told:
    """What a command's row says. over: its time is up, whether anybody has noted that yet or not."""
    if status not in ENDED and over:
        status = "expired"
    percent = percent_of(result) if status == "accepted" else None
    state = "running" if percent is not None else _STATES[status]
    return Told(state, percent, status == "expired")


def percent_of(result: Mapping[str, Json]) -> int | None:
    """How far a device says that it is; None for what is no such number."""
    said = result.get("percent")
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 100:
        return None
    return int(said)


def progressed(known: Mapping[str, Json], said: Mapping[str, Json]) -> dict[str, Json]:
    """What is kept of a device that is at it, after its next word. Words come in any order, and no work goes back."""
    before, now = percent_of(known), percent_of(said)
    if before is None or (now is not None and now >= before):
        return dict(said)
    return {**said, "percent": before}
