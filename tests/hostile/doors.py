"""Every call that names something by an id, made from the OpenAPI: with a body that would do, and a place for the id.

Whoever may not see a thing must not learn that it is there: neither from the status, nor from the words, nor from the
time that the answer takes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.hostile.deployment import Deployment

NOBODY: Final = "01jd9s00000000000000000000"
"""Has the form of an id, and names nothing."""
MALFORMED: Final = ("xyzzy", "-99999", "A" * 26, "01jd9s0000000000000000000i", "None", "%20%20", "üü")
NOT_IDS: Final = frozenset(
    {"item_id", "carrier", "form", "gtin", "serial", "link_type", "lot", "cpv", "path", "rest", "digest"}
)
"""Parameters of a path that name no row of ours, or that a label or a guide shows to everybody anyway."""
TEXTS: Final[Mapping[str, str]] = {"code": "ABCDE-12345", "gtin": "09506000134352", "serial": "A1", "shop_id": NOBODY}


class Door(NamedTuple):
    """One call. name: of the parameter that holds the id; place: `path`, `query` or `body`. body: all but the id."""

    method: str
    path: str
    name: str
    place: str
    query: dict[str, str]
    body: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def doors(document: Mapping[str, Any], beginning: str) -> Iterator[Door]:
    """All doors whose path begins so."""
    schemas = document["components"]["schemas"]
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            if path.startswith(beginning) and method in {"get", "put", "post", "patch", "delete"}:
                yield from _doors(path, method.upper(), call, schemas)


def _doors(path: str, method: str, call: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Door]:
    asked = call.get("parameters", [])
    content = call.get("requestBody", {}).get("content", {})
    body = smallest(content["application/json"]["schema"], schemas) if "application/json" in content else None
    query = {
        one["name"]: str(smallest(one["schema"], schemas))
        for one in asked
        if one["in"] == "query" and one.get("required") and one["name"] != "journey"
    }
    for one in asked:
        if one["in"] == "path" and one["name"] not in NOT_IDS:
            yield Door(method, path, one["name"], "path", query, body)
        elif one["in"] == "query" and one["name"] == "journey":
            yield Door(method, path, "journey", "query", query, body)
    if body is not None and "journey" in body:
        yield Door(method, path, "journey", "body", query, body)


def smallest(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value of the schema, with what it must have and no more."""
    if "$ref" in schema:
        return smallest(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    chosen = next((schema[word][0] for word in ("anyOf", "oneOf", "allOf") if word in schema), None)
    if chosen is not None:
        return smallest(chosen, schemas)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        return {name: _named(name, schema["properties"][name], schemas) for name in schema.get("required", [])}
    if schema.get("type") == "array":
        return [smallest(schema["items"], schemas)] * schema.get("minItems", 0)
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False}
    return plain.get(schema.get("type", ""), "a" * max(schema.get("minLength", 1), 4))


def _named(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    return TEXTS[name] if name in TEXTS else smallest(schema, schemas)


class Answer(NamedTuple):
    """What can be told apart. body: with a mark where it repeats the id."""

    status: int
    media: str
    body: str


def ask(to: Deployment, role: str, door: Door, value: str) -> Answer:
    """Knocks with this id."""
    path, query, body = door.path, dict(door.query), None if door.body is None else dict(door.body)
    match door.place:
        case "path":
            path = path.replace(f"{{{door.name}}}", value)
        case "query":
            query["journey"] = value
        case _:
            assert body is not None
            body["journey"] = value
    for name, texts in {**to.known, "item_id": ["expert"], "form": ["svg"], "link_type": ["gs1:pip"]}.items():
        path = path.replace(f"{{{name}}}", texts[0]) if texts else path
    headers = to.headers.get(role, {})
    with to.http.stream(door.method, path, params=query or None, json=body, headers=headers) as answer:
        media = answer.headers.get("content-type", "")
        # A stream that should not have been opened has no end to wait for.
        said = (
            next(answer.iter_text(), "")
            if media.startswith("text/event-stream")
            else answer.read().decode("utf-8", "replace")
        )
    return Answer(answer.status_code, media, said.replace(value, "…"))
