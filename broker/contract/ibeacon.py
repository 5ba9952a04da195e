"""The iBeacon id of a beacon that has an Eddystone-UID: one follows from the other, so that a device is told but one.

Apps that look for iBeacons on iOS must know the UUID beforehand. So it is the same for all beacons of a namespace, and
major and minor say which one it is.
"""

NAMESPACE_DIGITS = 20
"""Of a UID's 32 hex digits; the other 12 are the instance."""


def ibeacon_id(uid: str) -> str:
    """`uuid:major:minor` of the beacon with this UID: the namespace, filled up with zeros, and the last four bytes of
    the instance. Raises ValueError for what is no UID.
    """
    raw = bytes.fromhex(uid)
    if len(raw) != 16:
        msg = "an Eddystone-UID has 16 bytes"
        raise ValueError(msg)
    uuid = uid[:NAMESPACE_DIGITS].lower().ljust(32, "0")
    return f"{uuid}:{int.from_bytes(raw[12:14], 'big')}:{int.from_bytes(raw[14:16], 'big')}"
