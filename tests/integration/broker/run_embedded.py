"""A process with the embedded broker, for the tests: `run_embedded.py DIRECTORY`.

The registry is a file: DIRECTORY/credentials.json maps each username to [principal, SHA-256 in hex, revoked]. Each
lookup appends the name to DIRECTORY/lookups. Settings come from DIRECTORY/settings.json. The port is printed when it
is open.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

import msgspec

from broker.embedded import EmbeddedSettings, serve
from broker.gatekeeper import Credential


class FileGatekeeper:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def credential(self, username: str) -> Credential | None:
        with (self._directory / "lookups").open("a") as lookups:
            lookups.write(f"{username}\n")
        known = json.loads((self._directory / "credentials.json").read_text()).get(username)
        return None if known is None else Credential(known[0], bytes.fromhex(known[1]), known[2])


async def main(directory: Path) -> None:
    settings = msgspec.json.decode((directory / "settings.json").read_bytes(), type=EmbeddedSettings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(settings, FileGatekeeper(directory), lambda port: print(port, flush=True), stop)  # noqa: T201 - the port


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
