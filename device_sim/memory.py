"""What a device keeps when the power goes: its boot counter, what is not yet stored in the cloud, and which commands
it has executed. No I/O here; `stores` puts it on disk.

A message is kept until the cloud's watermark passes it. When there is no room, the oldest telemetry goes first, then
the oldest status, then births and events, and results last; what was given up is counted and can be reported.
"""

from datetime import datetime
from typing import Final

import msgspec

from broker.contract.codec import encode
from broker.contract.messages import Stored
from broker.contract.topics import Up
from broker.contract.watermark import MAX_GIVEN_UP, Range
from device_sim.drafts import Draft, EventDraft, number

Key = tuple[int, int]
"""(boot, seq): names a message, and orders it."""

DEFAULT_CAPACITY: Final = 1000
REMEMBERED_COMMANDS: Final = 256
APOLOGY: Final = "messages_given_up"

_ORDER_OF_SACRIFICE: Final = {Up.TELEMETRY: 0, Up.STATUS: 1, Up.BIRTH: 2, Up.EVENT: 2, Up.RESULT: 3}


class Kept(msgspec.Struct, frozen=True):
    """A message as it was, or will be, sent: the payload is the same each time."""

    boot: int
    seq: int
    kind: Up
    payload: bytes

    @property
    def key(self) -> Key:
        return self.boot, self.seq


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All of it as one value. machine: what the machine itself keeps, in its own encoding."""

    boot: int = 0
    kept: tuple[Kept, ...] = ()
    commands: dict[str, str] = {}
    given_up: dict[int, list[Range]] = {}
    machine: bytes = b""


class Memory:
    """The working form of a `Snapshot`."""

    def __init__(self, snapshot: Snapshot | None = None, capacity: int = DEFAULT_CAPACITY) -> None:
        snapshot = snapshot or Snapshot()
        self.boot = snapshot.boot
        self.seq = 0
        self.machine = snapshot.machine
        self.capacity = capacity
        self.changed = False
        """Something is not in the store yet."""
        self.given_up_total = 0
        self._commands = dict(snapshot.commands)
        self._given_up = {boot: list(ranges) for boot, ranges in snapshot.given_up.items()}
        self._kept: dict[Key, Kept] = {kept.key: kept for kept in sorted(snapshot.kept, key=lambda kept: kept.key)}
        self._ranks: tuple[dict[Key, None], ...] = ({}, {}, {}, {})
        for kept in self._kept.values():
            self._ranks[_ORDER_OF_SACRIFICE[kept.kind]][kept.key] = None
        self._unsent: dict[Key, None] = dict.fromkeys(self._kept)
        self._sent: set[Key] = set(self._kept)
        """Those that went out at least once, as far as is known; what comes from a store may have."""

    def snapshot(self) -> Snapshot:
        return Snapshot(
            boot=self.boot,
            kept=tuple(self._kept.values()),
            commands=dict(self._commands),
            given_up={boot: list(ranges) for boot, ranges in self._given_up.items()},
            machine=self.machine,
        )

    def next_boot(self) -> int:
        """Counts a start of the device; sequences begin anew."""
        self.boot, self.seq, self.changed = self.boot + 1, 0, True
        return self.boot

    # --- messages ---

    def add(self, draft: Draft, at: datetime, epoch: int) -> Kept:
        """Numbers the draft and keeps it; may give up something less dear, or this very message."""
        self.seq += 1
        kind, message = number(draft, boot=self.boot, seq=self.seq, at=at, epoch=epoch)
        kept = Kept(self.boot, self.seq, kind, encode(message))
        self._kept[kept.key] = kept
        self._ranks[_ORDER_OF_SACRIFICE[kind]][kept.key] = None
        self._unsent[kept.key] = None
        self.changed = True
        # An apology for what was given up costs no further message; the next message makes room for both.
        while len(self._kept) > self.capacity and not _is_apology(draft):
            self._give_up_one()
        return kept

    def next_unsent(self, limit: int) -> list[Kept]:
        """The oldest messages, at most `limit`, that are to be sent, in order."""
        return [self._kept[key] for key, _ in zip(self._unsent, range(limit), strict=False)]

    def begin_sending(self, batch: list[Kept]) -> int:
        """These may reach the broker from now on. Returns how many of them may have reached it before."""
        again = sum(kept.key in self._sent for kept in batch)
        self._sent.update(kept.key for kept in batch)
        return again

    def end_sending(self, batch: list[Kept]) -> None:
        """The broker has these."""
        for kept in batch:
            self._unsent.pop(kept.key, None)

    def send_all_again(self) -> None:
        """Whatever is kept is to be sent, from the oldest on."""
        self._unsent = dict.fromkeys(self._kept)

    def stored(self, mark: Stored) -> int:
        """Forgets what the cloud has stored. Returns how many messages that was."""
        low = {mark.boot: mark.seq, **{earlier.boot: earlier.seq for earlier in mark.earlier}}
        done = [key for key in self._kept if key[1] <= low.get(key[0], 0)]
        for key in done:
            self._drop(key)
        for boot, seq in low.items():
            self._forget_given_up(boot, seq)
        self.changed = self.changed or bool(done)
        return len(done)

    @property
    def kept(self) -> int:
        return len(self._kept)

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    @property
    def waiting(self) -> int:
        """Sent, and not known to be stored."""
        return len(self._kept) - len(self._unsent)

    @property
    def sent_before(self) -> bool:
        """Something that is kept may have been sent already."""
        return bool(self._sent)

    def take_given_up(self) -> list[EventDraft]:
        """What was given up since it was last asked, as events to say; ranges are ascending and do not touch."""
        events = []
        for boot, ranges in sorted(self._given_up.items()):
            for start in range(0, len(ranges), MAX_GIVEN_UP):
                part = [list(span) for span in ranges[start : start + MAX_GIVEN_UP]]
                events.append(EventDraft(APOLOGY, {"boot": boot, "ranges": part}))
        self.changed = self.changed or bool(events)
        self._given_up.clear()
        return events

    def _drop(self, key: Key) -> None:
        kept = self._kept.pop(key)
        del self._ranks[_ORDER_OF_SACRIFICE[kept.kind]][key]
        self._unsent.pop(key, None)
        self._sent.discard(key)

    def _give_up_one(self) -> None:
        boot, seq = next(iter(next(rank for rank in self._ranks if rank)))
        self._drop((boot, seq))
        self.given_up_total += 1
        ranges = self._given_up.setdefault(boot, [])
        # Sacrifices of one kind ascend, those of the next kind begin below: so the place has to be looked for.
        ranges.append((seq, seq))
        if len(ranges) > 1 and ranges[-2][1] != seq - 1:
            ranges.sort()
        self._given_up[boot] = _joined(ranges)

    def _forget_given_up(self, boot: int, seq: int) -> None:
        """What the cloud counts as stored needs no apology."""
        left = [(max(first, seq + 1), last) for first, last in self._given_up.get(boot, []) if last > seq]
        if left:
            self._given_up[boot] = left
        else:
            self._given_up.pop(boot, None)

    # --- commands ---

    def begin_command(self, command_id: str, name: str) -> bool:
        """True the first time that this id is heard; the id is remembered until many others came after it."""
        if command_id in self._commands:
            return False
        self._commands[command_id] = name
        while len(self._commands) > REMEMBERED_COMMANDS:
            del self._commands[next(iter(self._commands))]
        self.changed = True
        return True

    def end_command(self, command_id: str) -> None:
        if command_id in self._commands:
            self._commands[command_id] = ""
            self.changed = True

    def unfinished_commands(self) -> dict[str, str]:
        """Id and name of each command that was accepted and has no end yet."""
        return {command_id: name for command_id, name in self._commands.items() if name}


def _is_apology(draft: Draft) -> bool:
    return isinstance(draft, EventDraft) and draft.name == APOLOGY


def _joined(ranges: list[Range]) -> list[Range]:
    joined: list[Range] = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
