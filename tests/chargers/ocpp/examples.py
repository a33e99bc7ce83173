"""Payloads made of the schemas of the `ocpp` package: the least that a message may say, and all that it may say."""

import json
from functools import cache
from typing import Any

from chargers.ocpp import schemas

NOW = "2026-11-30T09:00:00Z"
# Deeper than what a message of ours reads.
DEEPEST = 8


@cache
def _schema(package: str, name: str) -> dict[str, Any]:
    path = schemas.SCHEMAS / package / "schemas" / f"{name}.json"
    return json.loads(path.read_text("utf-8-sig"))


def example(package: str, name: str, *, is_full: bool) -> dict[str, Any]:
    root = _schema(package, name)
    made = _made(root, root.get("definitions", {}), is_full=is_full, depth=0)
    assert schemas.complaint(package, name, made) is None
    return made


def _made(schema: dict[str, Any], definitions: dict[str, Any], *, is_full: bool, depth: int) -> Any:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    match schema.get("type"):
        case "object":
            names = (
                schema.get("properties", {}) if is_full and depth < DEEPEST else schema.get("required", ())
            )
            return {
                name: _made(schema["properties"][name], definitions, is_full=is_full, depth=depth + 1)
                for name in names
                if name != "customData"
            }
        case "array":
            return [_made(schema["items"], definitions, is_full=is_full, depth=depth + 1)] * max(
                1, schema.get("minItems", 1)
            )
    return _plain(schema)


def _plain(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return min(schema.get("minimum", 1.0), schema.get("maximum", 1.0))
        case "boolean":
            return True
    return NOW if schema.get("format") == "date-time" else "x" * min(schema.get("maxLength", 4), 4)
