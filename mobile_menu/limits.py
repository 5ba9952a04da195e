"""How often one address may ask for what costs us: a token bucket for each. Deciding is pure; the gates keep buckets.

Persons are free to make, so that limits per person alone would limit nobody. The buckets are those of this process:
with n processes behind one address, n times as much is let through.
"""

import functools
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from mobile_menu.ports import TooManyAttemptsError

SOURCES_KEPT = 20_000
MAX_HOST = 64
"""Characters of an address that are looked at: none has more."""
IPV6_PREFIX = 64
"""What one customer of a network gets: all its addresses are one source."""


class Limit(NamedTuple):
    """So many at once, and so many a minute from then on."""

    burst: int
    per_minute: int


SESSIONS = Limit(burst=120, per_minute=60)
CLAIMS = Limit(burst=60, per_minute=20)
LINKS = Limit(burst=240, per_minute=120)
"""A household or a shop never gets there; nor do the phones that share one address of a mobile network, mostly."""


class Bucket(NamedTuple):
    """tokens: how many were left at that time, in seconds of a clock that only goes forward."""

    tokens: float
    at: float


def take(bucket: Bucket | None, limit: Limit, now: float) -> tuple[Bucket, float]:
    """One token taken from the bucket, and 0; or none, and how many seconds it takes until there is one."""
    rate = limit.per_minute / 60
    full = float(limit.burst)
    tokens = full if bucket is None else min(full, bucket.tokens + max(0.0, now - bucket.at) * rate)
    if tokens >= 1:
        return Bucket(tokens - 1, now), 0.0
    return Bucket(tokens, now), (1 - tokens) / rate


@functools.lru_cache(maxsize=4096)
def source_of(host: str) -> str:
    """For whom an address counts: itself for IPv4, its network for IPv6; what is no address counts for itself."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


class Gate:
    """Lets each source through as often as the limit says. For one thread: the event loop's.

    Remembers the `kept` sources that came last; one that was forgotten has a full bucket again.
    """

    def __init__(self, limit: Limit, now: Callable[[], float] = time.monotonic, kept: int = SOURCES_KEPT) -> None:
        self._limit = limit
        self._now = now
        self._kept = kept
        self._buckets: OrderedDict[str | int, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def enter(self, host: str) -> None:
        """Raises TooManyAttemptsError, with `retry_after_s` in its facts."""
        wait_s = self.wait_s(host)
        if wait_s > 0:
            raise TooManyAttemptsError(retry_after_s=math.ceil(wait_s))

    def wait_s(self, host: str) -> float:
        """Takes a token of the address's, and 0; or how many seconds it takes until there is one."""
        return self.wait_of(source_of(host[:MAX_HOST]))

    def wait_of(self, source: str | int) -> float:
        """The same for a source of any kind, by its name."""
        buckets = self._buckets
        buckets[source], wait_s = take(buckets.get(source), self._limit, self._now())
        buckets.move_to_end(source)
        if len(buckets) > self._kept:
            buckets.popitem(last=False)
        return wait_s

    def give_back(self, host: str) -> None:
        """The token that the address's last call took: it was not let through after all."""
        source = source_of(host[:MAX_HOST])
        bucket = self._buckets.get(source)
        if bucket is not None:
            self._buckets[source] = Bucket(min(float(self._limit.burst), bucket.tokens + 1), bucket.at)


class Limits(NamedTuple):
    """The gates of the phone's calls, and of the public links and labels that lead to it."""

    sessions: Gate
    claims: Gate
    links: Gate


def usual_limits(now: Callable[[], float] = time.monotonic) -> Limits:
    """Gates with the limits above, all open. now: in seconds."""
    return Limits(sessions=Gate(SESSIONS, now), claims=Gate(CLAIMS, now), links=Gate(LINKS, now))
