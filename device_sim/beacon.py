"""The printer's Bluetooth beacon: Eddystone-UID, which stays, and Eddystone-EID, which changes every 2^K seconds.

Only who holds the 16-byte identity key can compute the ephemeral id; a phone that reports the current one was there.
How it is computed is in `broker.contract.eid`.
"""

from datetime import datetime

import msgspec

from broker.contract.eid import DEFAULT_EXPONENT, ephemeral_id


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
        return self.power_at_1m_dbm + 41
