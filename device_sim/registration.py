"""Gets simulated devices registered, as an operator would: through the public operator API, with a key of it."""

from collections.abc import Callable, Iterable
from typing import Final

import httpx
import msgspec

from broker.contract.messages import Json
from device_sim.calls import Caller, Outsider
from device_sim.chance import chance
from device_sim.credentials import Credential
from device_sim.enrolment import Enroller
from device_sim.errors import RefusedError

DEFAULT_GTIN: Final = "09506000134352"
_SERIAL_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


class Registrar(Outsider):
    """An operator's client. key: an operator key that may register."""

    def __init__(self, base_url: str, key: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(Caller(base_url, headers={"Authorization": f"Bearer {key}"}, transport=transport))

    async def ensure_model(self, gtin: str, name: str, brand: str, profile: str = "printer") -> None:
        """Makes the model; one that exists already stays as it is."""
        body = {"gtin": gtin, "name": name, "brand": brand, "profile": profile}
        try:
            await self._http.json("POST", "/api/v1/models", body)
        except RefusedError as error:
            if error.status != httpx.codes.CONFLICT:
                raise

    async def register(self, gtin: str, serial: str) -> Credential:
        """A new unit with a password for a plain listener. The claim code is shown this once."""
        unit = await self._http.json("POST", "/api/v1/products", {"gtin": gtin, "serial": serial})
        secret = await self._http.json("POST", f"/api/v1/products/{unit['id']}/credential")
        return credential_of(unit, secret)

    async def enrol(self, gtin: str, serial: str, enroller: Enroller) -> Credential:
        """A new unit with a certificate. The claim code is shown this once."""
        unit = await self._http.json("POST", "/api/v1/products", {"gtin": gtin, "serial": serial})
        issued = await self._http.json("POST", f"/api/v1/products/{unit['id']}/enrolment")
        beacon = await enroller.enrol(unit["id"], issued["token"])
        certified = {"certificate": str(enroller.files.file(unit["id"]).absolute())}
        return credential_of(unit, {**certified, "beacon_uid": beacon.uid, "beacon_key": beacon.key})

    async def with_password(self, unit: Credential) -> Credential:
        """The unit with a password beside its certificate, for a plain listener."""
        secret = await self._http.json("POST", f"/api/v1/products/{unit.id}/credential")
        return msgspec.structs.replace(unit, password=secret["password"])


def credential_of(unit: dict[str, Json], secret: dict[str, Json]) -> Credential:
    """What the two answers of a registration say, in one."""
    return Credential(
        id=unit["id"],
        gtin=unit["gtin"],
        serial=unit["serial"],
        uri=unit.get("uri", ""),
        claim_code=unit.get("claim_code", ""),
        password=secret.get("password", ""),
        certificate=secret.get("certificate", ""),
        beacon_key=secret.get("beacon_key", ""),
        beacon_uid=secret.get("beacon_uid", ""),
    )


def serials(count: int, seed: int | str) -> tuple[str, ...]:
    """That many different serials, the same for a seed, without letters that are confused."""
    rng = chance("serials", seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["SIM" + "".join(rng.choices(_SERIAL_LETTERS, k=9))] = None
    return tuple(found)


async def register_fleet(
    registrar: Registrar,
    names: Iterable[str],
    *,
    gtin: str = DEFAULT_GTIN,
    model: str = "LabelPro 100",
    brand: str = "Acme",
    done: Callable[[Credential], None] = lambda _: None,
    enroller: Enroller | None = None,
) -> tuple[Credential, ...]:
    """Registers a unit for each serial of `names`; `done` is called after each, for a progress bar or a file.

    enroller: gives each a certificate; without one each gets a password.
    """
    await registrar.ensure_model(gtin, model, brand)
    found = []
    for serial in names:
        if enroller is None:
            credential = await registrar.register(gtin, serial)
        else:
            credential = await registrar.enrol(gtin, serial, enroller)
        done(credential)
        found.append(credential)
    return tuple(found)
