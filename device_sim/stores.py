"""Where a device's memory lies while its power is off: in a file, or with whoever runs the simulation."""

import os
import zlib
from pathlib import Path
from typing import Protocol

import msgspec

from device_sim.memory import Snapshot

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)


class Store(Protocol):
    def load(self) -> Snapshot:
        """What was saved last, or a fresh memory."""

    def save(self, snapshot: Snapshot) -> None: ...


class MemoryStore:
    """Outlives the device, not the process. boot: the counter's value before the first start."""

    def __init__(self, boot: int = 0) -> None:
        self._snapshot = Snapshot(boot=boot)

    def load(self) -> Snapshot:
        return self._snapshot

    def save(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot


class FileStore:
    """One file, replaced as a whole, with a checksum; the one before it stays beside it.

    A torn file, as a power cut leaves it, is noticed, and the one before it is taken. Nothing waits for the disk: it is
    the simulated device that loses power. first_boot: the counter's value when there is none that can be read; 0 is
    right for a device that nobody has heard of. Else it is to be higher than any boot before, or the cloud takes all
    that is said for duplicates; seconds since 1970 serve.
    """

    def __init__(self, path: Path, first_boot: int = 0) -> None:
        self.path = path
        self._before = path.with_suffix(path.suffix + ".before")
        self._first_boot = first_boot

    def load(self) -> Snapshot:
        newest = _read(self.path)
        if newest is not None:
            return newest
        before = _read(self._before)
        if before is not None:
            # The torn file may have counted one start more, and something of that boot may have been said.
            return msgspec.structs.replace(before, boot=before.boot + 1)
        return Snapshot(boot=self._first_boot)

    def save(self, snapshot: Snapshot) -> None:
        body = _ENCODER.encode(snapshot)
        draft = self.path.with_suffix(self.path.suffix + ".new")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(zlib.crc32(body).to_bytes(4, "big") + body)
        if self.path.exists():
            os.replace(self.path, self._before)  # noqa: PTH105 - os.replace says that it is atomic
        os.replace(draft, self.path)  # noqa: PTH105 - the same


def _read(path: Path) -> Snapshot | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if zlib.crc32(content[4:]).to_bytes(4, "big") != content[:4]:
        return None
    try:
        return _DECODER.decode(content[4:])
    except msgspec.MsgspecError:
        return None
