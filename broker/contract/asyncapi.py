"""The contract as an AsyncAPI 3.0 document, made from the same types that the codec uses. Pure.

`docs/reference/asyncapi.json` is `document` with the golden payloads as examples; `tests/contract/write_asyncapi.py`
writes it, and a test keeps it in step.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from broker.contract.codec import DOWN_TYPES, UP_TYPES
from broker.contract.messages import MAX_PAYLOAD_BYTES, SCHEMA, Changed, Json, Message
from broker.contract.topics import RETAINED_DOWN, changed_topic, down_topic, up_topic

VERSION: Final = f"{SCHEMA}.0.0"
CONTENT_TYPE: Final = "application/json"

_PARAMETER: Final = "{product_id}"
_DESCRIPTION: Final = f"""\
Topics and payloads of version 1. JSON in UTF-8, at most {MAX_PAYLOAD_BYTES} bytes. Readers ignore fields that they do
not know. A device connects with its product id as user name and client id; it publishes below `tl/v1/{_PARAMETER}/up/`
and subscribes to `tl/v1/{_PARAMETER}/down/#`, and to nothing else. Its last will is an `offline` on its own presence
topic, not retained."""


class _Channel(msgspec.Struct, frozen=True):
    """One topic. sender, receiver: who is who on it."""

    name: str
    address: str
    form: type[Message]
    qos: int
    retained: bool
    sender: str
    receiver: str


def document(examples: Mapping[str, Sequence[Json]] | None = None) -> dict[str, Any]:
    """The AsyncAPI document. examples: payloads by the name of their channel, such as `upBirth` or `downCommand`."""
    channels = _channels()
    forms = {channel.form.__name__: channel.form for channel in channels}
    _, schemas = msgspec.json.schema_components(forms.values(), ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Throughline wire contract",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {channel.name: _channel(channel) for channel in channels},
        "operations": {name: body for channel in channels for name, body in _operations(channel).items()},
        "components": {
            "messages": {
                channel.name: _message(channel, (examples or {}).get(channel.name, ())) for channel in channels
            },
            "parameters": {"product_id": {"description": "The id of the unit: 26 characters of Crockford's base 32."}},
            "schemas": {name: _tidy(schema) for name, schema in schemas.items()},
        },
    }


def _channels() -> list[_Channel]:
    ups = [
        _Channel(f"up{kind.value.title()}", up_topic(_PARAMETER, kind), form, 1, False, "device", "cloud")
        for kind, form in UP_TYPES.items()
    ]
    downs = [
        _Channel(
            f"down{kind.value.title()}", down_topic(_PARAMETER, kind), form, 1, kind in RETAINED_DOWN, "cloud", "device"
        )
        for kind, form in DOWN_TYPES.items()
    ]
    changed = _Channel("changed", changed_topic(_PARAMETER), Changed, 0, False, "cloud", "cloud")
    return [*ups, *downs, changed]


def _channel(channel: _Channel) -> dict[str, Any]:
    return {
        "address": channel.address,
        "parameters": {"product_id": {"$ref": "#/components/parameters/product_id"}},
        "messages": {channel.form.__name__: {"$ref": f"#/components/messages/{channel.name}"}},
    }


def _operations(channel: _Channel) -> dict[str, Any]:
    """Both ends of a channel: an AsyncAPI operation is written from the view of the application that does it."""
    form = channel.form.__name__
    shared = {
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{form}"}],
    }
    mqtt = {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}
    heard = {"qos": channel.qos, "bindingVersion": "0.2.0"}
    return {
        f"{channel.sender}Sends{form}": {
            "action": "send",
            "tags": [{"name": channel.sender}],
            **shared,
            "bindings": {"mqtt": mqtt},
        },
        f"{channel.receiver}Receives{form}": {
            "action": "receive",
            "tags": [{"name": channel.receiver}],
            **shared,
            "bindings": {"mqtt": heard},
        },
    }


def _message(channel: _Channel, examples: Sequence[Json]) -> dict[str, Any]:
    form = channel.form.__name__
    return {
        "name": form,
        "summary": (inspect.getdoc(channel.form) or form).splitlines()[0],
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"#/components/schemas/{form}"},
        "examples": [{"payload": payload} for payload in examples],
    }


def _tidy(schema: Json) -> Json:
    """Descriptions come from docstrings, with the indentation of the source."""
    match schema:
        case {"description": str(text)}:
            rest = {key: _tidy(value) for key, value in schema.items() if key != "description"}
            return {"description": inspect.cleandoc(text), **rest}
        case dict():
            return {key: _tidy(value) for key, value in schema.items()}
        case list():
            return [_tidy(value) for value in schema]
        case _:
            return schema
