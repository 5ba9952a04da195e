"""A customer with a set-up printer, for the benches that need a menu."""

import http.client
import json
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from broker.contract.codec import encode
from broker.contract.messages import Birth, Event
from broker.contract.topics import Up, up_topic
from cloud.bench import messages
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.identity import service as identity
from cloud.twin import ingest


class Customer(NamedTuple):
    """token: of the phone's session. product_id, password: of the printer that the journey is with."""

    token: str
    journey_id: str
    product_id: str
    password: str

    @property
    def menu_path(self) -> str:
        return f"/menu/v1/menu?journey={quote(self.journey_id)}"


def moved_in(here: Stand, number: int = 0) -> Customer:
    """Claims a unit, the first one unless told, by the phone's own calls; its printer has reported, printed and can
    connect.
    """
    unit = here.units[number]
    spoken(here, unit.id)
    password = here.db.run(lambda tx: identity.issue_credential(tx, here.keys, unit.id)).password
    token = _call(here, "POST", "/menu/v1/session")["token"]
    claim = {"gtin": unit.gtin, "serial": unit.serial, "code": unit.claim_code}
    claimed = _call(here, "POST", "/menu/v1/claims", token, claim)
    return Customer(token, claimed["journey_id"], unit.id, password)


def spoken(here: Stand, product_id: str) -> None:
    """The printer has reported and printed."""
    at = datetime.now(UTC)
    said = [
        (Up.BIRTH, encode(Birth(boot=1, seq=1, at=at, firmware="1.0", profile="printer", connection=1))),
        (Up.STATUS, messages.status(1, 2, at)),
        (Up.EVENT, encode(Event(boot=1, seq=3, at=at, name="page_printed"))),
    ]
    here.db.run(lambda tx: ingest.take(tx, [(up_topic(product_id, kind), payload) for kind, payload in said]))


def menu_body(here: Stand, customer: Customer) -> tuple[str, bytes]:
    """The menu as the phone gets it: ETag with its quotes, and the bytes."""
    connection = http.client.HTTPConnection(here.settings.host, here.settings.port, timeout=10)
    connection.request("GET", customer.menu_path, headers={"Authorization": f"Bearer {customer.token}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise SetupError(body.decode("utf-8", "replace"))
    return answer.headers["ETag"], body


def _call(here: Stand, method: str, path: str, token: str = "", body: object = None) -> dict[str, str]:
    connection = http.client.HTTPConnection(here.settings.host, here.settings.port, timeout=10)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise SetupError(data.decode("utf-8", "replace"))
    return dict(json.loads(data))
