"""The published AsyncAPI document is whole, in step with the types, and true to the golden payloads."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from broker.contract.asyncapi import document
from broker.contract.codec import DOWN_TYPES, UP_TYPES
from broker.contract.topics import RETAINED_DOWN, Down, down_topic
from tests.contract.golden_files import REFERENCE, Golden, bad, examples, good
from tests.contract.write_asyncapi import rendered

DOCUMENT = document(examples())


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def resolve(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def validator(channel: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {**resolve(f"#/components/messages/{channel}/payload"), "components": DOCUMENT["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def test_the_reference_in_the_docs_is_what_the_types_say() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == rendered(), (
        "out of step: run PYTHONPATH=. python tests/contract/write_asyncapi.py"
    )


def test_every_reference_resolves() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 40
    for reference in found:
        assert resolve(reference), reference


def test_every_topic_has_a_channel_and_every_channel_an_operation_at_both_ends() -> None:
    assert len(DOCUMENT["channels"]) == len(UP_TYPES) + len(DOWN_TYPES) + 1
    for name in DOCUMENT["channels"]:
        actions = [
            operation["action"]
            for operation in DOCUMENT["operations"].values()
            if operation["channel"] == {"$ref": f"#/channels/{name}"}
        ]
        assert sorted(actions) == ["receive", "send"], name


@pytest.mark.parametrize("kind", list(Down))
def test_a_down_topic_is_sent_with_qos_1_and_retained_unless_it_is_a_command(kind: Down) -> None:
    (channel,) = [
        name for name, body in DOCUMENT["channels"].items() if body["address"] == down_topic("{product_id}", kind)
    ]
    form = DOWN_TYPES[kind].__name__
    binding = DOCUMENT["operations"][f"cloudSends{form}"]["bindings"]["mqtt"]
    assert channel.startswith("down")
    assert (binding["qos"], binding["retain"]) == (1, kind in RETAINED_DOWN)


@pytest.mark.parametrize("golden", good(), ids=lambda golden: golden.name)
def test_a_golden_payload_is_valid_by_the_published_schema(golden: Golden) -> None:
    validator(golden.channel).validate(json.loads(golden.payload))


@pytest.mark.parametrize(
    ("golden", "reason"),
    [
        pytest.param(golden, reason, id=golden.name)
        for golden, reason in bad()
        if reason == "unknown_schema" or (reason == "wrong_type" and golden.kind != "status")
    ],
)
def test_a_bad_payload_is_invalid_by_the_published_schema_too(golden: Golden, reason: str) -> None:
    assert reason
    assert not validator(golden.channel).is_valid(json.loads(golden.payload))


def test_every_channel_shows_an_example() -> None:
    assert all(message["examples"] for message in DOCUMENT["components"]["messages"].values())
