"""Simulated beacons for a demo: what a phone without a radio needs to report as if it had one.

Off unless the deployment is a demo: the ephemeral ids of a real unit are a proof of place, and are told to nobody.
"""

from typing import ClassVar, Literal, Protocol

import msgspec

from broker.contract.errors import ThroughlineError
from mobile_menu.ports import Caller

SpotName = Literal["here", "near", "away", "shop"]
FrameKind = Literal["ibeacon", "eddystone-uid", "eddystone-eid"]


class SimulationOffError(ThroughlineError):
    """Beacons are simulated in the demo only."""

    code: ClassVar[str] = "simulation_off"


class HeardFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that a beacon sends, and how far away it is from the spot. kind, id: as a sighting has them."""

    kind: FrameKind
    id: str
    distance_m: float
    power_at_1m_dbm: int
    tx_power_dbm: int


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place to stand at, and what is heard there."""

    name: SpotName
    frames: tuple[HeardFrame, ...]


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """The spots, and the log-distance path loss model with the noise of a room, by which readings are drawn.

    exponent: of the path loss; noise_db: standard deviation; weakest_dbm: what is weaker is not heard; readings: of
    each frame in a report. good_for_s: after which the ephemeral ids are asked for again.
    """

    journey: str
    spots: tuple[Spot, ...]
    exponent: float
    noise_db: float
    weakest_dbm: float
    readings: int
    good_for_s: int


class SimulationPort(Protocol):
    @property
    def on(self) -> bool:
        """Whether this deployment is a demo."""

    def simulation(self, caller: Caller, journey_id: str) -> Simulation:
        """Raises SimulationOffError, JourneyUnknownError."""
