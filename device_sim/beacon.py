"""The printer's Bluetooth beacon: Eddystone-UID and iBeacon, which stay, and Eddystone-EID, which changes every 2^K
seconds; as the bytes on the air, and back.

Only who holds the 16-byte identity key can compute the ephemeral id; a phone that reports the current one was there.
How it is computed is in `broker.contract.eid`.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from broker.contract.eid import DEFAULT_EXPONENT, ephemeral_id
from broker.contract.ibeacon import ibeacon_id

EDDYSTONE_UID, EDDYSTONE_EID = 0x00, 0x30
"""The first byte of the service data of 0xFEAA. Source: Google's Eddystone specification."""
IBEACON = bytes.fromhex("4c000215")
"""How Apple's manufacturer data begins: the company, the type, and the length of what follows."""
EDDYSTONE_0M_TO_1M_DB = 41


class Frame(NamedTuple):
    """What a phone's system tells of a frame. tx_power_dbm: as sent, at 1 m for iBeacon and at 0 m for Eddystone."""

    kind: str
    id: str
    tx_power_dbm: int


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """uid: 20 hex digits of namespace, 12 of instance. The time of its EID is that of the Unix clock."""

    uid: str
    identity_key: bytes
    exponent: int = DEFAULT_EXPONENT
    power_at_1m_dbm: int = -59

    def eid(self, at: datetime) -> str:
        """The ephemeral id at that moment, 16 hex digits."""
        return ephemeral_id(self.identity_key, int(at.timestamp()) & 0xFFFFFFFF, self.exponent).hex()

    @property
    def tx_power_dbm(self) -> int:
        """Calibrated at 0 m, as Eddystone frames carry it: 41 dB above the power at 1 m."""
        return self.power_at_1m_dbm + EDDYSTONE_0M_TO_1M_DB

    def frames(self, eid: str) -> tuple[bytes, ...]:
        """What is on the air, in turn. eid: of the moment; empty for a beacon that only says its name."""
        power = _signed(self.tx_power_dbm)
        uid = bytes([EDDYSTONE_UID]) + power + bytes.fromhex(self.uid) + bytes(2)
        return (uid, *([bytes([EDDYSTONE_EID]) + power + bytes.fromhex(eid)] if eid else ()), self._ibeacon())

    def _ibeacon(self) -> bytes:
        uuid, major, minor = ibeacon_id(self.uid).split(":")
        numbers = int(major).to_bytes(2, "big") + int(minor).to_bytes(2, "big")
        return IBEACON + bytes.fromhex(uuid) + numbers + _signed(self.power_at_1m_dbm)


def read_frame(data: bytes) -> Frame | None:
    """What a phone makes of service data of 0xFEAA, or of manufacturer data; None for what is none of our kinds."""
    if data[:4] == IBEACON and len(data) == 25:
        major, minor = int.from_bytes(data[20:22], "big"), int.from_bytes(data[22:24], "big")
        return Frame("ibeacon", f"{data[4:20].hex()}:{major}:{minor}", _from_signed(data[24:]))
    if len(data) >= 18 and data[0] == EDDYSTONE_UID:
        return Frame("eddystone-uid", data[2:18].hex(), _from_signed(data[1:2]))
    if len(data) == 10 and data[0] == EDDYSTONE_EID:
        return Frame("eddystone-eid", data[2:].hex(), _from_signed(data[1:2]))
    return None


def _signed(dbm: int) -> bytes:
    return dbm.to_bytes(1, "big", signed=True)


def _from_signed(byte: bytes) -> int:
    return int.from_bytes(byte, "big", signed=True)
