"""Presence that no late will can turn.

A broker may deliver an old connection's will after the new connection's birth (seen on Mosquitto 2.0, ten seconds
late). So each word about presence has an order key (boot, connection, offline after online), and the highest key wins.
That is a join: any order of arrival, and any repetition, ends the same.
"""

from typing import NamedTuple

from broker.contract.messages import Birth, Presence, PresenceStatus, UpMessage


class PresenceKey(NamedTuple):
    """What a word about presence speaks for. Compared as a tuple."""

    boot: int
    connection: int
    offline: bool

    @property
    def online(self) -> bool:
        return not self.offline


NEVER_SEEN = PresenceKey(-1, -1, offline=True)


def presence_key(message: Presence | Birth | UpMessage) -> PresenceKey:
    """The word about presence that is in a message: whoever sends anything at all was online in that boot."""
    match message:
        case Presence(boot=boot, connection=connection, status=status):
            return PresenceKey(boot, connection, offline=status is PresenceStatus.OFFLINE)
        case Birth(boot=boot, connection=connection):
            return PresenceKey(boot, connection, offline=False)
        case _:
            return PresenceKey(message.boot, 0, offline=False)


def merge_presence(known: PresenceKey, heard: PresenceKey) -> PresenceKey:
    """The newer of the two."""
    return max(known, heard)
