"""What the phone sends, and its limits. Unknown fields are refused, so that a misspelt one is noticed."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from broker.contract.messages import Json
from broker.contract.values import value_problem
from mobile_menu.rules.digital_link import UnitName, padded_gtin, unit_of_uri
from mobile_menu.rules.proximity import Position, Sighting

MAX_SIGHTINGS = 64


def _gtin(text: str) -> str:
    padded = padded_gtin(text)
    if padded is None:
        message = "a GTIN has 8, 12, 13 or 14 digits"
        raise ValueError(message)
    return padded


def _uri(text: str) -> str:
    if unit_of_uri(text) is None:
        message = "not a GS1 Digital Link with a GTIN (01) and a serial (21)"
        raise ValueError(message)
    return text


JourneyIdText = Annotated[str, StringConstraints(min_length=1, max_length=64)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Dbm = Annotated[float, Field(ge=-128, le=30, allow_inf_nan=False)]


class Body(BaseModel):
    # Positions pass through here: an error's text must not quote the input.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _fit(cls, value: Json) -> Json:
        problem = value_problem(value)
        if problem:
            raise ValueError(problem)
        return value


class SightingBody(Body):
    """A beacon that the phone heard. id: as in the beacon's kind, hex in lower case; an iBeacon's is
    `uuid:major:minor`. tx_power_dbm: as the beacon says it.
    """

    kind: Literal["ibeacon", "eddystone-uid", "eddystone-eid"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=64, to_lower=True)]
    rssi_dbm: Dbm
    tx_power_dbm: Dbm | None = None


class PositionBody(Body):
    """WGS 84, as the phone's Geolocation API gives it. accuracy_m: radius of the 95 % circle."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ContextBody(Body):
    journey: JourneyIdText
    sightings: Annotated[tuple[SightingBody, ...], Field(max_length=MAX_SIGHTINGS)] = ()
    position: PositionBody | None = None

    def heard(self) -> tuple[Sighting, ...]:
        return tuple(
            Sighting(kind=it.kind, id=it.id, rssi_dbm=it.rssi_dbm, tx_power_dbm=it.tx_power_dbm)
            for it in self.sightings
        )

    def standing(self, now: datetime) -> Position | None:
        """The position as of now: the phone's own clock is not asked."""
        here = self.position
        if here is None:
            return None
        return Position(latitude=here.latitude, longitude=here.longitude, accuracy_m=here.accuracy_m, at=now)


class ChoiceBody(Body):
    """choice: of an item that has choices, the `value` of one; of a guide, `helped` or `not_helped`."""

    journey: JourneyIdText
    choice: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class ClaimBody(Body):
    """Which unit: `uri` as scanned, or `gtin` and `serial`. By what right: `code` or `ephemeral_id`."""

    uri: Annotated[str, StringConstraints(max_length=2048), AfterValidator(_uri)] | None = None
    gtin: Annotated[str, AfterValidator(_gtin)] | None = None
    serial: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)] | None = None
    ephemeral_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{16}$", to_lower=True)] | None = None

    @model_validator(mode="after")
    def _one_way_each(self) -> Self:
        if (self.uri is None) == (self.gtin is None) or (self.gtin is None) != (self.serial is None):
            message = "name the unit by uri, or by gtin and serial"
            raise ValueError(message)
        if (self.code is None) == (self.ephemeral_id is None):
            message = "show possession by code or by ephemeral_id"
            raise ValueError(message)
        return self

    def unit(self) -> UnitName:
        named = unit_of_uri(self.uri) if self.uri is not None else None
        return named or UnitName(self.gtin or "", self.serial or "")


class CaseBody(Body):
    journey: JourneyIdText
    text: LongText


class MessageBody(Body):
    text: LongText
