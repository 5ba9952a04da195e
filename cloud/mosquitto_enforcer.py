"""What the guard does to Mosquitto: its files, written whole; the signal to read them; and sessions taken over."""

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

import msgspec
import psutil

from broker.contract.ids import is_id
from broker.external import DEVICE_PASSWORDS, PID
from cloud.mqtt import Address, take_over

log: Final = logging.getLogger("throughline.guard")

STATE: Final = "guard.json"
HOLD_S: Final = 1.0
"""How long the place of a session that was ended is held: who slipped in before the signal worked shows itself."""


class State(msgspec.Struct, frozen=True):
    """What the guard of a broker has done. mark: all that was revoked up to here. looked: all certificates that ended
    up to then, in seconds since 1970. 0: nobody knows.
    """

    mark: int = 0
    looked: float = 0.0


class MosquittoEnforcer:
    """folder: with Mosquitto's files. files: makes those that change with time, by name. services: the listener where
    client ids are free. has_password: whether a unit has a password that is valid.
    """

    def __init__(
        self,
        folder: Path,
        files: Callable[[], Mapping[str, bytes]],
        services: Address,
        has_password: Callable[[str], bool],
    ) -> None:
        self._folder = folder
        self._files = files
        self._services = services
        self._has_password = has_password

    def state(self) -> State:
        try:
            return msgspec.json.decode((self._folder / STATE).read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State()

    def remember(self, state: State) -> None:
        write_file(self._folder / STATE, msgspec.json.encode(state))

    def refuse(self, ended: Collection[str]) -> None:
        """Raises OSError, and what making the files raises."""
        for name, content in self._files().items():
            write_file(self._folder / name, content)
        self._forget_passwords(ended)
        self._signal()

    def cut(self, product_ids: Collection[str]) -> set[str]:
        return take_over(self._services, [one for one in product_ids if is_id(one)], HOLD_S)

    def _forget_passwords(self, ended: Collection[str]) -> None:
        path = self._folder / DEVICE_PASSWORDS
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        gone = {one for one in ended if not self._has_password(one)}
        kept = [line for line in lines if line.partition(":")[0] not in gone]
        if kept != lines:
            write_file(path, "".join(kept).encode())

    def _signal(self) -> None:
        """A Mosquitto that is not running reads its files when it starts."""
        try:
            process = psutil.Process(int((self._folder / PID).read_text()))
            is_mosquitto = process.name().startswith("mosquitto")
        except (OSError, ValueError, psutil.NoSuchProcess):
            log.warning("no Mosquitto runs by %s; it will read its files when it starts", self._folder / PID)
            return
        if is_mosquitto:  # else its number was given to somebody else since
            process.send_signal(signal.SIGHUP)


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all, for the folder's owner alone. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            if os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
