"""Where each fuzzer begins: what the contract, the vectors and the content hold, and what earlier long runs found to
reach new code, kept in `corpus/` (one input a line, base64).
"""

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from broker.contract.codec import DOWN_TYPES, UP_TYPES
from broker.frames import publish
from mobile_menu.content_loader import load_content, profiles
from tests.hostile.fuzz.on_frames import UNIT
from tests.hostile.fuzz.targets import TARGETS

TESTS: Final = Path(__file__).parents[2]
GOLDEN: Final = TESTS / "contract" / "golden"
DATA: Final = TESTS / "data"
CORPUS: Final = Path(__file__).with_name("corpus")
_PLACED: Final = "2026-11-01T10:00:00Z"
_ORDER: Final = {"order_id": "A-1", "version": 1, "status": "placed", "gtin": "09506000134352", "placed_at": _PLACED}
_TRACKER: Final = {"tracking_code": "T1", "status": "in_transit", "updated_at": _PLACED, "carrier": "post"}


def seeds(name: str) -> list[bytes]:
    """The inputs that the target of this name begins with, none twice."""
    made = _MADE[name]() if name in _MADE else ()
    return list(dict.fromkeys(one[: TARGETS[name].most] for one in (*made, *kept(name))))


def kept(name: str) -> list[bytes]:
    """What earlier runs left in the corpus."""
    path = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in path.read_text("ascii").splitlines()] if path.exists() else []


def keep(name: str, found: Iterable[bytes]) -> None:
    """Writes the corpus of a target anew, the shortest first."""
    CORPUS.mkdir(exist_ok=True)
    lines = [base64.b64encode(one).decode() for one in sorted(set(found), key=lambda one: (len(one), one))]
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")


def _golden(way: str, kinds: Iterable[str]) -> Iterator[bytes]:
    order = list(kinds)
    for path in sorted((*GOLDEN.glob(f"{way}.*.json"), *(GOLDEN / "bad").glob(f"{way}.*.json"))):
        kind = path.name.split(".")[1]
        yield bytes([order.index(kind) if kind in order else 0]) + path.read_bytes()


def _field(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value


def _frames() -> Iterator[bytes]:
    topic, own = f"tl/v1/{UNIT}/up/status", f"tl/v1/{UNIT}/down/#".encode()
    for raw in (
        publish(topic, b"{}", packet_id=7),
        publish(topic, b"", packet_id=0),
        publish("t", b"x", retained=True),
    ):
        yield raw[:1] + raw[2:]
    yield b"\x82\0\1" + _field(own) + b"\1"
    yield b"\x82\0\1" + _field(b"a/+/b") + b"\0" + _field("ü/#".encode()) + b"\2"
    yield b"\xa2\0\1" + _field(own) + _field(b"x")
    yield from (b"\x40\0\1", b"\xc0", b"\xe0", b"\x34" + _field(b"t") + b"\0\1", b"\x10")


def _connects() -> Iterator[bytes]:
    head, unit = _field(b"MQTT") + b"\4", UNIT.encode()
    presence = b"tl/v1/" + unit + b"/up/presence"
    yield head + b"\xc2\0\x1e" + _field(unit) + _field(unit) + _field(b"secret")
    yield head + b"\xee\0\x1e" + _field(unit) + _field(presence) + _field(b'{"schema":1}') + _field(unit) + _field(b"s")
    yield head + b"\2\0\0" + _field(b"")
    yield _field(b"MQIsdp") + b"\3\2\0\x1e" + _field(b"x")
    yield _field(b"MQTT") + b"\5\2\0\x1e\0" + _field(b"x")


def _topics() -> Iterator[bytes]:
    for one in ("up/status", "up/presence", "down/#", "down/command", "down/+", "#", "up/none"):
        yield f"tl/v1/{UNIT}/{one}".encode()
    yield from (b"$SYS/#", b"tl/v1/+/up/#", b"tl/int/v1/outbox", b"tl//v1", b"$share/a/#")


def _links(column: str, *names: str) -> Iterator[bytes]:
    for name in names:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            yield from (row[column].encode() for row in csv.DictReader(file) if row.get(column))


def _label_links() -> Iterator[bytes]:
    yield from _links("uri", "gs1_dl_parse_vectors.csv")
    yield b"https://id.example/01/09506000134352/21/A%2FB?17=261231&linkType=gs1:pip"
    yield b"https://id.example/x/01/09506000134352/22/2/10/L/21/S?99=a+b&utm_source=x#f"


def _conditions() -> Iterator[bytes]:
    for profile in profiles():
        for item in load_content(profile).items:
            yield from (when.encode() for when in (item.when, *(boost.when for boost in item.boosts)))
    yield b'device.days_left < 7 || device.usage["pages_total"] >= 1.5e3 && !has(parcel.promised_at)'
    yield b'device.since != timestamp("2026-12-24T18:00:00Z") && !(model_name in ["A", "B"])'


def _imports() -> Iterator[bytes]:
    for size in (b"\x00", b"\x06"):
        yield b"\x00" + size + b"gtin,serial\n09506000134352,A1\n09506000134352,A1\n123,\n"
        yield b"\x00" + size + b'\xef\xbb\xbfserial;gtin\r\n"a,\r\n'
        yield b"\xff" + size + b'{"gtin":"09506000134352","serial":"A1"}\n{"gtin":1}\n\n[]\n{"gtin":"40170725"}'


def _vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / "webhook_signature_vectors.json").read_text("utf-8"))
    return found


def _signatures() -> Iterator[bytes]:
    yield b"msg_1\n1795000000\nv1,abcd v1a,x\nhmac-sha256-hex=00\nt=1795000000,v1=00\nAAAA\n\n{}"
    yield b"msg_1\n\xd9\xa3\nv1,\xff\n\nt=,v1\n\n\n{}"
    for vector in _vectors():
        body = str(vector["body"]).encode()
        yield b"msg_1\n1795000000\nv1,abcd\nhmac-sha256-hex=ab\nt=1,v1=2\nAAAA\n\n" + body


def _webhooks() -> Iterator[bytes]:
    customer = {**_ORDER, "customer": {"name": "A"}, "serial": "A1", "tracking_code": "T", "carrier": "post"}
    for data in (_ORDER, customer, {**_ORDER, "status": "cancelled", "version": 2**53 - 1}):
        yield json.dumps({"type": "order.changed", "data": data}).encode()
    for result in (_TRACKER, {**_TRACKER, "tracking_details": [{"datetime": _PLACED, "message": "Left"}]}):
        yield json.dumps({"id": "evt_1", "description": "tracker.updated", "result": result}).encode()
    yield from (str(vector["body"]).encode() for vector in _vectors())


def _headers() -> Iterator[bytes]:
    yield b'Bearer abc\nde-CH, en;q=0.5\nW/"x", "y"\n7\ntl_visit=abc; a=b\n\njourney=01jd9s0000000000000000000a'
    yield b"bearer  x\n\n*\n\n\n\njourney=a&journey=b"
    yield b"Basic eA==\n" + b"x" * 130 + b",y\n\n\n=;=\n\n" + b"a=1&" * 20 + b"journey=%ff"


def _bodies() -> Iterator[bytes]:
    uri = "https://id.example/01/09506000134352/21/A1"
    heard = {"kind": "eddystone-eid", "id": "0011223344556677", "rssi_dbm": -60, "tx_power_dbm": -20}
    at = {"latitude": 1.5, "longitude": -2, "accuracy_m": 10}
    for kind, body in (
        (0, {"uri": uri, "code": "ABCDE-12345"}),
        (0, {"gtin": "4006381333931", "serial": "A1", "ephemeral_id": "00112233445566FF"}),
        (1, {"journey": UNIT, "sightings": [heard], "position": at}),
        (2, {"journey": UNIT, "text": " help "}),
        (3, {"text": "x"}),
        (4, {"journey": UNIT}),
    ):
        yield bytes([kind]) + json.dumps(body).encode()


def _claim_codes() -> Iterator[bytes]:
    yield from (
        b"7QK4M-2XW9D",
        b"oilOI-00000",
        b" 7qk4m 2xw9d ",
        "７ＱＫ４Ｍ－２ＸＷ９Ｄ".encode(),
        b"\xed\xa0\x80",
        b"",
    )


def _shapes() -> Iterator[bytes]:
    yield from (b'{"a":[1,{"b":"[[[["}]}', b"[" * 40 + b"]" * 40, b'"\\"[', b"\xef\xbb\xbf[]", b"[1,2,3]")


_MADE: Final[dict[str, Callable[[], Iterable[bytes]]]] = {
    "frames": _frames,
    "connects": _connects,
    "topics": _topics,
    "ups": lambda: _golden("up", (kind.value for kind in UP_TYPES)),
    "downs": lambda: _golden("down", (kind.value for kind in DOWN_TYPES)),
    "values": lambda: (b'{"a":[1,2.5,"x",null,true]}', b'"\\u0000"', b"1e400", b"9223372036854775808", b"[[[]]]"),
    "conditions": _conditions,
    "links": _label_links,
    "phone_links": _label_links,
    "claim_codes": _claim_codes,
    "imports": _imports,
    "signatures": _signatures,
    "webhooks": _webhooks,
    "headers": _headers,
    "bodies": _bodies,
    "negotiations": lambda: (b"text/html,*/*;q=0.8\nde-CH,de;q=0.7", b"application/linkset+json;q=1.0\n*", b";q=,\n;;"),
    "shapes": _shapes,
    "emails": lambda: (b"Ada@Example.com", "ü@bücher.example".encode(), b'"a b"@x.example', b"a@[1.2.3.4]"),
}
