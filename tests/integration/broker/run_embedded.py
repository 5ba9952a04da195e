"""A process with the embedded broker, for the tests: `run_embedded.py DIRECTORY`.

The registry is files in DIRECTORY: credentials.json maps each username to [principal, SHA-256 in hex, revoked],
certificates.json each fingerprint in hex to [product id, end, revoked], endings.json is a list of product ids. Each
lookup appends the name or the fingerprint to DIRECTORY/lookups, and its answer comes after the seconds in
DIRECTORY/slow. Settings come from DIRECTORY/settings.json. The ports
are printed when they are open.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from broker.embedded import EmbeddedSettings, serve
from broker.gatekeeper import Certificate, Credential


class FileGatekeeper:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def credential(self, username: str) -> Credential | None:
        known = self._look_up("credentials.json", username)
        return None if known is None else Credential(known[0], bytes.fromhex(known[1]), known[2])

    def certificate(self, fingerprint: bytes) -> Certificate | None:
        known = self._look_up("certificates.json", fingerprint.hex())
        return None if known is None else Certificate(known[0], datetime.fromisoformat(known[1]), known[2])

    def ended_after(self, mark: int) -> tuple[int, list[str]]:
        endings: list[str] = json.loads((self._directory / "endings.json").read_text())
        return len(endings), endings[mark:]

    def ends_of(self, fingerprints: Sequence[bytes]) -> dict[bytes, datetime]:
        known = json.loads((self._directory / "certificates.json").read_text())
        return {one: datetime.fromisoformat(known[one.hex()][1]) for one in fingerprints if one.hex() in known}

    def now(self) -> datetime:
        return datetime.now(UTC)

    def _look_up(self, name: str, key: str) -> Any:
        with (self._directory / "lookups").open("a") as lookups:
            lookups.write(f"{key}\n")
        found = json.loads((self._directory / name).read_text()).get(key)
        if (self._directory / "slow").exists():  # whoever asked hears what was true when it asked
            time.sleep(float((self._directory / "slow").read_text()))
        return found


async def main(directory: Path) -> None:
    settings = msgspec.json.decode((directory / "settings.json").read_bytes(), type=EmbeddedSettings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ready = lambda plain, tls: print(plain, tls, flush=True)  # noqa: E731, T201 - the ports
    await serve(settings, FileGatekeeper(directory), ready, stop)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
