"""Reads the golden payloads."""

import json
from pathlib import Path
from typing import Any, NamedTuple

ROOM = Path(__file__).parent / "golden"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.json"


class Golden(NamedTuple):
    """direction: up, down or changed; kind: its second word, or nothing."""

    name: str
    direction: str
    kind: str
    payload: bytes

    @property
    def channel(self) -> str:
        """The channel's name in the AsyncAPI document."""
        return self.direction + self.kind.title()


def good() -> list[Golden]:
    return [_golden(path) for path in sorted(ROOM.glob("*.json"))]


def bad() -> list[tuple[Golden, str]]:
    """Each with the reason that it must be rejected for."""
    return [(_golden(path), path.name.split(".")[2]) for path in sorted((ROOM / "bad").glob("*.json"))]


def examples() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for golden in good():
        found.setdefault(golden.channel, []).append(json.loads(golden.payload))
    return found


def _golden(path: Path) -> Golden:
    direction, kind, *_ = [*path.name.removesuffix(".json").split("."), ""]
    return Golden(path.name, direction, kind, path.read_bytes())
