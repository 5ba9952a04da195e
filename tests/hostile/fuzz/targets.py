"""Everything that is fuzzed, by name: what is called with the bytes, and how long they may be."""

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.hostile.fuzz import on_calls, on_frames, on_messages, on_registry, on_texts


class Target(NamedTuple):
    """judge: raises for a finding, and for nothing else. most: bytes. tokens: words that make sense there."""

    judge: Callable[[bytes], None]
    most: int = 1024
    tokens: tuple[str, ...] = ()


_JSON: Final = ("{", "}", "[", "]", '"', ":", ",", "null", "true", "1e9", '{"schema":1,', "\\u0000", "\\ud800")
_UP: Final = ('"boot":', '"seq":', '"at":', '"epoch":', '"reported":', '"measurements":', '"name":', '"data":')
_GS1: Final = ("/01/", "/21/", "/10/", "/22/", "?17=", "%2F", "https://", "&", "/8006/", "/00/", "09506000134352")
_PHONE: Final = ('"journey":', '"sightings":', '"uri":', '"code":', '"gtin":', '"serial":', '"ephemeral_id":')
_CONDITION: Final = (
    *('stage == "', 'device.level in ["', '"media-jam" in device.reasons', "sets.intersects(", "has(", 'timestamp("'),
    *("device.days_left < ", 'device.usage["', " && ", " || ", "!", "(", ")", "links", "in_distress", "next_step"),
)

TARGETS: Final[dict[str, Target]] = {
    "frames": Target(on_frames.frames, 512, ("tl/v1/", "/up/status", "\\x82", "\\x30", "$SYS", "#", "+")),
    "connects": Target(on_frames.connects, 512, ("\\x00\\x04MQTT\\x04", "\\x00\\x06MQIsdp\\x03", "tl/v1/")),
    "topics": Target(on_frames.topics, 300, ("tl/v1/", f"{on_frames.UNIT}", "/up/", "/down/", "#", "+", "status")),
    "ups": Target(on_messages.ups, 2048, (*_JSON, *_UP)),
    "downs": Target(on_messages.downs, 2048, (*_JSON, '"settings":', '"version":', '"arguments":', '"expires_at":')),
    "values": Target(on_messages.values, 1024, _JSON),
    "conditions": Target(on_messages.conditions, 1024, _CONDITION),
    "links": Target(on_registry.links, 400, _GS1),
    "phone_links": Target(on_registry.phone_links, 400, _GS1),
    "claim_codes": Target(on_registry.claim_codes, 64, ("-", "O", "I", "\\xef\\xbc\\x91")),
    "imports": Target(
        on_registry.imports, 2048, ("gtin,serial", "\\x0a", '{"gtin":"', '","serial":"', "\\xef\\xbb\\xbf")
    ),
    "signatures": Target(on_calls.signatures, 1024, ("v1,", "t=", ",v1=", "whsec_", "hmac-sha256-hex=")),
    "webhooks": Target(
        on_calls.webhooks, 2048, (*_JSON, '"order_id":', '"version":', '"tracker.updated"', '"result":')
    ),
    "headers": Target(on_calls.headers, 1024, ("Bearer ", "journey=", "%00", "W/", "q=0.5", "tl_visit=", ";")),
    "bodies": Target(on_calls.bodies, 2048, (*_JSON, *_PHONE)),
    "requests": Target(on_calls.requests, 3000, ("-----BEGIN CERTIFICATE REQUEST-----", "MIH", "=")),
    "negotiations": Target(
        on_texts.negotiations, 300, ("text/html", ";q=0.5", "*/*", "de-CH", "application/linkset+json")
    ),
    "shapes": Target(on_texts.shapes, 1024, (*_JSON, "[[[[[[[[", '"\\\\"')),
    "emails": Target(on_texts.emails, 320, ("@", "xn--", "example.com", "\\xc3\\xbc", "\\xef\\xbc\\xa0", '"')),
}
