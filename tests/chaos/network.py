"""A network of our own: a namespace for the cloud's processes, with one cable to the broker and one to the database."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

from tests.chaos import leftovers
from tests.services import missing

Cable = Literal["broker", "database"]
CABLES: Final[tuple[Cable, ...]] = ("broker", "database")
NET: Final = "198.18"
"""Of RFC 2544: for tests, and routed by nobody."""


class Ends(NamedTuple):
    """Of a cable: the interface and address outside, where the server listens, and the address inside."""

    interface: str
    outside: str
    inside: str


class Network:
    """cables: by what they lead to."""

    def __init__(self, ip: str, number: int) -> None:
        self._ip = ip
        self.name = f"{leftovers.NETWORK}{number}"
        self.cables = {
            cable: Ends(
                f"tlc{number % 100_000}{cable[0]}", f"{NET}.{number % 250}.{at}", f"{NET}.{number % 250}.{at + 1}"
            )
            for at, cable in ((1, CABLES[0]), (5, CABLES[1]))
        }

    def lay(self) -> None:
        """Makes the namespace and the cables. Skips the test where nobody may."""
        try:
            self._call("netns", "add", self.name)
            self._inside("link", "set", "lo", "up")
            for ends in self.cables.values():
                self._call(
                    "link",
                    "add",
                    ends.interface,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth" + ends.interface[-1],
                    "netns",
                    self.name,
                )
                self._call("addr", "add", f"{ends.outside}/30", "dev", ends.interface)
                self._call("link", "set", ends.interface, "up")
                self._inside("addr", "add", f"{ends.inside}/30", "dev", "eth" + ends.interface[-1])
                self._inside("link", "set", "eth" + ends.interface[-1], "up")
        except subprocess.CalledProcessError as error:
            self.take_away()
            missing(f"needs the right to make network namespaces (root): {error.stderr.strip()}")

    def within(self, command: Sequence[str]) -> list[str]:
        """The command, run inside."""
        return [self._ip, "netns", "exec", self.name, *command]

    def cut(self, cable: Cable) -> None:
        """From now on nothing comes through, and nobody is told: the end outside goes down."""
        self._call("link", "set", self.cables[cable].interface, "down")

    def mend(self, cable: Cable) -> None:
        """It is whole again; connections that have not given up go on."""
        self._call("link", "set", self.cables[cable].interface, "up")

    def take_away(self) -> None:
        """The cables go with the namespace, once nobody is in it any more."""
        for ends in self.cables.values():
            self._call("link", "del", ends.interface, check=False)
        self._call("netns", "del", self.name, check=False)

    def _inside(self, *words: str) -> None:
        self._call("-n", self.name, *words)

    def _call(self, *words: str, check: bool = True) -> None:
        subprocess.run([self._ip, *words], check=check, capture_output=True, text=True)  # noqa: S603 - our own words


@contextmanager
def own_network() -> Iterator[Network]:
    """For as long as the block runs."""
    ip = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if ip is None:
        missing("needs iproute2's `ip` (Debian: the package iproute2)")
        raise AssertionError
    leftovers.clear()
    network = Network(ip, os.getpid())
    network.lay()
    try:
        yield network
    finally:
        network.take_away()
